// SPDX-License-Identifier: BSD-3-Clause
//
// The child of a rewrite as a process: it does its work and says how much memory it copied.
#pragma once

#include <functional>
#include <optional>

#include "persistence/aof/rewrite.h"
#include "persistence/child_process.h"

namespace keel::aof {

class ForkedChild final : public Child {
  public:
    // `in_child` runs first there.
    ForkedChild(const Clock& clock, std::function<void()> in_child) : child_(clock), in_child_(std::move(in_child)) {}

    [[nodiscard]] Result<int> start(std::function<Status(int pid)> work) override;
    void stop(int pid) override;

    struct Ended {
        int pid;
        ChildEnd how;
    };
    // As ChildProcess has them.
    std::optional<Ended> poll() { return ended(child_.poll()); }
    std::optional<Ended> wait() { return ended(child_.wait()); }

    [[nodiscard]] bool running() const { return child_.running(); }
    [[nodiscard]] std::uint64_t last_copied_bytes() const { return last_copied_bytes_; }
    [[nodiscard]] const ChildProcess::Figures& figures() const { return child_.figures(); }

  private:
    std::optional<Ended> ended(const std::optional<ChildProcess::End>& end);

    ChildProcess child_;
    std::function<void()> in_child_;
    int pid_ = 0;  // of the last one
    bool stopped_ = false;
    std::uint64_t last_copied_bytes_ = 0;
};

}  // namespace keel::aof
