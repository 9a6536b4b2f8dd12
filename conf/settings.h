// SPDX-License-Identifier: BSD-3-Clause
//
// What the operator may say, as plain fields. A part of the server is lent the one struct of its area and reads
// fields; it never sees a name or a text. The initial value of a field is the default of its parameter: there
// is no second list of defaults.
//
//     file, command line, CONFIG SET --> parameters_*.cpp (name, range, help) --> Settings --> the parts
//
// Always true:
//   1. A field that counts bytes ends in `_bytes`, one that counts time in `_s`, `_ms` or `_us`.
//   2. Every field has exactly one parameter (a row in parameters_*.cpp), and only that row writes it while the
//      server takes settings. (Commands such as REPLICAOF write their fields through Config::edit.)
//   3. The order of the structs below is the order of keel.conf.
//
// Not here: names and ranges (parameters_*.cpp), reading and writing files (config.h, rewrite.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

// ---- Network and clients -----------------------------------------------------------------------------------

enum class Protected : std::uint8_t { no, yes, local };  // `local`: loopback and unix socket only

struct Network {
    std::vector<std::string> bind{"*", "-::*"};  // a leading '-': may fail to bind
    std::string bind_source_address;             // where outgoing links come from; empty: any
    std::int32_t port = 6379;                    // 0: no TCP
    std::int32_t tcp_backlog = 511;
    std::string unix_socket;             // path; empty: none
    std::string unix_socket_group;       // name of the owning group; empty: ours
    std::uint32_t unix_socket_mode = 0;  // permission bits; 0: as umask leaves them
    std::int32_t tcp_keepalive_s = 300;  // 0: off
    bool protected_mode = true;
    bool io_uring = true;  // where the kernel lets us
    std::uint32_t new_connections_per_cycle = 10;
    std::uint32_t new_tls_connections_per_cycle = 1;
};

// At the hard limit a client is dropped at once, at the soft one after soft_s seconds above it. 0: no limit.
struct OutputLimit {
    std::uint64_t hard_bytes = 0;
    std::uint64_t soft_bytes = 0;
    std::int64_t soft_s = 0;
    bool operator==(const OutputLimit&) const = default;
};

// A number of bytes, or a share of another number of bytes.
struct BytesOrPercent {
    std::uint64_t bytes = 0;
    std::uint32_t percent = 0;  // 1 to 100: then `bytes` is 0
    [[nodiscard]] std::uint64_t of(std::uint64_t whole_bytes) const {
        return percent == 0 ? bytes : whole_bytes / 100 * percent + whole_bytes % 100 * percent / 100;
    }
};

struct Clients {
    std::uint32_t max_clients = 10000;
    std::int32_t idle_timeout_s = 0;  // 0: never
    OutputLimit normal_output;
    OutputLimit replica_output{256ULL << 20, 64ULL << 20, 60};
    OutputLimit pubsub_output{32ULL << 20, 8ULL << 20, 60};
    std::uint64_t query_buffer_limit_bytes = 1ULL << 30;
    std::uint64_t max_bulk_bytes = 512ULL << 20;  // the longest argument
    BytesOrPercent max_memory;                    // of all clients together; a share is one of maxmemory
    std::uint64_t tracking_table_max_keys = 1'000'000;
};

struct Tls {
    std::int32_t port = 0;  // 0: no TLS
    std::string cert_file, key_file, key_file_pass;
    std::string client_cert_file, client_key_file, client_key_file_pass;  // empty: as for the server side
    std::string dh_params_file, ca_cert_file, ca_cert_dir;
    enum class AuthClients : std::uint8_t { no, yes, optional } auth_clients = AuthClients::yes;
    enum class AuthUser : std::uint8_t { off, common_name, uri } auth_clients_user = AuthUser::off;
    bool replication = false;
    bool cluster = false;
    std::string protocols;  // such as "TLSv1.2 TLSv1.3"; empty: both
    std::string ciphers, ciphersuites;
    bool prefer_server_ciphers = false;
    bool session_caching = true;
    std::int32_t session_cache_size = 20480;
    std::int32_t session_cache_timeout_s = 300;
    std::int32_t auto_reload_interval_s = 60;  // 0: certificates are read once
};

// ---- The process -------------------------------------------------------------------------------------------

// Bits of shutdown-on-sigint and shutdown-on-sigterm; none: save if there are save points.
enum ShutdownFlag : std::uint8_t { kShutdownSave = 1, kShutdownNosave = 2, kShutdownNow = 4, kShutdownForce = 8 };

