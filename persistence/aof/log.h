// SPDX-License-Identifier: BSD-3-Clause
//
// The append side of the log: effects go in, files grow, the disk confirms. No thread and no clock of its own; what
// would stall the loop is a job for the helper (helper.h).
//
//     append(bytes) ─> buffer_ ──write(now)──> file_ ──sync, on the helper──> durable
//                                  `─ kept_: what was written and is not known durable yet
//
//     appendfsync always     each write() is followed by a sync, several beside each other where the disk is slow
//                            (sync_lanes.h); what comes meanwhile is the next group. Replies wait
//                 everysec   a sync a second; while one runs, writes wait up to two seconds for it (the kernel would
//                 block) no         the kernel decides
//
// When the disk fails:
//
//     good ─a write failed─> the file is cut where it was, and the same bytes are tried again
//       ^  ─a sync failed──> nobody knows what of the file since the last good sync is on the disk. It is never written
//       again: |                    a new incremental file gets what was kept, the old one is cut at its last durable
//       byte `─── it worked ◄──── tried again after 100 ms, 200, ... at most every second
//
// Always true:
//   1. durable_offset() never passes what a sync confirmed. A reply that waits for it is not let go by a failed disk.
//   2. While the disk fails refusal() is set and clients' writes are refused; append() still takes what the server
//   itself
//      has to say (keys that expire), and reads go on.
//   3. A file on the disk is a log at every moment: at its end there may be a write that did not get through, elsewhere
//   not.
//      A failed write is cut off before anything follows it.
//   4. What was kept and what is buffered is the stream from durable_offset() on, without a gap; if it is not
//   (appendfsync no
//      keeps nothing, and more than kMostKept bytes are not kept), a failed sync leaves a hole that only a rewrite
//      closes: needs_rewrite().
//   5. One job at a time changes the manifest.
//   6. No file is written before all files in front of it are synced: a loss of power cuts the last one only. While a
//      sync holds up the first write to a new file, effects stay in memory; after two seconds of it replies wait, under
//      any policy, so that a killed process loses no more than that.
//   7. Effects given with one append() go to the same file, and no seal (chain.h) stands between them.
//   8. A sync that is good confirms all that was written before it began, whatever others still do.
//
// Not here: when to rewrite and how (persistence/aof/rewrite.h); what the bytes are (the caller's: commands in RESP).
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "persistence/aof/chain.h"
#include "persistence/aof/elapsed.h"
#include "persistence/aof/folder.h"
#include "persistence/aof/helper.h"
#include "persistence/aof/sync_lanes.h"
#include "persistence/durability.h"

namespace keel::aof {

class Log final : public Durability {
  public:
    static constexpr std::uint64_t kSealEvery = 4096;      // bytes; a seal line is about 40
    static constexpr std::uint64_t kSyncAtKept = 8 << 20;  // everysec: sooner than a second, so that what is kept stays
                                                           // in the processor's cache
    static constexpr std::uint64_t kMostKept = 256 << 20;
    static constexpr std::int64_t kMostPostponedMs = 2000;  // what waits for a sync waits in memory for so long
    static constexpr std::int64_t kFirstRetryMs = 100;
    static constexpr std::int64_t kMostRetryMs = 1000;

    enum class Mode {
        off,
        waiting,  // writes to a temporary file, until the first base is there (install_base)
        on,
    };

    // What is lent must outlive the log. `settings` are looked at anew each time: they may change.
    Log(Folder folder, const Aof& settings, Helper& helper, DurabilityListener& listener);
    ~Log() override;

    // ---- life; these block until the disk has answered

    // Goes on with a log that was replayed: `chain` is where that ended. An empty manifest begins a log without base:
    // for a server without data.
    [[nodiscard]] Status open(Manifest manifest, const Chain& chain, std::int64_t now_ms);
    // What is on the disk of a log that stays off, for a rewrite.
    void set_manifest(Manifest manifest) { manifest_ = std::move(manifest); }
    // Begins a log beside data that is in none: see Mode::waiting. `manifest` is what is on the disk from before
    // (load()).
    [[nodiscard]] Status open_waiting(Manifest manifest);
    // Writes and syncs all, and goes on. Hears before what jobs of the helper that run have to say. On an error the
    // disk fails as ever: refusal(), and it is tried again.
    [[nodiscard]] Status secure(std::int64_t now_ms);
    // The same, and closes. On an error what was not durable may be lost.
    [[nodiscard]] Status close();

