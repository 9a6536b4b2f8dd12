// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/function_commands.h"

#include <optional>

#include "protocol/base/glob.h"
#include "server/commands/script_commands.h"
#include "server/script/scripting.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kNotFound{"ERR Function not found"};
constexpr ErrorText kBadNumber{"ERR Bad number of keys provided"};
constexpr ErrorText kFlushOption{"ERR FUNCTION FLUSH only supports SYNC|ASYNC option"};
constexpr ErrorText kRestorePolicy{"ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."};
constexpr ErrorText kNoPattern{"ERR library name argument was not given"};

Error unknown(Bytes what, Bytes word) { return Error{std::string{"ERR "}.append(what).append(word)}; }

}  // namespace

// FCALL function numkeys [key ...] [arg ...]
Status FunctionCommands::run(Context& cx, bool read_only) {
    auto& scripting = *server_.scripting;
    scripting.runner.show(cx);
    const script::Function* function = scripting.libraries.find(cx.args.next<Bytes>());
    if (function == nullptr) return kNotFound;
    KEEL_TRY(const ScriptWords words, split_script_words(cx, kBadNumber));
    return scripting.runner.run(cx, scripting.libraries.program(*function), words.keys, words.arguments, read_only);
}

// FUNCTION LOAD [REPLACE] code
Status FunctionCommands::load(Context& cx) {
    bool replace = false;
    while (cx.args.left() > 1) {
        if (!cx.args.accept("REPLACE")) return unknown("Unknown option given: ", cx.args.peek());
        replace = true;
    }
    KEEL_TRY(const std::string name, server_.scripting->libraries.load(cx.args.next<Bytes>(), replace));
    cx.effects.count(1);
    cx.reply().bulk(name);
    return {};
}

// FUNCTION DELETE library
Status FunctionCommands::remove(Context& cx) {
    KEEL_TRY(server_.scripting->libraries.remove(cx.args.next<Bytes>()));
    cx.effects.count(1);
    cx.reply().ok();
    return {};
}

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
Status FunctionCommands::list(Context& cx) {
    std::optional<Bytes> pattern;
    bool with_code = false;
    while (cx.args.more()) {
        if (!with_code && cx.args.accept("WITHCODE")) {
            with_code = true;
        } else if (!pattern && cx.args.accept("LIBRARYNAME")) {
            if (!cx.args.more()) return kNoPattern;
            pattern = cx.args.next<Bytes>();
        } else {
            return unknown("Unknown argument ", cx.args.peek());
        }
    }
    Reply& reply = cx.reply();
    auto array = reply.deferred_array();
    std::size_t listed = 0;
    for (const auto& [name, library] : server_.scripting->libraries.all()) {
        if (pattern && !glob_match(*pattern, name)) continue;
        ++listed;
        reply.map(with_code ? 4 : 3);
        reply.bulk("library_name");
        reply.bulk(name);
        reply.bulk("engine");
        reply.bulk("LUA");
        reply.bulk("functions");
        reply.array(library->functions.size());
        for (const auto& function : library->functions) {
            reply.map(3);
            reply.bulk("name");
            reply.bulk(function->name);
            reply.bulk("description");
            if (function->described)
                reply.bulk(function->description);
            else
                reply.null();
            reply.bulk("flags");
            const auto flags = script::flag_names(function->flags);
            reply.set(flags.size());
            for (const Bytes flag : flags) reply.simple(flag);
        }
        if (with_code) {
            reply.bulk("library_code");
            reply.bulk(library->code);
        }
    }
    array.end(listed);
    return {};
}

// FUNCTION STATS
Status FunctionCommands::stats(Context& cx) {
    Reply& reply = cx.reply();
    const auto& scripting = *server_.scripting;
    reply.map(2);
    reply.bulk("running_script");
    if (const auto* running = scripting.runner.running()) {
        reply.map(3);
        reply.bulk("name");
        reply.bulk(running->name);
        reply.bulk("command");
        reply.array(running->words.size());
        for (const Bytes word : running->words) reply.bulk(word);
        reply.bulk("duration_ms");
        reply.integer(scripting.runner.running_ms());
    } else {
        reply.null();
    }
    reply.bulk("engines");
    reply.map(1);
    reply.bulk("LUA");
    reply.map(2);
    reply.bulk("libraries_count");
    reply.integer(static_cast<std::int64_t>(scripting.libraries.count()));
    reply.bulk("functions_count");
    reply.integer(static_cast<std::int64_t>(scripting.libraries.function_count()));
    return {};
}

// FUNCTION FLUSH [ASYNC | SYNC]. An interpreter is given up as a whole: what differs is where it is closed.
Status FunctionCommands::flush(Context& cx) {
    if (cx.args.left() > 1) return errors::subcommand_syntax("FUNCTION", cx.args.words()[1]);
    const bool in_background = cx.args.accept("ASYNC");
    const bool known = in_background || cx.args.accept("SYNC");
    if (cx.args.more() || (!known && cx.args.words().size() > 2)) return kFlushOption;
    server_.scripting->flush_libraries(server_.lazy_free, known ? in_background : cx.settings.memory.lazy_user_flush);
    cx.effects.count(1);
    cx.reply().ok();
    return {};
}

