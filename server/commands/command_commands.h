// SPDX-License-Identifier: BSD-3-Clause
//
// COMMAND: what the server tells about its commands, for clients that route, complete and document by it.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel {

extern const std::span<const CommandSpec> kCommandCommands;

}  // namespace keel
