// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/child_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

#include "datatypes/encodings/line_heap.h"
#include "datatypes/encodings/small_heap.h"
#include "persistence/file_system.h"
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

void become_child(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the line above
    default_signals();
    close_sockets_and_folders();
    log_role('C');
}

// A helper thread may be freeing values: the child has none that would finish what it was at.
pid_t fork_with_heaps_at_rest() {
    const SpinGuard small = small_heap().at_rest();
    const SpinGuard lines = line_heap().at_rest();
    return fork();
}

}  // namespace

ChildProcess::~ChildProcess() {
    if (running()) {
        kill();
        static_cast<void>(wait());
    }
    if (pipe_ != -1) ::close(pipe_);
}

Status ChildProcess::start(const std::function<int(int pipe)>& work) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return io_error("Can't make", "a pipe to a child", errno);
    const pid_t parent = getpid();
    const std::int64_t before = clock_.steady_us();
    const pid_t child = fork_with_heaps_at_rest();
    if (child == 0) {
        ::close(ends[0]);
        become_child(parent);
        _exit(work(ends[1]));
    }
    const int number = errno;
    ::close(ends[1]);
    if (child < 0) {
        ::close(ends[0]);
        return Error{fmt::format("fork: {}", std::strerror(number))};
    }
    ++figures_.forks;
    figures_.last_fork_us = clock_.steady_us() - before;
    figures_.last_fork_at_us = before;
    if (pipe_ != -1) ::close(pipe_);
    pipe_ = ends[0];
    pid_ = child;
    return {};
}

void ChildProcess::kill() {
    if (running()) ::kill(pid_, SIGKILL);
}

std::optional<ChildProcess::End> ChildProcess::poll() {
    if (!running()) return std::nullopt;
    int status = 0;
    pid_t ended = 0;
    do {
        ended = waitpid(pid_, &status, WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) return std::nullopt;
    pid_ = 0;
    if (ended < 0) return End{};  // somebody else was told of it
    return End{WIFEXITED(status) && WEXITSTATUS(status) == 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

std::optional<ChildProcess::End> ChildProcess::wait() {
    constexpr std::int64_t kPatienceUs = 1'000'000;
    const std::int64_t end_us = clock_.steady_us() + kPatienceUs;
    while (running()) {
        if (const auto ended = poll()) return ended;
        if (clock_.steady_us() >= end_us) {
            log_warning("The child {} was told to end and does not end: it waits for the disk.", pid_);
            break;
        }
        constexpr timespec kLookEvery{0, 1'000'000};
        nanosleep(&kLookEvery, nullptr);
    }
    return std::nullopt;
}

bool ChildProcess::read_bytes(void* to, std::size_t size) {
    return ::read(pipe_, to, size) == static_cast<ssize_t>(size);
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
