// SPDX-License-Identifier: BSD-3-Clause
//
// INFO persistence, replication, cluster. What is logged, copied to others and shared among nodes is idle in this
// version: its fields hold what Redis shows of an idle feature.
#include "server/info/sections.h"
#include "server/server.h"

namespace keel::info {

namespace {

void write_child(const Server& server, InfoText& out) {
    const auto& child = server.snapshots.child().figures();
    const bool running = server.snapshots.child().running();
    const std::int64_t told_s = (server.clock.steady_us() - child.copied_told_us) / 1'000'000;
    const double share = child.keys_total == 0 ? 0
                                               : 100.0 * static_cast<double>(child.keys_written) /
                                                     static_cast<double>(child.keys_total);
    out.field("current_cow_peak", child.copied_peak);
    out.field("current_cow_size", child.copied_bytes);
    out.field("current_cow_size_age", running && child.copied_bytes != 0 ? told_s : 0);
    out.decimal("current_fork_perc", share, 2);
    out.field("current_save_keys_processed", child.keys_written);
    out.field("current_save_keys_total", child.keys_total);
}

void write_snapshots(const Server& server, InfoText& out) {
    const auto& figures = server.snapshots.figures();
    const SnapshotChild& child = server.snapshots.child();
    const std::int64_t running_s = (server.clock.steady_us() - child.started_us()) / 1'000'000;
    out.field("rdb_changes_since_last_save", server.stats.dirty);
    out.field("rdb_bgsave_in_progress", child.running() ? 1 : 0);
    out.field("rdb_last_save_time", figures.last_save_s);
    out.field("rdb_last_bgsave_status", figures.last_ok ? "ok" : "err");
    out.field("rdb_last_bgsave_time_sec", figures.last_took_s);
    out.field("rdb_current_bgsave_time_sec", child.running() ? running_s : -1);
    out.field("rdb_saves", figures.saves);
    out.field("rdb_last_cow_size", child.figures().last_copied_bytes);
    out.field("rdb_last_load_keys_expired", figures.keys_expired);
    out.field("rdb_last_load_keys_loaded", figures.keys_loaded);
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
    write_child(server, out);
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
