// SPDX-License-Identifier: BSD-3-Clause
//
// MODULE. There are no modules: LIST is empty, as INFO modules and HELLO say too, and nothing can be loaded. The rows
// are there because clients ask what is loaded before they use it, and tell a refusal from a server that is too old.
#pragma once

#include <span>

#include "datatypes/command/spec.h"

namespace keel {

extern const std::span<const CommandSpec> kModuleCommands;

}  // namespace keel
