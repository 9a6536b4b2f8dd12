// SPDX-License-Identifier: BSD-3-Clause
//
// Lists for all_types.cpp: the type, and its command families.
#pragma once

#include <optional>
#include <span>

#include "datatypes/command/spec.h"
#include "datatypes/core/type.h"

namespace keel::list {

extern const TypeOps kOps;  // type.cpp

// For DEBUG OBJECT, of a list that is no single listpack. O(nodes).
struct ChainFigures {
    std::size_t nodes = 0;
    std::size_t elements = 0;
    std::size_t plain_bytes = 0;  // of all nodes, before squeezing
};
[[nodiscard]] std::optional<ChainFigures> chain_figures(const ValueRef& value);  // type.cpp

extern const std::span<const CommandSpec> kPushCommands;    // push_pop.cpp
extern const std::span<const CommandSpec> kAccessCommands;  // access.cpp
extern const std::span<const CommandSpec> kEditCommands;    // edit.cpp
extern const std::span<const CommandSpec> kSearchCommands;  // search.cpp
extern const std::span<const CommandSpec> kMoveCommands;    // move.cpp
extern const std::span<const CommandSpec> kMultiCommands;   // multi_pop.cpp

}  // namespace keel::list
