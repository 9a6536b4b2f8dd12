// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes the program really uses: what malloc gave, less what the small heap holds in reserve.
#pragma once

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/memory_use.h"

namespace keel {

// A few loads: cheap enough to ask before every command.
[[nodiscard]] inline std::uint64_t used_memory() noexcept {
    const std::uint64_t idle = small_heap().bytes_reserved() - small_heap().bytes_used();
    const std::uint64_t total = malloced_bytes();
    return total > idle ? total - idle : 0;
}

}  // namespace keel
