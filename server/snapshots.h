// SPDX-License-Identifier: BSD-3-Clause
//
// When and of what snapshots are made, and how one is loaded: SAVE, BGSAVE, save points, the start, DEBUG RELOAD, the
// end. What a file looks like and how a child writes it is persistence's.
//
//     start ── load() ──> serving ── save points, BGSAVE ──> child (persistence/snapshot.h) ── cron() ──> figures
//                            `────── SAVE, SHUTDOWN ───────> save_now()
//
// Always true:
//   1. A file that is there and cannot be read is an error: nobody begins empty over it.
//   2. stats.dirty counts the changes that are in no file yet.
#pragma once

#include <optional>
#include <string>

#include "persistence/posix_file_system.h"
#include "persistence/rdb/snapshot_loader.h"
#include "persistence/snapshot.h"

namespace keel {

class Effects;
struct Server;

class Snapshots final : private rdb::LibrarySink {
  public:
    explicit Snapshots(Server& server);

    // Reads dir/dbfilename, if it is there, into the keyspace. The error is one sentence: file, offset, key, reason.
    Status load();
    // Reads the snapshot that a log's base begins with, keys that are due too: what the log says of them comes after.
    // Returns where it ends.
    Result<std::uint64_t> load_part(ReadFile& file);
    // The same over what is there: `merge` lets keys of the file take the place of those that are there.
    Status reload(bool save_first, bool flush, bool merge);
    // Writes the file now, while nothing else runs.
    Status save_now();

    // BGSAVE: begins one in the background, or (for `may_wait` while the log is rewritten, and in a transaction, of
    // which the child would see the first half) as soon as may be. The error is that of the reply.
    enum class Begun : std::uint8_t { started, scheduled };
    Result<Begun> begin(bool may_wait, bool inside_transaction);
    // BGSAVE CANCEL; the words of the reply.
    Result<Bytes> cancel();
    // FLUSHALL: what was flushed must not come back from the file. A child's save is given up, and if there are save
    // points, settle() writes the file anew, before the reply leaves.
    void note(const Effects& effects);
    void settle() {
        if (flushed_) [[unlikely]]
            save_after_flush();
    }
    // What the child says, what is due. Several times a second.
    void cron();
    // Before the end of the process: no child, and the data in the file if that is wanted.
    Status shut_down(bool save);

    // Whether writes are refused, because the last save failed and there are save points.
    [[nodiscard]] bool refuses_writes() const;

    // What a file is made of; `log_base`: the base of an append-only log.
    [[nodiscard]] rdb::SnapshotContent content(bool log_base = false) const;

    struct Figures {
        std::int64_t last_save_s = 0;  // Unix time; of the start, until something is saved
        std::int64_t last_try_s = 0;
        std::int64_t last_took_s = -1;  // in the background
        bool last_ok = true;
        std::uint64_t saves = 0;
        std::uint64_t keys_loaded = 0;
        std::uint64_t keys_expired = 0;
    };
    [[nodiscard]] const Figures& figures() const { return figures_; }
    [[nodiscard]] const SnapshotChild& child() const { return child_; }

  private:
    Status add_library(Bytes code) override;
    [[nodiscard]] std::string path() const;
    Status load_file(const std::string& path, bool replace);
    Status read_all(rdb::SnapshotLoader& loader, const rdb::Reader& reader);
    void note_loaded(const rdb::SnapshotLoader& loader);
    Status start_child();
    void save_after_flush();
    void ended(SnapshotChild::Outcome outcome);
    [[nodiscard]] bool save_point_reached() const;
    [[nodiscard]] bool may_retry() const;

    Server& server_;
    PosixFileSystem files_;
    SnapshotChild child_;
    Figures figures_;
    bool scheduled_ = false;
    bool flushed_ = false;
    bool replacing_libraries_ = false;
    std::uint64_t dirty_at_fork_ = 0;
};

}  // namespace keel
