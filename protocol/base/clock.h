// SPDX-License-Identifier: BSD-3-Clause
//
// Time is handed in. The loop reads the clock once a turn; what runs inside the turn sees that one reading.
//
// Two clocks: `wall_ms` (Unix time, for deadlines that users see; it may jump) and `steady_us` (never goes
// back, for durations and timeouts).
#pragma once

#include <cstdint>

namespace keel {

using UnixMs = std::int64_t;  // milliseconds since 1970-01-01 UTC

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual std::int64_t wall_us() const = 0;    // microseconds since 1970-01-01 UTC
    [[nodiscard]] virtual std::int64_t steady_us() const = 0;  // microseconds since an arbitrary start
    [[nodiscard]] UnixMs wall_ms() const { return wall_us() / 1000; }
};

// The machine's clocks.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] std::int64_t wall_us() const override;
    [[nodiscard]] std::int64_t steady_us() const override;
};

// A clock that a test moves by hand.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(UnixMs start_ms = 1'700'000'000'000) : us_(start_ms * 1000) {}
    [[nodiscard]] std::int64_t wall_us() const override { return us_; }
    [[nodiscard]] std::int64_t steady_us() const override { return us_; }
    void advance_ms(std::int64_t ms) { us_ += ms * 1000; }

  private:
    std::int64_t us_;
};

}  // namespace keel
