// SPDX-License-Identifier: BSD-3-Clause
//
// The log: the one facility that is process-wide, because everything may have something to say. Lines look as
// Redis 7 writes them, so log readers keep working:
//
//     4711:M 05 Mar 2024 14:07:09.042 * Ready to accept connections
//     pid :role  local time           `- level: . debug, - verbose, * notice, # warning
//
// Always true:
//   1. A line is one write(2) to a descriptor opened for appending: it is in the file when the call returns, and
//      lines of threads and of the forked child never mix.
//   2. No lock is taken on the way to the file, so a child forked while another thread logs can log. (With syslog
//      on, libc's own lock is on that way.)
//   3. A line below the level is not formatted.
//   4. Logging never fails and never throws; what cannot be written is lost.
//
// Not here: the crash report (server/crash_report), which writes through log_crash_write.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

enum class LogLevel : int { debug, verbose, notice, warning, nothing };

struct LogTarget {
    std::string file;     // opened for appending, created if absent; empty: standard output
    bool syslog = false;  // as well as the file
    std::string syslog_ident = "keel";
    std::string syslog_facility = "local0";  // user, local0 to local7; any case
};

// Opens the log; until then lines go to standard output. On an error the log stays as it was.
// Not beside other threads that log: the old target is closed. The time zone is learned anew.
[[nodiscard]] Status log_open(const LogTarget& target);

// The least level that is written; notice at first.
void log_level(LogLevel least) noexcept;
[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

// Who writes: M primary (at first), S replica, C child, X sentinel. A forked child says 'C' before its first line;
// from then on it keeps the time zone offset it was born with, since asking libc takes a lock.
void log_role(char role) noexcept;

template <typename... A>
void log_debug(fmt::format_string<A...> format, A&&... args) noexcept;
template <typename... A>
void log_verbose(fmt::format_string<A...> format, A&&... args) noexcept;
template <typename... A>
void log_notice(fmt::format_string<A...> format, A&&... args) noexcept;
template <typename... A>
void log_warning(fmt::format_string<A...> format, A&&... args) noexcept;

// The text as it stands, without prefix or line end, at level notice: for the logo at start.
void log_raw(Bytes text) noexcept;

// The bytes as they stand, straight to the log's descriptor whatever the level. Async-signal-safe.
void log_crash_write(Bytes bytes) noexcept;

// ---- only for the templates above

namespace log_detail {
inline std::atomic<LogLevel> g_least{LogLevel::notice};
void write(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;
}  // namespace log_detail

inline bool log_enabled(LogLevel level) noexcept {
    return level >= log_detail::g_least.load(std::memory_order_relaxed);
}

template <typename... A>
void log_debug(fmt::format_string<A...> format, A&&... args) noexcept {
    if (log_enabled(LogLevel::debug)) log_detail::write(LogLevel::debug, format, fmt::make_format_args(args...));
}

template <typename... A>
void log_verbose(fmt::format_string<A...> format, A&&... args) noexcept {
    if (log_enabled(LogLevel::verbose)) log_detail::write(LogLevel::verbose, format, fmt::make_format_args(args...));
}

template <typename... A>
void log_notice(fmt::format_string<A...> format, A&&... args) noexcept {
    if (log_enabled(LogLevel::notice)) log_detail::write(LogLevel::notice, format, fmt::make_format_args(args...));
}

template <typename... A>
void log_warning(fmt::format_string<A...> format, A&&... args) noexcept {
    if (log_enabled(LogLevel::warning)) log_detail::write(LogLevel::warning, format, fmt::make_format_args(args...));
}

}  // namespace keel
