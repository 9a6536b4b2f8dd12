// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/memory_doctor.h"

#include <catch2/catch.hpp>

using namespace keel;

namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;

MemoryReport healthy() {
    MemoryReport report;
    report.used = report.peak = 100 * kMegabyte;
    report.resident = 105 * kMegabyte;
    report.allocator = {100 * kMegabyte, 101 * kMegabyte, 103 * kMegabyte, 0};
    return report;
}

bool says(const MemoryReport& report, const char* words, std::size_t clients = 1) {
    return memory_advice(report, clients).find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("memory doctor: a healthy server hears so, an empty one that nothing can be said") {
    CHECK(says(healthy(), "No problem"));
    MemoryReport empty = healthy();
    empty.used = kMegabyte;
    CHECK(says(empty, "Too little"));
}

TEST_CASE("memory doctor: each problem is found by its own figure") {
    MemoryReport report = healthy();
    report.peak = 160 * kMegabyte;
    CHECK(says(report, "Peak memory"));
    report = healthy();
    report.resident = 150 * kMegabyte;
    CHECK(says(report, "High total RSS"));
    CHECK(says(report, "High process RSS overhead"));
    report = healthy();
    report.allocator.active = 115 * kMegabyte;
    CHECK(says(report, "High allocator fragmentation"));
    report = healthy();
    report.allocator.resident = 120 * kMegabyte;
    CHECK(says(report, "High allocator RSS"));
    report = healthy();
    report.clients_normal = 10 * kMegabyte;
    CHECK(says(report, "Big client buffers", 10));
    CHECK_FALSE(says(report, "Big client buffers", 1000));
}

TEST_CASE("memory doctor: waste of a few megabytes is not worth a word") {
    MemoryReport report = healthy();
    report.used = report.peak = report.allocator.allocated = 6 * kMegabyte;
    report.allocator.active = 7 * kMegabyte;
    report.allocator.resident = 9 * kMegabyte;
    report.resident = 14 * kMegabyte;
    CHECK(says(report, "No problem"));
}