struct Process {
    bool daemonize = false;
    enum class Supervised : std::uint8_t { no, upstart, systemd, automatic } supervised = Supervised::no;
    std::string pid_file;
    std::string directory;  // absolute: the working directory of the process
    std::int32_t databases = 16;
    std::int32_t hz = 10;  // periodic work, times a second
    bool dynamic_hz = true;
    bool always_show_logo = false;
    bool set_title = true;
    std::string title_template = "{title} {listen-addr} {server-mode}";
    std::string collate;            // locale of string comparison; empty: from the environment
    std::string availability_zone;  // told to clients in INFO and HELLO
    std::int32_t shutdown_timeout_s = 10;
    std::uint8_t shutdown_on_sigint = 0;   // ShutdownFlag bits
    std::uint8_t shutdown_on_sigterm = 0;  // ShutdownFlag bits
    enum class OomScore : std::uint8_t { no, relative, absolute } oom_score_adjust = OomScore::no;
    std::array<std::int32_t, 3> oom_score_values{0, 200, 800};  // primary, replica, child
    bool disable_thp = true;                                    // transparent huge pages
    std::string server_cpus, background_cpus, aof_rewrite_cpus, snapshot_cpus;
    std::string ignored_warnings;
    bool import_mode = false;  // data is being copied in: nothing expires by itself
    bool active_rehashing = true;
    std::string hash_seed;  // fixes the secret of hashing, so that SCAN order is the same everywhere
};

struct Logging {
    enum class Level : std::uint8_t { debug, verbose, notice, warning, nothing } level = Level::notice;
    std::string file;  // empty: standard output
    enum class Format : std::uint8_t { legacy, logfmt } format = Format::legacy;
    enum class Timestamp : std::uint8_t { legacy, iso8601, milliseconds } timestamp = Timestamp::legacy;
    bool syslog = false;
    std::string syslog_ident = "redis";
    enum class Facility : std::uint8_t {
        user,
        local0,
        local1,
        local2,
        local3,
        local4,
        local5,
        local6,
        local7
    } syslog_facility = Facility::local0;
    bool crash_log = true;
    bool crash_memcheck = true;
    bool hide_user_data = false;
};

struct Acl {
    std::string require_pass;  // of the user `default`; empty: none
    std::string file;
    bool pubsub_all_channels = false;  // what a fresh user may subscribe to
    std::uint64_t log_max_entries = 128;
    Protected protected_configs = Protected::no;
    Protected debug_command = Protected::no;
    Protected module_command = Protected::no;
};

// ---- Memory and data ---------------------------------------------------------------------------------------

enum class EvictionPolicy : std::uint8_t {
    volatile_lru,
    volatile_lfu,
    volatile_random,
    volatile_ttl,
    allkeys_lru,
    allkeys_lfu,
    allkeys_random,
    noeviction
};

struct Memory {
    std::uint64_t max_bytes = 0;  // 0: no limit
    EvictionPolicy policy = EvictionPolicy::noeviction;
    std::int32_t samples = 5;
    std::int32_t eviction_tenacity = 10;  // 0 to 100: how long one call may evict
    std::int32_t lfu_log_factor = 10;
    std::int32_t lfu_decay_minutes = 1;
    std::int32_t active_expire_effort = 1;  // 1 to 10
    bool lazy_eviction = true;              // free in the background: what was evicted,
    bool lazy_expire = true;                //   what expired,
    bool lazy_server_del = true;            //   what a command replaced,
    bool lazy_user_del = true;              //   what DEL deleted,
    bool lazy_user_flush = true;            //   what FLUSHALL and FLUSHDB emptied
    bool jemalloc_bg_thread = true;
};

// When a value leaves its compact form.
struct Encodings {
    std::uint64_t hash_max_listpack_entries = 512;
    std::uint64_t hash_max_listpack_value_bytes = 64;
    std::int32_t list_max_listpack_size = -2;  // over 0: elements a node; -1 to -5: 4, 8, 16, 32, 64 KB a node
    std::int32_t list_compress_depth = 0;      // nodes left plain at either end; 0: compress nothing
    std::uint64_t set_max_intset_entries = 512;
    std::uint64_t set_max_listpack_entries = 128;
    std::uint64_t set_max_listpack_value_bytes = 64;
    std::uint64_t zset_max_listpack_entries = 128;
    std::uint64_t zset_max_listpack_value_bytes = 64;
    std::uint64_t hll_sparse_max_bytes = 3000;
    std::uint64_t stream_node_max_bytes = 4096;
    std::int64_t stream_node_max_entries = 100;
};

