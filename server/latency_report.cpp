// SPDX-License-Identifier: BSD-3-Clause
#include "server/latency_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace keel {

namespace {

constexpr std::size_t kGraphColumns = 80;
constexpr std::size_t kGraphRows = 5;

using Samples = std::deque<LatencyMonitor::Sample>;

// "12s", "5m", "3h", "9d"
std::string age_text(std::int64_t seconds) {
    if (seconds < 60) return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    if (seconds < 3600) return fmt::format("{}m", seconds / 60);
    if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
    return fmt::format("{}d", seconds / 86400);
}

// Rows that a sample fills, 1 to kGraphRows.
std::size_t bar_height(std::uint32_t ms, std::uint32_t low, std::uint32_t high) {
    if (high == low) return 1;
    return 1 + static_cast<std::size_t>(ms - low) * (kGraphRows - 1) / (high - low);
}

void append_line(std::string& out, std::string line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + '\n';
}

struct Summary {
    double mean_ms = 0;
    double deviation_ms = 0;  // mean absolute
    double period_s = 0;      // between samples
};

Summary summarize(const Samples& samples) {
    Summary out;
    const auto count = static_cast<double>(samples.size());
    for (const auto& sample : samples) out.mean_ms += sample.ms / count;
    for (const auto& sample : samples) out.deviation_ms += std::abs(sample.ms - out.mean_ms) / count;
    const auto span = static_cast<double>(samples.back().time_s - samples.front().time_s);
    if (samples.size() > 1) out.period_s = span / (count - 1);
    return out;
}

// What usually makes this event slow, and what helps.
Bytes advice_for(Bytes event) {
    if (event == "command")
        return "Commands with work in proportion to their data: SLOWLOG GET names them. Smaller collections, SCAN "
               "in place of KEYS, and fewer elements per call keep them short.";
    if (event == "fast-command")
        return "Even commands with constant work were slow: the process was kept waiting. Look at the machine: swapping, "
               "other processes on its cores, a hypervisor that takes time away.";
    if (event == "expire-cycle")
        return "Very many keys were due at once, or large values expired: spread deadlines, and let large values be freed "
               "in the background (lazyfree-lazy-expire yes).";
    if (event == "eviction-cycle")
        return "Memory was at maxmemory, and making room took long: leave more room, or let evicted values be freed in the "
               "background (lazyfree-lazy-eviction yes).";
    if (event == "expire-del" || event == "eviction-del")
        return "Freeing one value took long, so it was large: let it happen in the background (lazyfree-lazy-expire and "
               "lazyfree-lazy-eviction yes), or keep smaller collections.";
    return "";
}

}  // namespace

std::vector<std::pair<std::uint64_t, std::uint64_t>> cumulative_us(const std::uint32_t* steps) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
    std::uint64_t calls = 0;
    std::size_t at = 0;
    for (std::uint64_t us = 1; at < LatencyHistogram::kSteps; us *= 2) {
        const std::uint64_t before = calls;
        while (at < LatencyHistogram::kSteps && LatencyHistogram::upper_ns(at) <= us * 1000) calls += steps[at++];
        if (calls != before) out.emplace_back(us, calls);
    }
    return out;
}

std::string latency_graph(Bytes event, const LatencyMonitor::Series& series, std::int64_t now_s) {
    const std::size_t shown = std::min(series.samples.size(), kGraphColumns);
    const Samples samples(series.samples.end() - static_cast<std::ptrdiff_t>(shown), series.samples.end());
    const auto less = [](const auto& a, const auto& b) { return a.ms < b.ms; };
    const std::uint32_t low = std::min_element(samples.begin(), samples.end(), less)->ms;
    const std::uint32_t high = std::max_element(samples.begin(), samples.end(), less)->ms;

    std::string out = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", event, high, low, series.worst_ms);
    out += std::string(kGraphColumns, '-') + '\n';
    for (std::size_t row = kGraphRows; row > 0; --row) {
        std::string line;
        for (const auto& sample : samples) line += bar_height(sample.ms, low, high) >= row ? '#' : ' ';
        append_line(out, line);
    }
    std::vector<std::string> ages;
    std::size_t longest = 0;
    for (const auto& sample : samples) {
        ages.push_back(age_text(now_s - sample.time_s));
        longest = std::max(longest, ages.back().size());
    }
    out += '\n';
    for (std::size_t letter = 0; letter < longest; ++letter) {
        std::string line;
        for (const std::string& age : ages) line += letter < age.size() ? age[letter] : ' ';
        append_line(out, line);
    }
    return out;
}

std::string latency_advice(const LatencyMonitor& monitor, bool watching) {
    if (!watching && monitor.all().empty()) {
        return "Latency monitoring is disabled: nothing is known. 'CONFIG SET latency-monitor-threshold <milliseconds>' "
               "turns it on; events that take at least so long are then kept.\n";
    }
    if (monitor.all().empty()) return "No event took longer than latency-monitor-threshold since the start or the last reset.\n";
    std::string out = "Events that took longer than latency-monitor-threshold:\n\n";
    std::size_t number = 0;
    for (const auto& [event, series] : monitor.all()) {
        const Summary summary = summarize(series.samples);
        out += fmt::format("{}. {}: {} latency spikes (average {:.0f}ms, mean deviation {:.0f}ms, period {:.2f} sec). "
                           "Worst all time event {}ms.\n",
                           ++number, event, series.samples.size(), summary.mean_ms, summary.deviation_ms, summary.period_s,
                           series.worst_ms);
    }
    out += "\nWhat may help:\n\n";
    for (const auto& [event, series] : monitor.all()) {
        const Bytes advice = advice_for(event);
        if (!advice.empty()) out += fmt::format("- {}: {}\n", event, advice);
    }
    return out;
}

}  // namespace keel
