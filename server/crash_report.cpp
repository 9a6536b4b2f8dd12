// SPDX-License-Identifier: BSD-3-Clause
#include "server/crash_report.h"

#include <execinfo.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <exception>
#include <new>

#include "protocol/base/check.h"
#include "protocol/base/words.h"
#include "server/client_info.h"
#include "server/crash_text.h"
#include "server/info/info.h"
#include "server/secrets.h"
#include "server/server.h"
#include "server/version.h"

namespace keel {

namespace {

using crash::line;

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr unsigned kPatienceSeconds = 10;
constexpr std::size_t kMostArguments = 64;
constexpr std::size_t kArgumentBytes = 256;

// A signal handler can be handed nothing: these are its world.
std::atomic<Server*> g_server{nullptr};
std::atomic<bool> g_reporting{false};
std::atomic<bool> g_installed{false};
volatile std::sig_atomic_t g_dying_by = 0;
alignas(16) std::array<char, 128 * 1024> g_stack;

[[noreturn]] void die_by(int signal) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal);
    _exit(1);  // no signal's default effect leads here
}

void end_report(Bytes why) noexcept {
    if (!why.empty()) line("\n{}", why);
    line("\n=== KEEL BUG REPORT END. Please send all of it, from START to END. ===");
    line("=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n");
}

void on_report_timeout(int) {
    end_report("The report was cut short: a part of it did not end.");
    die_by(g_dying_by);
}

// From here on the report may allocate, hang or fault: a timer and g_reporting see to it that it ends.
void allow_risks(int signal) noexcept {
    g_dying_by = signal;
    struct sigaction action {};
    action.sa_handler = on_report_timeout;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGALRM, &action, nullptr);
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
    const itimerval none{};
    setitimer(ITIMER_REAL, &none, nullptr);  // the watchdog's
    alarm(kPatienceSeconds);
}

void begin_report() noexcept {
    line("\n\n=== KEEL BUG REPORT START: Cut & paste starting from here ===");
    line("=== REDIS BUG REPORT START: (the same, for tools that look for this line) ===");
}

void write_clients(const Server& server) {
    line("\n------ CLIENT LIST OUTPUT ------");
    const std::int64_t now_ms = server.clock.wall_ms();
    server.clients.each([now_ms](const Session& session) { line("{}", client_line(session, now_ms)); });
}

void write_running_command(const Server& server) {
    const Call* call = server.dispatcher.running();
    if (call == nullptr) return line("\nNo command was running.");
    line("\n------ CURRENT CLIENT INFO ------");
    if (const Session* session = server.dispatcher.running_session()) {
        line("{}", client_line(*session, server.clock.wall_ms()));
    }
    const Bytes name = call->command->name();
    line("running: {}Command, which is {}", name, crash::function_name(call->command->spec().run.address()));
    line("argc: '{}'", call->words.size());
    if (server.settings.logging.hide_user_data) return line("arguments are not shown: hide-user-data-from-log is yes");
    const std::vector<Bytes> words = without_secrets(*call);
    const std::size_t shown = std::min(words.size(), kMostArguments);
    for (std::size_t i = 0; i < shown; ++i) {
        const Bytes word = words[i];
        line("argv[{}]: {}{}", i, quoted(word.substr(0, kArgumentBytes)), word.size() > kArgumentBytes ? "..." : "");
    }
    if (shown < words.size()) line("... and {} more", words.size() - shown);
}

void write_info(const Server& server) {
    static constexpr Bytes kEverything[] = {"everything"};
    line("\n------ INFO OUTPUT ------");
    log_crash_write(info_text(server, kEverything));
}

// All that needs a working heap.
void write_state() {
    crash::write_readable_trace();
    const Server* server = g_server.load();
    if (server == nullptr) return;
    write_running_command(*server);
    write_info(*server);
    write_clients(*server);
}

// What follows the account of what happened. Does not return.
[[noreturn]] void finish_and_die(int signal, const void* context) noexcept {
    crash::write_stack_trace(context);
    if (context != nullptr) crash::write_registers(context);
    allow_risks(signal);
    try {
        write_state();
        end_report({});
    } catch (const std::exception&) {
        end_report("The report was cut short: no memory.");
    }
    die_by(signal);
}

