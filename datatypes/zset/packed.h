// SPDX-License-Identifier: BSD-3-Clause
//
// A small sorted set: a listpack of members and scores in turn, in order of score, then of member.
//
//     | member | score | member | score | ...
//
// A score that is a whole number of up to 2^62 is an integer entry (so minus zero loses its sign, as in Redis); another
// is text, in the fewest digits that read back as the same double ("0.1", "inf").
//
// Always true:
//   1. Pairs are in order, and no member is there twice.
//   2. A Place is that of a member; its score is the next entry.
//
// Not here: how many pairs make a set too large for this form (zset.h).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "datatypes/encodings/listpack.h"

namespace keel::zset::packed {

using Place = ListpackView::Place;
using Scratch = std::array<char, 24>;  // where a member that is held as an integer is written out

// The integer that a score is held as, if it is.
[[nodiscard]] inline std::optional<std::int64_t> whole(double score) {
    constexpr double kMost = 0x1p62;
    if (score < -kMost || score > kMost || std::trunc(score) != score) return std::nullopt;
    return static_cast<std::int64_t>(score);
}

// Pairs.
[[nodiscard]] inline std::size_t size(const ListpackView& list) { return list.count() / 2; }
// The member, or null. O(n).
[[nodiscard]] inline Place find(const ListpackView& list, Bytes member) { return list.find(list.first(), member, 1); }
[[nodiscard]] double score_of(const ListpackView& list, Place member);
[[nodiscard]] inline Place at_rank(const ListpackView& list, std::size_t rank) {
    return list.at(static_cast<std::int64_t>(2 * rank));
}
[[nodiscard]] inline Place next(const ListpackView& list, Place member) { return list.next(list.next(member)); }
[[nodiscard]] inline Place prev(const ListpackView& list, Place member) {
    const Place score = list.prev(member);
    return score == nullptr ? nullptr : list.prev(score);
}

// How many pairs come first for which before(score, Place) is true. O(n).
template <typename Before>
[[nodiscard]] std::size_t count_while(const ListpackView& list, Before&& before) {
    std::size_t n = 0;
    for (Place at = list.first(); at != nullptr; at = next(list, at), ++n) {
        if (!before(score_of(list, at), at)) break;
    }
    return n;
}

// Puts a member that is not there into its place. O(n).
void insert(Listpack& list, Bytes member, double score);
// Adds a pair that belongs behind all others.
void append(Listpack& list, Bytes member, double score);
// Gives the member at a place another score: in place if the order stays. `member` is its text, outside of the list.
void rescore(Listpack& list, Place at, Bytes member, double score);

}  // namespace keel::zset::packed
