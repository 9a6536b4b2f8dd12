// SPDX-License-Identifier: BSD-3-Clause
#include "server/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "protocol/base/check.h"
#include "protocol/base/log.h"

namespace keel {

namespace {

std::atomic<int> g_write_end{-1};
std::atomic<bool> g_stopping{false};

// Async-signal-safe: writes and exits, nothing else.
void on_stop(int signal) {
    const int saved = errno;
    if (g_stopping.exchange(true) && signal == SIGINT) {
        log_crash_write("You insist... exiting now.\n");
        _exit(1);
    }
    const auto word = static_cast<unsigned char>(signal);
    [[maybe_unused]] const ssize_t written = write(g_write_end.load(), &word, 1);  // full: others say the same
    errno = saved;
}

void catch_with(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
    KEEL_CHECK(g_write_end.load() < 0);
    KEEL_CHECK(pipe2(pipe_, O_NONBLOCK | O_CLOEXEC) == 0);
    g_write_end = pipe_[1];
    forget();
    catch_with(on_stop);
}

StopSignals::~StopSignals() {
    catch_with(SIG_DFL);
    g_write_end = -1;
    close(pipe_[0]);
    close(pipe_[1]);
}

std::optional<int> StopSignals::take() {
    unsigned char word = 0;
    if (read(pipe_[0], &word, 1) != 1) return std::nullopt;
    return word;
}

void StopSignals::forget() { g_stopping = false; }

}  // namespace keel
