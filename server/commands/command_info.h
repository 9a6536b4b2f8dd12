// SPDX-License-Identifier: BSD-3-Clause
//
// How clients are told about a command: the ten fields of COMMAND INFO, and the map of COMMAND DOCS. Everything
// comes from the command's row.
#pragma once

#include "datatypes/command/registry.h"
#include "protocol/resp/reply.h"

namespace keel {

// Name, arity, flags, first key, last key, step, ACL categories, tips, key specs, subcommands.
void write_command_info(Reply& reply, const Command& command);

// Summary, since, group, complexity, then what applies: doc_flags, deprecated_since, replaced_by, arguments,
// subcommands.
void write_command_docs(Reply& reply, const Command& command);

}  // namespace keel
