// SPDX-License-Identifier: BSD-3-Clause
//
// Latencies counted in buckets that grow with their value: about 3% wide everywhere, from 1 us to over an hour, in a
// fixed 8 KB. Recording is a shift and an increment, so it does not disturb what is measured.
//
//     | 0..63 us, one bucket each | 64..127 us, 32 buckets | 128..255 us, 32 buckets | ...
//
// Always true:
//   1. The sum of the buckets is count().
//   2. A quantile is never under-reported by more than its bucket's width; max() is exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace keel::bench {

class LatencyHistogram {
  public:
    void record(std::uint64_t nanoseconds);

    std::uint64_t count() const { return count_; }
    // The largest, in microseconds.
    double max_us() const { return static_cast<double>(max_ns_) / 1000.0; }
    // The latency that `fraction` (0 to 1) of all stay below, in microseconds; 0 when nothing was recorded.
    double quantile_us(double fraction) const;

  private:
    static constexpr std::size_t kBuckets = 1024;

    std::array<std::uint64_t, kBuckets> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ns_ = 0;
};

}  // namespace keel::bench
