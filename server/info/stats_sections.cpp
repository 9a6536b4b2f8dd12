// SPDX-License-Identifier: BSD-3-Clause
//
// INFO stats, keyspace, debug: what the server did.
#include <cmath>

#include "server/info/sections.h"
#include "server/server.h"

namespace keel::info {

namespace {

double kilobytes(const Rate& bytes) { return bytes.per_second() / 1024; }

std::uint64_t mean(std::uint64_t sum, std::uint64_t count) { return count == 0 ? 0 : sum / count; }

void write_traffic(const Stats& stats, InfoText& out) {
    out.field("total_connections_received", stats.connections_received);
    out.field("total_commands_processed", stats.commands);
    out.field("instantaneous_ops_per_sec", std::llround(stats.commands_rate.per_second()));
    out.field("total_net_input_bytes", stats.bytes_in);
    out.field("total_net_output_bytes", stats.bytes_out);
    out.field("total_net_repl_input_bytes", 0);
    out.field("total_net_repl_output_bytes", 0);
    out.decimal("instantaneous_input_kbps", kilobytes(stats.bytes_in_rate), 2);
    out.decimal("instantaneous_output_kbps", kilobytes(stats.bytes_out_rate), 2);
    out.decimal("instantaneous_input_repl_kbps", 0, 2);
    out.decimal("instantaneous_output_repl_kbps", 0, 2);
    out.field("rejected_connections", stats.connections_rejected);
}

void write_keys(const Server& server, InfoText& out) {
    const KeyspaceCounters& counters = server.keyspace.counters;
    const LagHistogram& lag = server.keyspace.expiry_lag;
    out.field("expired_subkeys", counters.expired_members);
    out.field("expired_fields", counters.expired_members);
    out.field("expired_keys", counters.expired);
    out.decimal("expired_stale_perc", 0, 2);  // an estimate of what sampling missed: here nothing is sampled
    out.field("expired_time_cap_reached_count", counters.expire_cap_reached);
    out.field("expire_cycle_cpu_milliseconds", counters.expire_us / 1000);
    out.field("expire_lag_ms_p50", lag.quantile_ms(0.5));
    out.field("expire_lag_ms_p99", lag.quantile_ms(0.99));
    out.field("expire_lag_ms_max", lag.largest_ms());
    out.field("evicted_keys", counters.evicted);
    out.field("evicted_clients", server.stats.evicted_clients);
    out.field("evicted_scripts", 0);
    out.field("total_eviction_exceeded_time", 0);
    out.field("current_eviction_exceeded_time", 0);
    out.field("keyspace_hits", counters.hits);
    out.field("keyspace_misses", counters.misses);
}

void write_forks(const Server& server, InfoText& out) {
    const ChildProcess::Figures& snapshot = server.snapshots.child().forks();
    const ChildProcess::Figures log = server.append_log.figures().forks;
    const bool log_is_latest = log.last_fork_at_us > snapshot.last_fork_at_us;
    out.field("latest_fork_usec", log_is_latest ? log.last_fork_us : snapshot.last_fork_us);
    out.field("total_forks", snapshot.forks + log.forks);
}

// Idle: replication, defragmentation.
void write_idle(const Server& server, InfoText& out) {
    out.field("migrate_cached_sockets", server.migrations.link_count());
    for (const Bytes name :
         {"sync_full", "sync_partial_ok", "sync_partial_err", "slave_expires_tracked_keys", "active_defrag_hits",
          "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time",
          "current_active_defrag_time", "dump_payload_sanitizations"}) {
        out.field(name, 0);
    }
}

void write_denied(const Stats& stats, InfoText& out) {
    out.field("acl_access_denied_auth", stats.acl_denied_auth);
    out.field("acl_access_denied_cmd", stats.acl_denied_command);
    out.field("acl_access_denied_key", stats.acl_denied_key);
    out.field("acl_access_denied_channel", stats.acl_denied_channel);
    out.field("acl_access_denied_tls_cert", stats.acl_denied_certificate);
}

// Idle: this server has no input and output threads, and its reply buffers have one size.
void write_threads(InfoText& out) {
    out.field("io_threaded_reads_processed", 0);
    out.field("io_threaded_writes_processed", 0);
    out.field("reply_buffer_shrinks", 0);
    out.field("reply_buffer_expands", 0);
}

void write_loop(const Stats& stats, InfoText& out) {
    const LoopTimes& loop = stats.loop;
    out.field("eventloop_cycles", loop.cycles);
    out.field("eventloop_duration_sum", loop.turn_ns / 1000);
    out.field("eventloop_duration_cmd_sum", loop.execute_ns / 1000);
    out.field("eventloop_duration_read_sum", loop.read_ns / 1000);
    out.field("eventloop_duration_record_sum", loop.record_ns / 1000);
    out.field("eventloop_duration_write_sum", loop.write_ns / 1000);
    out.field("eventloop_duration_expire_sum", loop.expire_ns / 1000);
    out.field("instantaneous_eventloop_cycles_per_sec", std::llround(stats.cycles_rate.per_second()));
    out.field("instantaneous_eventloop_duration_usec", mean(loop.turn_ns, loop.cycles) / 1000);
}

}  // namespace

void stats(const Server& server, InfoText& out) {
    const Stats& stats = server.stats;
    write_traffic(stats, out);
    write_keys(server, out);
    out.field("pubsub_channels", server.pubsub.count(TopicKind::channel));
    out.field("pubsub_patterns", server.pubsub.count(TopicKind::pattern));
    out.field("pubsubshard_channels", server.pubsub.count(TopicKind::shard));
    out.field("tracking_total_keys", server.tracking.key_count());
    out.field("tracking_total_items", server.tracking.item_count());
    out.field("tracking_total_prefixes", server.tracking.prefix_count());
    write_forks(server, out);
    write_idle(server, out);
    out.field("unexpected_error_replies", 0);
    out.field("total_error_replies", stats.error_replies);
    out.field("total_reads_processed", stats.reads);
    out.field("total_writes_processed", stats.writes);
    write_threads(out);
    out.field("client_query_buffer_limit_disconnections", stats.query_limit_disconnections);
    out.field("client_output_buffer_limit_disconnections", stats.output_limit_disconnections);
    write_denied(stats, out);
    write_loop(stats, out);
}

void keyspace(const Server& server, InfoText& out) {
    for (int i = 0; i < server.keyspace.count(); ++i) {
        const Database& db = server.keyspace.db(i);
        if (db.size() == 0) continue;
        out.field(fmt::format("db{}", i),
                  fmt::format("keys={},expires={},avg_ttl={},subexpiry={}", db.size(), db.deadline_count(),
                              db.mean_ttl_ms(), db.member_deadline_count()));
    }
}

// What one turn of the loop cost at most, for those who look for stalls.
void debug(const Server& server, InfoText& out) {
    const LoopTimes& loop = server.stats.loop;
    out.field("eventloop_duration_aof_sum", 0);
    out.field("eventloop_duration_cron_sum", loop.cron_ns / 1000);
    out.field("eventloop_duration_max", loop.longest_ns / 1000);
    out.field("eventloop_cmd_per_cycle_max", loop.most_commands);
}

}  // namespace keel::info
