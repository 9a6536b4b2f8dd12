// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/add.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

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

// Where the members stand among the words.
struct Members {
    const Bytes* words;
    std::size_t stride;
    [[nodiscard]] Bytes operator[](std::size_t i) const { return words[stride * i + stride - 1]; }
};

// Pairs are walked in small batches: the table's memory for a batch is asked for before the first is looked up.
Outcome add_pairs(ZSet& set, const AddOptions& options, std::span<const double> scores, const Members& members) {
    constexpr std::size_t kBatch = 8;
    std::array<std::uint64_t, kBatch> hashes{};
    Outcome outcome;
    for (std::size_t from = 0; from < scores.size(); from += kBatch) {
        const std::size_t count = std::min(kBatch, scores.size() - from);
        const bool ahead = set.is_big();
        for (std::size_t i = 0; ahead && i < count; ++i) {
            hashes[i] = hash_bytes(members[from + i]);
            if (count > 1) set.big().table.prefetch_line(hashes[i]);
        }
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes member = members[from + i];
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

}  // namespace

Status add_members(Context& cx, const Key& key, const AddOptions& options, std::span<const double> scores,
                   std::span<const Bytes> words, std::size_t stride) {
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::zset));
    if (entry == nullptr && options.xx) {
        reply_outcome(cx.reply(), options, {});
        return {};
    }
    const Members members{words.data(), stride};
    ZSet set = ZSet::open(entry, limits_of(cx.settings));
    if (options.incr && entry != nullptr && sum_is_nan(set, members[0], scores[0])) {
        write_back(cx, key, entry, std::move(set));
        return errors::kScoreNan;
    }

    const Outcome outcome = add_pairs(set, options, scores, members);
    write_back(cx, key, entry, std::move(set));
    if (const std::uint64_t touched = outcome.added + outcome.changed; touched != 0) {
        cx.changed(key.text, options.incr ? events::kZIncr : events::kZAdd);
        cx.effects.count(touched - 1);
    }
    reply_outcome(cx.reply(), options, outcome);
    return {};
}

}  // namespace keel::zset
