// SPDX-License-Identifier: BSD-3-Clause
//
// The type and the command families of sorted sets, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"
#include "datatypes/core/type.h"

namespace keel::zset {

extern const TypeOps kOps;                                     // type.cpp
extern const std::span<const CommandSpec> kCommands;           // commands.cpp
extern const std::span<const CommandSpec> kReadCommands;       // read_commands.cpp
extern const std::span<const CommandSpec> kRangeCommands;      // range_commands.cpp
extern const std::span<const CommandSpec> kRemoveCommands;     // remove_commands.cpp
extern const std::span<const CommandSpec> kPopCommands;        // pop_commands.cpp
extern const std::span<const CommandSpec> kCombineCommands;    // combine_commands.cpp
extern const std::span<const CommandSpec> kGeoCommands;        // geo_commands.cpp
extern const std::span<const CommandSpec> kGeoSearchCommands;  // geo_search.cpp

}  // namespace keel::zset
