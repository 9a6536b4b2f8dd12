// SPDX-License-Identifier: BSD-3-Clause
//
// SmallHeap: the allocator of entries and members. A general allocator rounds small sizes up by 16 bytes; here
// they go in steps of 8, so a 16-byte key with a 3-byte integer costs 24 bytes and not 32.
//
//     run, 256 KiB, aligned to its size (what the system allocator sees)
//     | slab 0 | slab 1 | ... | slab 15 |
//      `- 16 KiB, aligned to its size, so slab_of(p) is p with 14 bits cleared
//         | header 64 B | cell | cell | cell | ...untouched so far        |
//                                            `- bump: cells beyond it were never handed out
//
//     room_[class] -> slab -> slab      slabs of one cell size with room; the first is filled before the next
//     runs_        -> run  -> run       runs with a free slab, which any class may take
//
// Freed cells form a list through their own first 8 bytes. The header of slab 0 also keeps the record of its run.
//
// Always true:
//   1. A slab holds cells of one class, and is in room_ exactly while it has room.
//   2. A class keeps at most one empty slab; another that becomes empty goes back to its run, and a run whose
//      slabs are all free goes back to the system.
//   3. bytes_used() is the sum of usable(n) over the cells out, whoever holds them.
//   4. allocate() and free() are O(1) and touch one header and one cell.
//
// Threads: the loop owns the heap and pays for no lock. While a background thread may free (share(true)), both
// sides take a spin lock. The loop turns sharing on before it hands the job over and off after the last job's
// completion reached it, so the flag itself is never read and written at the same time.
//
// In sanitizer builds every call goes to malloc, with the size of the cell, so that the sanitizer sees every misuse;
// counters stay true.
//
// Not here: when a value is worth freeing in the background (protocol/base/background.h and its callers).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "datatypes/encodings/spin_lock.h"

namespace keel {

class SmallHeap {
  public:
    static constexpr std::size_t kStep = 8;
    static constexpr std::size_t kLargestSmall = 256;  // above this, sizes are the system allocator's business
    static constexpr std::size_t kSlabBytes = 16 * 1024;
    static constexpr std::size_t kSlabsInRun = 16;
    static constexpr std::size_t kRunBytes = kSlabBytes * kSlabsInRun;

    constexpr SmallHeap() noexcept = default;
    SmallHeap(const SmallHeap&) = delete;
    SmallHeap& operator=(const SmallHeap&) = delete;

    // At least `n` bytes, aligned to 8 (16 above kLargestSmall). Never null: no memory left ends the process.
    [[nodiscard]] void* allocate(std::size_t n) {
        if (is_foreign(n)) [[unlikely]]
            return allocate_foreign(n);
        if (shared_) [[unlikely]]
            return allocate_shared(n);
        return take(class_of(n));
    }

    // Gives back what allocate() returned; `n` is the size asked for then, or any with the same usable(n).
    void free(void* p, std::size_t n) noexcept {
        if (is_foreign(n)) [[unlikely]]
            return free_foreign(p, n);
        if (shared_) [[unlikely]]
            return free_shared(p);
        Slab* emptied = put(p);
        if (emptied != nullptr) [[unlikely]]
            retire(emptied);
    }

    // Bytes that an allocation of `n` really takes. All of them are the caller's to use.
    [[nodiscard]] static std::size_t usable(std::size_t n) noexcept {
        return is_foreign(n) ? usable_foreign(n) : (class_of(n) + 1) * kStep;
    }

    // On while a background thread may call free(). Called by the loop; calls nest. The process's small heap has
    // the switch for line_heap() too.
    void share(bool on) noexcept;
    [[nodiscard]] bool shared() const noexcept { return shared_; }

    // To be held across a fork: no thread is in the middle of a call then, and the child finds the heap whole and open.
    [[nodiscard]] SpinGuard at_rest() noexcept { return SpinGuard{lock_, shared_}; }

