// SPDX-License-Identifier: BSD-3-Clause
//
// Lists for all_types.cpp: the type, and its command families.
#pragma once

#include <span>

#include "datatypes/command/spec.h"
#include "datatypes/core/type.h"

namespace keel::list {

extern const TypeOps kOps;  // type.cpp

extern const std::span<const CommandSpec> kPushCommands;    // push_pop.cpp
extern const std::span<const CommandSpec> kAccessCommands;  // access.cpp
extern const std::span<const CommandSpec> kEditCommands;    // edit.cpp
extern const std::span<const CommandSpec> kSearchCommands;  // search.cpp
extern const std::span<const CommandSpec> kMoveCommands;    // move.cpp
extern const std::span<const CommandSpec> kMultiCommands;   // multi_pop.cpp

}  // namespace keel::list
