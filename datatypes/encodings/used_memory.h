// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes the program really uses: what malloc gave, less what our two heaps hold in reserve.
#pragma once

#include "datatypes/encodings/line_heap.h"
#include "datatypes/encodings/small_heap.h"
#include "protocol/base/memory_use.h"

namespace keel {

// Bytes a heap holds and has not handed out. While the background frees, the two figures may be read apart.
template <class Heap>
[[nodiscard]] std::uint64_t idle_bytes(const Heap& heap) noexcept {
    const std::uint64_t used = heap.bytes_used();
    const std::uint64_t reserved = heap.bytes_reserved();
    return reserved > used ? reserved - used : 0;
}

// A few loads: cheap enough to ask before every command.
[[nodiscard]] inline std::uint64_t used_memory() noexcept {
    const std::uint64_t idle = idle_bytes(small_heap()) + idle_bytes(line_heap());
    const std::uint64_t total = malloced_bytes();
    return total > idle ? total - idle : 0;
}

}  // namespace keel
