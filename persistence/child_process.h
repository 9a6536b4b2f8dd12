// SPDX-License-Identifier: BSD-3-Clause
//
// What every forked child of ours does first, and what it can tell of itself.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace keel {

// In the child, right after fork(): it dies with its parent, takes signals as a new program does, holds
// no connection, and logs as a child.
void become_child(pid_t parent);

// Bytes that this process shares with nobody: in a child, what was copied since the fork. 0 if that cannot be told.
// O(memory) in the kernel.
[[nodiscard]] std::uint64_t private_bytes();

}  // namespace keel
