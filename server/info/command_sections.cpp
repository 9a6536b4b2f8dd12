// SPDX-License-Identifier: BSD-3-Clause
//
// INFO commandstats, errorstats, latencystats: what is counted for each command and each error.
#include "server/info/sections.h"
#include "server/server.h"

namespace keel::info {

namespace {

// "99.9", "50": a percentile without the zeros that say nothing.
std::string percentile_text(double percentile) {
    std::string text = fmt::format("{:.3f}", percentile);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

double microseconds(std::uint64_t ns) { return static_cast<double>(ns) / 1000; }

}  // namespace

void command_stats(const Server& server, InfoText& out) {
    server.registry.each([&out](const Command& command) {
        const CommandStats& stats = command.stats;
        if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
        const double mean_us = share(microseconds(stats.ns), static_cast<double>(stats.calls));
        out.field(fmt::format("cmdstat_{}", command.name()),
                  fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}", stats.calls,
                              stats.ns / 1000, mean_us, stats.rejected, stats.failed));
    });
}

void error_stats(const Server& server, InfoText& out) {
    for (const auto& [code, count] : server.stats.errors) {
        out.field(fmt::format("errorstat_{}", code), fmt::format("count={}", count));
    }
}

void latency_stats(const Server& server, InfoText& out) {
    if (!server.settings.latency.tracking) return;
    server.registry.each([&](const Command& command) {
        const std::uint32_t* steps = command.stats.histogram.get();
        if (steps == nullptr || LatencyHistogram::count(steps) == 0) return;
        std::string line;
        for (const double percentile : server.settings.latency.percentiles) {
            const double us = microseconds(LatencyHistogram::quantile_ns(steps, percentile / 100));
            line += fmt::format("{}p{}={:.3f}", line.empty() ? "" : ",", percentile_text(percentile), us);
        }
        out.field(fmt::format("latency_percentiles_usec_{}", command.name()), line);
    });
}

}  // namespace keel::info
