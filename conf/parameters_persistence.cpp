// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: snapshots and the append-only log.
#include "conf/checks.h"
#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto snapshot = field<&Settings::snapshot, Member>;
template <auto Member>
constexpr auto aof = field<&Settings::aof, Member>;

constexpr Named<Snapshot::Sanitize> kSanitize[] = {
    {"no", Snapshot::Sanitize::no}, {"yes", Snapshot::Sanitize::yes}, {"clients", Snapshot::Sanitize::clients}};

constexpr Named<Snapshot::VersionCheck> kVersionCheck[] = {{"strict", Snapshot::VersionCheck::strict},
                                                           {"relaxed", Snapshot::VersionCheck::relaxed}};

constexpr Named<Snapshot::CompatibleWith> kCompatibleWith[] = {{"oldest", Snapshot::CompatibleWith::oldest},
                                                               {"redis-7.0", Snapshot::CompatibleWith::redis70},
                                                               {"redis-7.2", Snapshot::CompatibleWith::redis72},
                                                               {"redis-7.4", Snapshot::CompatibleWith::redis74},
                                                               {"valkey-9", Snapshot::CompatibleWith::valkey9}};

constexpr Named<Aof::Fsync> kFsync[] = {
    {"everysec", Aof::Fsync::everysec}, {"always", Aof::Fsync::always}, {"no", Aof::Fsync::no}};

void add_snapshot(Rows& rows) {
    rows.push_back(
        save_points(ParameterFlag::multi_word, "Save after so many seconds if so many changes were made; \"\" never."));
    rows.push_back(string("dbfilename", snapshot<&Snapshot::file>, ParameterFlag::guarded, "Name of the snapshot file.")
                       .checked(checks::rdb_file_name));
    rows.push_back(yes_no("rdbcompression", snapshot<&Snapshot::compression>, {}, "Compress strings in snapshots."));
    rows.push_back(yes_no("rdbchecksum", snapshot<&Snapshot::checksum>, ParameterFlag::immutable,
                          "Close snapshots with a checksum, and check it."));
    rows.push_back(yes_no("stop-writes-on-bgsave-error", snapshot<&Snapshot::stop_writes_on_error>, {},
                          "Refuse writes after a failed save."));
    rows.push_back(yes_no("rdb-save-incremental-fsync", snapshot<&Snapshot::incremental_fsync>, {},
                          "Sync a snapshot while it is written."));
    rows.push_back(yes_no("rdb-del-sync-files", snapshot<&Snapshot::delete_sync_files>, {},
                          "Remove snapshots that only served replicas."));
    rows.push_back(choice("sanitize-dump-payload", snapshot<&Snapshot::sanitize_payload>, kSanitize, {},
                          "Check the inside of loaded values: no, yes, or only those of clients."));
    rows.push_back(choice("rdb-version-check", snapshot<&Snapshot::version_check>, kVersionCheck, {},
                          "Refuse snapshots newer than we know, or try them."));
    rows.push_back(choice("rdb-compatible-with", snapshot<&Snapshot::compatible_with>, kCompatibleWith, {},
                          "Who shall be able to read snapshots and DUMP."));
    rows.push_back(integer("rdb-key-save-delay", snapshot<&Snapshot::key_save_delay_us>, {kMinInt, kMaxInt},
                           ParameterFlag::hidden, "For tests: microseconds after each saved key."));
    rows.push_back(integer("key-load-delay", snapshot<&Snapshot::key_load_delay_us>, {kMinInt, kMaxInt},
                           ParameterFlag::hidden, "For tests: microseconds after each loaded key."));
    rows.push_back(integer("loading-process-events-interval-bytes", snapshot<&Snapshot::load_events_interval_bytes>,
                           {1024, kMaxInt}, ParameterFlag::hidden, "Bytes loaded between two looks at the clients."));
}

void add_aof(Rows& rows) {
    rows.push_back(yes_no("appendonly", aof<&Aof::enabled>, ParameterFlag::not_loading, "Log every change."));
    rows.push_back(
        string("appendfilename", aof<&Aof::file>, ParameterFlag::immutable, "First part of the names of the log files.")
            .checked(checks::aof_file_name));
    rows.push_back(string("appenddirname", aof<&Aof::directory>, ParameterFlag::immutable,
                          "Directory of the log files, inside dir.")
                       .checked(checks::aof_directory_name));
    rows.push_back(choice("appendfsync", aof<&Aof::fsync>, kFsync, {}, "When the log is forced to disk."));
    rows.push_back(yes_no("no-appendfsync-on-rewrite", aof<&Aof::no_fsync_on_rewrite>, {},
                          "Do not force the log to disk while a child writes."));
    rows.push_back(integer("auto-aof-rewrite-percentage", aof<&Aof::rewrite_percentage>, {0, kMaxInt}, {},
                           "Growth in percent that starts a rewrite; 0 never."));
    rows.push_back(memory("auto-aof-rewrite-min-size", aof<&Aof::rewrite_min_bytes>, {0, kMaxLong}, {},
                          "Size below which no rewrite starts by itself."));
    rows.push_back(yes_no("aof-load-truncated", aof<&Aof::load_truncated>, {}, "Load a log whose end is cut off."));
    rows.push_back(yes_no("aof-use-rdb-preamble", aof<&Aof::rdb_preamble>, {}, "Rewrites begin with a snapshot."));
    rows.push_back(yes_no("aof-timestamp-enabled", aof<&Aof::timestamps>, {}, "Note the time in the log."));
    rows.push_back(yes_no("aof-rewrite-incremental-fsync", aof<&Aof::rewrite_incremental_fsync>, {},
                          "Sync a rewrite while it is written."));
    rows.push_back(yes_no("aof-disable-auto-gc", aof<&Aof::disable_auto_gc>, ParameterFlag::hidden,
                          "For tests: keep log files that are no longer needed."));
}

}  // namespace

void add_persistence_rows(Rows& rows) {
    add_snapshot(rows);
    add_aof(rows);
}

}  // namespace keel
