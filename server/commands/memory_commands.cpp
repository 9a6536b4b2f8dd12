// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/memory_commands.h"

#include "datatypes/command/help.h"
#include "datatypes/encodings/small_heap.h"
#include "server/info/info_text.h"
#include "server/info/memory_doctor.h"
#include "server/server.h"

namespace keel {

namespace {

// Bytes that a key takes: its entry, its part of the table and of the deadline index, and what its value owns.
std::size_t key_bytes(const Database& db, const Entry& entry, std::size_t samples) {
    const ValueRef value = entry.value();
    std::size_t bytes = entry.allocated_bytes();
    bytes += db.table().memory_bytes() / std::max<std::size_t>(db.size(), 1);
    if (entry.has_deadline()) bytes += db.deadline_bytes_each();
    return bytes + type_ops(value.type).memory(value, samples);
}

// A map whose length is known at its end.
class MapReply {
  public:
    explicit MapReply(Reply& reply) : reply_(reply), length_(reply.deferred_map()) {}
    void integer(Bytes name, std::uint64_t value) {
        reply_.bulk(name);
        reply_.integer(static_cast<std::int64_t>(value));
        ++count_;
    }
    void difference(Bytes name, std::uint64_t a, std::uint64_t b) {
        reply_.bulk(name);
        reply_.integer(static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b));
        ++count_;
    }
    void number(Bytes name, double value) {
        reply_.bulk(name);
        reply_.number(value);
        ++count_;
    }
    void db(const MemoryReport::Db& db) {
        reply_.bulk(fmt::format("db.{}", db.index));
        reply_.map(2);
        reply_.bulk("overhead.hashtable.main");
        reply_.integer(static_cast<std::int64_t>(db.table_bytes));
        reply_.bulk("overhead.hashtable.expires");
        reply_.integer(static_cast<std::int64_t>(db.deadline_bytes));
        ++count_;
    }
    void end() { length_.end(count_); }

  private:
    Reply& reply_;
    DeferredLength length_;
    std::size_t count_ = 0;
};

void write_parts(const MemoryReport& report, MapReply& map) {
    map.integer("peak.allocated", report.peak);
    map.integer("total.allocated", report.used);
    map.integer("startup.allocated", report.startup);
    map.integer("replication.backlog", 0);  // this and the next of replication and cluster: idle
    map.integer("clients.slaves", report.clients_replica);
    map.integer("clients.normal", report.clients_normal);
    map.integer("cluster.links", 0);
    map.integer("aof.buffer", report.log);
    map.integer("lua.caches", report.eval_scripts);
    map.integer("functions.caches", report.libraries);
    std::uint64_t tables = 0;
    for (const MemoryReport::Db& db : report.dbs) {
        map.db(db);
        tables += db.table_bytes;
    }
    map.integer("overhead.db.hashtable.lut", tables);
    map.integer("overhead.db.hashtable.rehashing", 0);  // a table grows in place
    map.integer("db.dict.rehashing.count", 0);
    map.integer("overhead.total", report.overhead);
}

void write_shares(const MemoryReport& report, MapReply& map) {
    const std::uint64_t grown = report.used > report.startup ? report.used - report.startup : 0;
    map.integer("keys.count", report.keys);
    map.integer("keys.bytes-per-key", report.keys == 0 ? 0 : grown / report.keys);
    map.integer("dataset.bytes", report.dataset);
    map.number("dataset.percentage", report.dataset_percent());
    map.number("peak.percentage", report.peak_percent());
}

void write_allocator(const MemoryReport& report, MapReply& map) {
    const AllocatorFigures& allocator = report.allocator;
    map.integer("allocator.allocated", allocator.allocated);
    map.integer("allocator.active", allocator.active);
    map.integer("allocator.resident", allocator.resident);
    map.integer("allocator.muzzy", allocator.muzzy);
    map.number("allocator-fragmentation.ratio", report.allocator_fragmentation());
    map.difference("allocator-fragmentation.bytes", allocator.active, allocator.allocated);
    map.number("allocator-rss.ratio", report.allocator_rss());
    map.difference("allocator-rss.bytes", allocator.resident, allocator.active);
    map.number("rss-overhead.ratio", report.rss_overhead());
    map.difference("rss-overhead.bytes", report.resident, allocator.resident);
    map.number("fragmentation", report.fragmentation());
    map.difference("fragmentation.bytes", report.resident, report.used);
}

}  // namespace

