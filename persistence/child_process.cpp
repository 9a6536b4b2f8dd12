// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/child_process.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "protocol/base/log.h"

namespace keel {

namespace {

// Signals as a new program finds them: the parent's handlers speak to the parent's loop.
void default_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGALRM, SIGUSR1}) std::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void become_child(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the line above
    default_signals();
    log_role('C');
}

std::uint64_t private_bytes() {
    std::FILE* file = std::fopen("/proc/self/smaps_rollup", "re");
    if (file == nullptr) return 0;
    char line[256];
    std::uint64_t sum_kb = 0;
    while (std::fgets(line, sizeof(line), file) != nullptr) {
        unsigned long long kb = 0;
        if (std::sscanf(line, "Private_Dirty: %llu kB", &kb) == 1) sum_kb += kb;
    }
    std::fclose(file);
    return sum_kb * 1024;
}

}  // namespace keel
