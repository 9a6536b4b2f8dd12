// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/small_heap.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;

namespace {

#if defined(KEEL_SANITIZED)
constexpr bool kOwnSlabs = false;
#else
constexpr bool kOwnSlabs = true;
#endif

struct Piece {
    unsigned char* at;
    std::size_t size;
    unsigned char fill;
};

Piece filled(SmallHeap& heap, std::size_t size, unsigned char fill) {
    auto* at = static_cast<unsigned char*>(heap.allocate(size));
    std::memset(at, fill, size);
    return {at, size, fill};
}

bool intact(const Piece& piece) {
    for (std::size_t i = 0; i < piece.size; ++i) {
        if (piece.at[i] != piece.fill) return false;
    }
    return true;
}

std::size_t counted(std::size_t n) { return n <= SmallHeap::kLargestSmall ? SmallHeap::usable(n) : 0; }

void random_operations(std::uint64_t seed) {
    INFO("seed " << seed);
    Random random{seed};
    SmallHeap heap;
    std::vector<Piece> pieces;
    std::size_t used = 0;
    bool all_intact = true;
    for (int step = 0; step < 60000; ++step) {
        const bool growing = (step / 10000) % 2 == 0;
        if (pieces.empty() || random.below(10) < (growing ? 7U : 3U)) {
            const std::size_t size = random.below(300);
            pieces.push_back(filled(heap, size, static_cast<unsigned char>(random.next())));
            used += counted(size);
        } else {
            const std::size_t i = random.below(pieces.size());
            all_intact = all_intact && intact(pieces[i]);
            used -= counted(pieces[i].size);
            heap.free(pieces[i].at, pieces[i].size);
            pieces[i] = pieces.back();
            pieces.pop_back();
        }
        if (heap.bytes_used() != used) FAIL("after step " << step << ": " << heap.bytes_used() << " not " << used);
    }
    CHECK(all_intact);
    CHECK(heap.bytes_reserved() >= heap.bytes_used());
    for (const Piece& piece : pieces) {
        all_intact = all_intact && intact(piece);
        heap.free(piece.at, piece.size);
    }
    CHECK(all_intact);
    CHECK(heap.bytes_used() == 0);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

}  // namespace

TEST_CASE("small heap: sizes go in steps of 8 up to 256") {
    CHECK(SmallHeap::usable(0) == 8);
    CHECK(SmallHeap::usable(1) == 8);
    CHECK(SmallHeap::usable(24) == 24);
    CHECK(SmallHeap::usable(25) == 32);
    CHECK(SmallHeap::usable(256) == 256);
    CHECK(SmallHeap::usable(257) >= 257);
}

TEST_CASE("small heap: random allocations keep their bytes, and the counters are exact") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) random_operations(seed);
}

TEST_CASE("small heap: cells are 8-aligned, lie apart, and neighbours in time are neighbours in memory") {
    SmallHeap heap;
    std::map<unsigned char*, std::size_t> taken;
    std::vector<unsigned char*> order;
    for (int i = 0; i < 680; ++i) {
        order.push_back(static_cast<unsigned char*>(heap.allocate(24)));
        taken[order.back()] = 24;
        CHECK(reinterpret_cast<std::uintptr_t>(order.back()) % 8 == 0);
    }
    const unsigned char* end = nullptr;
    for (const auto& [at, size] : taken) {
        CHECK(at >= end);
        end = at + size;
    }
    if (kOwnSlabs) CHECK(order.back() - order.front() == 24 * 679);
    for (unsigned char* at : order) heap.free(at, 24);
    heap.trim();
}

TEST_CASE("small heap: the cell freed last is handed out first") {
    if (!kOwnSlabs) return;
    SmallHeap heap;
    void* a = heap.allocate(40);
    void* b = heap.allocate(40);
    heap.free(a, 33);  // any size of the same class
    CHECK(heap.allocate(40) == a);
    heap.free(a, 40);
    heap.free(b, 40);
    heap.trim();
}

TEST_CASE("small heap: one slab is filled before the next is begun, and empty ones go back") {
    if (!kOwnSlabs) return;
    SmallHeap heap;
    std::vector<void*> cells;
    const std::size_t in_run = SmallHeap::kSlabsInRun * 680;
    for (std::size_t i = 0; i < in_run; ++i) cells.push_back(heap.allocate(24));
    CHECK(heap.bytes_reserved() == SmallHeap::kRunBytes);  // truth 1: no slab begun too early
    cells.push_back(heap.allocate(24));
    CHECK(heap.bytes_reserved() == 2 * SmallHeap::kRunBytes);
    heap.free(cells.back(), 24);
    cells.pop_back();
    for (int round = 0; round < 3; ++round) {  // truth 2: the spare stays, so the edge does not flutter
        void* again = heap.allocate(24);
        CHECK(heap.bytes_reserved() == 2 * SmallHeap::kRunBytes);
        heap.free(again, 24);
    }
    for (void* cell : cells) heap.free(cell, 24);
    CHECK(heap.bytes_used() == 0);
    CHECK(heap.bytes_reserved() == SmallHeap::kRunBytes);  // one empty slab is kept
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

TEST_CASE("small heap: a slab given back by one class serves another") {
    if (!kOwnSlabs) return;
    SmallHeap heap;
    std::vector<void*> small;
    for (int i = 0; i < 680 * 8; ++i) small.push_back(heap.allocate(24));
    for (void* cell : small) heap.free(cell, 24);
    std::vector<void*> others;
    for (int i = 0; i < 63 * 15; ++i) others.push_back(heap.allocate(256));
    CHECK(heap.bytes_reserved() == SmallHeap::kRunBytes);
    for (void* cell : others) heap.free(cell, 256);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

TEST_CASE("small heap: while shared, a background thread frees what the loop keeps allocating") {
    SmallHeap heap;
    std::vector<Piece> given;
    Random random{7};
    for (int i = 0; i < 20000; ++i) given.push_back(filled(heap, random.below(300), static_cast<unsigned char>(i)));
    heap.share(true);
    std::atomic<bool> intact_there{true};
    std::thread background{[&] {
        for (const Piece& piece : given) {
            if (!intact(piece)) intact_there = false;
            heap.free(piece.at, piece.size);
        }
    }};
    std::vector<Piece> kept;
    for (int i = 0; i < 20000; ++i) {
        kept.push_back(filled(heap, random.below(300), static_cast<unsigned char>(i)));
        if (i % 3 == 0) {
            heap.free(kept.back().at, kept.back().size);
            kept.pop_back();
        }
    }
    background.join();
    heap.share(false);
    CHECK(intact_there);
    std::size_t used = 0;
    bool intact_here = true;
    for (const Piece& piece : kept) {
        used += counted(piece.size);
        intact_here = intact_here && intact(piece);
    }
    CHECK(intact_here);
    CHECK(heap.bytes_used() == used);
    for (const Piece& piece : kept) heap.free(piece.at, piece.size);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}
