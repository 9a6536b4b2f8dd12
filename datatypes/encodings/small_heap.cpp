// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/small_heap.h"

#include <bit>
#include <cstdlib>
#include <new>

#include "datatypes/encodings/fresh_memory.h"
#include "protocol/base/check.h"

#if defined(KEEL_JEMALLOC)
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

namespace keel {

namespace detail {
constinit SmallHeap process_heap;
}

namespace {

// From here on a run that is taken ahead of its use is little beside the rest.
constexpr std::size_t kManyBytes = 16 * SmallHeap::kRunBytes;
constexpr std::uint32_t kAllFree = (1U << SmallHeap::kSlabsInRun) - 1;

}  // namespace

// Behind the first slab, which goes on being filled; first when there is none.
void SmallHeap::link(Slab* slab) noexcept {
    Slab*& first = room_[slab->cell / kStep - 1];
    if (first == nullptr) {
        slab->next = slab->prev = nullptr;
        first = slab;
        return;
    }
    slab->prev = first;
    slab->next = first->next;
    if (first->next != nullptr) first->next->prev = slab;
    first->next = slab;
}

void SmallHeap::unlink(Slab* slab) noexcept {
    if (slab->next != nullptr) slab->next->prev = slab->prev;
    if (slab->prev != nullptr)
        slab->prev->next = slab->next;
    else
        room_[slab->cell / kStep - 1] = slab->next;
    slab->next = slab->prev = nullptr;
}

SmallHeap::Slab* SmallHeap::add_run() {
    void* memory = std::aligned_alloc(kRunBytes, kRunBytes);
    KEEL_CHECK(memory != nullptr && "out of memory");
    if (bytes_reserved() >= kManyBytes) populate(memory, kRunBytes);
    Slab* run = new (memory) Slab{};
    run->free_slabs = kAllFree;
    runs_ = run;
    reserved_.store(bytes_reserved() + kRunBytes, std::memory_order_relaxed);
    return run;
}

SmallHeap::Slab* SmallHeap::add_slab(std::size_t cls) {
    Slab* run = runs_ != nullptr ? runs_ : add_run();
    const auto index = static_cast<unsigned>(std::countr_zero(run->free_slabs));
    run->free_slabs &= run->free_slabs - 1;
    if (run->free_slabs == 0) {  // always the first of runs_
        runs_ = run->run_next;
        if (runs_ != nullptr) runs_->run_prev = nullptr;
        run->run_next = nullptr;
    }
    auto* slab = reinterpret_cast<Slab*>(reinterpret_cast<char*>(run) + index * kSlabBytes);
    slab->cell = static_cast<std::uint32_t>((cls + 1) * kStep);
    slab->capacity = static_cast<std::uint16_t>((kSlabBytes - kHeaderBytes) / slab->cell);
    slab->bump = kHeaderBytes;
    slab->used = 0;
    slab->free = nullptr;
    link(slab);
    return slab;
}

// An empty slab goes back to its run; a run with nothing in it goes back to the system.
void SmallHeap::retire(Slab* slab) noexcept {
    unlink(slab);
    Slab* run = run_of(slab);
    const auto index = (reinterpret_cast<std::uintptr_t>(slab) - reinterpret_cast<std::uintptr_t>(run)) / kSlabBytes;
    if (run->free_slabs == 0) {
        run->run_prev = nullptr;
        run->run_next = runs_;
        if (runs_ != nullptr) runs_->run_prev = run;
        runs_ = run;
    }
    run->free_slabs |= 1U << index;
    if (run->free_slabs != kAllFree) return;
    if (run->run_next != nullptr) run->run_next->run_prev = run->run_prev;
    if (run->run_prev != nullptr)
        run->run_prev->run_next = run->run_next;
    else
        runs_ = run->run_next;
    std::free(run);
    reserved_.store(bytes_reserved() - kRunBytes, std::memory_order_relaxed);
}

void SmallHeap::trim() noexcept {
    KEEL_DCHECK(!shared_);
    for (Slab* first : room_) {
        while (first != nullptr) {
            Slab* next = first->next;
            if (first->used == 0) retire(first);
            first = next;
        }
    }
}

void SmallHeap::share(bool on) noexcept {
    KEEL_CHECK(on || sharers_ > 0);
    on ? ++sharers_ : --sharers_;
    shared_ = sharers_ > 0;
}

void* SmallHeap::allocate_shared(std::size_t n) {
    const SpinGuard guard{lock_, true};
    return take(class_of(n));
}

void SmallHeap::free_shared(void* p) noexcept {
    const SpinGuard guard{lock_, true};
    Slab* emptied = put(p);
    if (emptied != nullptr) retire(emptied);
}

#if defined(KEEL_SANITIZED)

void* SmallHeap::allocate_foreign(std::size_t n) {
    void* p = std::malloc(usable(n));
    KEEL_CHECK(p != nullptr && "out of memory");
    if (n > kLargestSmall) return p;
    const SpinGuard guard{lock_, shared_};
    count_used(usable(n));
    reserved_.store(bytes_used(), std::memory_order_relaxed);
    return p;
}

void SmallHeap::free_foreign(void* p, std::size_t n) noexcept {
    KEEL_CHECK(usable(malloc_usable_size(p)) == usable(n));  // the size is part of the contract
    std::free(p);
    if (n > kLargestSmall) return;
    const SpinGuard guard{lock_, shared_};
    count_used(0 - usable(n));
    reserved_.store(bytes_used(), std::memory_order_relaxed);
}

std::size_t SmallHeap::usable_foreign(std::size_t n) noexcept {
    return n > kLargestSmall ? (n + 15) & ~std::size_t{15} : (class_of(n) + 1) * kStep;
}

#elif defined(KEEL_JEMALLOC)

void* SmallHeap::allocate_foreign(std::size_t n) {
    void* p = mallocx(n, 0);
    KEEL_CHECK(p != nullptr && "out of memory");
    return p;
}

void SmallHeap::free_foreign(void* p, std::size_t n) noexcept { sdallocx(p, n, 0); }

std::size_t SmallHeap::usable_foreign(std::size_t n) noexcept { return nallocx(n, 0); }

#else

void* SmallHeap::allocate_foreign(std::size_t n) {
    void* p = std::malloc(n);
    KEEL_CHECK(p != nullptr && "out of memory");
    return p;
}

void SmallHeap::free_foreign(void* p, std::size_t) noexcept { std::free(p); }

// glibc: a header of 8 bytes, steps of 16.
std::size_t SmallHeap::usable_foreign(std::size_t n) noexcept { return ((n + 8 + 15) & ~std::size_t{15}) - 8; }

#endif

}  // namespace keel
