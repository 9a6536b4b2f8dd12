// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: asking for members, scores and ranks, and for members by chance or by and by.
//
//     ZCARD ZSCORE ZMSCORE ZRANK ZREVRANK ZRANDMEMBER ZSCAN
#include <absl/container/btree_set.h>

#include <limits>
#include <vector>

#include "datatypes/command/reply_bound.h"
#include "datatypes/command/scan_args.h"
#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"
#include "protocol/base/number.h"

namespace keel::zset {

namespace {

// ZCARD key
Status zcard(Context& cx) {
    KEEL_TRY(const ZSetView set, read_set(cx, cx.next_key()));
    cx.reply().integer(static_cast<std::int64_t>(set.size()));
    return {};
}

void reply_score(Reply& reply, const std::optional<double>& score) {
    if (score)
        reply.number(*score);
    else
        reply.null();
}

// ZSCORE key member
Status zscore(Context& cx) {
    const Key key = cx.next_key();
    const auto member = cx.args.next<Bytes>();
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    reply_score(cx.reply(), set.score(member));
    return {};
}

// ZMSCORE key member [member ...]
Status zmscore(Context& cx) {
    KEEL_TRY(const ZSetView set, read_set(cx, cx.next_key()));
    cx.reply().array(cx.args.left());
    while (cx.args.more()) reply_score(cx.reply(), set.score(cx.args.next<Bytes>()));
    return {};
}

Status rank(Context& cx, bool backwards) {
    const Key key = cx.next_key();
    const auto member = cx.args.next<Bytes>();
    if (cx.args.left() > 1) return errors::wrong_arity(cx.command->name());
    const bool with_score = cx.args.accept("WITHSCORE");
    KEEL_TRY(cx.args.done());
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    const auto found = set.rank(member);
    if (!found) {
        if (with_score)
            cx.reply().null_array();
        else
            cx.reply().null();
        return {};
    }
    if (with_score) cx.reply().array(2);
    cx.reply().integer(static_cast<std::int64_t>(backwards ? set.size() - 1 - found->rank : found->rank));
    if (with_score) cx.reply().number(found->score);
    return {};
}

// ZRANK key member [WITHSCORE]
Status zrank(Context& cx) { return rank(cx, false); }

// ZREVRANK key member [WITHSCORE]
Status zrevrank(Context& cx) { return rank(cx, true); }

// ---- ZRANDMEMBER ----

// Any number of members, each drawn from all of them.
Status draw_again_and_again(Context& cx, const ZSetView& set, std::uint64_t count, bool with_scores) {
    constexpr std::size_t kScoreBytes = 6;  // at least
    KEEL_TRY(expect_reply_fits(cx, count, [&] {
        packed::Scratch scratch;
        return set.random(cx.random, scratch).member.size() + (with_scores ? kScoreBytes : 0);
    }));
    show_header(cx.reply(), count, with_scores);
    for (; count > 0; --count) {
        packed::Scratch scratch;
        const Pair pair = set.random(cx.random, scratch);
        show_member(cx.reply(), pair.member, pair.score, with_scores);
    }
    return {};
}

// So many different members. Each subset is as likely as any other.
void draw_distinct(Context& cx, const ZSetView& set, std::uint64_t count, bool with_scores) {
    show_header(cx.reply(), count, with_scores);
    const std::uint64_t size = set.size();
    const auto show_one = [&](Bytes member, double score) {
        show_member(cx.reply(), member, score, with_scores);
        return true;
    };
    if (!set.is_big() || count > size / 4) {  // one walk over all, each taken or not (Knuth's algorithm S)
        std::uint64_t left = size;
        set.each([&](Bytes member, double score) {
            if (cx.random.below(left--) < count) {
                show_one(member, score);
                --count;
            }
            return count > 0;
        });
        return;
    }
    absl::btree_set<std::uint64_t> ranks;  // Floyd's algorithm: no draw is lost
    for (std::uint64_t last = size - count; last < size; ++last) {
        const std::uint64_t rank = cx.random.below(last + 1);
        ranks.insert(ranks.contains(rank) ? last : rank);
    }
    for (const std::uint64_t rank : ranks) set.each(set.by_rank({rank, 1}), show_one);
}

// ZRANDMEMBER key
Status zrandmember_one(Context& cx, const Key& key) {
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    if (set.empty()) {
        cx.reply().null();
        return {};
    }
    packed::Scratch scratch;
    cx.reply().bulk(set.random(cx.random, scratch).member);
    return {};
}

// ZRANDMEMBER key [count [WITHSCORES]]
Status zrandmember(Context& cx) {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    const Key key = cx.next_key();
    if (!cx.args.more()) return zrandmember_one(cx, key);
    const auto count = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    if (count < -kMax) return errors::out_of_range(-kMax, kMax);
    const bool with_scores = cx.args.accept("WITHSCORES");
    KEEL_TRY(cx.args.done());
    if (with_scores && (count < -kMax / 2 || count > kMax / 2)) return errors::kOutOfRange;

    KEEL_TRY(const ZSetView set, read_set(cx, key));
    if (count == 0 || set.empty()) {
        cx.reply().empty_array();
    } else if (count < 0) {
        return draw_again_and_again(cx, set, static_cast<std::uint64_t>(-count), with_scores);
    } else if (static_cast<std::uint64_t>(count) >= set.size()) {
        show(cx.reply(), set, set.by_rank({0, set.size()}), with_scores);
    } else {
        draw_distinct(cx, set, static_cast<std::uint64_t>(count), with_scores);
    }
    return {};
}

// ---- ZSCAN ----

// Scores as text, in RESP3 too. A whole one of a packed set is shown as the integer that lies there (1e17 with all its
// zeros), as the peers do.
void reply_scanned(Reply& reply, Bytes member, double score, std::optional<std::int64_t> integer = {}) {
    char digits[kDoubleChars];
    reply.bulk(member);
    reply.bulk(Bytes{digits, integer ? write_integer(digits, *integer) : write_double(digits, score)});
}

void reply_cursor(Reply& reply, std::uint64_t cursor) {
    char digits[kIntegerChars];
    reply.array(2);
    reply.bulk(Bytes{digits, write_unsigned(digits, cursor)});
}

// A small set at once, whatever COUNT says: there is no place in it to come back to.
void scan_packed(Context& cx, const ZSetView& set, const ScanOptions& options) {
    reply_cursor(cx.reply(), 0);
    DeferredLength length = cx.reply().deferred_array();
    std::size_t shown = 0;
    set.each([&](Bytes member, double score) {
        if (options.matches(member)) {
            reply_scanned(cx.reply(), member, score, packed::whole(score));
            shown += 2;
        }
        return true;
    });
    length.end(shown);
}

void scan_big(Context& cx, const ZSetView& set, std::uint64_t cursor, const ScanOptions& options) {
    constexpr std::uint64_t kPlacesPerMember = 10;  // where the table is nearly empty
    const auto wanted = static_cast<std::uint64_t>(options.count);
    std::vector<Pair> found;
    std::uint64_t looked_at = 0;
    std::uint64_t places = 0;
    do {
        cursor = set.scan(cursor, [&](Bytes member, double score) {
            ++looked_at;
            if (options.matches(member)) found.push_back({member, score});
        });
    } while (cursor != 0 && looked_at < wanted && ++places / kPlacesPerMember < wanted);
    reply_cursor(cx.reply(), cursor);
    cx.reply().array(2 * found.size());
    for (const Pair& pair : found) reply_scanned(cx.reply(), pair.member, pair.score);
}

// ZSCAN key cursor [MATCH pattern] [COUNT count]
Status zscan(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::uint64_t cursor, parse_cursor(cx.args.next<Bytes>()));
    const Entry* entry = cx.read(key);
    if (entry == nullptr) {  // whatever the options are
        reply_cursor(cx.reply(), 0);
        cx.reply().empty_array();
        return {};
    }
    KEEL_TRY(expect_type(entry, Type::zset));
    KEEL_TRY(const ScanOptions options, read_scan_options(cx.args));
    const ZSetView set{entry->value()};
    if (set.is_big())
        scan_big(cx, set, cursor, options);
    else
        scan_packed(cx, set, options);
    return {};
}

constexpr Bytes kRandomTips[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "zcard",
     .run = zcard,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::ro),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Returns how many members a sorted set has.",
     .syntax = "key"},
    {.name = "zscore",
     .run = zscore,
     .arity = exactly(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Returns the score of a member of a sorted set.",
     .syntax = "key member"},
    {.name = "zmscore",
     .run = zmscore,
     .arity = at_least(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of members named",
     .summary = "Returns the scores of members of a sorted set.",
     .syntax = "key member [member ...]"},
    {.name = "zrank",
     .run = zrank,
     .arity = at_least(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "2.0.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary = "Returns how many members of a sorted set have a lower place than this one, and its score if wanted.",
     .syntax = "key member [WITHSCORE]"},
    {.name = "zrevrank",
     .run = zrevrank,
     .arity = at_least(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "2.0.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary = "Returns how many members of a sorted set have a higher place than this one, and its score if wanted.",
     .syntax = "key member [WITHSCORE]"},
    {.name = "zrandmember",
     .run = zrandmember,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of members returned",
     .summary = "Returns members of a sorted set drawn by chance.",
     .syntax = "key options=[count:integer [WITHSCORES]]",
     .tips = kRandomTips},
    {.name = "zscan",
     .run = zscan,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "2.8.0",
     .complexity = "O(COUNT) for one call; O(N) for a whole walk over the N members",
     .summary = "Shows the members of a sorted set with their scores, some at a time.",
     .syntax = "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .tips = kRandomTips},
};

}  // namespace

const std::span<const CommandSpec> kReadCommands{kRows};

}  // namespace keel::zset
