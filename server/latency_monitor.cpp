// SPDX-License-Identifier: BSD-3-Clause
#include "server/latency_monitor.h"

#include <algorithm>

#include "server/cycle_clock.h"

namespace keel {

std::uint64_t LatencyHistogram::count(const std::uint32_t* steps) noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kSteps; ++i) total += steps[i];
    return total;
}

std::uint64_t LatencyHistogram::quantile_ns(const std::uint32_t* steps, double q) noexcept {
    const std::uint64_t total = count(steps);
    if (total == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(total - 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kSteps; ++i) {
        seen += steps[i];
        if (seen > wanted) return upper_ns(i);
    }
    return upper_ns(kSteps - 1);
}

void LatencyMonitor::note(Bytes event, std::uint64_t started, std::int64_t threshold_ms, const Clock& clock) {
    if (threshold_ms <= 0) return;
    const std::uint64_t took_ms = CycleClock::ns(CycleClock::ticks() - started) / 1'000'000;
    if (took_ms < static_cast<std::uint64_t>(threshold_ms)) return;
    add(event, clock.wall_ms() / 1000, static_cast<std::uint32_t>(took_ms));
}

void LatencyMonitor::add(Bytes event, std::int64_t now_s, std::uint32_t ms) {
    auto found = series_.find(event);
    if (found == series_.end()) found = series_.emplace(event, Series{}).first;
    Series& series = found->second;
    series.worst_ms = std::max(series.worst_ms, ms);
    if (!series.samples.empty() && series.samples.back().time_s == now_s) {
        series.samples.back().ms = std::max(series.samples.back().ms, ms);
        return;
    }
    series.samples.push_back({now_s, ms});
    if (series.samples.size() > kKept) series.samples.pop_front();
}

std::size_t LatencyMonitor::reset(Bytes event) {
    if (event.empty()) {
        const std::size_t all = series_.size();
        series_.clear();
        return all;
    }
    const auto found = series_.find(event);
    if (found == series_.end()) return 0;
    series_.erase(found);
    return 1;
}

const LatencyMonitor::Series* LatencyMonitor::find(Bytes event) const {
    const auto found = series_.find(event);
    return found == series_.end() ? nullptr : &found->second;
}

}  // namespace keel
