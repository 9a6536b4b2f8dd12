// SPDX-License-Identifier: BSD-3-Clause
//
// Times of events that took at least latency-monitor-threshold: for each event name the worst of each second, the
// last 160 of them (LATENCY LATEST, HISTORY, GRAPH, DOCTOR). And the histograms of command times (LATENCY
// HISTOGRAM, INFO latencystats).
//
// A histogram has 4 steps for each power of two of nanoseconds, from 1 ns to over 1 s: a quantile is at most 25 %
// too large, in 512 bytes for each command that was called.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"

namespace keel {

// Command times. Used through the uint32 array that CommandStats owns.
struct LatencyHistogram {
    static constexpr std::size_t kSteps = 128;

    [[nodiscard]] static std::size_t step_of(std::uint64_t ns) noexcept {
        if (ns < 4) return static_cast<std::size_t>(ns);
        const auto power = static_cast<std::size_t>(std::bit_width(ns)) - 1;
        const std::size_t step = (power - 1) * 4 + ((ns >> (power - 2)) & 3);
        return step < kSteps ? step : kSteps - 1;
    }
    // The largest time that falls into a step.
    [[nodiscard]] static std::uint64_t upper_ns(std::size_t step) noexcept {
        if (step < 4) return step;
        const std::size_t power = step / 4 + 1;
        return (1ULL << power) + ((step % 4 + 1) << (power - 2)) - 1;
    }
    [[nodiscard]] static std::uint64_t count(const std::uint32_t* steps) noexcept;
    // The time that a share `q` (0 to 1) of the calls did not exceed.
    [[nodiscard]] static std::uint64_t quantile_ns(const std::uint32_t* steps, double q) noexcept;
};

class LatencyMonitor {
  public:
    struct Sample {
        std::int64_t time_s;  // Unix time
        std::uint32_t ms;
    };
    struct Series {
        std::deque<Sample> samples;  // the oldest first
        std::uint32_t worst_ms = 0;  // of all times, not only those kept
    };

    // Notes an event that began at `started` (CycleClock), if it took `threshold_ms` or more; 0: never.
    void note(Bytes event, std::uint64_t started, std::int64_t threshold_ms, const Clock& clock);
    // Notes an event that took `ms`. Events within one second count once, with the worst time.
    void add(Bytes event, std::int64_t now_s, std::uint32_t ms);
    // Forgets one event, or all when the name is empty. Returns how many series went.
    std::size_t reset(Bytes event);

    [[nodiscard]] const std::map<std::string, Series, std::less<>>& all() const { return series_; }
    [[nodiscard]] const Series* find(Bytes event) const;

  private:
    static constexpr std::size_t kKept = 160;
    std::map<std::string, Series, std::less<>> series_;
};

}  // namespace keel
