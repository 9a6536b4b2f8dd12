// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/line_heap.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "datatypes/encodings/fresh_memory.h"
#include "datatypes/encodings/small_heap.h"
#include "protocol/base/check.h"

namespace keel {

namespace detail {
constinit LineHeap process_line_heap;
}

SpinGuard LineHeap::at_rest() noexcept { return SpinGuard{lock_, small_heap().shared()}; }

#if defined(KEEL_SANITIZED)

void* LineHeap::allocate(unsigned lines) {
    KEEL_CHECK(lines > 0 && lines <= kMaxLines);
    void* p = std::aligned_alloc(kLineBytes, lines * kLineBytes);
    KEEL_CHECK(p != nullptr && "out of memory");
    const SpinGuard guard{lock_, small_heap().shared()};
    count_used(lines * kLineBytes);
    reserved_.store(bytes_used(), std::memory_order_relaxed);
    return p;
}

void LineHeap::free(void* p, unsigned lines) noexcept {
    std::free(p);
    const SpinGuard guard{lock_, small_heap().shared()};
    count_used(0 - lines * kLineBytes);
    reserved_.store(bytes_used(), std::memory_order_relaxed);
}

void LineHeap::trim() noexcept {}

#else

void* LineHeap::allocate(unsigned lines) {
    KEEL_DCHECK(lines > 0 && lines <= kMaxLines);
    const SpinGuard guard{lock_, small_heap().shared()};
    Chunk* chunk = chunk_for(lines);
    const Fit fit = best_fit(*chunk, lines);
    if (chunk == empty_) empty_ = nullptr;
    chunk->set(fit.start, lines, false);
    chunk->free_lines -= lines;
    set_longest(chunk, fit.longest);
    count_used(lines * kLineBytes);
    return reinterpret_cast<char*>(chunk) + fit.start * kLineBytes;
}

void LineHeap::free(void* p, unsigned lines) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(p);
    auto* chunk = reinterpret_cast<Chunk*>(address & ~(std::uintptr_t{kChunkBytes} - 1));
    const auto start = static_cast<unsigned>(address % kChunkBytes / kLineBytes);
    const SpinGuard guard{lock_, small_heap().shared()};
    chunk->set(start, lines, true);
    chunk->free_lines += lines;
    const unsigned run = chunk->next_line(start + lines, false) - chunk->run_start(start);
    if (run > chunk->longest) set_longest(chunk, run);
    count_used(0 - lines * kLineBytes);
    if (chunk->free_lines < kLines - kHeaderLines) return;
    if (empty_ != nullptr)
        remove_chunk(chunk);
    else
        empty_ = chunk;
}

void LineHeap::trim() noexcept {
    if (empty_ != nullptr) remove_chunk(empty_);
    empty_ = nullptr;
}

#endif

// ---- the lines of one chunk -----------------------------------------------------------------------------

unsigned LineHeap::Chunk::next_line(unsigned from, bool free) const noexcept {
    const std::uint64_t flip = free ? 0 : ~std::uint64_t{0};
    for (unsigned w = from / 64; w < bits.size(); ++w) {
        std::uint64_t word = bits[w] ^ flip;
        if (w == from / 64) word &= ~std::uint64_t{0} << from % 64;
        if (word != 0) return w * 64 + static_cast<unsigned>(std::countr_zero(word));
    }
    return kLines;
}

// The header's lines are never free, so the search ends.
unsigned LineHeap::Chunk::run_start(unsigned line) const noexcept {
    unsigned w = (line - 1) / 64;
    std::uint64_t used = ~bits[w] & (~std::uint64_t{0} >> (63 - (line - 1) % 64));
    while (used == 0) used = ~bits[--w];
    return w * 64 + 64 - static_cast<unsigned>(std::countl_zero(used));
}

void LineHeap::Chunk::set(unsigned from, unsigned lines, bool free) noexcept {
    while (lines > 0) {
        const unsigned shift = from % 64;
        const unsigned n = std::min(lines, 64 - shift);
        const std::uint64_t mask = (~std::uint64_t{0} >> (64 - n)) << shift;
        if (free)
            bits[from / 64] |= mask;
        else
            bits[from / 64] &= ~mask;
        from += n;
        lines -= n;
    }
}

