// SPDX-License-Identifier: BSD-3-Clause
//
// The longest common subsequence of two texts: what is left of both when as few bytes as possible are struck out.
//
//     ohmytext, mynewtext  ->  mytext, in two ranges: my (2-3, 0-1) and text (4-7, 5-8)
//
// The classic table of lengths, of which only two rows are kept; for the way back through it one bit a cell tells
// where to go. So the memory is a 32nd of the table's.
//
//              b
//        . . . . . .
//      a . \ < < < <      \  the bytes are equal: part of the subsequence
//        . ^ \ < < <      ^  bit set: the length above is greater than the one to the left
//        . ^ ^ < \ <      <  bit clear
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel::string {

// A run of bytes that both texts share, both ends included.
struct SharedRange {
    std::uint32_t a_first, a_last;
    std::uint32_t b_first, b_last;
    [[nodiscard]] std::uint32_t size() const { return a_last - a_first + 1; }
};

// The length alone. O(a * b) time, O(b) memory. Both texts must be shorter than 2^32 - 1.
[[nodiscard]] std::uint32_t lcs_length(Bytes a, Bytes b);

// The ranges of one longest subsequence, the last first. O(a * b) time, a * b / 8 bytes. Where several are as long,
// the one that Redis gives.
[[nodiscard]] std::vector<SharedRange> lcs_ranges(Bytes a, Bytes b);

}  // namespace keel::string
