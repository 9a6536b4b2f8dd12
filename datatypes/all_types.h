// SPDX-License-Identifier: BSD-3-Clause
//
// The two lists: every type (see core/type.h: type_ops, all_types) and every command family of datatypes.
// Explicit, so that nothing depends on the order of linking.
#pragma once

#include "datatypes/command/registry.h"

namespace keel {

// Adds every command whose handler needs no more than a Context.
void add_data_commands(Registry& registry);

}  // namespace keel
