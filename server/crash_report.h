// SPDX-License-Identifier: BSD-3-Clause
//
// What the log says when the server dies of its own mistake, so that the mistake can be found:
//
//     fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL), abort(), failed KEEL_CHECK, no memory
//       |
//       |- what happened, registers, stack trace           from the signal handler: no lock, no allocation
//       `- readable names, the running command,            may allocate and may hang or fault in turn: then the
//          INFO, CLIENT LIST                               report ends there
//     and then the process dies by that signal.
//
//     SIGALRM: a stack trace in the log, and the server goes on. Sent by hand, or by the watchdog when the loop did
//     not come round for watchdog-period.
//
// Always true:
//   1. The process dies by the signal that began the report (SIGABRT for checks and memory), whatever happens in it.
//   2. The report is written once; a fault inside it, or ten seconds, end it.
//   3. The handler has a stack of its own on the main thread: a stack overflow is reported too.
//   4. With hide-user-data-from-log no argument of a command is shown.
//
// Section headings are those of Redis, since tools look for them.
#pragma once

#include <cstdint>

namespace keel {

struct Server;

// Once in main(); from then on crashes are reported, without what only a server knows.
void install_crash_report();
// For crash-log-enabled no: faults have their default effect again.
void remove_crash_report();

// The server whose state reports show, while this object lives. Follows crash-log-enabled and watchdog-period.
class CrashReportScope {
  public:
    explicit CrashReportScope(Server& server);
    ~CrashReportScope();
    CrashReportScope(const CrashReportScope&) = delete;
    CrashReportScope& operator=(const CrashReportScope&) = delete;
};

// Starts the time over after which SIGALRM comes; 0 stops it. To be called again and again by what must not stall.
void feed_watchdog(std::int64_t period_ms);

}  // namespace keel
