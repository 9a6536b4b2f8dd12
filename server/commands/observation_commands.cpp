// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/observation_commands.h"

#include <fmt/core.h>

#include "server/info/info.h"
#include "server/lolwut.h"
#include "server/server.h"
#include "server/version.h"

namespace keel {

// INFO [section [section ...]]
Status ObservationCommands::info(Context& cx) {
    cx.reply().verbatim("txt", info_text(server_, cx.args.rest()));
    return {};
}

// TIME
Status ObservationCommands::time(Context& cx) {
    const std::int64_t now_us = cx.clock.wall_us();
    cx.reply().array(2);
    cx.reply().bulk(now_us / 1'000'000);
    cx.reply().bulk(now_us % 1'000'000);
    return {};
}

// MONITOR
Status ObservationCommands::monitor(Context& cx) {
    if (cx.caller->deny_blocking) return Error{"ERR MONITOR isn't allowed for DENY BLOCKING client"};
    server_.monitors.add(session_of(cx));
    cx.reply().ok();
    return {};
}

// LOLWUT [VERSION version] [columns [rows]]. Which picture is drawn does not depend on the version: there is one.
Status ObservationCommands::lolwut(Context& cx) {
    if (cx.args.accept_with_value("VERSION")) cx.args.next<std::int64_t>();
    WaveSize size;
    if (cx.args.more()) size.columns = cx.args.next<std::int64_t>();
    if (cx.args.more()) size.rows = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    std::string picture = draw_waves(size, cx.random);
    picture += fmt::format("Redis ver. {} (keel {})\n", kRedisVersion, kKeelVersion);
    cx.reply().verbatim("txt", picture);
    return {};
}

std::span<const CommandSpec> ObservationCommands::rows() {
    using C = ObservationCommands;
    static constexpr Bytes kInfoTips[] = {"nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
    static constexpr Bytes kTimeTips[] = {"nondeterministic_output"};
    static constexpr CommandSpec kRows[] = {
        {.name = "info", .run = method<&C::info>, .arity = at_least(1),
         .flags = Flag::loading | Flag::stale | Flag::sentinel, .categories = Category::dangerous, .group = Group::server,
         .since = "1.0.0", .complexity = "O(1)", .summary = "Tells figures about the server, by sections.",
         .syntax = "[section [section ...]]", .tips = kInfoTips},
        {.name = "time", .run = method<&C::time>, .arity = exactly(1), .flags = Flag::loading | Flag::stale | Flag::fast,
         .group = Group::server, .since = "2.6.0", .complexity = "O(1)", .summary = "Tells the server's time.",
         .tips = kTimeTips},
        {.name = "monitor", .run = method<&C::monitor>, .arity = exactly(1),
         .flags = Flag::admin | Flag::noscript | Flag::loading | Flag::stale, .group = Group::server, .since = "1.0.0",
         .complexity = "O(1)", .summary = "Shows this connection every command as it runs."},
        {.name = "lolwut", .run = method<&C::lolwut>, .arity = at_least(1), .flags = Flag::readonly | Flag::fast,
         .group = Group::server, .since = "5.0.0", .complexity = "O(1)", .summary = "Draws a picture, and tells the version.",
         .syntax = "[VERSION version:integer] [columns:integer [rows:integer]]"},
    };
    return kRows;
}

}  // namespace keel
