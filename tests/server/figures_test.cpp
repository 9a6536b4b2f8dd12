// SPDX-License-Identifier: BSD-3-Clause
//
// The small parts that keep figures: histograms, rates, the logs of calls, the latency monitor, the pause.
#include <catch2/catch.hpp>

#include <vector>

#include "datatypes/keyspace/lag_histogram.h"
#include "server/call_log.h"
#include "server/latency_monitor.h"
#include "server/pause.h"
#include "server/stats.h"

using namespace keel;

TEST_CASE("latency histogram: every time falls into a step that bounds it by at most a quarter more") {
    for (std::uint64_t ns = 0; ns < 4'000'000'000; ns = ns + 1 + ns / 7) {
        const std::size_t step = LatencyHistogram::step_of(ns);
        const std::uint64_t upper = LatencyHistogram::upper_ns(step);
        CAPTURE(ns, step, upper);
        REQUIRE(upper >= ns);
        REQUIRE(upper <= ns + ns / 4 + 1);
        if (step > 0) REQUIRE(LatencyHistogram::upper_ns(step - 1) < ns);
    }
}

TEST_CASE("latency histogram: a quantile is the step that so many calls did not exceed") {
    std::vector<std::uint32_t> steps(LatencyHistogram::kSteps);
    for (int i = 0; i < 99; ++i) ++steps[LatencyHistogram::step_of(1000)];
    ++steps[LatencyHistogram::step_of(1'000'000)];
    CHECK(LatencyHistogram::count(steps.data()) == 100);
    CHECK(LatencyHistogram::quantile_ns(steps.data(), 0.5) < 1300);
    CHECK(LatencyHistogram::quantile_ns(steps.data(), 1.0) >= 1'000'000);
}

TEST_CASE("lag histogram: quantiles within a step, the largest exact") {
    LagHistogram lags;
    for (int ms = 0; ms < 1000; ++ms) lags.add(ms);
    CHECK(lags.count() == 1000);
    CHECK(lags.largest_ms() == 999);
    CHECK(lags.quantile_ms(0.5) >= 500);
    CHECK(lags.quantile_ms(0.5) <= 640);
    CHECK(lags.quantile_ms(0.99) >= 990);
    lags.add(-5);  // a clock that went back is not late
    CHECK(lags.quantile_ms(0) == 0);
}

TEST_CASE("call log: keeps the newest, shortens long words and many words") {
    CallLog log;
    const std::string long_word(1000, 'x');
    std::vector<Bytes> words(100, long_word);
    log.add(words, 5, 1, "a:1", "n", 2);
    log.add(std::vector<Bytes>{"get", "k"}, 6, 2, "a:1", "n", 2);
    log.add(std::vector<Bytes>{"get", "k2"}, 7, 3, "a:1", "n", 2);
    REQUIRE(log.entries().size() == 2);
    CHECK(log.entries()[0].id == 2);
    CHECK(log.entries()[0].words[1] == "k2");
    log.trim(1);
    CHECK(log.entries().size() == 1);
    CallLog other;
    other.add(words, 5, 1, "a:1", "n", 2);
    REQUIRE(other.entries()[0].words.size() == 32);
    CHECK(other.entries()[0].words[0] == std::string(128, 'x') + "... (872 more bytes)");
    CHECK(other.entries()[0].words[31] == "... (69 more arguments)");
}

TEST_CASE("latency monitor: one sample a second, the worst, and the last 160 of them") {
    LatencyMonitor monitor;
    monitor.add("command", 1, 10);
    monitor.add("command", 1, 30);
    monitor.add("command", 1, 20);
    REQUIRE(monitor.find("command") != nullptr);
    CHECK(monitor.find("command")->samples.size() == 1);
    CHECK(monitor.find("command")->samples[0].ms == 30);
    for (int second = 2; second < 300; ++second) monitor.add("command", second, 5);
    CHECK(monitor.find("command")->samples.size() == 160);
    CHECK(monitor.find("command")->worst_ms == 30);
    CHECK(monitor.reset("nothing") == 0);
    CHECK(monitor.reset("command") == 1);
    CHECK(monitor.find("command") == nullptr);
}

TEST_CASE("pause: the stricter mode and the later end win; time ends it") {
    Pause pause;
    pause.begin(Pause::Mode::all, 100);
    pause.begin(Pause::Mode::writes, 50);
    CHECK(pause.mode() == Pause::Mode::all);
    CHECK(pause.until_ms() == 100);
    CHECK_FALSE(pause.expire(99));
    CHECK(pause.expire(100));
    CHECK_FALSE(pause.active());
}

TEST_CASE("stats: errors are counted by code, and made-up codes do not fill memory") {
    Stats stats;
    stats.count_error("WRONGTYPE Operation");
    stats.count_error("WRONGTYPE again");
    CHECK(stats.errors.at("WRONGTYPE") == 2);
    stats.count_error("alone");
    stats.count_error("");
    stats.count_error(std::string(100, 'x') + " long");
    CHECK(stats.errors.at("ERR") == 3);
    for (int i = 0; i < 1000; ++i) stats.count_error("E" + std::to_string(i) + " x");
    CHECK(stats.errors.size() <= 128);
    CHECK(stats.error_replies == 1005);
}
