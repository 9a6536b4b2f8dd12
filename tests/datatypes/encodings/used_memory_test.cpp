// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/used_memory.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("used memory: what a heap holds in reserve is idle, what it handed out is not") {
    LineHeap lines;
    CHECK(idle_bytes(lines) == 0);
    void* piece = lines.allocate(10);
    CHECK(idle_bytes(lines) == lines.bytes_reserved() - 640);
    lines.free(piece, 10);
    CHECK(idle_bytes(lines) == lines.bytes_reserved());
    lines.trim();
    CHECK(idle_bytes(lines) == 0);
}

TEST_CASE("used memory: grows by what is allocated, not by the chunk that it came from") {
    register_thread_memory();
    void* first = line_heap().allocate(1);  // the chunk, if there was none, is there now
    const std::uint64_t before = used_memory();
    void* second = line_heap().allocate(16);
    const std::uint64_t grown = used_memory() - before;
    line_heap().free(second, 16);
    line_heap().free(first, 1);
    CHECK(grown >= 1024);
    CHECK(grown < LineHeap::kChunkBytes / 2);
}
