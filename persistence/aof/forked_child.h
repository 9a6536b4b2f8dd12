// SPDX-License-Identifier: BSD-3-Clause
//
// The child of a rewrite as a process.
//
//     start ──fork──> child: work ─ how much memory it copied ─> pipe ─ exit status
//     poll  ────────> what became of it
//
// Always true: at most one runs, and none outlives the parent.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

#include "persistence/aof/rewrite.h"
#include "protocol/base/clock.h"

namespace keel::aof {

class ForkedChild final : public Child {
  public:
    // `in_child` runs first there.
    ForkedChild(const Clock& clock, std::function<void()> in_child) : clock_(clock), in_child_(std::move(in_child)) {}
    ~ForkedChild() override;
    ForkedChild(const ForkedChild&) = delete;
    ForkedChild& operator=(const ForkedChild&) = delete;

    [[nodiscard]] Result<int> start(std::function<Status(int pid)> work) override;
    void stop(int pid) override;

    struct Ended {
        int pid;
        ChildEnd how;
    };
    // To be called now and then: what became of it, once.
    std::optional<Ended> poll() { return running() ? reap(false) : std::nullopt; }
    // The same, waiting for its end, but a second at most: one whose disk hangs cannot be ended.
    std::optional<Ended> wait();

    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] std::uint64_t last_copied_bytes() const { return last_copied_bytes_; }
    [[nodiscard]] std::int64_t last_fork_us() const { return last_fork_us_; }
    [[nodiscard]] std::int64_t last_fork_at_us() const { return last_fork_at_us_; }  // steady
    [[nodiscard]] std::uint64_t forks() const { return forks_; }

  private:
    std::optional<Ended> reap(bool wait);

    const Clock& clock_;
    std::function<void()> in_child_;
    pid_t pid_ = 0;
    int pipe_ = -1;
    bool stopped_ = false;
    std::uint64_t last_copied_bytes_ = 0;
    std::int64_t last_fork_us_ = 0;
    std::int64_t last_fork_at_us_ = 0;
    std::uint64_t forks_ = 0;
};

}  // namespace keel::aof
