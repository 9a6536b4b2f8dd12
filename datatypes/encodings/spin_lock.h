// SPDX-License-Identifier: BSD-3-Clause
//
// SpinLock: for what is held some tens of nanoseconds, between the loop and the background thread. Whoever waits
// longer gives its core away: the holder may have lost its own.
#pragma once

#include <sched.h>

#include <atomic>

namespace keel {

class SpinLock {
  public:
    void lock() noexcept {
        for (unsigned spins = 0; held_.test_and_set(std::memory_order_acquire); ++spins) {
            if (spins >= kSpins) sched_yield();
#if defined(__x86_64__)
            else
                __builtin_ia32_pause();
#endif
        }
    }
    void unlock() noexcept { held_.clear(std::memory_order_release); }

  private:
    static constexpr unsigned kSpins = 200;
    std::atomic_flag held_{};
};

// Holds the lock to the end of the scope, if `wanted`.
class SpinGuard {
  public:
    SpinGuard(SpinLock& lock, bool wanted) noexcept : lock_(wanted ? &lock : nullptr) {
        if (lock_ != nullptr) lock_->lock();
    }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;
    ~SpinGuard() {
        if (lock_ != nullptr) lock_->unlock();
    }

  private:
    SpinLock* lock_;
};

}  // namespace keel
