// SPDX-License-Identifier: BSD-3-Clause
//
// The command families of streams and their TypeOps, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"
#include "datatypes/core/type.h"

namespace keel::stream {

extern const TypeOps kOps;                                   // type.cpp
extern const std::span<const CommandSpec> kCommands;         // commands.cpp
extern const std::span<const CommandSpec> kRangeCommands;    // range_commands.cpp
extern const std::span<const CommandSpec> kReadCommands;     // read_commands.cpp
extern const std::span<const CommandSpec> kGroupCommands;    // group_commands.cpp
extern const std::span<const CommandSpec> kPendingCommands;  // pending_commands.cpp
extern const std::span<const CommandSpec> kClaimCommands;    // claim_commands.cpp
extern const std::span<const CommandSpec> kInfoCommands;     // info_commands.cpp

}  // namespace keel::stream
