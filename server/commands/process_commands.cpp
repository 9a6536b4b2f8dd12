// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/process_commands.h"

#include "server/script/scripting.h"
#include "server/server.h"

namespace keel {

namespace {
constexpr ErrorText kNoShutdown{"ERR No shutdown in progress."};
}  // namespace

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] | ABORT. When it succeeds there is no reply: the connection closes.
Status ProcessCommands::shutdown(Context& cx) {
    ShutdownRequest request;
    bool abort = false;
    const std::size_t options = cx.args.left();
    while (cx.args.more()) {
        if (cx.args.accept("NOSAVE")) request.nosave = true;
        else if (cx.args.accept("SAVE")) request.save = true;
        else if (cx.args.accept("NOW")) request.now = true;
        else if (cx.args.accept("FORCE")) request.force = true;
        else if (cx.args.accept("ABORT")) abort = true;
        else return errors::kSyntax;
    }
    if ((abort && options > 1) || (request.save && request.nosave)) return errors::kSyntax;
    if (!request.nosave && !abort && server_.scripting->runner.busy())
        return server_.scripting->runner.running()->is_function ? errors::kBusyFunction : errors::kBusyScript;
    // A shutdown takes no longer than the turn it is asked for in, so there is never one to call off.
    if (abort) return kNoShutdown;
    KEEL_TRY(server_.shutdown(request));
    session_of(cx).close_after_reply = true;  // what it sent behind SHUTDOWN is not run
    return {};
}

std::span<const CommandSpec> ProcessCommands::rows() {
    static constexpr CommandSpec kRows[] = {
        {.name = "shutdown", .run = method<&ProcessCommands::shutdown>, .arity = at_least(1),
         .flags = Flag::admin | Flag::noscript | Flag::loading | Flag::stale | Flag::no_multi | Flag::sentinel | Flag::allow_busy,
         .group = Group::server, .since = "1.0.0",
         .complexity = "O(N) when saving, where N is the total number of keys in all databases, otherwise O(1)",
         .summary = "Ends the server.", .syntax = "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]"},
    };
    return kRows;
}

}  // namespace keel
