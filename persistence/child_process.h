// SPDX-License-Identifier: BSD-3-Clause
//
// A forked child of ours, and the pipe on which it speaks. What it does is its owner's (persistence/snapshot,
// persistence/aof/forked_child).
//
//     start ──fork──> child: work ── reports ──> pipe ── read()
//       `── poll, wait ── its end ───────────────────────────┘ its last words are still there
//
// Always true: one runs at most, and none outlives the parent.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "protocol/base/clock.h"
#include "protocol/base/result.h"

namespace keel {

class ChildProcess {
  public:
    struct Figures {
        std::uint64_t forks = 0;
        std::int64_t last_fork_us = 0;     // how long it took
        std::int64_t last_fork_at_us = 0;  // steady
    };
    // How one ended: by exit status 0; else by itself, or by a signal.
    struct End {
        bool good = false;
        int signal = 0;
    };

    explicit ChildProcess(const Clock& clock) : clock_(clock) {}
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // Forks. The child dies with its parent, takes signals as a new program does, holds no connection, and logs as a
    // child; then it does `work`, which gets the end of the pipe to write to, and ends with the status that comes of
    // it. What is written in one piece of up to 512 bytes comes as one. The error is the system's.
    [[nodiscard]] Status start(const std::function<int(int pipe)>& work);
    // Makes it end, one that was stopped too. poll() and wait() say when it has.
    void kill();
    // To be called now and then: how it ended, once.
    [[nodiscard]] std::optional<End> poll();
    // The same, waiting for its end, but a second at most: one whose disk hangs cannot be ended.
    [[nodiscard]] std::optional<End> wait();
    // It is nobody's any more, though it may still run.
    void abandon() { pid_ = 0; }
    // The next report from the pipe, if there is a whole one.
    template <typename Report>
    [[nodiscard]] bool read(Report& to) {
        return read_bytes(&to, sizeof(to));
    }

    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const Figures& figures() const { return figures_; }

  private:
    [[nodiscard]] bool read_bytes(void* to, std::size_t size);

    const Clock& clock_;
    pid_t pid_ = 0;
    int pipe_ = -1;  // of the last one, until there is another
    Figures figures_;
};

// Bytes that this process shares with nobody: in a child, what was copied since the fork. 0 if that cannot be told.
// O(memory) in the kernel.
[[nodiscard]] std::uint64_t private_bytes();

}  // namespace keel
