// SPDX-License-Identifier: BSD-3-Clause
//
// Asks the processor for a line of memory ahead of its use. Any address will do, also one that is not mapped.
#pragma once

namespace keel {

// The empty asm counts as a side effect. Without it GCC 12 takes a function that does nothing but prefetch for a
// pure one, and deletes the calls.
[[gnu::always_inline]] inline void prefetch(const void* address) noexcept {
    __builtin_prefetch(address);
    asm volatile("");
}

}  // namespace keel
