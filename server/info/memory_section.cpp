// SPDX-License-Identifier: BSD-3-Clause
//
// INFO memory.
#include <array>

#include "datatypes/encodings/small_heap.h"
#include "server/info/memory_report.h"
#include "server/info/sections.h"
#include "server/script/scripting.h"
#include "server/server.h"

namespace keel::info {

namespace {

Bytes policy_name(EvictionPolicy policy) {
    static constexpr std::array<Bytes, 8> kNames = {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
                                                    "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction"};
    return kNames[static_cast<std::size_t>(policy)];
}

// May be below zero: what the kernel holds back is counted as ours by the allocator.
std::int64_t difference(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

void write_usage(const MemoryReport& report, InfoText& out) {
    out.size("used_memory", report.used);
    out.size("used_memory_rss", report.resident);
    out.size("used_memory_peak", report.peak);
    out.percent("used_memory_peak_perc", report.peak_percent());
    out.field("used_memory_overhead", report.overhead);
    out.field("used_memory_startup", report.startup);
    out.field("used_memory_dataset", report.dataset);
    out.percent("used_memory_dataset_perc", report.dataset_percent());
    out.field("allocator_allocated", report.allocator.allocated);
    out.field("allocator_active", report.allocator.active);
    out.field("allocator_resident", report.allocator.resident);
    out.field("allocator_muzzy", report.allocator.muzzy);
}

void write_ratios(const MemoryReport& report, InfoText& out) {
    const AllocatorFigures& allocator = report.allocator;
    out.decimal("allocator_frag_ratio", report.allocator_fragmentation(), 2);
    out.field("allocator_frag_bytes", difference(allocator.active, allocator.allocated));
    out.decimal("allocator_rss_ratio", report.allocator_rss(), 2);
    out.field("allocator_rss_bytes", difference(allocator.resident, allocator.active));
    out.decimal("rss_overhead_ratio", report.rss_overhead(), 2);
    out.field("rss_overhead_bytes", difference(report.resident, allocator.resident));
    out.decimal("mem_fragmentation_ratio", report.fragmentation(), 2);
    out.field("mem_fragmentation_bytes", difference(report.resident, report.used));
}

void write_scripts(const script::Scripting& scripting, InfoText& out) {
    const std::size_t eval_vm = scripting.scripts.vm_bytes();
    const std::size_t function_vm = scripting.libraries.vm_bytes();
    const std::size_t sources = scripting.scripts.source_bytes();
    const std::size_t codes = scripting.libraries.code_bytes();
    out.size("used_memory_lua", eval_vm);
    out.field("used_memory_vm_eval", eval_vm);
    out.field("used_memory_scripts_eval", sources);
    out.field("number_of_cached_scripts", scripting.scripts.count());
    out.field("number_of_functions", scripting.libraries.function_count());
    out.field("number_of_libraries", scripting.libraries.count());
    out.field("used_memory_vm_functions", function_vm);
    out.size("used_memory_vm_total", eval_vm + function_vm);
    out.field("used_memory_functions", codes);
    out.size("used_memory_scripts", sources + codes);
}

// Idle: replication, cluster.
void write_buffers(const MemoryReport& report, InfoText& out) {
    out.field("mem_not_counted_for_evict", report.log);
    out.field("mem_replication_backlog", 0);
    out.field("mem_total_replication_buffers", 0);
    out.field("mem_replica_full_sync_buffer", 0);
    out.field("mem_cluster_links", 0);
    out.field("mem_cluster_slot_export", 0);
    out.field("mem_cluster_slot_import", 0);
    out.field("mem_aof_buffer", report.log);
}

}  // namespace

void memory(const Server& server, InfoText& out) {
    const MemoryReport report = memory_report(server);
    write_usage(report, out);
    out.size("total_system_memory", machine_bytes());
    write_scripts(*server.scripting, out);
    out.size("maxmemory", server.settings.memory.max_bytes);
    out.field("maxmemory_policy", policy_name(server.settings.memory.policy));
    write_ratios(report, out);
    write_buffers(report, out);
    out.field("mem_clients_slaves", report.clients_replica);
    out.field("mem_clients_normal", report.clients_normal);
    out.field("mem_overhead_db_hashtable_rehashing", 0);  // a table grows in place: there is never a second one
    out.field("mem_allocator", allocator_name());
    out.field("mem_small_heap_used", small_heap().bytes_used());
    out.field("mem_small_heap_reserved", small_heap().bytes_reserved());
    out.field("active_defrag_running", 0);
    out.field("lazyfree_pending_objects", server.lazy_free.pending_objects());
    out.field("lazyfreed_objects", server.lazy_free.freed_objects());
}

}  // namespace keel::info