// FUNCTION DUMP
Status FunctionCommands::dump(Context& cx) {
    cx.reply().bulk(server_.scripting->libraries.dump());
    return {};
}

// FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]
Status FunctionCommands::restore(Context& cx) {
    if (cx.args.left() > 2) return errors::subcommand_syntax("FUNCTION", cx.args.words()[1]);
    const Bytes payload = cx.args.next<Bytes>();
    auto mode = script::RestoreMode::append;
    if (cx.args.more()) {
        if (cx.args.accept("FLUSH"))
            mode = script::RestoreMode::flush;
        else if (cx.args.accept("REPLACE"))
            mode = script::RestoreMode::replace;
        else if (!cx.args.accept("APPEND"))
            return kRestorePolicy;
    }
    KEEL_TRY(
        server_.scripting->restore_libraries(payload, mode, server_.lazy_free, cx.settings.memory.lazy_user_flush));
    cx.effects.count(1);
    cx.reply().ok();
    return {};
}

// FUNCTION KILL
Status FunctionCommands::kill(Context& cx) {
    KEEL_TRY(server_.scripting->runner.kill(true));
    cx.reply().ok();
    return {};
}

// ---- Rows ----

namespace {

using C = FunctionCommands;

constexpr Bytes kAnyUse = "the worst is assumed, RW and update: what the function does with its keys is not known";
constexpr Bytes kAnyRead = "the worst is assumed, RO and access: what the function does with its keys is not known";
constexpr Flag kRun = Flag::noscript | Flag::stale | Flag::skip_monitor | Flag::may_replicate |
                      Flag::no_mandatory_keys | Flag::movablekeys;
constexpr Flag kRunRo =
    Flag::noscript | Flag::stale | Flag::skip_monitor | Flag::no_mandatory_keys | Flag::movablekeys | Flag::readonly;
constexpr Bytes kAllSucceeded[] = {"request_policy:all_shards", "response_policy:all_succeeded"};
constexpr Bytes kOneSucceeded[] = {"request_policy:all_shards", "response_policy:one_succeeded"};
constexpr Bytes kAnyOrder[] = {"nondeterministic_output_order"};
constexpr Bytes kStatsTips[] = {"nondeterministic_output", "request_policy:all_shards", "response_policy:special"};

constexpr CommandSpec kFunction[] = {
    {.name = "delete",
     .run = method<&C::remove>,
     .arity = exactly(3),
     .flags = Flag::write | Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Removes a library and its functions.",
     .syntax = "library-name",
     .tips = kAllSucceeded},
    {.name = "dump",
     .run = method<&C::dump>,
     .arity = exactly(2),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of libraries",
     .summary = "Returns all libraries as a payload for FUNCTION RESTORE."},
    {.name = "flush",
     .run = method<&C::flush>,
     .arity = at_least(2),
     .flags = Flag::write | Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions",
     .summary = "Removes all libraries.",
     .syntax = "[flush-type=(ASYNC|SYNC)]",
     .tips = kAllSucceeded},
    {.name = "kill",
     .run = method<&C::kill>,
     .arity = exactly(2),
     .flags = Flag::noscript | Flag::allow_busy,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Ends a function that runs for long and has written nothing.",
     .tips = kOneSucceeded},
    {.name = "list",
     .run = method<&C::list>,
     .arity = at_least(2),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions",
     .summary = "Describes libraries and their functions.",
     .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
     .tips = kAnyOrder},
    {.name = "load",
     .run = method<&C::load>,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom | Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(1) (considering compilation time is redundant)",
     .summary = "Creates a library.",
     .syntax = "[REPLACE] function-code",
     .tips = kAllSucceeded},
    {.name = "restore",
     .run = method<&C::restore>,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom | Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions in the payload",
     .summary = "Brings libraries back from the payload of FUNCTION DUMP.",
     .syntax = "serialized-value [policy=(FLUSH|APPEND|REPLACE)]",
     .tips = kAllSucceeded},
    {.name = "stats",
     .run = method<&C::stats>,
     .arity = exactly(2),
     .flags = Flag::noscript | Flag::allow_busy,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells what runs now, and counts libraries and functions.",
     .tips = kStatsTips},
    scripting_help("7.0.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "fcall",
     .run = method<&C::fcall>,
     .arity = at_least(3),
     .flags = kRun,
     .categories = Category::scripting,
     .keys = counted_keys(Use::change, 2).noted(kAnyUse),
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "Depends on the function.",
     .summary = "Calls a function.",
     .syntax = "function numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "fcall_ro",
     .run = method<&C::fcall_ro>,
     .arity = at_least(3),
     .flags = kRunRo,
     .categories = Category::scripting,
     .keys = counted_keys(Use::read, 2).noted(kAnyRead),
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "Depends on the function.",
     .summary = "Calls a function that writes nothing.",
     .syntax = "function numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "function",
     .arity = at_least(2),
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Steers libraries of functions.",
     .subcommands = kFunction},
};

}  // namespace

std::span<const CommandSpec> FunctionCommands::rows() { return kRows; }

}  // namespace keel
