// SPDX-License-Identifier: BSD-3-Clause
//
// What the deadline index costs: nanoseconds for each call and bytes for each item, at a given number of items
// (the first argument; a million if absent). The items themselves are touched as a server would touch them.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "datatypes/keyspace/deadlines.h"
#include "protocol/base/random.h"

using namespace keel;

namespace {

struct Thing {
    UnixMs deadline;
    char rest[56];  // an entry's other bytes: neighbours share no cache line
};

struct ThingTraits {
    using Item = Thing;
    static UnixMs deadline(const Thing* thing) { return thing->deadline; }
};

template <typename F>
double ns_each(std::size_t count, F body) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) body(i);
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / static_cast<double>(count);
}

void measure(const char* what, std::size_t count, UnixMs spread_ms) {
    constexpr UnixMs kNow = 1'700'000'000'000;
    Random random(42);
    std::vector<Thing> all(count);
    const auto draw = [&] { return kNow + static_cast<UnixMs>(random.below(static_cast<std::uint64_t>(spread_ms))); };
    for (auto& thing : all) thing.deadline = draw();
    std::vector<std::uint32_t> order(count);
    for (auto& at : order) at = static_cast<std::uint32_t>(random.below(count));

    DeadlineIndex<ThingTraits> index;
    const double insert = ns_each(count, [&](std::size_t i) { index.insert(&all[i]); });
    const double bytes = static_cast<double>(index.memory_bytes()) / static_cast<double>(count);
    // The item was fetched before its command ran, as the server does for a batch; what a draw costs is taken off.
    UnixMs sum = 0;
    const double drawing = ns_each(count, [&](std::size_t) { sum += draw(); });
    if (sum == 0) std::abort();
    const double renew = ns_each(count, [&](std::size_t i) {
        __builtin_prefetch(&all[order[(i + 8) % count]]);
        Thing* thing = &all[order[i]];
        index.erase(thing);
        thing->deadline = draw();
        index.insert(thing);
    });
    const double bytes_later = static_cast<double>(index.memory_bytes()) / static_cast<double>(count);
    const double pop = ns_each(count, [&](std::size_t) {
        if (index.pop_due(kNow + spread_ms) == nullptr) std::abort();
    });
    fmt::print(
        "{:<12} insert {:6.1f} ns   erase+insert {:6.1f} ns   pop {:6.1f} ns   {:5.2f} B, later "
        "{:5.2f} B\n",
        what, insert, renew - drawing, pop, bytes, bytes_later);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    measure("one ms", count, 1);
    measure("ten seconds", count, 10'000);
    measure("a day", count, 86'400'000);
    measure("a month", count, 30LL * 86'400'000);
    return 0;
}