// One pass over the words. `open` is the length of the free run that reaches up to where we are.
LineHeap::Fit LineHeap::best_fit(const Chunk& chunk, unsigned lines) noexcept {
    unsigned best = 0;
    unsigned best_length = kLines;
    unsigned longest = 0;  // of the other runs
    const auto close = [&](unsigned length, unsigned end) {
        if (length >= lines && length < best_length) {
            if (best != 0) longest = std::max(longest, best_length);
            best = end - length;
            best_length = length;
        } else {
            longest = std::max(longest, length);
        }
    };
    unsigned open = 0;
    for (unsigned w = 0; w < chunk.bits.size(); ++w) {
        std::uint64_t word = chunk.bits[w];
        unsigned at = 0;
        while (word != 0) {
            const auto used = static_cast<unsigned>(std::countr_zero(word));
            if (used != 0) {
                close(open, w * 64 + at);
                open = 0;
            }
            const auto free = static_cast<unsigned>(std::countr_one(word >> used));
            open += free;
            at += used + free;
            word = at == 64 ? 0 : chunk.bits[w] >> at;
        }
        if (at == 64) continue;
        close(open, w * 64 + at);
        open = 0;
    }
    close(open, kLines);
    KEEL_DCHECK(best != 0);
    return {best, std::max(longest, best_length - lines)};
}

// ---- chunks ---------------------------------------------------------------------------------------------

LineHeap::Chunk* LineHeap::chunk_for(unsigned lines) {
    if (lines < kBins - 1) {
        const std::uint64_t fitting = bins_in_use_ >> lines << lines;
        return fitting != 0 ? bins_[static_cast<unsigned>(std::countr_zero(fitting))] : add_chunk();
    }
    unsigned looks = 16;  // segments this large come from broken hashes only: no long search for them
    for (Chunk* chunk = bins_[kBins - 1]; chunk != nullptr && looks > 0; chunk = chunk->next, --looks) {
        if (chunk->longest >= lines) return chunk;
    }
    return add_chunk();
}

// From here on a chunk that is taken ahead of its use is little beside the rest.
constexpr std::size_t kManyBytes = 64 * LineHeap::kChunkBytes;

LineHeap::Chunk* LineHeap::add_chunk() {
    void* memory = std::aligned_alloc(kChunkBytes, kChunkBytes);
    KEEL_CHECK(memory != nullptr && "out of memory");
    if (bytes_reserved() >= kManyBytes) populate(memory, kChunkBytes);
    Chunk* chunk = new (memory) Chunk{};
    chunk->set(kHeaderLines, kLines - kHeaderLines, true);
    chunk->free_lines = chunk->longest = kLines - kHeaderLines;
    link(chunk);
    reserved_.store(bytes_reserved() + kChunkBytes, std::memory_order_relaxed);
    return chunk;
}

void LineHeap::remove_chunk(Chunk* chunk) noexcept {
    unlink(chunk);
    std::free(chunk);
    reserved_.store(bytes_reserved() - kChunkBytes, std::memory_order_relaxed);
}

void LineHeap::link(Chunk* chunk) noexcept {
    if (chunk->longest == 0) return;
    const unsigned bin = bin_of(*chunk);
    chunk->prev = nullptr;
    chunk->next = bins_[bin];
    if (chunk->next != nullptr) chunk->next->prev = chunk;
    bins_[bin] = chunk;
    bins_in_use_ |= std::uint64_t{1} << bin;
}

void LineHeap::unlink(Chunk* chunk) noexcept {
    if (chunk->longest == 0) return;
    const unsigned bin = bin_of(*chunk);
    if (chunk->next != nullptr) chunk->next->prev = chunk->prev;
    if (chunk->prev != nullptr)
        chunk->prev->next = chunk->next;
    else
        bins_[bin] = chunk->next;
    if (bins_[bin] == nullptr) bins_in_use_ &= ~(std::uint64_t{1} << bin);
}

void LineHeap::set_longest(Chunk* chunk, unsigned longest) noexcept {
    if (longest == chunk->longest) return;
    unlink(chunk);
    chunk->longest = longest;
    link(chunk);
}

}  // namespace keel
