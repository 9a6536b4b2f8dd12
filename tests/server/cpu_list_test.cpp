// SPDX-License-Identifier: BSD-3-Clause
#include "server/cpu_list.h"

#include <sched.h>
#include <catch2/catch.hpp>

#include <thread>

using namespace keel;

namespace {
std::vector<int> cpus(Bytes list) {
    auto parsed = parse_cpu_list(list);
    return parsed ? *std::move(parsed) : std::vector<int>{-1};
}
}  // namespace

TEST_CASE("cpu lists: single ones, ranges, steps") {
    CHECK(cpus("0") == std::vector<int>{0});
    CHECK(cpus("0,2,4-6") == std::vector<int>{0, 2, 4, 5, 6});
    CHECK(cpus("0-7:2") == std::vector<int>{0, 2, 4, 6});
    CHECK(cpus("3-3,1023") == std::vector<int>{3, 1023});
    CHECK(cpus("").empty());
    for (const Bytes wrong :
         {",", "1,", ",1", "a", "1-", "-1", "2-1", "0-3:0", "0-3:", "0:2", "1 2", "1024", "0-1024", "1--2"})
        CHECK_FALSE(parse_cpu_list(wrong));
}

TEST_CASE("cpu lists: a thread is bound, unless the list is wrong") {
    std::thread{[] {
        cpu_set_t before;
        REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
        int cpu = 0;
        while (!CPU_ISSET(static_cast<std::size_t>(cpu), &before)) ++cpu;
        cpu_set_t now;
        bind_thread("server-cpulist", "x");
        REQUIRE(sched_getaffinity(0, sizeof(now), &now) == 0);
        CHECK(CPU_EQUAL(&before, &now));
        bind_thread("server-cpulist", std::to_string(cpu));
        REQUIRE(sched_getaffinity(0, sizeof(now), &now) == 0);
        CHECK(CPU_COUNT(&now) == 1);
        CHECK(CPU_ISSET(static_cast<std::size_t>(cpu), &now));
    }}.join();
}
