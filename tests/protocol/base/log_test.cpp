// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/log.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "protocol/base/glob.h"

using namespace keel;

namespace {

// A log file for one test; afterwards the log is as it was at start.
class LogFile {
  public:
    LogFile() {
        char name[] = "/tmp/keel_log_test.XXXXXX";
        ::close(::mkstemp(name));
        target_.file = name;
    }
    ~LogFile() {
        (void)log_open({});
        log_level(LogLevel::notice);
        log_role('M');
        ::unlink(target_.file.c_str());
    }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    [[nodiscard]] const LogTarget& target() const { return target_; }
    [[nodiscard]] std::string content() const {
        std::ostringstream all;
        all << std::ifstream(target_.file).rdbuf();
        return all.str();
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> out;
        std::istringstream in(content());
        for (std::string line; std::getline(in, line);) out.push_back(line);
        return out;
    }

  private:
    LogTarget target_;
};

struct Counted {
    int* times;
};

// The log's own clock: time(2) tells the last tick's second, some milliseconds behind it.
std::time_t now_s() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

int wait_for(pid_t child) {
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

}  // namespace

template <>
struct fmt::formatter<Counted> {
    constexpr auto parse(format_parse_context& context) { return context.begin(); }
    auto format(const Counted& value, format_context& context) const {
        ++*value.times;
        return fmt::format_to(context.out(), "counted");
    }
};

TEST_CASE("log: a line has pid, role, local time, level and text") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    log_level(LogLevel::debug);
    log_debug("d {}", 1);
    log_role('S');
    log_verbose("v {}", "x");
    log_role('X');
    log_notice("n");
    log_warning("w {:.1f} {{}}", 1.25);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 4);
    // Globs, not std::regex: GCC 12 finds its insides uninitialized when sanitizers are on.
    const std::string two = "[0-9][0-9]";
    const std::string when = fmt::format(" {0} [A-Z][a-z][a-z] {0}{0} {0}:{0}:{0}.{0}[0-9] ", two);
    const std::string pid = std::to_string(::getpid());
    CHECK(glob_match(pid + ":M" + when + ". d 1", lines[0]));
    CHECK(glob_match(pid + ":S" + when + "- v x", lines[1]));
    CHECK(glob_match(pid + ":X" + when + R"(\* n)", lines[2]));
    CHECK(glob_match(pid + ":X" + when + "# w 1.2 {}", lines[3]));
    CHECK_FALSE(glob_match(pid + ":X" + when + "# w 1.2 {}", lines[2]));
}

TEST_CASE("log: the time is the local one, as libc tells it") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    const auto before = now_s();
    log_notice("now");
    const auto after = now_s();
    const std::string line = file.lines().at(0);
    const std::string shown = line.substr(line.find(' ') + 1, 20);
    bool found = false;
    for (auto second = before; second <= after; ++second) {
        std::tm parts{};
        localtime_r(&second, &parts);
        char text[32];
        REQUIRE(std::strftime(text, sizeof text, "%d %b %Y %H:%M:%S", &parts) == 20);
        found |= shown == text;
    }
    INFO(line);
    CHECK(found);
}

TEST_CASE("log: a process in another time zone shows that zone's time") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    const pid_t child = ::fork();
    if (child == 0) {
        ::setenv("TZ", "TEST-05:30", 1);
        ::tzset();
        if (!log_open(file.target())) ::_exit(1);
        log_notice("five and a half hours ahead");
        ::_exit(0);
    }
    REQUIRE(wait_for(child) == 0);
    const std::string line = file.lines().at(0);
    std::tm shown{};
    REQUIRE(::strptime(line.c_str() + line.find(' ') + 1, "%d %b %Y %H:%M:%S", &shown) != nullptr);
    const auto ahead_s = ::timegm(&shown) - now_s();
    CHECK(std::abs(ahead_s - (5 * 3600 + 1800)) < 60);
}

TEST_CASE("log: what is below the level is neither written nor formatted") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    int times = 0;
    log_level(LogLevel::warning);
    log_notice("{}", Counted{&times});
    log_raw("logo\n");
    CHECK(times == 0);
    log_warning("{}", Counted{&times});
    CHECK(times == 1);
    log_level(LogLevel::nothing);
    log_warning("{}", Counted{&times});
    CHECK(times == 1);
    CHECK(file.lines().size() == 1);
    CHECK_FALSE(log_enabled(LogLevel::warning));
}

TEST_CASE("log: opening again appends") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    log_notice("first");
    REQUIRE(log_open({}));
    REQUIRE(log_open(file.target()));
    log_notice("second");
    const auto lines = file.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].ends_with("* first"));
    CHECK(lines[1].ends_with("* second"));
}

TEST_CASE("log: raw and crash lines have no prefix") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    log_raw("  _._\n  | |\n");
    log_level(LogLevel::nothing);
    log_crash_write("--- STACK TRACE\n");
    CHECK(file.content() == "  _._\n  | |\n--- STACK TRACE\n");
}

TEST_CASE("log: a long line is written whole") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    const std::string text(200000, 'x');
    log_notice("{}", text);
    CHECK(file.lines().at(0).ends_with("* " + text));
}

TEST_CASE("log: a forked child writes under its own pid to the same file") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    log_notice("parent");
    const pid_t child = ::fork();
    if (child == 0) {
        log_role('C');
        log_notice("child");
        ::_exit(0);
    }
    REQUIRE(wait_for(child) == 0);
    log_notice("parent again");
    const auto lines = file.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].starts_with(std::to_string(child) + ":C "));
    CHECK(lines[2].starts_with(std::to_string(::getpid()) + ":M "));
}

TEST_CASE("log: lines of threads never mix, and children forked meanwhile can log") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    constexpr int kThreads = 3;
    constexpr int kLines = 2000;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < kLines; ++i) log_notice("thread {} line {} end", t, i);
        });
    }
    constexpr int kChildren = 10;
    for (int i = 0; i < kChildren; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            log_role('C');
            log_notice("child line");
            ::_exit(0);
        }
        REQUIRE(wait_for(child) == 0);
    }
    for (auto& thread : threads) thread.join();
    std::map<char, int> next;
    int children = 0;
    for (const auto& line : file.lines()) {
        const auto at = line.find("* ");
        REQUIRE(at != std::string::npos);
        const std::string text = line.substr(at + 2);
        if (text == "child line") {
            ++children;
            continue;
        }
        REQUIRE(text == fmt::format("thread {} line {} end", text.at(7), next[text.at(7)]++));
    }
    CHECK(children == kChildren);
    CHECK(next == std::map<char, int>{{'0', kLines}, {'1', kLines}, {'2', kLines}});
}

TEST_CASE("log: what cannot be opened is said, and the old log stays") {
    LogFile file;
    REQUIRE(log_open(file.target()));
    LogTarget missing;
    missing.file = "/nonexistent/keel.log";
    const Status opened = log_open(missing);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().text() == "Can't open the log file '/nonexistent/keel.log': No such file or directory");
    LogTarget odd = file.target();
    odd.syslog_facility = "local8";
    const Status facility = log_open(odd);
    REQUIRE_FALSE(facility);
    CHECK(facility.error().text() == "'local8' is no syslog facility: user, local0 to local7");
    log_notice("still here");
    CHECK(file.lines().at(0).ends_with("* still here"));
}
