// SPDX-License-Identifier: BSD-3-Clause
//
// The one helper thread: for what would stall the loop (fsync, close, freeing a big value). It takes closed jobs,
// whatever they need moved into them, and hands back only what they return.
//
//     loop:    submit(job, done) -> [ waiting jobs ]                         run_completions() -> done(result)
//                                        |                                          ^
//     helper:                           job() -> result -> [ finished jobs ] -- wake()
//
// Always true:
//   1. Jobs run one at a time, in the order they were submitted; so do their completions.
//   2. A job and what it holds is destroyed on the helper thread, before its completion runs.
//   3. `wake` is called on the helper thread, once for each time the finished jobs become some.
//   4. pending() counts a job until it has run and, if it has one, its completion has returned.
//   5. The helper takes no signals but those of its own faults.
//   6. What it allocates and frees counts in the figures of memory_use.h.
//
// Threads do not survive a fork: make one after daemonizing, and a forked child neither uses nor destroys the one
// it inherited (it leaves by _exit).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/base/result.h"

namespace keel {

class Background {
  public:
    // `wake` is to make the loop call run_completions() soon; it is called on the helper thread and must not block.
    // `name` is what ps and top show, at most 15 bytes. Where the system gives no thread, started() says so, and
    // nothing may be submitted.
    explicit Background(std::function<void()> wake, std::string name = "bio_helper");

    // Runs the jobs that still wait (a close or an fsync is not forgotten), drops their completions, and joins.
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    [[nodiscard]] const Status& started() const { return started_; }

    // `job` is called as job() on the helper. It must not throw, nor touch what the loop may touch. Move-only is fine.
    template <typename Job>
    void submit(Job job) {
        add(std::make_unique<Plain<Job>>(std::move(job)));
    }

    // The same, and then done(result of job), or done() when the job returns void, in run_completions().
    template <typename Job, typename Done>
    void submit(Job job, Done done) {
        add(std::make_unique<WithCompletion<Job, Done>>(std::move(job), std::move(done)));
    }

    // ---- on the loop's thread only

    // Calls the completions of the jobs that have finished; returns how many. They may submit.
    std::size_t run_completions();

    // Waits for every job, those submitted by completions too, and runs the completions. Not from a completion.
    void drain();

    [[nodiscard]] std::size_t pending() const;

  private:
    class Task {
      public:
        virtual ~Task() = default;
        virtual void run() = 0;
        virtual void complete() {}
        [[nodiscard]] virtual bool has_completion() const { return true; }
    };

    template <typename Job>
    class Plain final : public Task {
      public:
        explicit Plain(Job&& job) : job_(std::move(job)) {}
        void run() override { job_(); }
        [[nodiscard]] bool has_completion() const override { return false; }

      private:
        Job job_;
    };

    template <typename Job, typename Done>
    class WithCompletion final : public Task {
      public:
        WithCompletion(Job&& job, Done&& done) : job_(std::move(job)), done_(std::move(done)) {}
        void run() override {
            if constexpr (kVoid)
                (*job_)();
            else
                result_.emplace((*job_)());
            job_.reset();  // truth 2
        }
        void complete() override {
            if constexpr (kVoid)
                done_();
            else
                done_(std::move(*result_));
        }

      private:
        using Returned = std::invoke_result_t<Job&>;
        static constexpr bool kVoid = std::is_void_v<Returned>;
        struct Nothing {};
        std::optional<Job> job_;
        std::optional<std::conditional_t<kVoid, Nothing, Returned>> result_;
        Done done_;
    };

    void add(std::unique_ptr<Task> task);
    void work() noexcept;
    void finish(std::unique_ptr<Task> task);

    const std::function<void()> wake_;
    const std::string name_;
    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable submitted_;
    std::condition_variable finished_one_;
    std::deque<std::unique_ptr<Task>> waiting_;
    std::vector<std::unique_ptr<Task>> finished_;  // those with a completion
    std::size_t pending_ = 0;
    bool stop_ = false;
    Status started_;
    std::thread thread_;  // last: it starts when all else stands
};

}  // namespace keel
