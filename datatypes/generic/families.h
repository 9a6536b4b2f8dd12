// SPDX-License-Identifier: BSD-3-Clause
//
// The command families that concern keys whatever they hold, and databases as a whole; for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel::generic {

extern const std::span<const CommandSpec> kKeyCommands;       // key_commands.cpp: DEL, EXISTS, TYPE ...
extern const std::span<const CommandSpec> kMoveCommands;      // move_commands.cpp: RENAME, COPY, MOVE
extern const std::span<const CommandSpec> kExpireCommands;    // expire_commands.cpp: EXPIRE, TTL, PERSIST ...
extern const std::span<const CommandSpec> kScanCommands;      // scan_commands.cpp: SCAN, KEYS, RANDOMKEY
extern const std::span<const CommandSpec> kObjectCommands;    // object_commands.cpp: OBJECT
extern const std::span<const CommandSpec> kSortCommands;      // sort_commands.cpp: SORT, SORT_RO
extern const std::span<const CommandSpec> kDatabaseCommands;  // database_commands.cpp: FLUSHALL, SWAPDB ...

}  // namespace keel::generic
