// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/line_heap.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/random.h"

using namespace keel;

namespace {

#if defined(KEEL_SANITIZED)
constexpr bool kOwnChunks = false;
#else
constexpr bool kOwnChunks = true;
#endif
constexpr unsigned kInChunk = LineHeap::kChunkBytes / LineHeap::kLineBytes - 2;

struct Piece {
    unsigned char* at;
    unsigned lines;
    unsigned char fill;

    [[nodiscard]] bool intact() const {
        return std::all_of(at, at + lines * LineHeap::kLineBytes, [this](unsigned char c) { return c == fill; });
    }
};

Piece filled(LineHeap& heap, unsigned lines, unsigned char fill) {
    auto* at = static_cast<unsigned char*>(heap.allocate(lines));
    if (reinterpret_cast<std::uintptr_t>(at) % LineHeap::kLineBytes != 0) FAIL("not aligned");
    std::memset(at, fill, lines * LineHeap::kLineBytes);
    return {at, lines, fill};
}

unsigned any_size(Random& random) {
    return static_cast<unsigned>(random.below(50) == 0 ? 1 + random.below(LineHeap::kMaxLines) : 1 + random.below(28));
}

void random_operations(std::uint64_t seed) {
    INFO("seed " << seed);
    Random random{seed};
    LineHeap heap;
    std::vector<Piece> pieces;
    std::size_t used = 0;
    bool intact = true;
    for (int step = 0; step < 30000; ++step) {
        const bool growing = (step / 6000) % 2 == 0;
        if (pieces.empty() || random.below(10) < (growing ? 6U : 4U)) {
            pieces.push_back(filled(heap, any_size(random), static_cast<unsigned char>(random.next())));
            used += pieces.back().lines * LineHeap::kLineBytes;
        } else {
            const std::size_t i = random.below(pieces.size());
            intact = intact && pieces[i].intact();
            used -= pieces[i].lines * LineHeap::kLineBytes;
            heap.free(pieces[i].at, pieces[i].lines);
            pieces[i] = pieces.back();
            pieces.pop_back();
        }
        if (heap.bytes_used() != used) FAIL("after step " << step << ": " << heap.bytes_used() << " not " << used);
    }
    for (const Piece& piece : pieces) {
        intact = intact && piece.intact();
        heap.free(piece.at, piece.lines);
    }
    CHECK(intact);
    CHECK(heap.bytes_used() == 0);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

}  // namespace

TEST_CASE("line heap: random allocations keep their bytes, and the counters are exact") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) random_operations(seed);
}

TEST_CASE("line heap: a chunk can be filled to the last line, and freed neighbours are one run again") {
    if (!kOwnChunks) return;
    LineHeap heap;
    std::vector<void*> lines;
    for (unsigned i = 0; i < kInChunk; ++i) lines.push_back(heap.allocate(1));
    CHECK(heap.bytes_reserved() == LineHeap::kChunkBytes);
    for (unsigned i = 0; i < kInChunk; i += 2) heap.free(lines[i], 1);
    for (unsigned i = 1; i < kInChunk; i += 2) heap.free(lines[i], 1);
    void* large = heap.allocate(LineHeap::kMaxLines);
    CHECK(heap.bytes_reserved() == LineHeap::kChunkBytes);
    heap.free(large, LineHeap::kMaxLines);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

TEST_CASE("line heap: an allocation takes the shortest run that will do") {
    if (!kOwnChunks) return;
    LineHeap heap;
    std::vector<void*> pieces;
    for (const unsigned lines : {9U, 1U, 5U, 1U, 7U, 1U}) pieces.push_back(heap.allocate(lines));
    void* rest = heap.allocate(448);
    heap.free(pieces[0], 9);
    heap.free(pieces[2], 5);
    heap.free(pieces[4], 7);
    CHECK(heap.allocate(6) == pieces[4]);
    CHECK(heap.allocate(5) == pieces[2]);
    CHECK(heap.allocate(9) == pieces[0]);
    heap.free(rest, 448);
}

TEST_CASE("line heap: at most one empty chunk is kept") {
    if (!kOwnChunks) return;
    LineHeap heap;
    std::vector<void*> pieces;
    for (int i = 0; i < 4; ++i) pieces.push_back(heap.allocate(300));
    CHECK(heap.bytes_reserved() == 4 * LineHeap::kChunkBytes);
    for (void* piece : pieces) heap.free(piece, 300);
    CHECK(heap.bytes_reserved() == LineHeap::kChunkBytes);
    for (int i = 0; i < 3; ++i) {
        void* again = heap.allocate(300);
        CHECK(heap.bytes_reserved() == LineHeap::kChunkBytes);
        heap.free(again, 300);
    }
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

TEST_CASE("line heap: sizes that drift, as those of a growing table do, leave few lines idle") {
    if (!kOwnChunks) return;
    LineHeap heap;
    Random random{11};
    std::vector<std::pair<void*, unsigned>> pieces(4000);
    for (auto& [at, lines] : pieces) at = heap.allocate(lines = static_cast<unsigned>(5 + random.below(4)));
    for (int step = 0; step < 40000; ++step) {  // a piece grows by some lines; large ones become two small ones
        auto& [at, lines] = pieces[random.below(pieces.size())];
        const unsigned wanted = lines < 16 ? lines + 1 : lines / 2;
        void* fresh = heap.allocate(wanted);
        heap.free(at, lines);
        at = fresh;
        lines = wanted;
    }
    CHECK(static_cast<double>(heap.bytes_reserved()) < 1.15 * static_cast<double>(heap.bytes_used()));
    for (const auto& [at, lines] : pieces) heap.free(at, lines);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}

TEST_CASE("line heap: while the small heap is shared, a background thread may free lines") {
    LineHeap heap;
    Random random{7};
    std::vector<Piece> given;
    for (int i = 0; i < 3000; ++i) given.push_back(filled(heap, any_size(random), static_cast<unsigned char>(i)));
    small_heap().share(true);
    std::atomic<bool> intact_there{true};
    std::thread background{[&] {
        for (const Piece& piece : given) {
            if (!piece.intact()) intact_there = false;
            heap.free(piece.at, piece.lines);
        }
    }};
    std::vector<Piece> kept;
    for (int i = 0; i < 3000; ++i) kept.push_back(filled(heap, any_size(random), static_cast<unsigned char>(i)));
    background.join();
    small_heap().share(false);
    CHECK(intact_there);
    CHECK(std::all_of(kept.begin(), kept.end(), [](const Piece& piece) { return piece.intact(); }));
    for (const Piece& piece : kept) heap.free(piece.at, piece.lines);
    CHECK(heap.bytes_used() == 0);
    heap.trim();
    CHECK(heap.bytes_reserved() == 0);
}
