// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/module_commands.h"

#include "datatypes/command/context.h"
#include "datatypes/command/help.h"

namespace keel {

namespace {

// They begin as those of Redis, which send the reader to the log; there is no more to say there.
constexpr ErrorText kCannotLoad{"ERR Error loading the extension. This server has no modules."};
constexpr ErrorText kNotLoaded{"ERR Error unloading module: no such module with that name"};

// MODULE LIST
Status list(Context& cx) {
    cx.reply().empty_array();
    return {};
}

// MODULE LOAD path [arg ...], MODULE LOADEX path [CONFIG name value ...] [ARGS arg ...]
Status load(Context&) { return kCannotLoad; }

// MODULE UNLOAD name
Status unload(Context&) { return kNotLoaded; }

constexpr Flag kRead = Flag::admin | Flag::noscript;
constexpr Flag kChange = kRead | Flag::no_async_loading | Flag::is_protected;
constexpr Bytes kUnordered[] = {"nondeterministic_output_order"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "list",
     .run = list,
     .arity = exactly(2),
     .flags = kRead,
     .group = Group::server,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Returns the modules that are loaded: none.",
     .tips = kUnordered},
    {.name = "load",
     .run = load,
     .arity = at_least(3),
     .flags = kChange,
     .group = Group::server,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Is refused: this server has no modules.",
     .syntax = "path [arg [arg ...]]"},
    {.name = "loadex",
     .run = load,
     .arity = at_least(3),
     .flags = kChange,
     .group = Group::server,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Is refused as LOAD.",
     .syntax = "path configs=[CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]"},
    {.name = "unload",
     .run = unload,
     .arity = exactly(3),
     .flags = kChange,
     .group = Group::server,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Finds no module of that name.",
     .syntax = "name"},
    help_row(Group::server),
};

constexpr CommandSpec kRows[] = {
    {.name = "module",
     .arity = at_least(2),
     .group = Group::server,
     .since = "4.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Would steer modules, of which there are none.",
     .subcommands = kSubcommands},
};

}  // namespace

const std::span<const CommandSpec> kModuleCommands{kRows};

}  // namespace keel