    // Bytes in cells handed out, and bytes of all runs that hold them. Allocations above kLargestSmall are in
    // neither. used_memory.h subtracts what is idle from what malloc gave. While shared, the loop
    // reads figures that may lag by what the background is freeing this moment.
    [[nodiscard]] std::size_t bytes_used() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t bytes_reserved() const noexcept { return reserved_.load(std::memory_order_relaxed); }

    // Gives back the spare empty slabs. O(classes). Not while shared.
    void trim() noexcept;

  private:
    static constexpr std::size_t kClasses = kLargestSmall / kStep;
    static constexpr std::uint32_t kHeaderBytes = 64;

    struct Slab {
        Slab* next;
        Slab* prev;
        void* free;          // first freed cell, linked through the cells
        std::uint32_t bump;  // offset of the first cell never handed out
        std::uint16_t used;  // cells out
        std::uint16_t capacity;
        std::uint32_t cell;        // bytes of a cell
        std::uint32_t free_slabs;  // slab 0 only: bit i set, slab i of the run is free
        Slab* run_next;            // slab 0 only
        Slab* run_prev;
    };
    static_assert(sizeof(Slab) <= kHeaderBytes);

    [[nodiscard]] static constexpr std::size_t class_of(std::size_t n) noexcept { return n == 0 ? 0 : (n - 1) / kStep; }
    [[nodiscard]] static constexpr bool is_foreign([[maybe_unused]] std::size_t n) noexcept {
#if defined(KEEL_SANITIZED)
        return true;
#else
        return n > kLargestSmall;
#endif
    }
    [[nodiscard]] static Slab* slab_of(void* p) noexcept {
        return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(p) & ~(std::uintptr_t{kSlabBytes} - 1));
    }
    [[nodiscard]] static Slab* run_of(Slab* slab) noexcept {
        return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(slab) & ~(std::uintptr_t{kRunBytes} - 1));
    }
    void count_used(std::size_t change) noexcept {  // a plain addition: one writer at a time
        used_.store(used_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    }

    void* take(std::size_t cls) {
        Slab* slab = room_[cls];
        if (slab == nullptr) [[unlikely]]
            slab = add_slab(cls);
        void* cell = slab->free;
        if (cell != nullptr) {
            __builtin_memcpy(&slab->free, cell, sizeof(void*));
        } else {
            cell = reinterpret_cast<char*>(slab) + slab->bump;
            slab->bump += slab->cell;
        }
        count_used(slab->cell);
        if (++slab->used == slab->capacity) [[unlikely]]
            unlink(slab);
        return cell;
    }

    // The slab when it has become empty and its class has another with room; else null.
    [[nodiscard]] Slab* put(void* cell) noexcept {
        Slab* slab = slab_of(cell);
        __builtin_memcpy(cell, &slab->free, sizeof(void*));
        slab->free = cell;
        count_used(0 - std::size_t{slab->cell});
        if (slab->used-- == slab->capacity) [[unlikely]]
            link(slab);
        if (slab->used == 0 && (slab->next != nullptr || slab->prev != nullptr)) [[unlikely]]
            return slab;
        return nullptr;
    }

    void link(Slab* slab) noexcept;
    void unlink(Slab* slab) noexcept;
    Slab* add_slab(std::size_t cls);
    Slab* add_run();
    void retire(Slab* slab) noexcept;
    void* allocate_shared(std::size_t n);
    void free_shared(void* p) noexcept;
    void* allocate_foreign(std::size_t n);
    void free_foreign(void* p, std::size_t n) noexcept;
    static std::size_t usable_foreign(std::size_t n) noexcept;

    bool shared_ = false;
    std::uint32_t sharers_ = 0;
    SpinLock lock_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> reserved_{0};
    std::array<Slab*, kClasses> room_{};
    Slab* runs_ = nullptr;
};

namespace detail {
extern constinit SmallHeap process_heap;
}

// The process's heap: like malloc, one for all.
[[nodiscard]] inline SmallHeap& small_heap() noexcept { return detail::process_heap; }

}  // namespace keel
