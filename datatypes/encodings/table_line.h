// SPDX-License-Identifier: BSD-3-Clause
//
// Line and Segment: the two pieces Table is made of, without any policy.
//
// Line: one cache line with seven slots.
//
//     byte 0      1        2          6        7       8        16           56       64
//     | mark 0 | mark 1 | ... | mark 6 | spill | slot 0 | slot 1 | ... | slot 6 |
//       `- 8 bits of the hash, never 0;   |        `- 16 bits of the hash | 48 bits of pointer to the item
//          0 says that the slot is free   `- how many items that belong in this line or before it, passed over it
//
// Segment: a word that says where m lines are and how many items they hold. An item's home is the line that its
// mark names (home_line); when that is full, the next line takes it, cyclically, and `spill` of every line passed
// over goes up. A look-up begins at home and ends at the first line with spill 0.
//
//     bit 63      57 56      48 47                     6 5        0
//     | count high 7 | lines 9 | address of line 0 / 64 | count low 6 |       all 0: nothing allocated
//
// Always true:
//   1. mark i is 0 exactly when slot i is free, and then slot i is 0.
//   2. A line with spill 0 was passed over by no item. 255 means "255 or more" and stays until lines are refilled.
//   3. home_line() never decreases as the mark grows, so a range of marks is a range of home lines.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace keel::table {

inline constexpr unsigned kSlots = 7;           // of a line
inline constexpr unsigned kAllSlots = 0x7f;     // as bits
inline constexpr unsigned kMarks = 256;         // marks are 1..255
inline constexpr unsigned kTagShift = 48;       // of a slot: what is above is hash, what is below pointer
inline constexpr unsigned kSpillCeiling = 255;  // sticks
inline constexpr unsigned kMaxLines = 448;      // of a segment

struct alignas(64) Line {
    // Marks and spill are read and written as one word, byte i at bit 8 * i: a byte written and the word read
    // soon after would wait for the byte to reach the cache.
    std::uint64_t head;
    std::array<std::uint64_t, kSlots> slots;

    [[nodiscard]] std::uint8_t mark(unsigned i) const noexcept { return static_cast<std::uint8_t>(head >> (8 * i)); }
    [[nodiscard]] unsigned spill() const noexcept { return static_cast<unsigned>(head >> kSpillShift); }

    // Bit i for each slot whose mark equals `mark`; mark 0 asks for the free slots.
    [[nodiscard]] unsigned match(std::uint8_t mark) const noexcept {
#if defined(__SSE2__)
        const __m128i all = _mm_cvtsi64_si128(static_cast<long long>(head));
        const __m128i same = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(mark)));
        return static_cast<unsigned>(_mm_movemask_epi8(same)) & kAllSlots;
#else
        const std::uint64_t differ = head ^ (kOnes * mark);
        const std::uint64_t zero = ~(((differ & kLow7) + kLow7) | differ | kLow7);  // 0x80 in bytes that were 0
        return static_cast<unsigned>(((zero >> 7) * 0x0102040810204080ULL) >> 56) & kAllSlots;
#endif
    }
    [[nodiscard]] unsigned taken() const noexcept { return match(0) ^ kAllSlots; }

    // The first free slot, or kSlots when there is none. (The lowest zero byte is exact in this form.)
    [[nodiscard]] unsigned first_vacant() const noexcept {
        const std::uint64_t zero = ((head - kOnes) & ~head & ~kLow7) | std::uint64_t{1} << 63;
        return static_cast<unsigned>(std::countr_zero(zero)) / 8;
    }
    void put(unsigned i, std::uint8_t mark, std::uint64_t slot) noexcept {
        head |= std::uint64_t{mark} << (8 * i);
        slots[i] = slot;
    }
    void clear(unsigned i) noexcept {
        head &= ~(std::uint64_t{0xff} << (8 * i));
        slots[i] = 0;
    }
    void count_passing() noexcept {
        if (spill() != kSpillCeiling) head += std::uint64_t{1} << kSpillShift;
    }
    void uncount_passing() noexcept {
        if (spill() != kSpillCeiling) head -= std::uint64_t{1} << kSpillShift;
    }

  private:
    static constexpr unsigned kSpillShift = 56;
    [[maybe_unused]] static constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
    static constexpr std::uint64_t kLow7 = 0x7f7f7f7f7f7f7f7fULL;
};
static_assert(sizeof(Line) == 64);

