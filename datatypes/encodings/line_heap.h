// SPDX-License-Identifier: BSD-3-Clause
//
// LineHeap: the allocator of table segments: runs of 64-byte lines. A table's segments pass through many sizes as
// it grows. Under an allocator with a slab for each size that leaves every size's slabs half empty (measured: six
// bytes an item, more than half of what the table itself takes); here all sizes share the same lines, and freed
// neighbours become one run again.
//
//     chunk, 32 KiB, aligned to its size, so the chunk of p is p with 15 bits cleared
//     | header, 2 lines | line 2 | line 3 | ... | line 511 |
//       `- a bit for each line: 1, it is free; how many are; the longest run of free ones
//
//     bins_[n]   chunks whose longest free run is n lines (the last bin: n or more)
//
// An allocation takes the shortest run that will do, in a chunk whose longest run is the shortest that will do: so
// long runs last, and some 8% of the lines lie idle. All bookkeeping is in the headers, which are few enough to stay in
// the processor's cache; neither call touches the lines themselves.
//
// Always true:
//   1. A chunk's `free_lines` and `longest` follow from its bits, and it is in bins_[longest] unless that is 0.
//   2. At most one chunk is empty; another that becomes empty goes back to the system.
//   3. bytes_used() is the sum over what is out, bytes_reserved() over all chunks.
//
// Threads: as SmallHeap, and under its switch: while small_heap() is shared, both calls take a spin lock.
//
// In sanitizer builds every call goes to aligned_alloc, so that the sanitizer sees every misuse.
//
// Not here: how many lines a segment should have (table_core.cpp).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "datatypes/encodings/spin_lock.h"

namespace keel {

class LineHeap {
  public:
    static constexpr std::size_t kLineBytes = 64;
    static constexpr std::size_t kChunkBytes = 32 * 1024;
    static constexpr unsigned kMaxLines = 448;  // of one allocation

    constexpr LineHeap() noexcept = default;
    LineHeap(const LineHeap&) = delete;
    LineHeap& operator=(const LineHeap&) = delete;

    // 1..kMaxLines lines, their bytes as they happen to be. Never null: no memory left ends the process.
    [[nodiscard]] void* allocate(unsigned lines);
    // Gives back what allocate(lines) returned.
    void free(void* p, unsigned lines) noexcept;

    [[nodiscard]] std::size_t bytes_used() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_.load(std::memory_order_relaxed); }

    // As SmallHeap's.
    [[nodiscard]] SpinGuard at_rest() noexcept;

    // Gives back the empty chunk, if there is one. Not while shared.
    void trim() noexcept;

  private:
    static constexpr unsigned kLines = kChunkBytes / kLineBytes;
    static constexpr unsigned kHeaderLines = 2;
    static constexpr unsigned kBins = 64;

    struct Chunk {
        Chunk* next;
        Chunk* prev;
        std::uint32_t free_lines;
        std::uint32_t longest;
        std::array<std::uint64_t, kLines / 64> bits;

        // The first line at or behind `from` that is (not) free; kLines when there is none.
        [[nodiscard]] unsigned next_line(unsigned from, bool free) const noexcept;
        // The first line of the free run that ends right before `line`.
        [[nodiscard]] unsigned run_start(unsigned line) const noexcept;
        void set(unsigned from, unsigned lines, bool free) noexcept;
    };
    static_assert(sizeof(Chunk) <= kHeaderLines * kLineBytes && kMaxLines <= kLines - kHeaderLines);

    struct Fit {
        unsigned start;
        unsigned longest;  // run that the chunk has left afterwards
    };
    [[nodiscard]] static Fit best_fit(const Chunk& chunk, unsigned lines) noexcept;
    [[nodiscard]] static unsigned bin_of(const Chunk& chunk) noexcept {
        return chunk.longest < kBins ? chunk.longest : kBins - 1;
    }
    [[nodiscard]] Chunk* chunk_for(unsigned lines);
    [[nodiscard]] Chunk* add_chunk();
    void remove_chunk(Chunk* chunk) noexcept;
    void link(Chunk* chunk) noexcept;
    void unlink(Chunk* chunk) noexcept;
    void set_longest(Chunk* chunk, unsigned longest) noexcept;
    void count_used(std::size_t change) noexcept {  // a plain addition: one writer at a time
        used_.store(used_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    }

    SpinLock lock_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> reserved_{0};
    std::uint64_t bins_in_use_ = 0;  // bit n: bins_[n] is not empty
    std::array<Chunk*, kBins> bins_{};
    Chunk* empty_ = nullptr;  // the one that is kept; it is in its bin all the same
};

namespace detail {
extern constinit LineHeap process_line_heap;
}

// The process's heap for lines: like malloc, one for all.
[[nodiscard]] inline LineHeap& line_heap() noexcept { return detail::process_line_heap; }

}  // namespace keel
