// SPDX-License-Identifier: BSD-3-Clause
//
// The command families of strings, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel::string {

extern const std::span<const CommandSpec> kCommands;             // commands.cpp
extern const std::span<const CommandSpec> kCounterCommands;      // counters.cpp
extern const std::span<const CommandSpec> kRangeCommands;        // ranges.cpp
extern const std::span<const CommandSpec> kMultiCommands;        // multi.cpp
extern const std::span<const CommandSpec> kLcsCommands;          // lcs_command.cpp
extern const std::span<const CommandSpec> kBitmapCommands;       // bitmap_commands.cpp
extern const std::span<const CommandSpec> kBitfieldCommands;     // bitfield_commands.cpp
extern const std::span<const CommandSpec> kHyperLogLogCommands;  // hyperloglog_commands.cpp

}  // namespace keel::string
