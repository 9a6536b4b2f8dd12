// SPDX-License-Identifier: BSD-3-Clause
#include "server/latency_report.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace keel;

namespace {

using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace

TEST_CASE("latency report: the histogram counts calls that surely took at most so long, and ends with all") {
    std::vector<std::uint32_t> steps(LatencyHistogram::kSteps);
    for (const std::uint64_t ns : {500ULL, 700ULL, 3'000ULL, 1'000'000ULL, 60'000'000'000ULL}) {
        ++steps[LatencyHistogram::step_of(ns)];
    }
    const Pairs pairs = cumulative_us(steps.data());
    REQUIRE(pairs.size() == 4);
    CHECK(pairs[0] == std::pair<std::uint64_t, std::uint64_t>{1, 2});
    CHECK(pairs[1] == std::pair<std::uint64_t, std::uint64_t>{4, 3});
    CHECK(pairs[2].first >= 1024);
    CHECK(pairs[2].second == 4);
    CHECK(pairs[3].second == 5);
    CHECK(cumulative_us(std::vector<std::uint32_t>(LatencyHistogram::kSteps).data()).empty());
}

TEST_CASE("latency report: the graph has a column a sample, as high as it was slow, with its age below") {
    LatencyMonitor monitor;
    monitor.add("command", 1000, 10);
    monitor.add("command", 1940, 50);
    monitor.add("command", 1990, 30);
    const auto lines = lines_of(latency_graph("command", *monitor.find("command"), 2000));
    REQUIRE(lines.size() >= 9);
    CHECK(lines[0] == "command - high 50 ms, low 10 ms (all time high 50 ms)");
    CHECK(lines[2] == " #");
    CHECK(lines[4] == " ##");
    CHECK(lines[6] == "###");
    CHECK(lines[8] == "111");  // 16m, 1m, 10s
    CHECK(lines[9] == "6m0");
    CHECK(lines[10] == "m s");
}

TEST_CASE("latency report: only the last samples that fit a line are drawn") {
    LatencyMonitor monitor;
    for (int i = 0; i < 150; ++i) monitor.add("x", i, static_cast<std::uint32_t>(1 + i % 7));
    for (const std::string& line : lines_of(latency_graph("x", *monitor.find("x"), 200))) CHECK(line.size() <= 80);
}

TEST_CASE("latency report: advice says what is known, and that nothing is when nobody looked") {
    LatencyMonitor monitor;
    CHECK(latency_advice(monitor, false).find("disabled") != std::string::npos);
    CHECK(latency_advice(monitor, true).find("No event") != std::string::npos);
    monitor.add("expire-cycle", 10, 20);
    monitor.add("expire-cycle", 14, 40);
    const std::string advice = latency_advice(monitor, true);
    CHECK(advice.find("1. expire-cycle: 2 latency spikes (average 30ms, mean deviation 10ms, period 4.00 sec). "
                      "Worst all time event 40ms.") != std::string::npos);
    CHECK(advice.find("lazyfree-lazy-expire") != std::string::npos);
}
