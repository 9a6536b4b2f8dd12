// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/script_commands.h"

#include "server/script/scripting.h"
#include "server/server.h"

namespace keel {

namespace {
constexpr ErrorText kFlushOption{"ERR SCRIPT FLUSH only support SYNC|ASYNC option"};
constexpr ErrorText kDebugOption{"ERR Use SCRIPT DEBUG YES/SYNC/NO"};
constexpr ErrorText kNoDebugger{"ERR This server has no script debugger"};
}  // namespace

Result<ScriptWords> split_script_words(Context& cx, const ErrorText& not_a_number) {
    const auto count = parse_integer(cx.args.next<Bytes>());
    if (!count) return not_a_number;
    if (*count > static_cast<std::int64_t>(cx.args.left())) return errors::kNumkeysTooMany;
    if (*count < 0) return errors::kNumkeysNegative;
    const auto keys = static_cast<std::size_t>(*count);
    const std::span<const Bytes> rest = cx.args.rest();
    return ScriptWords{rest.first(keys), rest.subspan(keys)};
}

// EVAL script numkeys [key ...] [arg ...]
Status ScriptCommands::run_source(Context& cx, bool read_only) {
    auto& scripting = *server_.scripting;
    scripting.runner.show(cx);
    const Bytes source = cx.args.next<Bytes>();
    KEEL_TRY(const ScriptWords words, split_script_words(cx, errors::kNotInteger));
    KEEL_TRY(const auto* script, scripting.scripts.get(source, false));
    return scripting.runner.run(cx, scripting.scripts.program(*script), words.keys, words.arguments, read_only);
}

// EVALSHA sha1 numkeys [key ...] [arg ...]
Status ScriptCommands::run_sha(Context& cx, bool read_only) {
    auto& scripting = *server_.scripting;
    scripting.runner.show(cx);
    const Bytes hex = cx.args.next<Bytes>();
    if (hex.size() != 2 * script::Sha{}.size()) return errors::kNoScript;  // whatever stands behind it
    KEEL_TRY(const ScriptWords words, split_script_words(cx, errors::kNotInteger));
    const auto sha = script::parse_sha(hex);
    const auto* script = sha ? scripting.scripts.find(*sha) : nullptr;
    if (script == nullptr) return errors::kNoScript;
    return scripting.runner.run(cx, scripting.scripts.program(*script), words.keys, words.arguments, read_only);
}

// SCRIPT LOAD script
Status ScriptCommands::load(Context& cx) {
    KEEL_TRY(const auto* script, server_.scripting->scripts.get(cx.args.next<Bytes>(), true));
    cx.reply().bulk(script->name);
    return {};
}

// SCRIPT EXISTS sha1 [sha1 ...]
Status ScriptCommands::exists(Context& cx) {
    cx.reply().array(cx.args.left());
    for (const Bytes word : cx.args.rest()) {
        const auto sha = script::parse_sha(word);
        cx.reply().integer(sha && server_.scripting->scripts.find(*sha) != nullptr ? 1 : 0);
    }
    return {};
}

// SCRIPT SHOW sha1
Status ScriptCommands::show(Context& cx) {
    const auto sha = script::parse_sha(cx.args.next<Bytes>());
    const auto* script = sha ? server_.scripting->scripts.find(*sha) : nullptr;
    if (script == nullptr) return errors::kNoScript;
    cx.reply().bulk(script->source);
    return {};
}

// SCRIPT FLUSH [ASYNC | SYNC]. An interpreter is given up as a whole: what differs is where it is closed.
Status ScriptCommands::flush(Context& cx) {
    const bool in_background = cx.args.accept("ASYNC");
    const bool known = in_background || cx.args.accept("SYNC");
    if (cx.args.more() || (!known && cx.args.words().size() > 2)) return kFlushOption;
    server_.scripting->flush_scripts(server_.lazy_free, known ? in_background : cx.settings.memory.lazy_user_flush);
    cx.reply().ok();
    return {};
}

// SCRIPT KILL
Status ScriptCommands::kill(Context& cx) {
    KEEL_TRY(server_.scripting->runner.kill(false));
    cx.reply().ok();
    return {};
}

// SCRIPT DEBUG YES | SYNC | NO
Status ScriptCommands::debug(Context& cx) {
    if (cx.args.accept("YES") || cx.args.accept("SYNC")) return kNoDebugger;
    if (!cx.args.accept("NO")) return kDebugOption;
    cx.reply().ok();
    return {};
}

// ---- Rows ----

namespace {

using C = ScriptCommands;

constexpr Bytes kAnyUse = "the worst is assumed, RW and update: what the script does with its keys is not known";
constexpr Bytes kAnyRead = "the worst is assumed, RO and access: what the script does with its keys is not known";
constexpr Flag kRun = Flag::noscript | Flag::stale | Flag::skip_monitor | Flag::may_replicate |
                      Flag::no_mandatory_keys | Flag::movablekeys;
constexpr Flag kRunRo =
    Flag::noscript | Flag::stale | Flag::skip_monitor | Flag::no_mandatory_keys | Flag::movablekeys | Flag::readonly;
constexpr Bytes kAllNodes[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};
constexpr Bytes kOneSucceeded[] = {"request_policy:all_shards", "response_policy:one_succeeded"};
constexpr Bytes kExistsEverywhere[] = {"request_policy:all_shards", "response_policy:agg_logical_and"};

constexpr CommandSpec kScript[] = {
    {.name = "debug",
     .run = method<&C::debug>,
     .arity = exactly(3),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Chooses how scripts are debugged; there is no debugger here.",
     .syntax = "mode=(YES|SYNC|NO)"},
    {.name = "exists",
     .run = method<&C::exists>,
     .arity = at_least(3),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "O(N) where N is the number of scripts asked for",
     .summary = "Tells which scripts are in the cache.",
     .syntax = "sha1 [sha1 ...]",
     .tips = kExistsEverywhere},
    {.name = "flush",
     .run = method<&C::flush>,
     .arity = at_least(2),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "O(N) where N is the number of scripts in the cache",
     .summary = "Empties the script cache.",
     .syntax = "[flush-type=(ASYNC|SYNC)]",
     .tips = kAllNodes},
    {.name = "kill",
     .run = method<&C::kill>,
     .arity = exactly(2),
     .flags = Flag::noscript | Flag::allow_busy,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends a script that runs for long and has written nothing.",
     .tips = kOneSucceeded},
    {.name = "load",
     .run = method<&C::load>,
     .arity = exactly(3),
     .flags = Flag::noscript | Flag::stale,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "O(N) where N is the length of the script",
     .summary = "Compiles a script and keeps it, without running it.",
     .syntax = "script",
     .tips = kAllNodes},
    {.name = "show",
     .run = method<&C::show>,
     .arity = exactly(3),
     .flags = Flag::noscript,
     .categories = Category::scripting,
     .group = Group::scripting,
     .since = "8.0.0",
     .complexity = "O(1)",
     .summary = "Returns the source of a script in the cache.",
     .syntax = "sha1"},
    scripting_help("5.0.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "eval",
     .run = method<&C::eval>,
     .arity = at_least(3),
     .flags = kRun,
     .categories = Category::scripting,
     .keys = counted_keys(Use::change, 2).noted(kAnyUse),
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script.",
     .syntax = "script numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "evalsha",
     .run = method<&C::evalsha>,
     .arity = at_least(3),
     .flags = kRun,
     .categories = Category::scripting,
     .keys = counted_keys(Use::change, 2),
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script of the cache.",
     .syntax = "sha1 numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "eval_ro",
     .run = method<&C::eval_ro>,
     .arity = at_least(3),
     .flags = kRunRo,
     .categories = Category::scripting,
     .keys = counted_keys(Use::read, 2).noted(kAnyRead),
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script that writes nothing.",
     .syntax = "script numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "evalsha_ro",
     .run = method<&C::evalsha_ro>,
     .arity = at_least(3),
     .flags = kRunRo,
     .categories = Category::scripting,
     .keys = counted_keys(Use::read, 2),
     .group = Group::scripting,
     .since = "7.0.0",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script of the cache that writes nothing.",
     .syntax = "sha1 numkeys:integer [key [key ...]] [arg [arg ...]]"},
    {.name = "script",
     .arity = at_least(2),
     .group = Group::scripting,
     .since = "2.6.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Steers the script cache.",
     .subcommands = kScript},
};

}  // namespace

std::span<const CommandSpec> ScriptCommands::rows() { return kRows; }

}  // namespace keel
