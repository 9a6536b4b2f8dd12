// SPDX-License-Identifier: BSD-3-Clause
//
// The command families of strings, for all_types.cpp.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel::string {

extern const std::span<const CommandSpec> kCommands;  // commands.cpp

}  // namespace keel::string