[[nodiscard]] inline void* item_of(std::uint64_t slot) noexcept {
    return reinterpret_cast<void*>(slot & ((std::uint64_t{1} << kTagShift) - 1));
}
[[nodiscard]] inline std::uint64_t slot_of(const void* item, std::uint64_t tag) noexcept {
    return reinterpret_cast<std::uintptr_t>(item) | tag << kTagShift;
}

[[nodiscard]] constexpr std::uint8_t mark_of(std::uint64_t hash) noexcept {
    const auto top = static_cast<std::uint8_t>(hash >> 56);
    return static_cast<std::uint8_t>(top | static_cast<std::uint8_t>(top == 0));
}
[[nodiscard]] constexpr unsigned home_line(unsigned mark, unsigned lines) noexcept { return mark * lines >> 8; }

// The first mark whose home lies behind line `k`; kMarks when there is none.
[[nodiscard]] constexpr unsigned marks_until(unsigned k, unsigned lines) noexcept {
    return (kMarks * (k + 1) + lines - 1) / lines;
}

struct Segment {
    std::uint64_t word = 0;

    static Segment of(const Line* at, unsigned lines, unsigned count) noexcept {
        return {reinterpret_cast<std::uintptr_t>(at) | std::uint64_t{lines} << 48 | std::uint64_t{count >> 6} << 57 |
                (count & 63)};
    }
    [[nodiscard]] unsigned lines() const noexcept { return static_cast<unsigned>(word >> 48) & 0x1ff; }
    [[nodiscard]] Line* at() const noexcept { return reinterpret_cast<Line*>(word & 0x0000ffffffffffc0ULL); }
    [[nodiscard]] unsigned count() const noexcept {
        return static_cast<unsigned>(word >> 57) << 6 | static_cast<unsigned>(word & 63);
    }
    [[nodiscard]] Segment with_count(unsigned count) const noexcept { return of(at(), lines(), count); }
};
static_assert(kMaxLines < 512 && kMaxLines * kSlots < 1U << 13);

// Puts an item into lines that have room for it.
inline void place(Line* at, unsigned lines, std::uint8_t mark, std::uint64_t slot) noexcept {
    unsigned k = home_line(mark, lines);
    unsigned i = at[k].first_vacant();
    while (i == kSlots) [[unlikely]] {
            at[k].count_passing();
            if (++k == lines) k = 0;
            i = at[k].first_vacant();
        }
    at[k].put(i, mark, slot);
}

// Takes the item in slot `i` of `line` out, and its passing off the lines between home and there.
inline void take_out(Segment segment, Line* line, unsigned i) noexcept {
    Line* const at = segment.at();
    Line* const end = at + segment.lines();
    for (Line* passed = at + home_line(line->mark(i), segment.lines()); passed != line;) {
        passed->uncount_passing();
        if (++passed == end) passed = at;
    }
    line->clear(i);
}

// Calls visit(mark, slot word) for every item of the segment.
template <typename F>
void each_slot(Segment segment, F&& visit) {
    Line* const at = segment.at();
    for (unsigned k = 0; k < segment.lines(); ++k) {
        for (unsigned bits = at[k].taken(); bits != 0; bits &= bits - 1) {
            const auto i = static_cast<unsigned>(std::countr_zero(bits));
            visit(at[k].mark(i), at[k].slots[i]);
        }
    }
}

}  // namespace keel::table
