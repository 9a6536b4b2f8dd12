// SPDX-License-Identifier: BSD-3-Clause
//
// Where memory goes, in figures: what INFO memory, MEMORY STATS and MEMORY DOCTOR tell, taken at one moment.
//
// Always true:
//   1. overhead = startup + clients + tables and deadline indexes; dataset is the rest of what is used, so entries
//      (keys with their values) count as data.
//   2. Ratios are 0 where there is nothing to divide by.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/memory_use.h"

namespace keel {

struct Server;

struct MemoryReport {
    std::uint64_t used = 0;      // allocated and in use
    std::uint64_t peak = 0;      // the most that was ever used
    std::uint64_t startup = 0;   // used when the server had just been built
    std::uint64_t resident = 0;  // of the machine's memory, as the kernel counts it
    std::uint64_t overhead = 0;
    std::uint64_t dataset = 0;
    AllocatorFigures allocator;  // where the allocator does not tell: used, and resident
    std::uint64_t clients_normal = 0;
    std::uint64_t clients_replica = 0;
    std::uint64_t log = 0;           // what the append-only log has not on the disk
    std::uint64_t eval_scripts = 0;  // their interpreter and their sources
    std::uint64_t libraries = 0;     // of functions, the same
    std::uint64_t keys = 0;

    struct Db {
        int index;
        std::uint64_t table_bytes;
        std::uint64_t deadline_bytes;
    };
    std::vector<Db> dbs;  // those with keys

    [[nodiscard]] double dataset_percent() const;
    [[nodiscard]] double peak_percent() const;
    [[nodiscard]] double fragmentation() const;            // resident over used
    [[nodiscard]] double allocator_fragmentation() const;  // pages over allocations
    [[nodiscard]] double allocator_rss() const;            // held from the kernel over pages in use
    [[nodiscard]] double rss_overhead() const;             // the process over its allocator
};

// O(clients + databases), and a look into /proc.
[[nodiscard]] MemoryReport memory_report(const Server& server);

}  // namespace keel