    // ---- each turn

    // Commands in RESP, whole ones; a transaction as a whole. `selected` is the database that is selected behind them;
    // the first commands after open(), open_waiting() and begin_segment() select theirs. `now_ms` is Unix time,
    // here and elsewhere; that it is set back holds nothing up (elapsed.h).
    void append(Bytes commands, int selected, std::int64_t now_ms);
    // The same, of a string that is taken; another one is left, empty, to be filled next.
    void append(std::string&& commands, int selected, std::int64_t now_ms);
    // Writes what was appended, syncs what is due, tries again what failed. At the end of each turn, and at least ten
    // times a second.
    void write(std::int64_t now_ms);
    // A child is at work (no-appendfsync-on-rewrite).
    void set_child_active(bool active) { child_active_ = active; }

    // ---- what holds

    [[nodiscard]] Mode mode() const { return mode_; }
    // The reply to a client's write, while the disk fails.
    [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
    [[nodiscard]] bool needs_rewrite() const { return hole_; }
    [[nodiscard]] std::optional<std::uint64_t> reply_offset() const override;
    [[nodiscard]] std::uint64_t durable_offset() const override { return durable_.offset(); }
    [[nodiscard]] std::uint64_t written_offset() const { return chain_.offset(); }
    [[nodiscard]] std::uint64_t appended_offset() const { return chain_.offset() + buffered_; }
    [[nodiscard]] const Manifest& manifest() const { return manifest_; }
    [[nodiscard]] const Folder& folder() const { return folder_; }
    [[nodiscard]] std::int64_t current_seq() const { return seq_; }

    // For INFO.
    [[nodiscard]] std::uint64_t current_bytes() const { return earlier_bytes_ + chain_.position(); }  // of all files
    [[nodiscard]] std::uint64_t base_bytes() const { return base_bytes_; }  // of all files after the last rewrite
    [[nodiscard]] std::uint64_t buffer_bytes() const { return buffer_.size(); }
    [[nodiscard]] std::uint64_t memory_bytes() const { return buffer_.capacity() + kept_bytes_ + spare_bytes_; }
    [[nodiscard]] bool sync_pending() const { return syncs_.any(); }
    [[nodiscard]] std::uint64_t delayed_syncs() const { return delayed_syncs_; }

    // ---- for a rewrite

    // Makes the next incremental file, empty, and lists it, while effects go on to the old one. `ready` comes when
    // begin_segment(), called in it, needs no more of the disk than a sync of the old file; or with why not. If it does
    // not call that, the old file goes on. Refused while the disk fails or the manifest changes.
    [[nodiscard]] Status prepare_segment(std::int64_t now_ms, std::function<void(Status)> ready);
    // From the next append() on effects go to a new incremental file; all before it will be in the old ones. `done`
    // comes when the new file is in the manifest on the disk and all before it is synced, or with why not: then the old
    // file goes on. Refused while the disk fails or another change of the manifest is under way.
    [[nodiscard]] Status begin_segment(std::int64_t now_ms, std::function<void(Status)> done);
    // `temporary` becomes the base of the log, and the incremental files below `first_kept` history, which is removed
    // (`keep_history`: is not). In Mode::waiting the temporary incremental file becomes the first one, and the mode on.
    void install_base(std::string temporary, bool rdb, std::int64_t first_kept, bool keep_history,
                      std::function<void(Status)> done);
    // A change of the manifest is under way: the two above have to wait.
    [[nodiscard]] bool busy() const { return changing_; }
    // Gives up the temporary file of Mode::waiting; the mode is off.
    void abandon_waiting();

  private:
    struct Kept {
        std::string bytes;  // commands and #TS lines
        std::uint64_t stream_bytes;
        int selected;  // the database that is selected before them
    };
    struct NewFile;
    enum class Trouble { none, write, sync };
    using Done = std::function<void(Status)>;

    [[nodiscard]] bool always() const { return settings_.fsync == Aof::Fsync::always; }
    [[nodiscard]] bool sync_suspended() const { return settings_.no_fsync_on_rewrite && child_active_; }
    [[nodiscard]] bool keeps() const { return settings_.fsync != Aof::Fsync::no && mode_ == Mode::on; }
    [[nodiscard]] std::string file_path() const;

    // log.cpp
    void hear_all();
    [[nodiscard]] Status open_current(std::int64_t now_ms);
    [[nodiscard]] bool write_postponed();
    [[nodiscard]] bool put_buffer(bool seal);
    [[nodiscard]] Status cut_back();
    [[nodiscard]] Status append_to_file(Bytes bytes);
    void keep_buffer();
    void next_buffer();
    void spare(std::string buffer);
    void stamp(std::int64_t now_ms);
    void drop_kept();
    void sync_if_due();
    void start_sync();
    void on_synced(const SyncLanes::Done& sync);
    void on_durable();

    // log_recovery.cpp
    void fail(Trouble trouble, const Error& why);
    void failed_write(const Error& why);
    void retry();
    void retry_write();
    void recovered();
    void retry_later();
    void start_recovery();
    void on_recovered(const Status& status, const std::shared_ptr<NewFile>& made);

    // log_segments.cpp
    [[nodiscard]] std::shared_ptr<NewFile> plan_file();
    static Status make_file(NewFile& plan);
    void on_segment(const Status& status, const std::shared_ptr<NewFile>& made, const Done& done);
    void on_prepared(const Status& status, const std::shared_ptr<NewFile>& made, const Done& ready);
    void use_file(const NewFile& made);
    [[nodiscard]] bool gone_by(std::int64_t since_ms, std::int64_t ms) const { return passed(since_ms, ms, now_ms_); }
    // Effects stay in memory for longer than a killed process may lose: replies wait.
    [[nodiscard]] bool switching_slowly() const {
        return mode_ == Mode::on && !file_ && gone_by(switched_ms_, kMostPostponedMs);
    }
    void cut_current_later();

    // Calls of `this` from a completion, dropped if the log is gone by then.
    template <typename Call>
    [[nodiscard]] auto if_alive(Call call) {
        return [alive = std::weak_ptr<char>(alive_), call = std::move(call)](Status status) {
            if (alive.lock()) call(std::move(status));
        };
    }

    Folder folder_;
    const Aof& settings_;
    Helper& helper_;
    DurabilityListener& listener_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();

    Mode mode_ = Mode::off;
    Manifest manifest_;
    std::shared_ptr<AppendFile> file_;  // null from begin_segment() to its `done`; then previous_ is what it was
    std::shared_ptr<AppendFile> previous_;
    std::int64_t switched_ms_ = 0;       // since then
    std::shared_ptr<NewFile> prepared_;  // in the `ready` of prepare_segment()
    std::int64_t seq_ = 0;
    Chain chain_;                 // at the end of what is written
    Chain durable_;               // at the end of what a sync confirmed, in the same file
    std::string buffer_;          // to be written
    std::uint64_t buffered_ = 0;  // bytes of commands in it
    int written_db_ = -1;         // selected behind what is written; -1: nobody said yet
    int appended_db_ = -1;        // ... behind what is buffered
    std::deque<Kept> kept_;
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t kept_stream_ = 0;
    std::vector<std::string> spares_;  // buffers to use again: fresh memory costs more than what is written into it
    std::uint64_t spare_bytes_ = 0;    // their capacity

    std::int64_t now_ms_ = 0;
    bool child_active_ = false;
    bool dirty_ = false;  // something was written since the last sync began
    SyncLanes syncs_{helper_};
    // Set on the helper: a sync failed, and the loop is about to hear of it. What is written behind the bytes that it
    // forgot would make a gap of zeros in front of good bytes.
    std::shared_ptr<std::atomic<bool>> sync_failed_ = std::make_shared<std::atomic<bool>>(false);
    std::function<void()> when_synced_;  // what waits for the end of the syncs that run; no other begins
    std::int64_t last_sync_ms_ = 0;
    std::int64_t last_seal_ms_ = 0;
    std::int64_t last_timestamp_ = 0;
    std::int64_t postponed_ms_ = 0;  // since then a write waits for a sync; 0: none does
    std::uint64_t delayed_syncs_ = 0;

    Trouble trouble_ = Trouble::none;
    std::optional<Error> refusal_;
    bool uncut_ = false;  // behind chain_.position() there may be part of a write
    bool hole_ = false;
    bool changing_ = false;
    std::int64_t retried_ms_ = 0;  // the last time; again after retry_ms_
    std::int64_t retry_ms_ = 0;
    std::int64_t last_complaint_ms_ = 0;

    std::uint64_t earlier_bytes_ = 0;  // of the files before the current one
    std::uint64_t base_bytes_ = 0;
};

}  // namespace keel::aof
