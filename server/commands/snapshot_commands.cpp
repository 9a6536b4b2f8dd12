// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/snapshot_commands.h"

#include "server/server.h"

namespace keel {

namespace {
constexpr ErrorText kAlready{"ERR Background save already in progress"};
constexpr ErrorText kFailed{"ERR"};
}  // namespace

// SAVE
Status SnapshotCommands::save(Context& cx) {
    if (server_.snapshots.child().running()) return kAlready;
    if (!server_.snapshots.save_now()) return kFailed;  // the log says why
    cx.reply().ok();
    return {};
}

// BGSAVE [SCHEDULE | CANCEL]
Status SnapshotCommands::bgsave(Context& cx) {
    bool schedule = false;
    if (cx.args.more()) {
        if (cx.args.accept("CANCEL") && !cx.args.more()) {
            KEEL_TRY(const Bytes words, server_.snapshots.cancel());
            cx.reply().simple(words);
            return {};
        }
        schedule = cx.args.accept("SCHEDULE");
        if (!schedule || cx.args.more()) return errors::kSyntax;
    }
    KEEL_TRY(const Snapshots::Begun begun, server_.snapshots.begin(schedule, cx.caller->deny_blocking));
    cx.reply().simple(begun == Snapshots::Begun::scheduled ? "Background saving scheduled"
                                                           : "Background saving started");
    return {};
}

// BGREWRITEAOF
Status SnapshotCommands::bgrewriteaof(Context& cx) {
    KEEL_TRY(const AppendLog::Begun begun, server_.append_log.rewrite(cx.caller->deny_blocking));
    cx.reply().simple(begun == AppendLog::Begun::scheduled ? "Background append only file rewriting scheduled"
                                                           : "Background append only file rewriting started");
    return {};
}

// LASTSAVE
Status SnapshotCommands::lastsave(Context& cx) {
    cx.reply().integer(server_.snapshots.figures().last_save_s);
    return {};
}

std::span<const CommandSpec> SnapshotCommands::rows() {
    static constexpr Bytes kByChance[] = {"nondeterministic_output"};
    static constexpr CommandSpec kRows[] = {
        {.name = "save",
         .run = method<&SnapshotCommands::save>,
         .arity = exactly(1),
         .flags = Flag::admin | Flag::noscript | Flag::no_async_loading | Flag::no_multi,
         .group = Group::server,
         .since = "1.0.0",
         .complexity = "O(N) where N is the total number of keys in all databases",
         .summary = "Writes a snapshot to disk, while nothing else runs.",
         .syntax = {}},
        {.name = "bgsave",
         .run = method<&SnapshotCommands::bgsave>,
         .arity = at_least(1),
         .flags = Flag::admin | Flag::noscript | Flag::no_async_loading,
         .group = Group::server,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Writes a snapshot to disk in the background, or stops doing so.",
         .syntax = "[SCHEDULE|CANCEL]"},
        {.name = "bgrewriteaof",
         .run = method<&SnapshotCommands::bgrewriteaof>,
         .arity = exactly(1),
         .flags = Flag::admin | Flag::noscript | Flag::no_async_loading,
         .group = Group::server,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Writes the append-only log anew, as short as the data allows, in the background.",
         .syntax = {}},
        {.name = "lastsave",
         .run = method<&SnapshotCommands::lastsave>,
         .arity = exactly(1),
         .flags = Flag::loading | Flag::stale | Flag::fast,
         .categories = Category::admin | Category::dangerous,
         .group = Group::server,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Returns the Unix time of the last save that succeeded.",
         .syntax = {},
         .tips = kByChance},
    };
    return kRows;
}

}  // namespace keel
