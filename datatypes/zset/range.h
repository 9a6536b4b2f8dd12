// SPDX-License-Identifier: BSD-3-Clause
//
// Bounds of ranges, by score and by member, as clients write them.
//
//     score     5   (5   inf   -inf   +inf        the number, or without it: whatever strtod reads to the end
//     member    [abc   (abc   -   +               with it, without it, before and behind all
//
// Not here: bounds by rank, which are plain integers; looking ranges up (zset.h).
#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel::zset {

struct ScoreRange {
    double min;
    double max;
    bool min_open = false;  // without the bound itself
    bool max_open = false;
    // No score at all can lie inside.
    [[nodiscard]] bool is_empty() const { return min > max || (min == max && (min_open || max_open)); }
};

struct TextBound {
    enum class Kind : std::uint8_t { before_all, at, behind_all };
    Kind kind = Kind::at;
    Bytes text{};
    bool open = false;
};

struct TextRange {
    TextBound min;
    TextBound max;
    [[nodiscard]] bool is_empty() const;
};

// "ERR min or max is not a float"
Result<ScoreRange> parse_score_range(Bytes min, Bytes max);
// "ERR min or max not valid string range item". The texts stay views of the words.
Result<TextRange> parse_text_range(Bytes min, Bytes max);

// What LIMIT says: leaves out `offset` members of the range, then shows `count` at most. A negative offset leaves out
// all, a negative count shows all.
struct Limit {
    std::int64_t offset = 0;
    std::int64_t count = -1;
};

// Ranks from `start` to `stop`, both included and counted from the end when negative, of `size` members.
struct Ranks {
    std::size_t from = 0;
    std::size_t count = 0;
};
[[nodiscard]] Ranks ranks_between(std::int64_t start, std::int64_t stop, std::size_t size);

// What a limit leaves of so many.
[[nodiscard]] Ranks limited(Limit limit, std::size_t total);

}  // namespace keel::zset
