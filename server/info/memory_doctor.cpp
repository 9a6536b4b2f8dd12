// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/memory_doctor.h"

#include <vector>

#include "server/info/info_text.h"

namespace keel {

namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kTooLittle = 5 * kMegabyte;       // below: the figures say nothing yet
constexpr std::uint64_t kWorthANote = 10 * kMegabyte;     // waste below this is not worth a word
constexpr std::uint64_t kLargeClient = 200 * 1024;

std::uint64_t above(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

std::vector<std::string> findings(const MemoryReport& report, std::size_t clients) {
    const AllocatorFigures& allocator = report.allocator;
    std::vector<std::string> out;
    if (static_cast<double>(report.peak) > 1.5 * static_cast<double>(report.used)) {
        out.push_back(fmt::format("Peak memory: {} were in use at some time, {} are now. The allocator may hold on to the "
                                  "difference, so resident memory can look too high; MEMORY PURGE gives it back.",
                                  human_bytes(report.peak), human_bytes(report.used)));
    }
    if (report.fragmentation() > 1.4 && above(report.resident, report.used) > kWorthANote) {
        out.push_back(fmt::format("High total RSS: the process holds {:.2f} times the memory that is in use.",
                                  report.fragmentation()));
    }
    if (report.allocator_fragmentation() > 1.1 && above(allocator.active, allocator.allocated) > kWorthANote) {
        out.push_back(fmt::format("High allocator fragmentation: pages in use are {:.2f} times what is allocated in "
                                  "them. Values of changing sizes leave holes; a restart closes them.",
                                  report.allocator_fragmentation()));
    }
    if (report.allocator_rss() > 1.1 && above(allocator.resident, allocator.active) > kWorthANote) {
        out.push_back(fmt::format("High allocator RSS overhead: the allocator keeps {} it could return. MEMORY PURGE "
                                  "makes it do so.", human_bytes(above(allocator.resident, allocator.active))));
    }
    if (report.rss_overhead() > 1.1 && above(report.resident, allocator.resident) > kWorthANote) {
        out.push_back(fmt::format("High process RSS overhead: {} of the process are not the allocator's: libraries, "
                                  "stacks, or scripts.", human_bytes(above(report.resident, allocator.resident))));
    }
    if (clients != 0 && report.clients_normal / clients > kLargeClient) {
        out.push_back(fmt::format("Big client buffers: a client takes {} on average. CLIENT LIST shows which; "
                                  "maxmemory-clients and client-output-buffer-limit bound them.",
                                  human_bytes(report.clients_normal / clients)));
    }
    return out;
}

}  // namespace

std::string memory_advice(const MemoryReport& report, std::size_t clients) {
    if (report.used < kTooLittle) {
        return "Too little memory is in use for a diagnosis: this instance is empty or nearly so.\n";
    }
    const auto found = findings(report, clients);
    if (found.empty()) return "No problem with memory found.\n";
    std::string out = fmt::format("{} found:\n\n", found.size() == 1 ? "One problem" : "Several problems");
    for (const std::string& finding : found) out += " * " + finding + "\n\n";
    return out;
}

}  // namespace keel
