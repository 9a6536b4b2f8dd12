// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/background.h"

#include <fmt/core.h>
#include <pthread.h>
#include <signal.h>

#include <system_error>

#include "protocol/base/check.h"
#include "protocol/base/memory_use.h"

namespace keel {

Background::Background(std::function<void()> wake, std::string name) : wake_(std::move(wake)), name_(std::move(name)) {
    // A thread begins with its maker's mask, so there is no moment in which the helper could take a signal.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    // A fault of its own is reported like any other's (and the kernel would not wait for it to be unblocked).
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::thread([this] { work(); });
    } catch (const std::system_error& failure) {  // the system's limit of threads
        started_ = Error{fmt::format("Can't create the thread {}: {}", name_, failure.code().message())};
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Background::~Background() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    submitted_.notify_one();
    thread_.join();
}

void Background::add(std::unique_ptr<Task> task) {
    KEEL_CHECK(thread_.joinable());
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(task));
        ++pending_;
    }
    submitted_.notify_one();
}

void Background::work() noexcept {
    pthread_setname_np(pthread_self(), name_.c_str());
    register_thread_memory();
    std::unique_lock lock(mutex_);
    for (;;) {
        submitted_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        if (waiting_.empty()) break;
        auto task = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        task->run();
        finish(std::move(task));
        lock.lock();
    }
    unregister_thread_memory();
}

void Background::finish(std::unique_ptr<Task> task) {
    const bool completes = task->has_completion();
    if (!completes) task.reset();  // outside the lock: what it holds may be large
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (completes) {
            first = finished_.empty();
            finished_.push_back(std::move(task));
        } else {
            --pending_;
        }
    }
    finished_one_.notify_one();
    if (first) wake_();
}

std::size_t Background::run_completions() {
    std::vector<std::unique_ptr<Task>> ready;
    {
        const std::lock_guard lock(mutex_);
        ready.swap(finished_);
    }
    for (auto& task : ready) {
        task->complete();
        task.reset();
        const std::lock_guard lock(mutex_);
        --pending_;
    }
    return ready.size();
}

void Background::drain() {
    for (;;) {
        run_completions();
        std::unique_lock lock(mutex_);
        if (pending_ == 0) return;
        finished_one_.wait(lock, [this] { return pending_ == 0 || !finished_.empty(); });
    }
}

std::size_t Background::pending() const {
    const std::lock_guard lock(mutex_);
    return pending_;
}

}  // namespace keel
