// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: replication.
#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto repl = field<&Settings::replication, Member>;

constexpr Named<Replication::DisklessLoad> kDisklessLoad[] = {
    {"disabled", Replication::DisklessLoad::disabled},
    {"on-empty-db", Replication::DisklessLoad::on_empty_db},
    {"swapdb", Replication::DisklessLoad::swapdb},
    {"flush-before-load", Replication::DisklessLoad::flush_before_load}};

constexpr Named<Replication::PropagationError> kPropagationError[] = {
    {"ignore", Replication::PropagationError::ignore},
    {"panic", Replication::PropagationError::panic},
    {"panic-on-replicas", Replication::PropagationError::panic_on_replicas}};

void add_replica(Rows& rows) {
    rows.push_back(
        replica_of({ParameterFlag::immutable, ParameterFlag::multi_word}, "The primary we follow: host and port.")
            .also("slaveof"));
    rows.push_back(
        string("masterauth", repl<&Replication::primary_auth>, ParameterFlag::sensitive, "Password for the primary.")
            .also("primaryauth"));
    rows.push_back(
        string("masteruser", repl<&Replication::primary_user>, ParameterFlag::sensitive, "ACL user for the primary.")
            .also("primaryuser"));
    rows.push_back(yes_no("replica-serve-stale-data", repl<&Replication::serve_stale_data>, {},
                          "Answer while the link to the primary is down.")
                       .also("slave-serve-stale-data"));
    rows.push_back(
        yes_no("replica-read-only", repl<&Replication::read_only>, {}, "A replica refuses writes of clients.")
            .also("slave-read-only"));
    rows.push_back(yes_no("replica-ignore-maxmemory", repl<&Replication::ignore_maxmemory>, {},
                          "A replica leaves eviction to its primary.")
                       .also("slave-ignore-maxmemory"));
    rows.push_back(yes_no("replica-lazy-flush", repl<&Replication::lazy_flush>, {},
                          "Empty a replica in the background before a full sync.")
                       .also("slave-lazy-flush"));
    rows.push_back(yes_no("replica-ignore-disk-write-errors", repl<&Replication::ignore_disk_write_errors>, {},
                          "A replica goes on when its disk fails."));
    rows.push_back(integer("replica-priority", repl<&Replication::priority>, {0, kMaxInt}, {},
                           "Rank in a failover, the lowest first; 0 never.")
                       .also("slave-priority"));
    rows.push_back(yes_no("replica-announced", repl<&Replication::announced>, {}, "Sentinels show this replica."));
    rows.push_back(string("replica-announce-ip", repl<&Replication::announce_ip>, {}, "Address that others are told.")
                       .also("slave-announce-ip"));
    rows.push_back(integer("replica-announce-port", repl<&Replication::announce_port>, kPort, {},
                           "Port that others are told; 0 our own.")
                       .also("slave-announce-port"));
    rows.push_back(choice("repl-diskless-load", repl<&Replication::diskless_load>, kDisklessLoad,
                          ParameterFlag::not_loading, "Load a full sync straight from the socket."));
    rows.push_back(memory("replica-full-sync-buffer-limit", repl<&Replication::full_sync_buffer_limit_bytes>,
                          {0, kMaxLong}, {}, "Stream kept by a replica during a full sync; 0 as its output limit."));
}

void add_primary(Rows& rows) {
    rows.push_back(
        yes_no("repl-diskless-sync", repl<&Replication::diskless_sync>, {}, "Send a full sync without a file."));
    rows.push_back(integer("repl-diskless-sync-delay", repl<&Replication::diskless_sync_delay_s>, {0, kMaxInt}, {},
                           "Seconds to wait for more replicas before a full sync."));
    rows.push_back(integer("repl-diskless-sync-max-replicas", repl<&Replication::diskless_sync_max_replicas>,
                           {0, kMaxInt}, {}, "Replicas that end the wait; 0 any number waits."));
    rows.push_back(yes_no("dual-channel-replication-enabled", repl<&Replication::dual_channel>, {},
                          "Full sync and stream on two links (Valkey)."));
    rows.push_back(yes_no("repl-rdb-channel", repl<&Replication::rdb_channel>, ParameterFlag::hidden,
                          "Full sync and stream on two links (Redis)."));
    rows.push_back(yes_no("repl-disable-tcp-nodelay", repl<&Replication::disable_tcp_nodelay>, {},
                          "Fewer, larger packets to replicas, a little later."));
    rows.push_back(integer("repl-timeout", repl<&Replication::timeout_s>, {1, kMaxInt}, {},
                           "Seconds of silence after which a link is dead."));
    rows.push_back(integer("repl-ping-replica-period", repl<&Replication::ping_period_s>, {1, kMaxInt}, {},
                           "Seconds between pings to replicas.")
                       .also("repl-ping-slave-period"));
    rows.push_back(memory("repl-backlog-size", repl<&Replication::backlog_bytes>, {1, kMaxLong}, {},
                          "Stream kept for replicas that come back."));
    rows.push_back(integer("repl-backlog-ttl", repl<&Replication::backlog_ttl_s>, {0, kMaxLong}, {},
                           "Seconds after which the backlog is freed when no replica is left; 0 never."));
    rows.push_back(integer("min-replicas-to-write", repl<&Replication::min_replicas_to_write>, {0, kMaxInt}, {},
                           "Replicas that must follow closely, or writes are refused.")
                       .also("min-slaves-to-write"));
    rows.push_back(integer("min-replicas-max-lag", repl<&Replication::min_replicas_max_lag_s>, {0, kMaxInt}, {},
                           "Seconds of lag up to which a replica follows closely.")
                       .also("min-slaves-max-lag"));
    rows.push_back(choice("propagation-error-behavior", repl<&Replication::propagation_error>, kPropagationError, {},
                          "What a replica does when a command of its primary fails."));
}

}  // namespace

void add_replication_rows(Rows& rows) {
    add_replica(rows);
    add_primary(rows);
}

}  // namespace keel