// By kill(2) and its like; not by the kernel because of a fault or a timer.
bool sent_by_process(const siginfo_t& info) noexcept { return info.si_code <= 0; }

// A second fault: the report's own. Another thread's: its signal has the same end.
[[noreturn]] void fault_again(int signal) noexcept {
    end_report("The report was cut short: it crashed, too.");
    die_by(g_dying_by != 0 ? g_dying_by : signal);
}

[[maybe_unused]] void on_fault(int signal, siginfo_t* info, void* context) {
    if (g_reporting.exchange(true)) fault_again(signal);
    g_dying_by = signal;
    begin_report();
    line("keel {} (redis {}) crashed by signal: {}, si_code: {}", kKeelVersion, kRedisVersion, signal, info->si_code);
    if (signal == SIGSEGV || signal == SIGBUS) line("Accessing address: {}", static_cast<const void*>(info->si_addr));
    if (sent_by_process(*info)) line("Killed by PID: {}, UID: {}", info->si_pid, info->si_uid);
    line("Crashed running the instruction at: {}", crash::instruction(context));
    finish_and_die(signal, context);
}

void on_failed_check(const char* file, int at, const char* what) {
    if (g_reporting.exchange(true)) return;
    g_dying_by = SIGABRT;
    begin_report();
    line("=== ASSERTION FAILED ===\n==> {}:{} '{}' is not true", file, at, what);
    finish_and_die(SIGABRT, nullptr);
}

void on_no_memory() {
    if (g_reporting.exchange(true)) throw std::bad_alloc{};  // inside a report: it ends there
    g_dying_by = SIGABRT;
    begin_report();
    line("=== OUT OF MEMORY ===\nThe system gave no memory to an allocation. The server can't go on.");
    finish_and_die(SIGABRT, nullptr);
}

// The server goes on: so nothing here may take a lock that the interrupted code could hold.
void on_alarm(int, siginfo_t* info, void* context) {
    const int error_before = errno;
    if (sent_by_process(*info)) line("\nReceived SIGALRM");
    else line("\n--- WATCHDOG TIMER EXPIRED ---");
    crash::write_stack_trace(context);
    line("--------");
    errno = error_before;
}

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
    sigaction(signal, &action, nullptr);
}

}  // namespace

void install_crash_report() {
    if (g_installed.exchange(true)) return;
    // The first call loads a library, and must not do so inside a handler.
    std::array<void*, 1> warm_up;
    backtrace(warm_up.data(), 1);
    const stack_t stack{.ss_sp = g_stack.data(), .ss_flags = 0, .ss_size = g_stack.size()};
    sigaltstack(&stack, nullptr);
#if !defined(KEEL_SANITIZED)  // the sanitizers' own reports say more
    for (const int fault : kFaults) handle(fault, on_fault, SA_NODEFER);
#endif
    handle(SIGALRM, on_alarm, SA_RESTART);
    set_check_hook(on_failed_check);
    std::set_new_handler(on_no_memory);
}

void remove_crash_report() {
    if (!g_installed.exchange(false)) return;
    for (const int fault : kFaults) std::signal(fault, SIG_DFL);
    set_check_hook(nullptr);
    std::set_new_handler(nullptr);
}

CrashReportScope::CrashReportScope(Server& server) {
    const auto follow = [&server]() -> Status {
        if (server.settings.logging.crash_log) install_crash_report();
        else remove_crash_report();
        return {};
    };
    (void)follow();
    server.config.on_change({"crash-log-enabled"}, follow);
    server.config.on_change({"watchdog-period"}, [&server]() -> Status {
        feed_watchdog(server.settings.debug.watchdog_period_ms);
        return {};
    });
    g_server = &server;
}

CrashReportScope::~CrashReportScope() { g_server = nullptr; }

void feed_watchdog(std::int64_t period_ms) {
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(period_ms / 1000);
    timer.it_value.tv_usec = static_cast<suseconds_t>(period_ms % 1000 * 1000);
    setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace keel
