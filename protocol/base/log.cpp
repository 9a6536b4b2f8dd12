// SPDX-License-Identifier: BSD-3-Clause
//
// spdlog's logger spreads a line over its sinks; the sinks are ours. LineSink formats without libc's time
// functions (gmtime_r and localtime_r take the time zone lock, which a forked child may find held for ever) and
// without a mutex.
#include "protocol/base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace keel {

namespace {

constexpr char kChildRole = 'C';
constexpr char kRawLogger[] = "raw";

std::atomic<int> g_fd{STDOUT_FILENO};
std::atomic<char> g_role{'M'};

// When and what: quarter hours since 1970 in the high half, seconds east of UTC in the low half.
std::atomic<std::int64_t> g_zone{-1};

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug: return spdlog::level::trace;
        case LogLevel::verbose: return spdlog::level::debug;
        case LogLevel::notice: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::nothing: break;
    }
    return spdlog::level::off;
}

void write_all(int fd, const char* data, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t wrote = ::write(fd, data, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return;
        data += wrote;
        size -= static_cast<std::size_t>(wrote);
    }
}

// Seconds east of UTC. Zones change on quarter hours, so libc is asked once in each.
std::int32_t zone_offset(std::int64_t unix_s) noexcept {
    constexpr std::int64_t kQuarter_s = 15 * 60;
    const std::int64_t quarter = unix_s / kQuarter_s;
    std::int64_t known = g_zone.load(std::memory_order_relaxed);
    if (known >> 32 != quarter && (known < 0 || g_role.load(std::memory_order_relaxed) != kChildRole)) {
        const std::time_t now = unix_s;
        std::tm parts{};
        localtime_r(&now, &parts);
        known = quarter << 32 | static_cast<std::uint32_t>(parts.tm_gmtoff);
        g_zone.store(known, std::memory_order_relaxed);
    }
    return static_cast<std::int32_t>(known);
}

void append_prefix(fmt::memory_buffer& out, std::chrono::system_clock::time_point at, char level) {
    using namespace std::chrono;
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto utc = floor<milliseconds>(at.time_since_epoch());
    const sys_time<milliseconds> local{utc + seconds{zone_offset(floor<seconds>(utc).count())}};
    const auto day = floor<days>(local);
    const year_month_day date{day};
    const hh_mm_ss time{local - day};
    fmt::format_to(std::back_inserter(out), "{}:{} {:02} {} {} {:02}:{:02}:{:02}.{:03} {} ", ::getpid(),
                   g_role.load(std::memory_order_relaxed), static_cast<unsigned>(date.day()),
                   kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                   time.hours().count(), time.minutes().count(), time.seconds().count(), time.subseconds().count(),
                   level);
}

class LineSink final : public spdlog::sinks::sink {
  public:
    void log(const spdlog::details::log_msg& message) override {
        fmt::memory_buffer line;
        const bool raw = message.logger_name == kRawLogger;
        if (!raw) append_prefix(line, message.time, ".-*#"[message.level - spdlog::level::trace]);
        line.append(message.payload);
        if (!raw) line.push_back('\n');
        write_all(g_fd.load(std::memory_order_relaxed), line.data(), line.size());
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

class SyslogSink final : public spdlog::sinks::syslog_sink<spdlog::details::null_mutex> {
  public:
    SyslogSink(std::string ident, int facility)
        : syslog_sink(std::move(ident), LOG_PID | LOG_NDELAY | LOG_NOWAIT, facility, false) {}

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        static constexpr int kPriorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
        ::syslog(kPriorities[message.level - spdlog::level::trace], "%.*s", static_cast<int>(message.payload.size()),
                 message.payload.data());
    }
};

struct Loggers {
    explicit Loggers(const std::vector<spdlog::sink_ptr>& sinks)
        : lines("lines", sinks.begin(), sinks.end()), raw(kRawLogger, sinks.begin(), sinks.end()) {
        // What is written is decided before it is formatted, in log_enabled().
        lines.set_level(spdlog::level::trace);
        raw.set_level(spdlog::level::trace);
    }
    spdlog::logger lines;
    spdlog::logger raw;
};

// Never destroyed at exit: destructors of static objects may log.
std::unique_ptr<Loggers>& loggers() {
    static auto* const current = new std::unique_ptr<Loggers>(new Loggers({std::make_shared<LineSink>()}));
    return *current;
}

std::optional<int> facility_of(Bytes name) noexcept {
    constexpr int kLocals[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                               LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
    if (equal_nocase(name, "user")) return LOG_USER;
    if (name.size() != 6 || !equal_nocase(name.substr(0, 5), "local")) return std::nullopt;
    if (name[5] < '0' || name[5] > '7') return std::nullopt;
    return kLocals[name[5] - '0'];
}

}  // namespace

Status log_open(const LogTarget& target) {
    const auto facility = facility_of(target.syslog_facility);
    if (!facility)
        return Error{fmt::format("'{}' is no syslog facility: user, local0 to local7", target.syslog_facility)};
    int fd = STDOUT_FILENO;
    if (!target.file.empty()) {
        fd = ::open(target.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
            const int why = errno;
            return Error{fmt::format("Can't open the log file '{}': {}", target.file,
                                     std::error_code(why, std::generic_category()).message())};
        }
    }
    std::vector<spdlog::sink_ptr> sinks{std::make_shared<LineSink>()};
    loggers().reset();  // the old syslog sink calls closelog: before the new one opens
    if (target.syslog) sinks.push_back(std::make_shared<SyslogSink>(target.syslog_ident, *facility));
    loggers() = std::make_unique<Loggers>(sinks);
    g_zone.store(-1, std::memory_order_relaxed);
    const int old = g_fd.exchange(fd);
    if (old != STDOUT_FILENO) ::close(old);
    return {};
}

void log_level(LogLevel least) noexcept { log_detail::g_least.store(least, std::memory_order_relaxed); }

void log_role(char role) noexcept { g_role.store(role, std::memory_order_relaxed); }

void log_detail::write(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
    if (level == LogLevel::nothing) return;
    try {
        fmt::memory_buffer text;
        fmt::vformat_to(std::back_inserter(text), format, args);
        loggers()->lines.log(spdlog_level(level), fmt::string_view{text.data(), text.size()});
    } catch (const std::exception&) {
        // Out of memory: truth 4.
    }
}

void log_raw(Bytes text) noexcept {
    if (log_enabled(LogLevel::notice))
        loggers()->raw.log(spdlog::level::info, fmt::string_view{text.data(), text.size()});
}

void log_crash_write(Bytes bytes) noexcept {
    write_all(g_fd.load(std::memory_order_relaxed), bytes.data(), bytes.size());
}

}  // namespace keel
