// SPDX-License-Identifier: BSD-3-Clause
//
// How late due keys were removed: counts in steps of 1 ms up to 16 ms, then in steps that double four ways.
// A quantile is right to the step; the largest lag is kept as it was. The last step, from 43 days on, has no end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace keel {

class LagHistogram {
  public:
    void add(std::int64_t lag_ms) noexcept {
        const auto lag = static_cast<std::uint64_t>(std::max<std::int64_t>(lag_ms, 0));
        ++counts_[step_of(lag)];
        ++total_;
        largest_ = std::max(largest_, lag);
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
    [[nodiscard]] std::uint64_t largest_ms() const noexcept { return largest_; }
    // The lag that a share `q` (0 to 1) of all removals did not exceed.
    [[nodiscard]] std::uint64_t quantile_ms(double q) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t step = 0; step < counts_.size(); ++step) {
            seen += counts_[step];
            if (seen > wanted) return step + 1 < kSteps ? std::min(upper_bound(step), largest_) : largest_;
        }
        return largest_;
    }
    void reset() noexcept { *this = LagHistogram{}; }

  private:
    static constexpr std::size_t kLinear = 16;
    // Above 16 ms: four steps for each power of two.
    static std::size_t step_of(std::uint64_t lag) noexcept {
        if (lag < kLinear) return lag;
        const auto power = static_cast<std::size_t>(std::bit_width(lag)) - 1;
        const std::size_t quarter = (lag >> (power - 2)) & 3;
        return std::min<std::size_t>(kLinear + (power - 4) * 4 + quarter, kSteps - 1);
    }
    static std::uint64_t upper_bound(std::size_t step) noexcept {
        if (step < kLinear) return step;
        const std::size_t power = (step - kLinear) / 4 + 4;
        const std::size_t quarter = (step - kLinear) % 4;
        return (1ULL << power) + ((quarter + 1) << (power - 2)) - 1;
    }

    static constexpr std::size_t kSteps = 128;
    std::array<std::uint64_t, kSteps> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t largest_ = 0;
};

}  // namespace keel
