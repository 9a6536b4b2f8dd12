// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/forked_child.h"

#include <unistd.h>

#include "protocol/base/log.h"

namespace keel::aof {

Result<int> ForkedChild::start(std::function<Status(int pid)> work) {
    KEEL_TRY(child_.start([&](int pipe) {
        in_child_();
        const Status done = work(getpid());
        if (!done) log_warning("Writing the new base of the AOF failed: {}", done.error().text());
        const std::uint64_t copied = private_bytes();
        log_notice("AOF rewrite: {} MB of memory used by copy-on-write", copied >> 20);
        [[maybe_unused]] const ssize_t told = ::write(pipe, &copied, sizeof(copied));
        return done ? 0 : 1;
    }));
    stopped_ = false;
    pid_ = child_.pid();
    return int{pid_};
}

void ForkedChild::stop(int pid) {
    if (pid != pid_ || !running()) return;
    stopped_ = true;
    child_.kill();
}

std::optional<ForkedChild::Ended> ForkedChild::ended(const std::optional<ChildProcess::End>& end) {
    if (!end) return std::nullopt;
    std::uint64_t copied = 0;
    last_copied_bytes_ = child_.read(copied) ? copied : 0;
    const bool stopped = stopped_ && end->signal != 0;
    if (end->signal != 0 && !stopped) log_warning("Background AOF rewrite terminated by signal {}", end->signal);
    return Ended{pid_, end->good ? ChildEnd::good : stopped ? ChildEnd::stopped : ChildEnd::failed};
}

}  // namespace keel::aof
