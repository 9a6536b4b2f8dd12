// SPDX-License-Identifier: BSD-3-Clause
//
// How many different elements were seen, told from 16384 small registers: HyperLogLog, kept in the bytes of a string
// as Redis keeps it, so that GET, SET, DUMP and replicas agree on it. The commands are in hyperloglog_commands.cpp.
//
//     | "HYLL" | encoding u8 | 0 0 0 | count u64 | registers ... |       count: the last one that was reckoned;
//                                                                       its top bit says that it holds no longer
//     dense    16384 registers of 6 bits, the first in the lowest bits of the first byte
//     sparse   runs:  00llllll            l + 1 registers of zero
//                     01llllll llllllll   l + 1 registers of zero, up to 16384
//                     1vvvvvll            l + 1 registers of v + 1, up to 32
//
// An element's hash names a register (the low 14 bits) and a rank: 1 and the number of zeros that follow from bit 14
// up. A register keeps the highest rank that it saw.
//
// Always true:
//   1. What a client SET as a string is believed in nothing: every function takes any bytes, and what does not add up
//      to 16384 registers is refused as corrupt, never read or written beyond its end.
//   2. The same elements in the same order give the same bytes as in Redis: how runs are split and joined is part of
//      the format.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/random.h"

namespace keel::string::hll {

inline constexpr std::size_t kRegisters = 1 << 14;
inline constexpr std::size_t kHeader = 16;
inline constexpr std::size_t kDenseSize = kHeader + kRegisters * 6 / 8;
inline constexpr std::size_t kSparseMost = kHeader + 2 * kRegisters;  // at worst two bytes for each register
inline constexpr std::size_t kCountAt = 8;                            // where the count stands in the header
inline constexpr unsigned kMostRank = 51;                             // 50 bits of hash, all of them zero

// What an element does: raises a register to a rank at least.
struct Mark {
    std::uint32_t index;
    std::uint8_t rank;
};
[[nodiscard]] Mark mark_of(Bytes element);

// Whether these bytes may be one: header, and the size if dense. Runs are checked where they are read.
[[nodiscard]] bool plausible(Bytes text);
// Of a plausible one:
[[nodiscard]] bool is_dense(Bytes text);
[[nodiscard]] std::optional<std::uint64_t> kept_count(Bytes text);
// The eight bytes of the header that keep a count.
[[nodiscard]] std::array<char, 8> count_bytes(std::uint64_t count);

// All registers, a byte each.
class Registers {
  public:
    [[nodiscard]] std::uint8_t operator[](std::size_t index) const { return values_[index]; }
    // Raises a register to this rank at least. Whether it was lower.
    bool raise(Mark mark);
    // Raises every register to that of a plausible text at least; false if it is corrupt (then to some of them).
    [[nodiscard]] bool merge(Bytes text);
    // About how many elements they saw.
    [[nodiscard]] std::uint64_t count() const;

  private:
    friend class Draft;
    void merge_dense(const char* registers);
    [[nodiscard]] bool merge_sparse(Bytes runs);

    std::array<std::uint8_t, kRegisters> values_{};
};

// About how many elements a plausible text saw; none if it is corrupt.
[[nodiscard]] std::optional<std::uint64_t> count_of(Bytes text);

// Writes the runs of a plausible sparse text as PFDEBUG DECODE shows them ("Z:200 v:3,1 z:10"); false if it is corrupt.
[[nodiscard]] bool describe_runs(Bytes text, std::string& out);

// What a register of a plausible sparse text has; none if it is corrupt up to there. O(runs).
[[nodiscard]] std::optional<unsigned> sparse_rank(Bytes text, std::size_t index);

// Raises a register of a dense text in place. Whether it was lower.
bool raise_dense(char* text, Mark mark);
// The kept count of a text holds no longer.
void forget_count(char* text);

enum class Raised : std::uint8_t { no, yes, corrupt };

// A copy on which to work: a text is changed here and stored when all went well. 32 KiB, meant for the stack.
class Draft {
  public:
    Draft();                          // no elements: sparse, one run
    explicit Draft(Bytes plausible);  // a sparse text that is too long to be sound becomes a corrupt one

    // A sparse one that would become longer than `sparse_most` bytes, or hold a rank above 32, turns dense.
    Raised raise(Mark mark, std::uint64_t sparse_most);
    // Whether it is dense now; false if it is corrupt.
    [[nodiscard]] bool make_dense();
    // All registers are at least these from now on, whatever they were.
    [[nodiscard]] bool raise_all(const Registers& registers, std::uint64_t sparse_most);

    void forget_count() { hll::forget_count(bytes_.data()); }
    [[nodiscard]] Bytes text() const { return {bytes_.data(), size_}; }
    [[nodiscard]] bool is_dense() const { return hll::is_dense(text()); }

  private:
    struct Found {
        std::size_t at;                     // the run that holds the register
        std::size_t first;                  // its first register
        std::optional<std::size_t> before;  // the run before it
        std::size_t before_first;
    };
    [[nodiscard]] std::optional<Found> find(std::size_t index);
    [[nodiscard]] std::optional<Found> find_from(std::size_t at, std::size_t first, std::size_t index) const;
    Raised raise_as_dense(Mark mark);
    bool replace(std::size_t at, std::size_t old_size, Bytes runs, std::uint64_t sparse_most);
    void join_from(std::size_t at);

    // Room for one run more than the longest sound text has.
    std::array<char, kSparseMost + 8> bytes_;
    std::size_t size_ = 0;
    // Where the last search may go on from, if it goes up: a run, and its first register.
    std::size_t resume_at_ = kHeader;
    std::size_t resume_first_ = 0;
};

// What is wrong with the code here, for PFSELFTEST; empty if nothing is.
[[nodiscard]] std::string self_test(Random& random);

}  // namespace keel::string::hll
