// SPDX-License-Identifier: BSD-3-Clause
//
// How much memory the process has allocated and how much of the machine's it holds.
//
// With jemalloc, the sum over our threads of "allocated less freed", which jemalloc counts for each thread at no
// cost: reading it is a few loads, so that maxmemory can be checked before every command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/result.h"

namespace keel {

// To be called on each thread that allocates or frees, before it does so for others: what one thread allocates and
// another frees has to be counted on both. Again on the same thread changes nothing.
void register_thread_memory();
// Before a registered thread ends: what it counted goes on counting.
void unregister_thread_memory();

// Bytes allocated from malloc and not yet freed, by all registered threads. On the thread that waits for the ends of
// the others: the counters of one that has ended are gone.
[[nodiscard]] std::uint64_t malloced_bytes() noexcept;

// Resident bytes of this process, from the kernel. A system call or two.
[[nodiscard]] std::uint64_t resident_bytes() noexcept;

// Bytes of memory of the machine.
[[nodiscard]] std::uint64_t machine_bytes() noexcept;

// What the allocator says of itself; zeros where it does not tell.
struct AllocatorFigures {
    std::uint64_t allocated = 0;  // by the program
    std::uint64_t active = 0;     // in pages that hold allocations
    std::uint64_t resident = 0;
    std::uint64_t muzzy = 0;  // pages lazily given back
};
[[nodiscard]] AllocatorFigures allocator_figures();
// "jemalloc-5.3.0", "libc".
[[nodiscard]] std::string allocator_name();
// Lets a thread of the allocator give unused pages back, within about a second; without it they go back as calls come.
// Not before the process has become a daemon: threads do not survive a fork. False where the allocator has no way.
bool purge_in_background(bool on);
// Gives unused pages back to the kernel. False where the allocator has no way.
bool purge_allocator();
// The allocator's own report, for MEMORY MALLOC-STATS.
[[nodiscard]] std::string allocator_report();

// The allocator's own parameters by name ("arenas.page"), numbers and texts: the present value, and with `value` that
// one is set. A text parameter without a value, such as "thread.tcache.flush", is carried out by `act`. Errors say why
// in the system's words; without such an allocator everything is one.
Result<std::int64_t> allocator_number(const std::string& name, std::optional<std::int64_t> value);
Result<std::string> allocator_text(const std::string& name, std::optional<std::string> value);
Status allocator_act(const std::string& name);

}  // namespace keel
