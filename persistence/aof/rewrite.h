// SPDX-License-Identifier: BSD-3-Clause
//
// BGREWRITEAOF: the log becomes a base (the data as it is now, written by a forked child) and what came after.
//
//     idle ─start─> preparing: a new incremental file is made, effects go on to the old one
//       ^              │ (a log that begins has nothing to prepare)
//       │              v
//       │           running: from now on effects go to the new file; the child writes temp-rewriteaof-bg-<pid>.aof
//       │              ├─ child done and file begun ─> installing: rename, manifest, history removed ─> idle, good
//       `──────────────┴─ child failed, or the file could not begin ─> idle, failed
//
// Always true:
//   1. The child sees the data at the very moment at which the new incremental file begins: both come in one step, with
//      no effect between them. That step is a completion of the helper, or start() for a log that begins.
//   2. At every step the manifest on the disk lists files that are there and say the same data: the old base with all
//      incremental files, or the new base with the last ones. A failure leaves the first.
//   3. After three failures in a row automatic rewrites pause for 1 minute, then 2, 4, ... at most 60; a user's do not.
//   4. A rewrite that heals (the log has a hole, or is to be on and has no base) is tried again every second: until it
//      is done clients' writes are refused, or promised nothing. It speaks every half minute.
//
// Not here: forking and how the data is written (lent: Child, WriteBase); what the percentages are compared with
// (Log::current_bytes, base_bytes).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conf/settings.h"
#include "persistence/aof/log.h"

namespace keel::aof {

// The forked child, run by whoever forks for snapshots too.
class Child {
  public:
    virtual ~Child() = default;
    // Forks. In the child: `work(its pid)`, then exit status 0 if that was good, else 1. In the parent: the pid.
    [[nodiscard]] virtual Result<int> start(std::function<Status(int pid)> work) = 0;
    // Makes it end (SIGUSR1, which Redis' monitors know as "on purpose"); on_child_done() still comes.
    virtual void stop(int pid) = 0;
};

enum class ChildEnd { good, failed, stopped };  // stopped: as we asked

// Writes all data to the file, in the child: as RDB, or as commands through a BaseWriter. Syncing is the caller's.
using WriteBase = std::function<Status(AppendFile& to)>;

class Rewrite {
  public:
    // What is lent must outlive the rewrite. `before_switch`: all effects so far are given to the log now; the next one
    // has to select its database.
    Rewrite(Log& log, const Aof& settings, Child& child, WriteBase write_base, std::function<void()> before_switch);
    ~Rewrite();

    // The log is off: the data gets a log, or, in a log that has a hole, a new one (Mode::waiting until it is there).
    // For these all effects were given to the log before, and the child is there after. The log is on: see the story;
    // the child comes later, unless last_good() says why not. Errors: one is running, the disk fails, no fork, or a
    // child that was told to stop is still there.
    // `asked`: a user is told to look into the server's log.
    [[nodiscard]] Status start(std::int64_t now_ms, bool asked = true);
    // The child has ended. `pid` of somebody else's child: ignored.
    void on_child_done(int pid, ChildEnd end, std::int64_t now_ms);
    // Ends a running rewrite, on purpose: not counted as a failure.
    void cancel();
    // Ten times a second. True: it is time for an automatic rewrite, or one that was scheduled: start() when no other
    // child is at work.
    [[nodiscard]] bool due(std::int64_t now_ms);

    // A user asked while another child was at work. Takes back the pause of truth 3.
    void schedule() {
        scheduled_ = true;
        failures_ = 0;
    }
    // The log was turned off.
    void unschedule() { scheduled_ = false; }
    [[nodiscard]] bool scheduled() const { return scheduled_; }
    [[nodiscard]] bool running() const { return state_ != State::idle; }
    // The child is still to come: no other one should start.
    [[nodiscard]] bool preparing() const { return state_ == State::preparing; }
    // This rewrite says what goes wrong: truth 4.
    [[nodiscard]] bool loud() const { return loud_; }
    [[nodiscard]] int child() const { return pid_; }  // 0: none
    // For INFO.
    [[nodiscard]] bool last_good() const { return last_good_; }
    [[nodiscard]] std::uint64_t consecutive_failures() const { return failures_; }
    [[nodiscard]] std::int64_t started_ms() const { return started_ms_; }
    [[nodiscard]] std::int64_t last_duration_ms() const { return last_duration_ms_; }  // -1: there was none
    [[nodiscard]] std::uint64_t rewrites() const { return rewrites_; }

  private:
    enum class State { idle, preparing, running, installing };

    [[nodiscard]] Status begin_log();
    [[nodiscard]] Status switch_over();
    [[nodiscard]] Status fork();
    void on_prepared(const Status& prepared);
    void failed_to_start(const Error& why);
    [[nodiscard]] std::function<void(Status)> then(void (Rewrite::*call)(const Status&));
    Status in_child(int pid);
    void on_segment(const Status& begun);
    void install_if_ready();
    void warn_of_silence();
    void finish(bool good, bool counts);
    [[nodiscard]] bool limited(std::int64_t now_ms);
    [[nodiscard]] bool heals() const;

    Log& log_;
    const Aof& settings_;
    Child& child_;
    WriteBase write_base_;
    std::function<void()> before_switch_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();

    State state_ = State::idle;
    int pid_ = 0;
    int temporary_of_ = 0;  // the pid in the temporary file's name
    bool rdb_ = false;
    bool segment_begun_ = false;
    bool child_good_ = false;
    bool cancelled_ = false;
    bool loud_ = true;
    std::int64_t spoken_ms_ = 0;     // one that heals did
    std::int64_t heard_ms_ = 0;      // when the child's file was last looked at,
    std::uint64_t heard_bytes_ = 0;  // and how large it was
    std::int64_t first_kept_ = 0;
    std::int64_t now_ms_ = 0;

    bool scheduled_ = false;
    bool last_good_ = true;
    std::uint64_t failures_ = 0;
    std::uint64_t rewrites_ = 0;
    std::int64_t started_ms_ = 0;
    std::int64_t last_duration_ms_ = -1;
    std::int64_t pause_minutes_ = 0;
    std::int64_t paused_at_ms_ = 0;  // 0: it does not pause
};

// A base of commands, sealed like the rest of the log (chain.h). In the child.
class BaseWriter {
  public:
    explicit BaseWriter(AppendFile& file, std::uint64_t stream_offset = 0);
    // Whole commands in RESP. Written when some tens of KiB are there; an error comes once and for all.
    void write(Bytes commands);
    // A #TS line (aof-timestamp-enabled): Redis writes one at the beginning of a base.
    void timestamp(std::int64_t seconds);
    // The last line; nothing can follow.
    [[nodiscard]] Status finish();

  private:
    void flush(Bytes seal);

    AppendFile& file_;
    Chain chain_;
    std::string buffer_;
    std::uint64_t stream_ = 0;  // bytes of commands in it
    Status failed_;
};

}  // namespace keel::aof
