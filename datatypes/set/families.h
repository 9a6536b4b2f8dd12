// SPDX-License-Identifier: BSD-3-Clause
//
// The command families of sets, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel::set {

extern const std::span<const CommandSpec> kCommands;         // commands.cpp
extern const std::span<const CommandSpec> kDrawCommands;     // draw.cpp
extern const std::span<const CommandSpec> kAlgebraCommands;  // algebra.cpp

}  // namespace keel::set
