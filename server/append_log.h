// SPDX-License-Identifier: BSD-3-Clause
//
// The append-only log as part of the server: what commands did goes to the disk, and comes back at the start. What the
// files look like and what happens when the disk fails is persistence's (persistence/aof).
//
//     command ─ effects ─> note() ─> stream_ ── each turn: write() ──> log ── helper ──> durable
//                                                                        `─ replies wait for it (appendfsync always)
//     start ─ load() ─> base and files replayed through a LogApplier ─> the log goes on
//     CONFIG SET appendonly, BGREWRITEAOF, growth ─> a forked child writes a new base
//
// Always true:
//   1. The log gets a command in the form in which it can be run again: its effects, or the client's own words. What
//      ran as one (EXEC, a script) is one unit there.
//   2. All that a turn did is handed to the log before the turn's replies leave.
//   3. Under appendfsync always a reply of a command that wrote leaves after the disk has what it wrote, or is replaced
//      by an error. Under the others it is replaced, too, if the write at the end of its turn fails. Messages that tell
//      of what was written wait like the reply; where it fails the connection ends without them.
//   4. One child at a time: a rewrite waits for a snapshot, and a snapshot for a rewrite.
//   5. While the log is off there is none of this but a flag that is looked at.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "persistence/aof/forked_child.h"
#include "persistence/aof/log.h"
#include "persistence/aof/rewrite.h"
#include "persistence/effect_stream.h"
#include "persistence/posix_file_system.h"
#include "server/call.h"
#include "server/session.h"

namespace keel {

struct Server;
class Effects;

class AppendLog final : private DurabilityListener {
  public:
    explicit AppendLog(Server& server);
    ~AppendLog() override;

    // ---- Life

    // The start with `appendonly yes`: replays what is there, or begins a log with the data of the snapshot, if there
    // is one. The error is one sentence.
    Status load();
    // DEBUG LOADAOF: forgets all data and replays the log; while it is off, the one that lies in the folder, and it
    // stays off. An error that leaves nothing to go on with ends the process.
    Status reload();
    // CONFIG SET appendonly yes: begins a log beside the data, which a child writes as its base. The log goes on at
    // once, and counts from when the base is there.
    Status start();
    // CONFIG SET appendonly no, at the end of this turn: writes and syncs all, and closes.
    void stop();
    // The same now. An error: the end of the log could not be written, and somebody may have been told that it was.
    Status close();
    // Before the end of the process: all is on the disk, or why not; then the process should go on. Ends a rewrite.
    [[nodiscard]] Status secure();

    // BGREWRITEAOF. The error is that of the reply.
    enum class Begun : std::uint8_t { started, scheduled };
    Result<Begun> rewrite(bool may_wait);
    // The data changed in a way that no command says (DEBUG): a rewrite, soon.
    void note_unsaid();
    // What the child says, what is due. Several times a second.
    void cron();

    // ---- Commands

    // Whether what commands do is logged.
    [[nodiscard]] bool on() const { return on_; }
    // Around a command; commands inside of it belong to the same unit. If it had something to say, the session's output
    // from `reply_at` on (Session::output_end) waits for the disk (appendfsync always).
    void begin();
    void end(Session& session, std::uint64_t reply_at);
    // The same for a reply that is given outside of its command: it waits for all that was done so far.
    void bind(Session& session, std::uint64_t reply_at);
    // The same for a message that may tell of what was done so far (a keyspace event, an invalidation), under
    // appendfsync always. Nobody's message waits where all is on the disk, nor, like a read, while writes are refused.
    void bind_message(Session& session, std::uint64_t begin) {
        if (on_) [[unlikely]]
            hold_message(session, begin);
    }
    // The unit that is under way is not logged: the process ends in the middle of it.
    void discard_unit() { discard_ = depth_ > 0; }
    // What was done by `call` in the database `db`; null: by itself.
    void note(const Effects& effects, const Call* call, int db);

    // ---- Each turn, before replies leave

    void write() {
        if (parts_ != nullptr) write_turn();
    }

    // ---- What holds

    // The reply to a write while the disk fails; null while all is well.
    [[nodiscard]] const Error* refusal() const;
    // A child is there, or about to be.
    [[nodiscard]] bool child_running() const;
    // The log is on, but has no base yet: a start would not find what is in it.
    [[nodiscard]] bool beginning() const;
    // What waits to be written or synced. It goes by itself: no key should go for it.
    [[nodiscard]] std::uint64_t memory_bytes() const;

    struct Figures {
        bool rewriting = false;
        bool scheduled = false;
        std::int64_t last_rewrite_s = -1;
        std::int64_t current_rewrite_s = -1;
        bool last_rewrite_ok = true;
        std::uint64_t rewrites = 0;
        std::uint64_t failures = 0;
        bool last_write_ok = true;
        std::uint64_t last_copied_bytes = 0;
        std::uint64_t current_bytes = 0;
        std::uint64_t base_bytes = 0;
        std::uint64_t buffer_bytes = 0;
        bool sync_pending = false;
        std::uint64_t delayed_syncs = 0;
        ChildProcess::Figures forks;
    };
    [[nodiscard]] Figures figures() const;

  private:
    // Made when a log is wanted for the first time; from then on there.
    struct Parts;

    void on_durable(std::uint64_t offset) override;
    void on_not_durable(const Error& refusal) override;

    Status prepare();
    Result<aof::Chain> replay(const aof::Folder& folder, const aof::Manifest& manifest);
    Status reload_files();
    void load_anew(bool goes_on);
    Status go_on(aof::Manifest manifest, const aof::Chain& chain);
    Status begin_with_data(aof::Manifest manifest);
    Status write_base(AppendFile& file) const;
    Status write_base_commands(AppendFile& file) const;
    void before_switch();
    Status start_rewrite(bool asked);
    void end_rewrite();
    void set_on(bool on);
    void hold_message(Session& session, std::uint64_t begin);
    [[nodiscard]] std::uint64_t said_offset() const;
    void mark(Session& session, Session::ReplyMark mark) const;
    void hand_over(std::int64_t now_ms);
    void write_turn();
    void run_completions();

    Server& server_;
    PosixFileSystem files_;
    EffectStream stream_;
    std::unique_ptr<Parts> parts_;
    bool on_ = false;
    bool stop_wanted_ = false;
    bool completions_wait_ = false;
    bool tells_later_ = false;     // a command runs (SHUTDOWN), which should not see its connection end
    std::optional<Error> untold_;  // the refusal that came meanwhile
    struct Writer {
        Session* session;
        std::uint64_t reply_at;
    };
    std::vector<Writer> turn_writers_;  // whose replies wait for the end of the turn only
    int depth_ = 0;
    bool said_ = false;          // the unit that is under way, by itself: not only that keys went by themselves
    bool discard_ = false;       // what it says is not to be logged
    std::size_t unit_from_ = 0;  // in stream_
    std::vector<Bytes> words_;   // to be used again
};

}  // namespace keel