// ---- Persistence -------------------------------------------------------------------------------------------

struct SavePoint {
    std::int64_t seconds = 0;
    std::int64_t changes = 0;
    bool operator==(const SavePoint&) const = default;
};

struct Snapshot {
    std::vector<SavePoint> save{{3600, 1}, {300, 100}, {60, 10000}};
    std::string file = "dump.rdb";
    bool compression = true;
    bool checksum = true;
    bool stop_writes_on_error = true;
    bool incremental_fsync = true;
    bool delete_sync_files = false;
    enum class Sanitize : std::uint8_t { no, yes, clients } sanitize_payload = Sanitize::no;
    enum class VersionCheck : std::uint8_t { strict, relaxed } version_check = VersionCheck::strict;
    enum class CompatibleWith : std::uint8_t {
        oldest,  // whatever is the oldest that can hold the data
        redis70,
        redis72,
        redis74,
        valkey9
    } compatible_with = CompatibleWith::oldest;
    std::int32_t key_save_delay_us = 0;  // tests: a pause after each key; below 0: one in -n keys
    std::int32_t key_load_delay_us = 0;
    std::int64_t load_events_interval_bytes = 2 << 20;
};

struct Aof {
    bool enabled = false;
    std::string file = "appendonly.aof";
    std::string directory = "appendonlydir";
    enum class Fsync : std::uint8_t { everysec, always, no } fsync = Fsync::everysec;
    bool no_fsync_on_rewrite = false;
    std::int32_t rewrite_percentage = 100;  // growth that starts a rewrite; 0: never by itself
    std::uint64_t rewrite_min_bytes = 64ULL << 20;
    bool load_truncated = true;
    bool rdb_preamble = true;
    bool timestamps = false;
    bool rewrite_incremental_fsync = true;
    bool disable_auto_gc = false;  // tests: keep history files
};

// ---- Replication and cluster -------------------------------------------------------------------------------

struct Replication {
    std::string primary_host;  // empty: we are a primary
    std::int32_t primary_port = 0;
    std::string primary_user, primary_auth;
    bool serve_stale_data = true;
    bool read_only = true;
    bool ignore_maxmemory = true;
    bool lazy_flush = false;
    bool ignore_disk_write_errors = false;
    std::int32_t priority = 100;  // in a failover; 0: never
    bool announced = true;
    std::string announce_ip;
    std::int32_t announce_port = 0;
    bool diskless_sync = true;
    std::int32_t diskless_sync_delay_s = 5;
    std::int32_t diskless_sync_max_replicas = 0;
    enum class DisklessLoad : std::uint8_t {
        disabled,
        on_empty_db,
        swapdb,
        flush_before_load
    } diskless_load = DisklessLoad::disabled;
    bool dual_channel = false;
    bool rdb_channel = false;
    std::uint64_t full_sync_buffer_limit_bytes = 0;  // 0: as the output limit of a replica
    bool disable_tcp_nodelay = false;
    std::int32_t timeout_s = 60;
    std::int32_t ping_period_s = 10;
    std::uint64_t backlog_bytes = 1ULL << 20;
    std::int64_t backlog_ttl_s = 3600;
    std::int32_t min_replicas_to_write = 0;
    std::int32_t min_replicas_max_lag_s = 10;
    enum class PropagationError : std::uint8_t {
        ignore,
        panic,
        panic_on_replicas
    } propagation_error = PropagationError::ignore;
};

struct Cluster {
    bool enabled = false;
    std::string config_file = "nodes.conf";
    enum class SaveBehavior : std::uint8_t { sync, best_effort } config_save = SaveBehavior::sync;
    std::int32_t databases = 1;
    std::int64_t node_timeout_ms = 15000;
    std::int64_t ping_interval_ms = 0;  // tests; 0: derived from the timeout
    std::int32_t gossip_percent = 10;
    std::int32_t bus_port = 0;  // 0: port + 10000
    std::int32_t replica_validity_factor = 10;
    std::int32_t migration_barrier = 1;
    bool allow_replica_migration = true;
    bool require_full_coverage = true;
    bool replica_no_failover = false;
    bool allow_reads_when_down = false;
    bool allow_pubsubshard_when_down = true;
    std::uint64_t link_send_limit_bytes = 0;  // 0: no limit
    std::string announce_ip, announce_hostname, announce_nodename;
    std::string announce_client_ipv4, announce_client_ipv6;
    std::int32_t announce_port = 0, announce_tls_port = 0, announce_bus_port = 0;
    std::int32_t announce_client_port = 0, announce_client_tls_port = 0;
    enum class Endpoint : std::uint8_t { ip, hostname, unknown } preferred_endpoint = Endpoint::ip;
    std::uint64_t blacklist_ttl_s = 60;
    std::int64_t manual_failover_timeout_ms = 5000;
    bool slot_stats = false;
    std::uint64_t slot_migration_log_entries = 1000;
    std::int64_t slot_migration_failover_bytes = 0;  // pause when this much is still to send; -1: any amount
};

