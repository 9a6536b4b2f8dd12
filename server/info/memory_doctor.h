// SPDX-License-Identifier: BSD-3-Clause
//
// MEMORY DOCTOR: what the figures of a memory report mean, in sentences.
#pragma once

#include <string>

#include "server/info/memory_report.h"

namespace keel {

// A verdict of one or more lines. `clients`: how many are connected.
[[nodiscard]] std::string memory_advice(const MemoryReport& report, std::size_t clients);

}  // namespace keel
