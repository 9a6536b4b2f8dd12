// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/slow_log_commands.h"

#include <algorithm>

#include "datatypes/command/help.h"
#include "protocol/base/number.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kBadCount{"ERR count should be greater than or equal to -1"};

void reply_entry(Reply& reply, const SlowLog::Entry& entry) {
    reply.array(6);
    reply.integer(static_cast<std::int64_t>(entry.id));
    reply.integer(entry.time_s);
    reply.integer(entry.took_us);
    reply.array(entry.words.size());
    for (const std::string& word : entry.words) reply.bulk(word);
    reply.bulk(entry.peer);
    reply.bulk(entry.client_name);
}

}  // namespace

// SLOWLOG GET [count]
Status SlowLogCommands::get(Context& cx) {
    constexpr std::int64_t kUsual = 10;
    std::int64_t wanted = kUsual;
    if (cx.args.more()) {
        const auto count = parse_integer(cx.args.next<Bytes>());
        if (!count || *count < -1) return kBadCount;
        wanted = *count;
    }
    KEEL_TRY(cx.args.done());
    const auto& entries = server_.slow_log.entries();
    const std::size_t all = entries.size();
    const std::size_t shown = wanted < 0 ? all : std::min(all, static_cast<std::size_t>(wanted));
    cx.reply().array(shown);
    for (std::size_t i = 0; i < shown; ++i) reply_entry(cx.reply(), entries[i]);
    return {};
}

// SLOWLOG LEN
Status SlowLogCommands::length(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(server_.slow_log.entries().size()));
    return {};
}

// SLOWLOG RESET
Status SlowLogCommands::reset(Context& cx) {
    server_.slow_log.reset();
    cx.reply().ok();
    return {};
}

std::span<const CommandSpec> SlowLogCommands::rows() {
    using C = SlowLogCommands;
    static constexpr Bytes kGet[] = {"request_policy:all_nodes", "nondeterministic_output"};
    static constexpr Bytes kLength[] = {"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"};
    static constexpr Bytes kReset[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};
    static constexpr Flag kFlags = Flag::admin | Flag::loading | Flag::stale;
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "get", .run = method<&C::get>, .arity = at_least(2), .flags = kFlags, .group = Group::server,
         .since = "2.2.12", .complexity = "O(N) where N is the number of entries returned",
         .summary = "Shows entries of the slow log, the newest first.", .syntax = "[count:integer]", .tips = kGet},
        {.name = "len", .run = method<&C::length>, .arity = exactly(2), .flags = kFlags, .group = Group::server,
         .since = "2.2.12", .complexity = "O(1)", .summary = "Counts the entries of the slow log.", .tips = kLength},
        {.name = "reset", .run = method<&C::reset>, .arity = exactly(2), .flags = kFlags, .group = Group::server,
         .since = "2.2.12", .complexity = "O(N) where N is the number of entries in the slowlog",
         .summary = "Empties the slow log.", .tips = kReset},
        help_row(Group::server, "6.2.0"),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "slowlog", .arity = at_least(2), .group = Group::server, .since = "2.2.12",
         .complexity = "Depends on subcommand.", .summary = "Commands about the slow log.", .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
