// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/call_log_commands.h"

#include <algorithm>

#include "datatypes/command/help.h"
#include "protocol/base/number.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kBadCount{"ERR count should be greater than or equal to -1"};
constexpr ErrorText kBadLog{"ERR type should be one of the following: slow, large-request, large-reply"};

// -1: all.
Result<std::int64_t> next_count(Context& cx) {
    const auto count = parse_integer(cx.args.next<Bytes>());
    if (!count || *count < -1) return kBadCount;
    return *count;
}

void reply_entry(Reply& reply, const CallLog::Entry& entry) {
    reply.array(6);
    reply.integer(static_cast<std::int64_t>(entry.id));
    reply.integer(entry.time_s);
    reply.integer(static_cast<std::int64_t>(entry.figure));
    reply.array(entry.words.size());
    for (const std::string& word : entry.words) reply.bulk(word);
    reply.bulk(entry.peer);
    reply.bulk(entry.client_name);
}

void reply_entries(Reply& reply, const CallLog& log, std::int64_t wanted) {
    const auto& entries = log.entries();
    const std::size_t all = entries.size();
    const std::size_t shown = wanted < 0 ? all : std::min(all, static_cast<std::size_t>(wanted));
    reply.array(shown);
    for (std::size_t i = 0; i < shown; ++i) reply_entry(reply, entries[i]);
}

}  // namespace

Result<CallLog*> CallLogCommands::next_log(Context& cx) {
    CallLog* log = server_.call_logs.find(cx.args.next<Bytes>());
    if (log == nullptr) return kBadLog;
    return log;
}

// SLOWLOG GET [count]
Status CallLogCommands::slow_get(Context& cx) {
    std::int64_t wanted = 10;
    if (cx.args.more()) {
        KEEL_TRY(wanted, next_count(cx));
    }
    KEEL_TRY(cx.args.done());
    reply_entries(cx.reply(), server_.call_logs.slow, wanted);
    return {};
}

// SLOWLOG LEN
Status CallLogCommands::slow_length(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(server_.call_logs.slow.entries().size()));
    return {};
}

// SLOWLOG RESET
Status CallLogCommands::slow_reset(Context& cx) {
    server_.call_logs.slow.reset();
    cx.reply().ok();
    return {};
}

// COMMANDLOG GET count type
Status CallLogCommands::get(Context& cx) {
    KEEL_TRY(const std::int64_t wanted, next_count(cx));
    KEEL_TRY(const CallLog* log, next_log(cx));
    reply_entries(cx.reply(), *log, wanted);
    return {};
}

// COMMANDLOG LEN type
Status CallLogCommands::length(Context& cx) {
    KEEL_TRY(const CallLog* log, next_log(cx));
    cx.reply().integer(static_cast<std::int64_t>(log->entries().size()));
    return {};
}

// COMMANDLOG RESET type
Status CallLogCommands::reset(Context& cx) {
    KEEL_TRY(CallLog * log, next_log(cx));
    log->reset();
    cx.reply().ok();
    return {};
}

std::span<const CommandSpec> CallLogCommands::rows() {
    using C = CallLogCommands;
    static constexpr Bytes kGet[] = {"request_policy:all_nodes", "nondeterministic_output"};
    static constexpr Bytes kLength[] = {"request_policy:all_nodes", "response_policy:agg_sum",
                                        "nondeterministic_output"};
    static constexpr Bytes kReset[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};
    static constexpr Flag kFlags = Flag::admin | Flag::loading | Flag::stale;
    static constexpr CommandSpec kSlowSubcommands[] = {
        {.name = "get",
         .run = method<&C::slow_get>,
         .arity = at_least(2),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.2.12",
         .complexity = "O(N) where N is the number of entries returned",
         .summary = "Shows entries of the slow log, the newest first.",
         .syntax = "[count:integer]",
         .tips = kGet},
        {.name = "len",
         .run = method<&C::slow_length>,
         .arity = exactly(2),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.2.12",
         .complexity = "O(1)",
         .summary = "Counts the entries of the slow log.",
         .tips = kLength},
        {.name = "reset",
         .run = method<&C::slow_reset>,
         .arity = exactly(2),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.2.12",
         .complexity = "O(N) where N is the number of entries in the slowlog",
         .summary = "Empties the slow log.",
         .tips = kReset},
        help_row(Group::server, "6.2.0"),
    };
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "get",
         .run = method<&C::get>,
         .arity = exactly(4),
         .flags = kFlags,
         .group = Group::server,
         .since = "8.1.0",
         .complexity = "O(N) where N is the number of entries returned",
         .summary = "Shows entries of a log of commands, the newest first.",
         .syntax = "count:integer type",
         .tips = kGet},
        {.name = "len",
         .run = method<&C::length>,
         .arity = exactly(3),
         .flags = kFlags,
         .group = Group::server,
         .since = "8.1.0",
         .complexity = "O(1)",
         .summary = "Counts the entries of a log of commands.",
         .syntax = "type",
         .tips = kLength},
        {.name = "reset",
         .run = method<&C::reset>,
         .arity = exactly(3),
         .flags = kFlags,
         .group = Group::server,
         .since = "8.1.0",
         .complexity = "O(N) where N is the number of entries in the commandlog",
         .summary = "Empties a log of commands.",
         .syntax = "type",
         .tips = kReset},
        help_row(Group::server, "8.1.0"),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "commandlog",
         .arity = at_least(2),
         .group = Group::server,
         .since = "8.1.0",
         .complexity = "Depends on subcommand.",
         .summary = "Commands about the logs of slow and large commands.",
         .subcommands = kSubcommands},
        {.name = "slowlog",
         .arity = at_least(2),
         .group = Group::server,
         .since = "2.2.12",
         .complexity = "Depends on subcommand.",
         .summary = "Commands about the slow log.",
         .subcommands = kSlowSubcommands},
    };
    return kRows;
}

}  // namespace keel