// ---- Watching the server -----------------------------------------------------------------------------------

struct Scripting {
    std::int64_t busy_reply_ms = 5000;  // scripts and modules running longer get BUSY answers; 0: never
    bool insecure_api = false;
};

// Keep a command that took, brought or gave more than its threshold. A threshold of -1: keep none.
struct CommandLog {
    std::int64_t slower_than_us = 10000;
    std::uint64_t slow_max_entries = 128;
    std::int64_t request_larger_than_bytes = 1 << 20;
    std::uint64_t large_request_max_entries = 128;
    std::int64_t reply_larger_than_bytes = 1 << 20;
    std::uint64_t large_reply_max_entries = 128;
};

struct Latency {
    std::int64_t monitor_threshold_ms = 0;  // 0: off
    bool tracking = true;
    std::vector<double> percentiles{50, 99, 99.9};
};

// Classes of keyspace events, and where they go.
enum NotifyFlag : std::uint32_t {
    kNotifyKeyspace = 1U << 0,  // K
    kNotifyKeyevent = 1U << 1,  // E
    kNotifyGeneric = 1U << 2,   // g
    kNotifyString = 1U << 3,    // $
    kNotifyList = 1U << 4,      // l
    kNotifySet = 1U << 5,       // s
    kNotifyHash = 1U << 6,      // h
    kNotifyZset = 1U << 7,      // z
    kNotifyExpired = 1U << 8,   // x
    kNotifyEvicted = 1U << 9,   // e
    kNotifyStream = 1U << 10,   // t
    kNotifyKeyMiss = 1U << 11,  // m, not in A
    kNotifyModule = 1U << 12,   // d
    kNotifyNew = 1U << 13,      // n, not in A
    kNotifyAll = kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash | kNotifyZset |
                 kNotifyExpired | kNotifyEvicted | kNotifyStream | kNotifyModule  // A
};

struct Notifications {
    std::uint32_t keyspace_events = 0;  // NotifyFlag bits
};

struct Debug {
    std::int32_t watchdog_period_ms = 0;
    bool enable_assert = false;
    bool exit_on_panic = false;
    std::string context;
};

// What the peers know and keel has no use for: kept, so that their files load and a round trip works.
struct Foreign {
    std::int32_t io_threads = 1;
    bool io_threads_do_reads = false;
    bool io_threads_always_active = false;
    std::int32_t events_per_io_thread = 2;
    std::int32_t prefetch_batch_max_size = 16;
    std::int32_t min_io_threads_avoid_copy_reply = 7;
    std::uint64_t min_string_size_avoid_copy_reply_bytes = 16384;
    std::uint64_t min_string_size_avoid_copy_reply_threaded_bytes = 65536;
    bool active_defrag = false;
    std::uint64_t defrag_ignore_bytes = 100ULL << 20;
    std::int32_t defrag_threshold_lower = 10, defrag_threshold_upper = 100;
    std::int32_t defrag_cycle_min = 1, defrag_cycle_max = 25, defrag_cycle_us = 500;
    std::uint64_t defrag_max_scan_fields = 1000;
    bool extended_redis_compatibility = false;
    std::int32_t cluster_compatibility_sample_ratio = 0;
    std::uint32_t socket_mark_id = 0;
    bool mptcp = false, repl_mptcp = false;
    std::string rdma_bind;
    std::int32_t rdma_port = 0;
    std::int32_t rdma_completion_vector = -1;
    std::uint64_t rdma_rx_bytes = 1 << 20;
};

struct Settings {
    Network network;
    Clients clients;
    Tls tls;
    Process process;
    Logging logging;
    Acl acl;
    Memory memory;
    Encodings encodings;
    Snapshot snapshot;
    Aof aof;
    Replication replication;
    Cluster cluster;
    Scripting scripting;
    CommandLog command_log;
    Latency latency;
    Notifications notifications;
    Debug debug;
    Foreign foreign;
};

}  // namespace keel
