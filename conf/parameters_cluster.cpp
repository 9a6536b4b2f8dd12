// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: the cluster.
#include "conf/checks.h"
#include "conf/parameters.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto clu = field<&Settings::cluster, Member>;

constexpr Named<Cluster::SaveBehavior> kSaveBehavior[] = {{"sync", Cluster::SaveBehavior::sync},
                                                          {"best-effort", Cluster::SaveBehavior::best_effort}};

constexpr Named<Cluster::Endpoint> kEndpoints[] = {{"ip", Cluster::Endpoint::ip},
                                                   {"hostname", Cluster::Endpoint::hostname},
                                                   {"unknown-endpoint", Cluster::Endpoint::unknown}};

void add_membership(Rows& rows) {
    rows.push_back(
        yes_no("cluster-enabled", clu<&Cluster::enabled>, ParameterFlag::immutable, "Be a node of a cluster."));
    rows.push_back(string("cluster-config-file", clu<&Cluster::config_file>, ParameterFlag::immutable,
                          "File in which the node keeps what it knows of the cluster.")
                       .checked(checks::cluster_file));
    rows.push_back(choice("cluster-config-save-behavior", clu<&Cluster::config_save>, kSaveBehavior, {},
                          "Stop if that file cannot be written, or go on."));
    rows.push_back(integer("cluster-databases", clu<&Cluster::databases>, {1, kMaxInt}, ParameterFlag::immutable,
                           "Number of databases in cluster mode."));
    rows.push_back(integer("cluster-port", clu<&Cluster::bus_port>, kPort, ParameterFlag::immutable,
                           "Port of the cluster bus; 0 port + 10000."));
    rows.push_back(integer("cluster-node-timeout", clu<&Cluster::node_timeout_ms>, {0, kMaxLong}, {},
                           "Milliseconds of silence after which a node is suspected."));
    rows.push_back(integer("cluster-ping-interval", clu<&Cluster::ping_interval_ms>, {0, kMaxLong},
                           ParameterFlag::hidden, "For tests: milliseconds between pings."));
    rows.push_back(integer("cluster-message-gossip-perc", clu<&Cluster::gossip_percent>, {1, 100},
                           ParameterFlag::hidden, "Share of nodes named in a ping."));
    rows.push_back(integer("cluster-blacklist-ttl", clu<&Cluster::blacklist_ttl_s>, {0, kMaxLong}, {},
                           "Seconds for which a forgotten node stays forgotten."));
    rows.push_back(memory("cluster-link-sendbuf-limit", clu<&Cluster::link_send_limit_bytes>, {0, kMaxUlong}, {},
                          "Unsent bytes at which a bus link is closed; 0 unlimited."));
}

void add_failover(Rows& rows) {
    rows.push_back(integer("cluster-replica-validity-factor", clu<&Cluster::replica_validity_factor>, {0, kMaxInt}, {},
                           "How old, in node timeouts, the data of a new primary may be; 0 any.")
                       .also("cluster-slave-validity-factor"));
    rows.push_back(yes_no("cluster-replica-no-failover", clu<&Cluster::replica_no_failover>, {},
                          "This replica never takes over by itself.")
                       .also("cluster-slave-no-failover"));
    rows.push_back(integer("cluster-manual-failover-timeout", clu<&Cluster::manual_failover_timeout_ms>, {1, kMaxInt},
                           {}, "Milliseconds a manual failover may take."));
    rows.push_back(integer("cluster-migration-barrier", clu<&Cluster::migration_barrier>, {0, kMaxInt}, {},
                           "Replicas a primary keeps before one moves to another."));
    rows.push_back(yes_no("cluster-allow-replica-migration", clu<&Cluster::allow_replica_migration>, {},
                          "Replicas move to primaries that have none."));
    rows.push_back(yes_no("cluster-require-full-coverage", clu<&Cluster::require_full_coverage>, {},
                          "Stop answering when a slot has no owner."));
    rows.push_back(yes_no("cluster-allow-reads-when-down", clu<&Cluster::allow_reads_when_down>, {},
                          "Answer reads while the cluster is down."));
    rows.push_back(yes_no("cluster-allow-pubsubshard-when-down", clu<&Cluster::allow_pubsubshard_when_down>, {},
                          "Sharded pub/sub works while the cluster is down."));
}

void add_announcement(Rows& rows) {
    rows.push_back(string("cluster-announce-ip", clu<&Cluster::announce_ip>, {}, "Address that others are told."));
    rows.push_back(integer("cluster-announce-port", clu<&Cluster::announce_port>, kPort, {},
                           "Port that others are told; 0 our own."));
    rows.push_back(integer("cluster-announce-tls-port", clu<&Cluster::announce_tls_port>, kPort, {},
                           "TLS port that others are told; 0 our own."));
    rows.push_back(integer("cluster-announce-bus-port", clu<&Cluster::announce_bus_port>, kPort, {},
                           "Bus port that others are told; 0 our own."));
    rows.push_back(
        string("cluster-announce-hostname", clu<&Cluster::announce_hostname>, {}, "Host name that clients are told.")
            .checked(checks::host_name));
    rows.push_back(
        string("cluster-announce-human-nodename", clu<&Cluster::announce_nodename>, {}, "Name of this node in logs.")
            .checked(checks::node_name));
    rows.push_back(string("cluster-announce-client-ipv4", clu<&Cluster::announce_client_ipv4>, {},
                          "Address that IPv4 clients are told.")
                       .checked(checks::ipv4));
    rows.push_back(string("cluster-announce-client-ipv6", clu<&Cluster::announce_client_ipv6>, {},
                          "Address that IPv6 clients are told.")
                       .checked(checks::ipv6));
    rows.push_back(integer("cluster-announce-client-port", clu<&Cluster::announce_client_port>, kPort, {},
                           "Port that clients are told; 0 as others."));
    rows.push_back(integer("cluster-announce-client-tls-port", clu<&Cluster::announce_client_tls_port>, kPort, {},
                           "TLS port that clients are told; 0 as others."));
    rows.push_back(choice("cluster-preferred-endpoint-type", clu<&Cluster::preferred_endpoint>, kEndpoints, {},
                          "What a redirect names: address, host name, or nothing."));
}

void add_slots(Rows& rows) {
    rows.push_back(yes_no("cluster-slot-stats-enabled", clu<&Cluster::slot_stats>, {}, "Count the use of each slot."));
    rows.push_back(integer("cluster-slot-migration-log-max-len", clu<&Cluster::slot_migration_log_entries>,
                           {0, kMaxLong}, {}, "Finished slot migrations that are remembered."));
    rows.push_back(memory("slot-migration-max-failover-repl-bytes", clu<&Cluster::slot_migration_failover_bytes>,
                          {-1, kMaxLong}, {}, "Unsent bytes at which a slot migration may switch over; -1 any."));
}

}  // namespace

void add_cluster_rows(Rows& rows) {
    add_membership(rows);
    add_failover(rows);
    add_announcement(rows);
    add_slots(rows);
}

}  // namespace keel
