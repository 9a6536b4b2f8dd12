// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/child_process.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <vector>

#include "protocol/base/log.h"
#include "protocol/base/number.h"

namespace keel {

namespace {

// Signals as a new program finds them: the parent's handlers speak to the parent's loop.
void default_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGALRM, SIGUSR1}) std::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// A connection that the parent closes would stay open for as long as we have it too, and a folder stay locked
// (folder_lock.h).
void close_sockets_and_folders() {
    DIR* folder = opendir("/proc/self/fd");
    if (folder == nullptr) return;
    std::vector<int> ours;
    while (const dirent* entry = readdir(folder)) {
        const auto number = parse_integer(entry->d_name);
        struct stat facts {};
        if (!number || *number == dirfd(folder) || fstat(static_cast<int>(*number), &facts) != 0) continue;
        if (S_ISSOCK(facts.st_mode) || S_ISDIR(facts.st_mode)) ours.push_back(static_cast<int>(*number));
    }
    closedir(folder);
    for (const int descriptor : ours) ::close(descriptor);
}

}  // namespace

void become_child(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the line above
    default_signals();
    close_sockets_and_folders();
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
