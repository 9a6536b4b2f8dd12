// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench_load/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace keel::bench {

namespace {

constexpr std::uint64_t kLinear = 64;  // microseconds that have a bucket each
constexpr std::uint64_t kStepsPerOctave = 32;

std::size_t bucket_of(std::uint64_t us) {
    if (us < kLinear) return static_cast<std::size_t>(us);
    const auto shift = static_cast<std::uint64_t>(std::bit_width(us)) - 6;  // brings us into 32..63
    return static_cast<std::size_t>(kLinear + (shift - 1) * kStepsPerOctave + ((us >> shift) - kStepsPerOctave));
}

// The first value above bucket i.
std::uint64_t end_of(std::size_t i) {
    if (i < kLinear) return i + 1;
    const std::uint64_t shift = (i - kLinear) / kStepsPerOctave + 1;
    return ((i - kLinear) % kStepsPerOctave + kStepsPerOctave + 1) << shift;
}

}  // namespace

void LatencyHistogram::record(std::uint64_t nanoseconds) {
    max_ns_ = std::max(max_ns_, nanoseconds);
    ++count_;
    ++buckets_[std::min(bucket_of(nanoseconds / 1000), kBuckets - 1)];
}

double LatencyHistogram::quantile_us(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count_) * fraction);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += buckets_[i];
        if (seen > wanted) return std::min(static_cast<double>(end_of(i)), max_us());
    }
    return max_us();
}

}  // namespace keel::bench
