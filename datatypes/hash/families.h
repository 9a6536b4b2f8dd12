// SPDX-License-Identifier: BSD-3-Clause
//
// The command families of hashes, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel::hash {

extern const std::span<const CommandSpec> kCommands;          // commands.cpp
extern const std::span<const CommandSpec> kCounterCommands;   // counters.cpp
extern const std::span<const CommandSpec> kWalkCommands;      // walks.cpp
extern const std::span<const CommandSpec> kExpireCommands;    // expire_commands.cpp
extern const std::span<const CommandSpec> kExpiringCommands;  // expiring_commands.cpp

}  // namespace keel::hash
