// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/child_process.h"

#include <sched.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "datatypes/encodings/line_heap.h"
#include "datatypes/encodings/small_heap.h"

using namespace keel;

namespace {

// Goes through both heaps.
void take_and_give_back() {
    small_heap().free(small_heap().allocate(40), 40);
    line_heap().free(line_heap().allocate(2), 2);
}

// As while values are freed in the background.
class BusyHeaps {
  public:
    BusyHeaps() {
        small_heap().share(true);
        thread_ = std::thread{[this] {
            while (!stop_.load(std::memory_order_relaxed)) take_and_give_back();
        }};
    }
    ~BusyHeaps() {
        stop_ = true;
        thread_.join();
        small_heap().share(false);
    }
    BusyHeaps(const BusyHeaps&) = delete;
    BusyHeaps& operator=(const BusyHeaps&) = delete;

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("child process: it finds the heaps whole and open, whatever a helper thread was at when it was born") {
    constexpr int kChildren = 100;
    constexpr std::int64_t kPatienceUs = 60'000'000;
    const SystemClock clock;
    ChildProcess child{clock};
    const BusyHeaps busy;
    for (int i = 0; i < kChildren; ++i) {
        REQUIRE(child.start([](int) {
            take_and_give_back();
            return 0;
        }));
        std::optional<ChildProcess::End> end;
        for (const std::int64_t since = clock.steady_us(); !end && clock.steady_us() - since < kPatienceUs;) {
            end = child.poll();
            sched_yield();
        }
        REQUIRE(end);
        CHECK(end->good);
    }
}
