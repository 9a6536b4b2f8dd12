// SPDX-License-Identifier: BSD-3-Clause
//
// What the log asks of helper threads: run a job there, and then tell the loop. The server's is BackgroundHelper over
// threads of protocol/base/background.h; a test's runs jobs when the test says so.
//
// Always true: the jobs of one lane run one at a time, in the order they were given, and so do their `done`s, on the
// loop's thread. Jobs of different lanes run beside each other.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "protocol/base/background.h"
#include "protocol/base/check.h"
#include "protocol/base/result.h"

namespace keel::aof {

class Helper {
  public:
    static constexpr std::size_t kLanes = 4;
    virtual ~Helper() = default;
    // Whether the lane has what it takes to run a job: the error is the system's, which gives no thread. To be asked
    // before run().
    [[nodiscard]] virtual Status ready(std::size_t lane) = 0;
    // `job` must not touch what the loop may touch. Lane 0 is for everything, the others are for syncs.
    virtual void run(std::function<Status()> job, std::function<void(Status)> done, std::size_t lane = 0) = 0;
    // Waits for every job of every lane, and runs its `done`. What that begins may still run afterwards.
    virtual void drain() = 0;
};

// A thread for each lane, made when it is first asked for.
class BackgroundHelper final : public Helper {
  public:
    // `wake` and `name` as Background's. `first` is the first job of each thread; empty: none.
    BackgroundHelper(std::function<void()> wake, std::string name, std::function<void()> first = {})
        : wake_(std::move(wake)), name_(std::move(name)), first_(std::move(first)) {}
    [[nodiscard]] Status ready(std::size_t lane = 0) override {
        if (threads_[lane]) return {};
        auto thread = std::make_unique<Background>(wake_, lane == 0 ? name_ : name_ + std::to_string(lane));
        KEEL_TRY(thread->started());
        if (first_) thread->submit(first_);
        threads_[lane] = std::move(thread);
        return {};
    }
    void run(std::function<Status()> job, std::function<void(Status)> done, std::size_t lane) override {
        KEEL_CHECK(threads_[lane] != nullptr);
        threads_[lane]->submit(std::move(job), std::move(done));
    }
    void run_completions() {
        for (auto& thread : threads_) {
            if (thread) thread->run_completions();
        }
    }
    void drain() override {
        for (auto& thread : threads_) {
            if (thread) thread->drain();
        }
    }

  private:
    std::function<void()> wake_;
    std::string name_;
    std::function<void()> first_;
    std::array<std::unique_ptr<Background>, kLanes> threads_;
};

}  // namespace keel::aof
