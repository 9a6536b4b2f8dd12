// SPDX-License-Identifier: BSD-3-Clause
//
// INFO persistence, replication, cluster. What is copied to others and shared among nodes is idle in this version: its
// fields hold what Redis shows of an idle feature.
#include "server/info/sections.h"
#include "server/server.h"

namespace keel::info {

namespace {

void write_child(const Server& server, InfoText& out) {
    const auto& child = server.snapshots.child().figures();
    const bool running = server.snapshots.child().running();
    const std::int64_t told_s = (server.clock.steady_us() - child.copied_told_us) / 1'000'000;
    const double share = child.keys_total == 0
                             ? 0
                             : 100.0 * static_cast<double>(child.keys_written) / static_cast<double>(child.keys_total);
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

void write_log(const Server& server, InfoText& out) {
    const AppendLog::Figures log = server.append_log.figures();
    out.field("aof_enabled", server.append_log.on() ? 1 : 0);
    out.field("aof_rewrite_in_progress", log.rewriting ? 1 : 0);
    out.field("aof_rewrite_scheduled", log.scheduled ? 1 : 0);
    out.field("aof_last_rewrite_time_sec", log.last_rewrite_s);
    out.field("aof_current_rewrite_time_sec", log.current_rewrite_s);
    out.field("aof_last_bgrewrite_status", log.last_rewrite_ok ? "ok" : "err");
    out.field("aof_rewrites", log.rewrites);
    out.field("aof_rewrites_consecutive_failures", log.failures);
    out.field("aof_last_write_status", log.last_write_ok ? "ok" : "err");
    out.field("aof_last_cow_size", log.last_copied_bytes);
    out.field("module_fork_in_progress", 0);
    out.field("module_fork_last_cow_size", 0);
    if (!server.append_log.on()) return;
    out.field("aof_current_size", log.current_bytes);
    out.field("aof_base_size", log.base_bytes);
    out.field("aof_pending_rewrite", log.scheduled ? 1 : 0);
    out.field("aof_buffer_length", log.buffer_bytes);
    out.field("aof_pending_bio_fsync", log.sync_pending ? 1 : 0);
    out.field("aof_delayed_fsync", log.delayed_syncs);
}

void write_loading(const Loading& loading, InfoText& out) {
    if (!loading.active()) return;
    out.field("loading_start_time", loading.started_s());
    out.field("loading_total_bytes", loading.total_bytes());
    out.field("loading_rdb_used_mem", loading.memory_bytes());
    out.field("loading_loaded_bytes", loading.loaded_bytes());
    out.decimal("loading_loaded_perc", loading.percent(), 2);
    out.field("loading_eta_seconds", loading.left_s());
}

}  // namespace

void persistence(const Server& server, InfoText& out) {
    out.field("loading", server.loading.active() ? 1 : 0);
    out.field("async_loading", 0);
    write_child(server, out);
    write_snapshots(server, out);
    write_log(server, out);
    write_loading(server.loading, out);
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

void cluster(const Server& server, InfoText& out) {
    out.field("cluster_enabled", server.settings.cluster.enabled ? 1 : 0);
}

}  // namespace keel::info
