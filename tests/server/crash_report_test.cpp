// SPDX-License-Identifier: BSD-3-Clause
//
// Each case crashes a forked child whose log is a file, and reads what it left.
#include "server/crash_report.h"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "protocol/base/check.h"
#include "protocol/base/log.h"

#if !defined(KEEL_SANITIZED)

using namespace keel;

namespace {

struct Death {
    int status;
    std::string log;
    [[nodiscard]] bool by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
    [[nodiscard]] bool says(const char* words) const { return log.find(words) != std::string::npos; }
};

Death die_of(const std::function<void()>& mistake) {
    char path[] = "/tmp/keel-crash-XXXXXX";
    ::close(mkstemp(path));
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        for (const int signal : {SIGSEGV, SIGABRT, SIGFPE}) std::signal(signal, SIG_DFL);  // Catch2 has handlers too
        if (!log_open({.file = path})) _exit(3);
        install_crash_report();
        mistake();
        _exit(2);
    }
    Death out{};
    waitpid(child, &out.status, 0);
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    out.log = text.str();
    std::remove(path);
    return out;
}

// Not to be turned into a loop: the buffer is passed on and used after the call.
[[gnu::noinline]] int fall(volatile char* before, int depth) {
    volatile char here[512];
    here[0] = before == nullptr ? '\0' : before[0];
    return depth < 0 ? 0 : fall(here, depth + 1) + here[0];
}

}  // namespace

TEST_CASE("crash report: a fault is told with its address and a stack, and kills by its own signal") {
    const Death death = die_of([] { *reinterpret_cast<volatile int*>(std::uintptr_t{0x10}) = 1; });
    CHECK(death.by(SIGSEGV));
    CHECK(death.says("crashed by signal: 11"));
    CHECK(death.says("Accessing address: 0x10"));
    CHECK(death.says("------ STACK TRACE DONE ------"));
    CHECK(death.says("------ REGISTERS ------"));
    CHECK(death.says("BUG REPORT END"));
}

TEST_CASE("crash report: a stack that overflows is reported on another one") {
    const Death death = die_of([] { std::printf("%d", fall(nullptr, 0)); });
    CHECK(death.by(SIGSEGV));
    CHECK(death.says("BUG REPORT START"));
    CHECK(death.says("STACK TRACE DONE"));
}

TEST_CASE("crash report: a failed check names itself, and is reported once") {
    const Death death = die_of([] { KEEL_CHECK(std::getenv("KEEL_THERE_IS_NO_SUCH_VARIABLE") != nullptr); });
    CHECK(death.by(SIGABRT));
    CHECK(death.says("KEEL_THERE_IS_NO_SUCH_VARIABLE"));
    CHECK(death.log.find("BUG REPORT START") != std::string::npos);
    CHECK(death.log.find("crashed by signal") == std::string::npos);
}

TEST_CASE("crash report: a fault on another thread is reported too") {
    const Death death = die_of([] { std::thread{[] { raise(SIGFPE); }}.join(); });
    CHECK(death.by(SIGFPE));
    CHECK(death.says("crashed by signal: 8"));
}

TEST_CASE("crash report: memory that cannot be had ends the process with a report") {
    const Death death = die_of([] {
        volatile std::size_t size = static_cast<std::size_t>(-1) / 4;
        ::operator delete(::operator new(size));
    });
    CHECK(death.by(SIGABRT));
    CHECK(death.says("OUT OF MEMORY"));
}

TEST_CASE("crash report: removed, it says nothing and changes nothing") {
    const Death death = die_of([] {
        remove_crash_report();
        raise(SIGSEGV);
    });
    CHECK(death.by(SIGSEGV));
    CHECK(death.log.empty());
}

TEST_CASE("crash report: an alarm leaves a stack, and the process goes on") {
    const Death life = die_of([] {
        raise(SIGALRM);
        _exit(7);
    });
    CHECK(WIFEXITED(life.status));
    CHECK(WEXITSTATUS(life.status) == 7);
    CHECK(life.says("Received SIGALRM"));
    CHECK(life.says("STACK TRACE DONE"));
    CHECK_FALSE(life.says("BUG REPORT"));
}

#endif
