// SPDX-License-Identifier: BSD-3-Clause
//
// Asks the processor for the line of memory `offset` bytes behind an address, ahead of its use. Any address will do,
// also one that is not mapped.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keel {

// The empty asm counts as a side effect. Without it GCC 12 takes a function that does nothing but prefetch for a
// pure one, and deletes the calls.
[[gnu::always_inline]] inline void prefetch(const void* address, std::size_t offset = 0) noexcept {
    // Counted as a number: beyond an address that may be null, a pointer must not point.
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(address) + offset));
    asm volatile("");
}

}  // namespace keel
