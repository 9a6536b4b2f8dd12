// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: scripts, logs of commands, latency, events, debugging.
#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto scripting = field<&Settings::scripting, Member>;
template <auto Member>
constexpr auto logged = field<&Settings::command_log, Member>;
template <auto Member>
constexpr auto latency = field<&Settings::latency, Member>;
template <auto Member>
constexpr auto debug = field<&Settings::debug, Member>;

void add_scripting(Rows& rows) {
    rows.push_back(integer("busy-reply-threshold", scripting<&Scripting::busy_reply_ms>, {0, kMaxLong}, {},
                           "Milliseconds after which other clients are told that a script is running.")
                       .also("lua-time-limit"));
    rows.push_back(yes_no("lua-enable-insecure-api", scripting<&Scripting::insecure_api>, ParameterFlag::hidden,
                          "Let scripts use loadstring, getfenv and the like.")
                       .also("lua-enable-deprecated-api"));
}

void add_command_log(Rows& rows) {
    rows.push_back(integer("slowlog-log-slower-than", logged<&CommandLog::slower_than_us>, {-1, kMaxLong}, {},
                           "Microseconds from which a command is logged as slow; -1 none.")
                       .also("commandlog-execution-slower-than"));
    rows.push_back(integer("slowlog-max-len", logged<&CommandLog::slow_max_entries>, {0, kMaxLong}, {},
                           "Slow commands that are kept.")
                       .also("commandlog-slow-execution-max-len"));
    rows.push_back(memory("commandlog-request-larger-than", logged<&CommandLog::request_larger_than_bytes>,
                          {-1, kMaxLong}, {}, "Bytes from which a request is logged as large; -1 none."));
    rows.push_back(integer("commandlog-large-request-max-len", logged<&CommandLog::large_request_max_entries>,
                           {0, kMaxLong}, {}, "Large requests that are kept."));
    rows.push_back(memory("commandlog-reply-larger-than", logged<&CommandLog::reply_larger_than_bytes>, {-1, kMaxLong},
                          {}, "Bytes from which a reply is logged as large; -1 none."));
    rows.push_back(integer("commandlog-large-reply-max-len", logged<&CommandLog::large_reply_max_entries>,
                           {0, kMaxLong}, {}, "Large replies that are kept."));
}

void add_latency(Rows& rows) {
    rows.push_back(integer("latency-monitor-threshold", latency<&Latency::monitor_threshold_ms>, {0, kMaxLong}, {},
                           "Milliseconds from which an event is remembered by LATENCY; 0 none."));
    rows.push_back(yes_no("latency-tracking", latency<&Latency::tracking>, {}, "Keep a histogram of each command."));
    rows.push_back(latency_percentiles(ParameterFlag::multi_word, "Percentiles that INFO latencystats shows."));
    rows.push_back(notify_events({}, "Classes of keyspace events that are published."));
}

void add_debug(Rows& rows) {
    rows.push_back(integer("watchdog-period", debug<&Debug::watchdog_period_ms>, {0, kMaxInt}, ParameterFlag::hidden,
                           "For debugging: milliseconds of standstill after which the stack is logged; 0 never."));
    rows.push_back(yes_no("enable-debug-assert", debug<&Debug::enable_assert>,
                          {ParameterFlag::hidden, ParameterFlag::immutable}, "For tests: costly checks of our own."));
    rows.push_back(yes_no("use-exit-on-panic", debug<&Debug::exit_on_panic>, ParameterFlag::hidden,
                          "For tests: exit instead of abort."));
    rows.push_back(string("debug-context", debug<&Debug::context>, ParameterFlag::hidden,
                          "For tests: text shown in crash reports."));
}

}  // namespace

void add_observation_rows(Rows& rows) {
    add_scripting(rows);
    add_command_log(rows);
    add_latency(rows);
    add_debug(rows);
}

}  // namespace keel
