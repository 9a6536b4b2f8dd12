// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/forked_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "persistence/child_process.h"
#include "protocol/base/log.h"

namespace keel::aof {

namespace {

[[noreturn]] void run_child(const std::function<Status(int)>& work, int pipe) {
    const Status done = work(getpid());
    if (!done) log_warning("Writing the new base of the AOF failed: {}", done.error().text());
    const std::uint64_t copied = private_bytes();
    log_notice("AOF rewrite: {} MB of memory used by copy-on-write", copied >> 20);
    [[maybe_unused]] const ssize_t told = ::write(pipe, &copied, sizeof(copied));
    _exit(done ? 0 : 1);
}

}  // namespace

ForkedChild::~ForkedChild() {
    if (!running()) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(reap(true));
}

Result<int> ForkedChild::start(std::function<Status(int pid)> work) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return io_error("Can't make", "a pipe to a child", errno);
    const pid_t parent = getpid();
    const std::int64_t before = clock_.steady_us();
    const pid_t child = fork();
    if (child == 0) {
        ::close(ends[0]);
        become_child(parent);
        in_child_();
        run_child(work, ends[1]);
    }
    const int number = errno;
    ::close(ends[1]);
    if (child < 0) {
        ::close(ends[0]);
        return Error{fmt::format("fork: {}", std::strerror(number))};
    }
    last_fork_us_ = clock_.steady_us() - before;
    last_fork_at_us_ = before;
    ++forks_;
    pid_ = child;
    pipe_ = ends[0];
    stopped_ = false;
    return static_cast<int>(child);
}

void ForkedChild::stop(int pid) {
    if (pid != pid_ || !running()) return;
    stopped_ = true;
    ::kill(pid_, SIGKILL);  // which ends one that was stopped, too
}

std::optional<ForkedChild::Ended> ForkedChild::wait() {
    constexpr std::int64_t kPatienceUs = 1'000'000;
    const std::int64_t end_us = clock_.steady_us() + kPatienceUs;
    while (running()) {
        if (const auto ended = reap(false)) return ended;
        if (clock_.steady_us() >= end_us) {
            log_warning("The child {} that rewrites the AOF does not end: it waits for the disk.", pid_);
            return std::nullopt;
        }
        constexpr timespec kLookEvery{0, 1'000'000};
        nanosleep(&kLookEvery, nullptr);
    }
    return std::nullopt;
}

std::optional<ForkedChild::Ended> ForkedChild::reap(bool wait) {
    int status = 0;
    pid_t ended = 0;
    do {
        ended = waitpid(pid_, &status, wait ? 0 : WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) return std::nullopt;
    std::uint64_t copied = 0;
    last_copied_bytes_ = ::read(pipe_, &copied, sizeof(copied)) == static_cast<ssize_t>(sizeof(copied)) ? copied : 0;
    ::close(pipe_);
    pipe_ = -1;
    const Ended what{pid_, ended < 0                                       ? ChildEnd::failed
                           : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ChildEnd::good
                           : WIFSIGNALED(status) && stopped_               ? ChildEnd::stopped
                                                                           : ChildEnd::failed};
    if (ended > 0 && WIFSIGNALED(status) && !stopped_)
        log_warning("Background AOF rewrite terminated by signal {}", WTERMSIG(status));
    pid_ = 0;
    return what;
}

}  // namespace keel::aof
