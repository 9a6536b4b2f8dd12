// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: adding members and changing scores.
//
//     ZADD ZINCRBY
//
// Both are replicated as they came: what they do depends on nothing but the data.
#include <absl/container/inlined_vector.h>

#include <array>
#include <cmath>

#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

struct AddOptions {
    bool nx = false;    // only new members
    bool xx = false;    // only members that are there
    bool gt = false;    // only to a greater score
    bool lt = false;    // only to a smaller one
    bool ch = false;    // reply: new and changed members
    bool incr = false;  // the score is added to the present one
};

void read_options(Args& args, AddOptions& options) {
    for (;;) {
        if (args.accept("NX"))
            options.nx = true;
        else if (args.accept("XX"))
            options.xx = true;
        else if (args.accept("CH"))
            options.ch = true;
        else if (args.accept("INCR"))
            options.incr = true;
        else if (args.accept("GT"))
            options.gt = true;
        else if (args.accept("LT"))
            options.lt = true;
        else
            return;
    }
}

Status check_options(const AddOptions& options, std::size_t words) {
    if (words == 0 || words % 2 != 0) return errors::kSyntax;
    if (options.nx && options.xx) return errors::kXxAndNx;
    if ((options.nx && (options.gt || options.lt)) || (options.gt && options.lt)) return errors::kGtLtNx;
    if (options.incr && words > 2) return errors::kIncrOnePair;
    return {};
}

// What became of the pairs of one command.
struct Outcome {
    std::uint64_t added = 0;
    std::uint64_t changed = 0;
    bool applied = false;  // INCR: the options let it pass
    double score = 0;      // INCR: the score then
};

void add_pair(ZSet& set, const AddOptions& options, const ZSet::Found& found, Bytes member, double score,
              Outcome& outcome) {
    if (!found.present) {
        if (options.xx) return;
        set.add(found, member, score);
        ++outcome.added;
    } else {
        if (options.nx) return;
        if (options.incr) score += found.score;
        if (options.gt && score <= found.score) return;
        if (options.lt && score >= found.score) return;
        if (score != found.score) {
            set.rescore(found, member, score);
            ++outcome.changed;
        }
    }
    outcome.applied = true;
    outcome.score = score;
}

// Pairs are walked in small batches: the table's memory for a batch is asked for before the first is looked up.
Outcome add_pairs(ZSet& set, const AddOptions& options, std::span<const double> scores, const Bytes* words) {
    constexpr std::size_t kBatch = 8;
    std::array<std::uint64_t, kBatch> hashes{};
    Outcome outcome;
    for (std::size_t from = 0; from < scores.size(); from += kBatch) {
        const std::size_t count = std::min(kBatch, scores.size() - from);
        const bool ahead = set.is_big();
        for (std::size_t i = 0; ahead && i < count; ++i) {
            hashes[i] = hash_bytes(words[2 * (from + i) + 1]);
            if (count > 1) set.big().table.prefetch_line(hashes[i]);
        }
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes member = words[2 * (from + i) + 1];
            const ZSet::Found found = ahead ? set.find(member, hashes[i]) : set.find(member);
            add_pair(set, options, found, member, scores[from + i], outcome);
        }
    }
    return outcome;
}

// Two infinities of opposite signs have no sum.
bool sum_is_nan(const ZSet& set, Bytes member, double by) {
    if (!std::isinf(by)) return false;
    const ZSet::Found found = set.find(member);
    return found.present && std::isnan(found.score + by);
}

void reply_outcome(Reply& reply, const AddOptions& options, const Outcome& outcome) {
    if (!options.incr) {
        reply.integer(static_cast<std::int64_t>(outcome.added + (options.ch ? outcome.changed : 0)));
    } else if (outcome.applied) {
        reply.number(outcome.score);
    } else {
        reply.null();
    }
}

Status add(Context& cx, AddOptions options) {
    const Key key = cx.next_key();
    read_options(cx.args, options);
    KEEL_TRY(check_options(options, cx.args.left()));
    const std::size_t first = cx.args.position();
    absl::InlinedVector<double, 16> scores;
    while (cx.args.more()) {
        scores.push_back(cx.args.next<double>());
        cx.args.skip(1);
    }
    KEEL_TRY(cx.args.done());

    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::zset));
    if (entry == nullptr && options.xx) {
        reply_outcome(cx.reply(), options, {});
        return {};
    }
    const Bytes* words = cx.args.words().data() + first;
    ZSet set = ZSet::open(entry, limits_of(cx.settings));
    if (options.incr && entry != nullptr && sum_is_nan(set, words[1], scores[0])) {
        write_back(cx, key, entry, std::move(set));
        return errors::kScoreNan;
    }

    const Outcome outcome = add_pairs(set, options, scores, words);
    write_back(cx, key, entry, std::move(set));
    if (const std::uint64_t touched = outcome.added + outcome.changed; touched != 0) {
        cx.changed(key.text, options.incr ? events::kZIncr : events::kZAdd);
        cx.effects.count(touched - 1);
    }
    reply_outcome(cx.reply(), options, outcome);
    return {};
}

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
Status zadd(Context& cx) { return add(cx, {}); }

// ZINCRBY key increment member
Status zincrby(Context& cx) { return add(cx, {.incr = true}); }

constexpr CommandSpec kRows[] = {
    {.name = "zadd",
     .run = zadd,
     .arity = at_least(4),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::update),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(log(N)) for each member, where N is the size of the sorted set",
     .summary = "Adds members with scores to a sorted set, or gives new scores to members that are there. The key is "
                "made if there is none.",
     .syntax = "key condition=[NX|XX] comparison=[GT|LT] [CH] [INCR] score:double member [score:double member ...]"},
    {.name = "zincrby",
     .run = zincrby,
     .arity = exactly(4),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::change),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary = "Adds a number to the score of a member of a sorted set, which is made if it is not there.",
     .syntax = "key increment:integer member"},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::zset
