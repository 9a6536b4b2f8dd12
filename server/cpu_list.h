// SPDX-License-Identifier: BSD-3-Clause
//
// Lists of processors (server-cpulist and its kin), and threads that are bound to them:
//
//     0,2,4-6        processors 0, 2, 4, 5 and 6
//     0-7:2          every second one from 0 to 7
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

// The processors in order of the list. The error says what is wrong with it.
[[nodiscard]] Result<std::vector<int>> parse_cpu_list(Bytes list);

// Binds the calling thread, and what it starts from now on, to the processors of the setting called `name`; an empty
// list changes nothing. What cannot be done becomes a warning in the log.
void bind_thread(Bytes name, Bytes list);

}  // namespace keel
