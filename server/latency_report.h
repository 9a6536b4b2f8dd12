// SPDX-License-Identifier: BSD-3-Clause
//
// What latencies look like in words and pictures: LATENCY DOCTOR, GRAPH and HISTOGRAM. Pure functions of the samples.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/latency_monitor.h"

namespace keel {

// Pairs of (microseconds, calls that surely took at most so long), at powers of two of a microsecond, only where the
// number of calls grows; the last pair has all calls.
[[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> cumulative_us(const std::uint32_t* steps);

// A column for each of the last 80 samples, its age below it. The series has at least one sample.
[[nodiscard]] std::string latency_graph(Bytes event, const LatencyMonitor::Series& series, std::int64_t now_s);

// `watching`: latency-monitor-threshold is not zero.
[[nodiscard]] std::string latency_advice(const LatencyMonitor& monitor, bool watching);

}  // namespace keel
