// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG RESTART and CRASH-AND-RECOVER: the process runs its program again, with the arguments it was started with, under
// the same process id.
#pragma once

#include <cstdint>

#include "protocol/base/result.h"

namespace keel {

struct ProcessFacts;

// Waits, closes every descriptor but the standard streams, and starts over. Returns only if that cannot work: then
// nothing was closed.
Status restart_process(const ProcessFacts& facts, std::int64_t delay_ms);

}  // namespace keel
