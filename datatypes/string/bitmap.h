// SPDX-License-Identifier: BSD-3-Clause
//
// A string as a row of bits. Pure functions over bytes; the commands are in bitmap_commands.cpp and
// bitfield_commands.cpp.
//
//     offset      0 1 2 3 4 5 6 7   8 9 ...        the first bit is the highest of the first byte,
//     bytes     |      "a"        |    "b"         and a field of bits is read as a number from left to right
//
// Always true:
//   1. What lies beyond the end reads as zeros.
//   2. The forms for wider vectors, chosen when the program runs (Simd::best), and the portable one give the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "protocol/base/bytes.h"

namespace keel::string {

// Which form of a loop is used; tests compare them.
enum class Simd : std::uint8_t { portable, best };

[[nodiscard]] inline bool bit_at(Bytes text, std::uint64_t offset) {
    const std::uint64_t byte = offset >> 3;
    return byte < text.size() && (static_cast<unsigned char>(text[byte]) >> (7 - (offset & 7)) & 1) != 0;
}

// How many bits are set. O(bytes).
[[nodiscard]] std::uint64_t count_ones(Bytes text, Simd simd = Simd::best);

// Bits `first` to `last`, both included and inside of the text.
struct BitRange {
    std::uint64_t first;
    std::uint64_t last;
};
[[nodiscard]] std::uint64_t count_ones(Bytes text, BitRange range);

// The first bit of the range that is as asked for, counted from the start of the text. O(bytes).
[[nodiscard]] std::optional<std::uint64_t> find_bit(Bytes text, bool bit, BitRange range, Simd simd = Simd::best);

// ---- Combining ----

// With x the first source and y all others taken together:
enum class BitOp : std::uint8_t {
    and_,    // set in all
    or_,     // set in any
    xor_,    // set in an odd number of them
    not_,    // not set in x, the only source
    diff,    // x without y
    diff1,   // y without x
    and_or,  // x that is also in y
    one,     // set in exactly one
};

// Writes the combination of the sources to `out`: as many bytes as the longest of them has, `size`. Diff, diff1 and
// and_or want two sources at least. `out` must not be a part of a source. O(sources * size).
void combine(BitOp op, std::span<const Bytes> sources, char* out, std::size_t size, Simd simd = Simd::best);

// ---- Fields ----

// A number of `width` bits, at most 64.
[[nodiscard]] std::uint64_t load_bits(Bytes text, std::uint64_t offset, unsigned width);
// The low `width` bits of the value; the text must reach that far.
void store_bits(char* text, std::uint64_t offset, unsigned width, std::uint64_t value);

}  // namespace keel::string
