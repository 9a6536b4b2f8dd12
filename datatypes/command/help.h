// SPDX-License-Identifier: BSD-3-Clause
//
// The HELP subcommand of every container command: its text is made from the rows of the subcommands, so that it
// cannot miss one. Put help_row() last among the rows.
//
//     CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
//     GET <parameter> [<parameter> ...]
//         Returns the settings whose names match.
#pragma once

#include <string>

#include "datatypes/command/context.h"

namespace keel {

// A row's syntax as a person reads it: words to be replaced stand in angle brackets, without their types.
// "[TYPE type] id:integer" -> "[TYPE <type>] <id>".
[[nodiscard]] std::string readable_syntax(Bytes syntax);

// Runs CONFIG HELP, CLIENT HELP ...: describes the siblings of the command that runs.
Status container_help(Context& cx);

// HELP belongs to few categories of its own: Redis counts it as slow, and as its group's only for these.
constexpr Category help_category(Group group) {
    switch (group) {
        case Group::connection: return Category::connection;
        case Group::generic: return Category::keyspace;
        case Group::stream: return Category::stream;
        default: return Category::none;
    }
}

// The row; a family changes `since` or flags where its own differ.
constexpr CommandSpec help_row(Group group, Bytes since = "5.0.0", Flag flags = Flag::loading | Flag::stale) {
    return {.name = "help",
            .run = container_help,
            .arity = exactly(2),
            .flags = flags,
            .categories = help_category(group),
            .group = group,
            .since = since,
            .complexity = "O(1)",
            .summary = "Prints this help."};
}

}  // namespace keel