// MEMORY USAGE key [SAMPLES count]
Status MemoryCommands::usage(Context& cx) {
    constexpr std::int64_t kUsualSamples = 5;
    const Key key = cx.next_key();
    std::int64_t samples = kUsualSamples;
    while (cx.args.more()) {
        if (!cx.args.accept_with_value("SAMPLES")) return errors::kSyntax;
        samples = cx.args.next<std::int64_t>();
        KEEL_TRY(cx.args.checked());
        if (samples < 0) return errors::kSyntax;
    }
    const Entry* entry = cx.db().peek(key);
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    cx.reply().integer(static_cast<std::int64_t>(key_bytes(cx.db(), *entry, static_cast<std::size_t>(samples))));
    return {};
}

// MEMORY STATS
Status MemoryCommands::stats(Context& cx) {
    const MemoryReport report = memory_report(server_);
    MapReply map{cx.reply()};
    write_parts(report, map);
    write_shares(report, map);
    write_allocator(report, map);
    map.end();
    return {};
}

// MEMORY DOCTOR
Status MemoryCommands::doctor(Context& cx) {
    cx.reply().verbatim("txt", memory_advice(memory_report(server_), server_.clients.count()));
    return {};
}

// MEMORY PURGE
Status MemoryCommands::purge(Context& cx) {
    if (!small_heap().shared()) small_heap().trim();  // not while another thread frees
    if (!purge_allocator()) return Error{"ERR Error purging dirty pages"};
    cx.reply().ok();
    return {};
}

// MEMORY MALLOC-STATS
Status MemoryCommands::malloc_stats(Context& cx) {
    cx.reply().verbatim("txt", allocator_report());
    return {};
}

std::span<const CommandSpec> MemoryCommands::rows() {
    using C = MemoryCommands;
    static constexpr Bytes kShown[] = {"nondeterministic_output", "request_policy:all_shards",
                                       "response_policy:special"};
    static constexpr Bytes kPurged[] = {"request_policy:all_shards", "response_policy:all_succeeded"};
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "usage",
         .run = method<&C::usage>,
         .arity = at_least(3),
         .flags = Flag::readonly,
         .keys = one_key(Use::ro, 2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "O(N) where N is the number of samples.",
         .summary = "Estimates the memory that a key takes.",
         .syntax = "key [SAMPLES count:integer]"},
        {.name = "stats",
         .run = method<&C::stats>,
         .arity = exactly(2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "O(1)",
         .summary = "Tells where memory goes.",
         .tips = kShown},
        {.name = "doctor",
         .run = method<&C::doctor>,
         .arity = exactly(2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "O(1)",
         .summary = "Looks for problems with memory and says what to do.",
         .tips = kShown},
        {.name = "purge",
         .run = method<&C::purge>,
         .arity = exactly(2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "Depends on how much memory is allocated, could be slow",
         .summary = "Gives memory that is not in use back to the system.",
         .tips = kPurged},
        {.name = "malloc-stats",
         .run = method<&C::malloc_stats>,
         .arity = exactly(2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "Depends on how much memory is allocated, could be slow",
         .summary = "Shows the allocator's own report.",
         .tips = kShown},
        help_row(Group::server, "4.0.0"),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "memory",
         .arity = at_least(2),
         .group = Group::server,
         .since = "4.0.0",
         .complexity = "Depends on subcommand.",
         .summary = "Commands about memory.",
         .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
