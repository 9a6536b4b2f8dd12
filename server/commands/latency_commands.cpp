// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/latency_commands.h"

#include <fmt/core.h>

#include "datatypes/command/help.h"
#include "server/latency_report.h"
#include "server/server.h"

namespace keel {

namespace {

// One command's histogram: calls that took at most so many microseconds, where that number grows. True if it was
// called at all.
bool reply_histogram(Reply& reply, const Command& command) {
    const std::uint32_t* steps = command.stats.histogram.get();
    if (steps == nullptr || LatencyHistogram::count(steps) == 0) return false;
    const auto buckets = cumulative_us(steps);
    reply.bulk(command.name());
    reply.map(2);
    reply.bulk("calls");
    reply.integer(static_cast<std::int64_t>(LatencyHistogram::count(steps)));
    reply.bulk("histogram_usec");
    reply.map(buckets.size());
    for (const auto& [us, calls] : buckets) {
        reply.integer(static_cast<std::int64_t>(us));
        reply.integer(static_cast<std::int64_t>(calls));
    }
    return true;
}

std::size_t reply_family(Reply& reply, const Command& command) {
    std::size_t shown = reply_histogram(reply, command) ? 1 : 0;
    for (const auto& sub : command.subcommands()) shown += reply_histogram(reply, *sub) ? 1 : 0;
    return shown;
}

}  // namespace

// LATENCY LATEST
Status LatencyCommands::latest(Context& cx) {
    const auto& all = server_.latency.all();
    cx.reply().array(all.size());
    for (const auto& [event, series] : all) {
        cx.reply().array(4);
        cx.reply().bulk(event);
        cx.reply().integer(series.samples.back().time_s);
        cx.reply().integer(series.samples.back().ms);
        cx.reply().integer(series.worst_ms);
    }
    return {};
}

// LATENCY HISTORY event
Status LatencyCommands::history(Context& cx) {
    const LatencyMonitor::Series* series = server_.latency.find(cx.args.next<Bytes>());
    if (series == nullptr) {
        cx.reply().empty_array();
        return {};
    }
    cx.reply().array(series->samples.size());
    for (const LatencyMonitor::Sample& sample : series->samples) {
        cx.reply().array(2);
        cx.reply().integer(sample.time_s);
        cx.reply().integer(sample.ms);
    }
    return {};
}

// LATENCY GRAPH event
Status LatencyCommands::graph(Context& cx) {
    const Bytes event = cx.args.next<Bytes>();
    const LatencyMonitor::Series* series = server_.latency.find(event);
    if (series == nullptr) return Error{fmt::format("ERR No samples available for event '{}'", event)};
    cx.reply().verbatim("txt", latency_graph(event, *series, cx.clock.wall_ms() / 1000));
    return {};
}

// LATENCY DOCTOR
Status LatencyCommands::doctor(Context& cx) {
    const bool watching = server_.settings.latency.monitor_threshold_ms > 0;
    cx.reply().verbatim("txt", latency_advice(server_.latency, watching));
    return {};
}

// LATENCY RESET [event [event ...]]
Status LatencyCommands::reset(Context& cx) {
    std::size_t gone = cx.args.more() ? 0 : server_.latency.reset({});
    for (const Bytes event : cx.args.rest()) gone += event.empty() ? 0 : server_.latency.reset(event);
    cx.reply().integer(static_cast<std::int64_t>(gone));
    return {};
}

// LATENCY HISTOGRAM [command [command ...]]. A container stands for its subcommands, an unknown name for nothing.
Status LatencyCommands::histogram(Context& cx) {
    DeferredLength map = cx.reply().deferred_map();
    std::size_t shown = 0;
    if (!cx.args.more()) {
        for (const auto& command : cx.registry.all()) shown += reply_family(cx.reply(), *command);
    }
    for (const Bytes name : cx.args.rest()) {
        if (const Command* command = cx.registry.find_full(name)) shown += reply_family(cx.reply(), *command);
    }
    map.end(shown);
    return {};
}

std::span<const CommandSpec> LatencyCommands::rows() {
    using C = LatencyCommands;
    static constexpr Bytes kShown[] = {"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
    static constexpr Bytes kReset[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};
    static constexpr Flag kFlags = Flag::admin | Flag::noscript | Flag::loading | Flag::stale;
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "latest", .run = method<&C::latest>, .arity = exactly(2), .flags = kFlags, .group = Group::server,
         .since = "2.8.13", .complexity = "O(1)", .summary = "Shows the last sample and the worst of every event.",
         .tips = kShown},
        {.name = "history", .run = method<&C::history>, .arity = exactly(3), .flags = kFlags, .group = Group::server,
         .since = "2.8.13", .complexity = "O(1)", .summary = "Shows the samples of an event with their times.",
         .syntax = "event", .tips = kShown},
        {.name = "graph", .run = method<&C::graph>, .arity = exactly(3), .flags = kFlags, .group = Group::server,
         .since = "2.8.13", .complexity = "O(1)", .summary = "Draws the samples of an event.", .syntax = "event",
         .tips = kShown},
        {.name = "doctor", .run = method<&C::doctor>, .arity = exactly(2), .flags = kFlags, .group = Group::server,
         .since = "2.8.13", .complexity = "O(1)", .summary = "Says what the samples mean and what to do.",
         .tips = kShown},
        {.name = "reset", .run = method<&C::reset>, .arity = at_least(2), .flags = kFlags, .group = Group::server,
         .since = "2.8.13", .complexity = "O(1)", .summary = "Forgets the samples of some events, or of all.",
         .syntax = "[event [event ...]]", .tips = kReset},
        {.name = "histogram", .run = method<&C::histogram>, .arity = at_least(2), .flags = kFlags,
         .group = Group::server, .since = "7.0.0",
         .complexity = "O(N) where N is the number of commands with latency information being retrieved.",
         .summary = "Shows how long the calls of commands took.", .syntax = "[command [command ...]]", .tips = kShown},
        help_row(Group::server, "2.8.13"),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "latency", .arity = at_least(2), .group = Group::server, .since = "2.8.13",
         .complexity = "Depends on subcommand.", .summary = "Commands about latency.", .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
