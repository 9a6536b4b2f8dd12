// SPDX-License-Identifier: BSD-3-Clause
//
// INFO persistence, replication, cluster. What is kept on disk, copied to others and shared among nodes is idle in
// this version: most fields hold what Redis shows of an idle feature.
#include "server/info/sections.h"
#include "server/server.h"

namespace keel::info {

namespace {

void write_snapshots(const Server& server, InfoText& out) {
    const std::int64_t uptime_us = server.clock.steady_us() - server.facts.started_us;
    out.field("rdb_changes_since_last_save", server.stats.dirty);
    out.field("rdb_bgsave_in_progress", 0);
    out.field("rdb_last_save_time", (server.clock.wall_us() - uptime_us) / 1'000'000);  // none yet: as of the start
    out.field("rdb_last_bgsave_status", "ok");
    out.field("rdb_last_bgsave_time_sec", -1);
    out.field("rdb_current_bgsave_time_sec", -1);
    out.field("rdb_saves", 0);
    out.field("rdb_last_cow_size", 0);
    out.field("rdb_last_load_keys_expired", 0);
    out.field("rdb_last_load_keys_loaded", 0);
}

void write_log(InfoText& out) {
    out.field("aof_enabled", 0);
    out.field("aof_rewrite_in_progress", 0);
    out.field("aof_rewrite_scheduled", 0);
    out.field("aof_last_rewrite_time_sec", -1);
    out.field("aof_current_rewrite_time_sec", -1);
    out.field("aof_last_bgrewrite_status", "ok");
    out.field("aof_rewrites", 0);
    out.field("aof_rewrites_consecutive_failures", 0);
    out.field("aof_last_write_status", "ok");
    out.field("aof_last_cow_size", 0);
    out.field("module_fork_in_progress", 0);
    out.field("module_fork_last_cow_size", 0);
}

}  // namespace

void persistence(const Server& server, InfoText& out) {
    out.field("loading", 0);
    out.field("async_loading", 0);
    out.field("current_cow_peak", 0);
    out.field("current_cow_size", 0);
    out.field("current_cow_size_age", 0);
    out.decimal("current_fork_perc", 0, 2);
    out.field("current_save_keys_processed", 0);
    out.field("current_save_keys_total", 0);
    write_snapshots(server, out);
    write_log(out);
}

void replication(const Server& server, InfoText& out) {
    out.field("role", "master");
    out.field("connected_slaves", 0);
    out.field("replicas_waiting_psync", 0);
    out.field("master_failover_state", "no-failover");
    out.field("master_replid", server.replication_id);
    out.field("master_replid2", std::string(40, '0'));
    out.field("master_repl_offset", 0);
    out.field("second_repl_offset", -1);
    out.field("repl_backlog_active", 0);
    out.field("repl_backlog_size", server.settings.replication.backlog_bytes);
    out.field("repl_backlog_first_byte_offset", 0);
    out.field("repl_backlog_histlen", 0);
}

void cluster(const Server& server, InfoText& out) { out.field("cluster_enabled", server.settings.cluster.enabled ? 1 : 0); }

}  // namespace keel::info
