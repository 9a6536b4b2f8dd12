// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/command_commands.h"

#include "datatypes/command/context.h"
#include "datatypes/command/help.h"
#include "protocol/base/glob.h"
#include "server/commands/command_info.h"

namespace keel {

namespace {

std::size_t callable_count(const Registry& registry) {
    std::size_t count = 0;
    registry.each_called([&](const Command&, Bytes) { ++count; });
    return count;
}

// COMMAND
Status command(Context& cx) {
    cx.reply().array(callable_count(cx.registry));
    cx.registry.each_called([&](const Command& command, Bytes) { write_command_info(cx.reply(), command); });
    return {};
}

// COMMAND COUNT
Status count(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(callable_count(cx.registry)));
    return {};
}

// COMMAND INFO [command-name ...]
Status info(Context& cx) {
    if (!cx.args.more()) return command(cx);
    const auto names = cx.args.rest();
    cx.reply().array(names.size());
    for (const Bytes name : names) {
        if (const Command* found = cx.registry.find_full(name)) {
            write_command_info(cx.reply(), *found);
        } else {
            cx.reply().null_array();
        }
    }
    return {};
}

// COMMAND DOCS [command-name ...]
Status docs(Context& cx) {
    Reply& reply = cx.reply();
    auto map = reply.deferred_map();
    std::size_t pairs = 0;
    const auto add = [&](const Command& found) {
        ++pairs;
        reply.bulk(found.name());
        write_command_docs(reply, found);
    };
    if (!cx.args.more()) cx.registry.each_called([&](const Command& found, Bytes) { add(found); });
    for (const Bytes name : cx.args.rest()) {
        if (const Command* found = cx.registry.find_full(name)) add(*found);
    }
    map.end(pairs);
    return {};
}

// COMMAND LIST [FILTERBY MODULE module-name|ACLCAT category|PATTERN pattern]
Status list(Context& cx) {
    enum class By { nothing, module, category, pattern } by = By::nothing;
    Bytes wanted;
    if (cx.args.more()) {
        if (cx.args.left() != 3 || !cx.args.accept("FILTERBY")) return errors::kSyntax;
        if (cx.args.accept("MODULE"))
            by = By::module;
        else if (cx.args.accept("ACLCAT"))
            by = By::category;
        else if (cx.args.accept("PATTERN"))
            by = By::pattern;
        else
            return errors::kSyntax;
        wanted = cx.args.next<Bytes>();
    }
    const Category category = category_of(wanted);
    const auto passes = [&](const Command& command) {
        switch (by) {
            case By::nothing: return true;
            case By::module: return false;  // no command comes from a module
            case By::category: return has(command.categories(), category);
            case By::pattern: return glob_match(wanted, command.name(), true);
        }
        return false;
    };
    auto array = cx.reply().deferred_array();
    std::size_t listed = 0;
    const auto add = [&](const Command& command) {
        if (!passes(command)) return;
        ++listed;
        cx.reply().bulk(command.name());
    };
    cx.registry.each_called([&](const Command& command, Bytes) {
        add(command);
        for (const auto& sub : command.subcommands()) add(*sub);
    });
    array.end(listed);
    return {};
}

// The command that these words call, null if there is none.
const Command* called_by(const Registry& registry, std::span<const Bytes> words) {
    const Command* found = registry.find(words[0]);
    if (found == nullptr || found->subcommands().empty() || words.size() < 2) return found;
    return found->subcommand(words[1]);
}

// Finds the keys of the request that stands behind COMMAND GETKEYS.
Status keys_of_request(Context& cx, std::span<const Bytes> words, KeyList& keys) {
    const Command* command = called_by(cx.registry, words);
    if (command == nullptr) return errors::kInvalidCommandSpecified;
    const CommandSpec& spec = command->spec();
    if (spec.keys.count == 0 && spec.find_keys == nullptr) return errors::kNoKeyArguments;
    if (!spec.arity.accepts(words.size())) return errors::kInvalidArityOfCommand;
    const Status found = command->find_keys(words, keys);
    if (found && !keys.empty()) return {};
    keys.clear();
    if (!command->is(Flag::no_mandatory_keys)) return errors::kInvalidArguments;
    return {};
}

// COMMAND GETKEYS command [arg [arg ...]]
Status getkeys(Context& cx) {
    const auto words = cx.args.rest();
    KeyList keys;
    KEEL_TRY(keys_of_request(cx, words, keys));
    cx.reply().array(keys.all().size());
    for (const KeyPosition& key : keys.all()) cx.reply().bulk(words[key.index]);
    return {};
}

// COMMAND GETKEYSANDFLAGS command [arg [arg ...]]
Status getkeysandflags(Context& cx) {
    const auto words = cx.args.rest();
    KeyList keys;
    KEEL_TRY(keys_of_request(cx, words, keys));
    Reply& reply = cx.reply();
    reply.array(keys.all().size());
    for (const KeyPosition& key : keys.all()) {
        reply.array(2);
        reply.bulk(words[key.index]);
        const auto names = use_names(key.use);
        reply.set(names.size());
        for (const Bytes name : names) reply.simple(name);
    }
    return {};
}

constexpr Flag kAnywhere = Flag::loading | Flag::stale;
constexpr Bytes kUnordered[] = {"nondeterministic_output_order"};

// Of COMMAND's own category, unlike others' HELP.
constexpr CommandSpec kHelp = [] {
    CommandSpec row = help_row(Group::server);
    row.categories = Category::connection;
    return row;
}();

constexpr CommandSpec kSubcommands[] = {
    {.name = "count",
     .run = count,
     .arity = exactly(2),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "2.8.13",
     .complexity = "O(N) where N is the number of commands",
     .summary = "Returns how many commands there are."},
    {.name = "docs",
     .run = docs,
     .arity = at_least(2),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of commands told of",
     .summary = "Returns the documentation of commands.",
     .syntax = "[command-name [command-name ...]]",
     .tips = kUnordered},
    {.name = "getkeys",
     .run = getkeys,
     .arity = at_least(3),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "2.8.13",
     .complexity = "O(N) where N is the number of arguments",
     .summary = "Finds the keys in a command with its arguments.",
     .syntax = "command [arg [arg ...]]"},
    {.name = "getkeysandflags",
     .run = getkeysandflags,
     .arity = at_least(3),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of arguments",
     .summary = "Finds the keys in a command with its arguments, and what it does with each.",
     .syntax = "command [arg [arg ...]]"},
    {.name = "info",
     .run = info,
     .arity = at_least(2),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "2.8.13",
     .complexity = "O(N) where N is the number of commands told of",
     .summary = "Returns the details of commands.",
     .syntax = "[command-name [command-name ...]]",
     .tips = kUnordered},
    {.name = "list",
     .run = list,
     .arity = at_least(2),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of commands",
     .summary = "Returns the names of commands.",
     .syntax = "[FILTERBY filterby=(MODULE module-name|ACLCAT category|PATTERN pattern:pattern)]",
     .tips = kUnordered},
    kHelp,
};

constexpr CommandSpec kRows[] = {
    {.name = "command",
     .run = command,
     .arity = at_least(1),
     .flags = kAnywhere,
     .categories = Category::connection,
     .group = Group::server,
     .since = "2.8.13",
     .complexity = "O(N) where N is the number of commands",
     .summary = "Returns the details of all commands.",
     .subcommands = kSubcommands,
     .tips = kUnordered},
};

}  // namespace

const std::span<const CommandSpec> kCommandCommands{kRows};

}  // namespace keel
