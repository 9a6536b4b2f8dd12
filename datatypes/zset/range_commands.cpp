// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: members in order, by rank, by score or by their bytes; counting them; storing them.
//
//     ZRANGE ZRANGESTORE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZREVRANGE ZCOUNT ZLEXCOUNT
//
// All of the family read the same words; what a command fixes by its name (its Dialect) cannot be said by an option.
#include <optional>

#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"
#include "protocol/base/number.h"

namespace keel::zset {

namespace {

enum class By : std::uint8_t { rank, score, text };

struct Dialect {
    std::optional<By> by{};
    std::optional<bool> backwards{};
    bool stores = false;
};

// What a request asks for.
struct Query {
    By by = By::rank;
    bool backwards = false;
    bool with_scores = false;
    Limit limit{};
    std::int64_t start = 0;  // by rank
    std::int64_t stop = 0;
    ScoreRange scores{};
    TextRange texts{};
};

Status read_options(Args& args, const Dialect& dialect, Query& query) {
    std::optional<By> by = dialect.by;
    std::optional<bool> backwards = dialect.backwards;
    while (args.more()) {
        if (!dialect.stores && args.accept("WITHSCORES")) {
            query.with_scores = true;
        } else if (args.left() >= 3 && args.accept("LIMIT")) {
            query.limit.offset = args.next<std::int64_t>();
            query.limit.count = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
        } else if (!backwards && args.accept("REV")) {
            backwards = true;
        } else if (!by && args.accept("BYLEX")) {
            by = By::text;
        } else if (!by && args.accept("BYSCORE")) {
            by = By::score;
        } else {
            return errors::kSyntax;
        }
    }
    query.by = by.value_or(By::rank);
    query.backwards = backwards.value_or(false);
    if (query.by == By::rank && query.limit.count != -1) return errors::kLimitByRank;
    if (query.by == By::text && query.with_scores) return errors::kScoresByLex;
    return {};
}

Status read_bounds(Bytes first, Bytes second, Query& query) {
    if (query.by == By::rank) {
        const auto start = parse_integer(first);
        const auto stop = parse_integer(second);
        if (!start || !stop) return errors::kNotInteger;
        query.start = *start;
        query.stop = *stop;
        return {};
    }
    if (query.backwards) std::swap(first, second);
    if (query.by == By::score) {
        KEEL_TRY(query.scores, parse_score_range(first, second));
    } else {
        KEEL_TRY(query.texts, parse_text_range(first, second));
    }
    return {};
}

// The words behind the key.
Result<Query> read_query(Args& args, const Dialect& dialect) {
    Query query;
    const auto first = args.next<Bytes>();
    const auto second = args.next<Bytes>();
    KEEL_TRY(read_options(args, dialect, query));
    KEEL_TRY(read_bounds(first, second, query));
    return query;
}

Run run_of(const ZSetView& set, const Query& query) {
    switch (query.by) {
        case By::score: return set.by_score(query.scores, query.backwards, query.limit);
        case By::text: return set.by_text(query.texts, query.backwards, query.limit);
        case By::rank: break;
    }
    return set.by_rank(ranks_between(query.start, query.stop, set.size()), query.backwards);
}

Status range(Context& cx, const Dialect& dialect) {
    const Key key = cx.next_key();
    KEEL_TRY(const Query query, read_query(cx.args, dialect));
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    show(cx.reply(), set, run_of(set, query), query.with_scores);
    return {};
}

// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
Status zrange(Context& cx) { return range(cx, {}); }

// ZREVRANGE key start stop [WITHSCORES]
Status zrevrange(Context& cx) { return range(cx, {.by = By::rank, .backwards = true}); }

// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
Status zrangebyscore(Context& cx) { return range(cx, {.by = By::score, .backwards = false}); }

// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
Status zrevrangebyscore(Context& cx) { return range(cx, {.by = By::score, .backwards = true}); }

// ZRANGEBYLEX key min max [LIMIT offset count]
Status zrangebylex(Context& cx) { return range(cx, {.by = By::text, .backwards = false}); }

// ZREVRANGEBYLEX key max min [LIMIT offset count]
Status zrevrangebylex(Context& cx) { return range(cx, {.by = By::text, .backwards = true}); }

// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
Status zrangestore(Context& cx) {
    const Key target = cx.next_key();
    const Key source = cx.next_key();
    KEEL_TRY(const Query query, read_query(cx.args, {.stores = true}));
    KEEL_TRY(const ZSetView set, read_set(cx, source));
    Collector taken;
    set.each(run_of(set, query), [&taken](Bytes member, double score) {
        taken.add(member, hash_bytes(member), score);
        return true;
    });
    store_result(cx, target, std::move(taken).finish(limits_of(cx.settings)), events::kZRangeStore);
    return {};
}

// ZCOUNT key min max
Status zcount(Context& cx) {
    const Key key = cx.next_key();
    const auto min = cx.args.next<Bytes>();
    const auto max = cx.args.next<Bytes>();
    KEEL_TRY(const ScoreRange range, parse_score_range(min, max));
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    cx.reply().integer(static_cast<std::int64_t>(set.ranks(range).count));
    return {};
}

// ZLEXCOUNT key min max
Status zlexcount(Context& cx) {
    const Key key = cx.next_key();
    const auto min = cx.args.next<Bytes>();
    const auto max = cx.args.next<Bytes>();
    KEEL_TRY(const TextRange range, parse_text_range(min, max));
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    cx.reply().integer(static_cast<std::int64_t>(set.ranks(range).count));
    return {};
}

// ---- Rows ----

constexpr Bytes kComplexity =
    "O(log(N)+M) where N is the size of the sorted set and M the number of members returned; members that LIMIT leaves "
    "out cost nothing";
constexpr Bytes kCountComplexity = "O(log(N)) where N is the size of the sorted set";

constexpr CommandSpec reading(Bytes name, Handler run, Bytes since, Bytes summary, Bytes syntax,
                              Bytes replaced_by = {}) {
    return {.name = name,
            .run = run,
            .arity = at_least(4),
            .flags = Flag::readonly,
            .categories = Category::sortedset,
            .keys = one_key(Use::read),
            .group = Group::sorted_set,
            .since = since,
            .complexity = kComplexity,
            .summary = summary,
            .syntax = syntax,
            .deprecated_since = replaced_by.empty() ? Bytes{} : Bytes{"6.2.0"},
            .replaced_by = replaced_by};
}

constexpr CommandSpec kRows[] = {
    reading("zrange", zrange, "1.2.0", "Returns the members of a sorted set in a range of ranks, scores or bytes.",
            "key start stop sortby=[BYSCORE|BYLEX] [REV] [LIMIT offset:integer count:integer] [WITHSCORES]"),
    reading("zrevrange", zrevrange, "1.2.0",
            "Returns the members of a sorted set in a range of ranks, from the last on.",
            "key start:integer stop:integer [WITHSCORES]", "`ZRANGE` with the `REV` argument"),
    reading("zrangebyscore", zrangebyscore, "1.0.5", "Returns the members of a sorted set in a range of scores.",
            "key min:double max:double [WITHSCORES] [LIMIT offset:integer count:integer]",
            "`ZRANGE` with the `BYSCORE` argument"),
    reading("zrevrangebyscore", zrevrangebyscore, "2.2.0",
            "Returns the members of a sorted set in a range of scores, from the last on.",
            "key max:double min:double [WITHSCORES] [LIMIT offset:integer count:integer]",
            "`ZRANGE` with the `REV` and `BYSCORE` arguments"),
    reading("zrangebylex", zrangebylex, "2.8.9",
            "Returns the members of a sorted set in a range of bytes, if all have the same score.",
            "key min max [LIMIT offset:integer count:integer]", "`ZRANGE` with the `BYLEX` argument"),
    reading("zrevrangebylex", zrevrangebylex, "2.8.9",
            "Returns the members of a sorted set in a range of bytes, from the last on, if all have the same score.",
            "key max min [LIMIT offset:integer count:integer]", "`ZRANGE` with the `REV` and `BYLEX` arguments"),
    {.name = "zrangestore",
     .run = zrangestore,
     .arity = at_least(5),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::sortedset,
     .keys = one_key(Use::ow | Use::update, 1) + one_key(Use::read, 2),
     .group = Group::sorted_set,
     .since = "6.2.0",
     .complexity = "O(log(N)+M*log(M)) where N is the size of the source and M the number of members stored",
     .summary = "Stores the members of a sorted set in a range of ranks, scores or bytes under another key.",
     .syntax = "dst:key src:key min max sortby=[BYSCORE|BYLEX] [REV] [LIMIT offset:integer count:integer]"},
    {.name = "zcount",
     .run = zcount,
     .arity = exactly(4),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "2.0.0",
     .complexity = kCountComplexity,
     .summary = "Counts the members of a sorted set whose scores lie in a range.",
     .syntax = "key min:double max:double"},
    {.name = "zlexcount",
     .run = zlexcount,
     .arity = exactly(4),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::read),
     .group = Group::sorted_set,
     .since = "2.8.9",
     .complexity = kCountComplexity,
     .summary = "Counts the members of a sorted set that lie in a range, if all have the same score.",
     .syntax = "key min max"},
};

}  // namespace

const std::span<const CommandSpec> kRangeCommands{kRows};

}  // namespace keel::zset
