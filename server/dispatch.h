// SPDX-License-Identifier: BSD-3-Clause
//
// From a request to its reply: look the command up, ask the gates, run it, record what it did.
//
//     resolve -> gates -> run -> record (statistics, slow log, effects)
//
// The gates stand in one list in dispatch.cpp, which says why in that order. Each either lets the request
// pass, refuses it with an error, or parks the session. While a script runs for long a shorter list asks, which ends
// with BUSY (execute_while_busy).
//
// Always true:
//   1. A refused or parked request has touched nothing.
//   2. Each request that is answered gets exactly one reply, except where the protocol says otherwise
//      (subscriptions, CLIENT REPLY).
//   3. Effects are drained after every command, before the next one runs.
#pragma once

#include <absl/functional/function_ref.h>

#include <deque>
#include <optional>
#include <vector>

#include "datatypes/command/context.h"
#include "server/acl/access_log.h"
#include "server/call.h"
#include "server/cycle_clock.h"
#include "server/session.h"

namespace keel {

struct Server;

class Dispatcher {
  public:
    explicit Dispatcher(Server& server);

    // Looks the command up and hashes its first key. Cheap, changes nothing: done for a whole batch ahead.
    void resolve(Call& call, const Session& session) const;
    // The same when the command (a container, if there is one) is known already; null: there is none.
    void resolve(Call& call, const Session& session, Command* command) const;
    // Asking ahead for the memory that the requests of a batch will touch: each step goes to what the step before it
    // asked for, so take each for the whole batch. The line of the key (stage 1), its entry (2) ...
    void prefetch_key(const Call& call, const Session& session, int stage) const;
    // ... the value of it, if it has members; true if one of them is to be fetched, too ...
    bool prefetch_value(Call& call, const Session& session) const;
    // ... and of that the line (1) and the member itself (2): the first that a hash command names, the last of others
    // (ZADD's stands behind its score).
    void prefetch_member(const Call& call, int stage) const;

    // Commands that run one right after the other share the reading of the clock between them: to be called before the
    // first of several execute().
    void begin_laps() { lap_ = CycleClock::ticks(); }
    Ran execute(Session& session, Call& call);
    // The calls that stay (Call::stays) go now: what transactions hold of them is copied.
    void end_batch() {
        if (!borrowers_.empty()) keep_lent();
    }
    // Whether the session's user may run this: NOPERM and a note in ACL LOG if not. EXEC and scripts ask for each
    // command; a script with the session of the client that called it.
    Status permit(Session& session, const Call& call, acl::Where where);
    // Runs the command of a session that waited for keys once more. It passed the gates when it came, but its user's
    // rights are asked for again: they may have changed meanwhile.
    void execute_again(Session& session, Call& call);
    // Runs a command inside the one that runs: of a transaction, or of a script (then `session` is the script's own,
    // whose output is its to take). Asks no gate. Its effects are drained before the next one, those who wait for keys
    // are served when the outer one is over. To be called while a command runs, whose context stays as it is.
    void run_inside(Session& session, Call& call);
    // A request of somebody else while a script runs for long: refused with BUSY, or run if it may be then. To be
    // called while a command runs, whose context stays as it is.
    void execute_while_busy(Session& session, Call& call);
    // Ends the waiting of a session in its command's place, which counts as run.
    void answer_late(Session& session, absl::FunctionRef<void(Reply&)> write);

    // Replay of a log: replay() runs a command that was looked up and has the right number of words, and tells
    // nobody. Between two of them other sessions' requests may run, while data is loaded. In the middle of a command
    // that runs, too.
    void begin_replay();
    void replay(Session& session, Call& call);
    void end_replay();

    // The command that is running, for crash reports; null between commands.
    [[nodiscard]] const Call* running() const { return running_; }
    [[nodiscard]] const Session* running_session() const { return running_session_; }
    [[nodiscard]] Context& context() { return cx_; }

  private:
    enum class Verdict : std::uint8_t { pass, refuse, park };
    Verdict refuse(Error error) {
        refusal_ = Status{std::move(error)};
        return Verdict::refuse;
    }
    // The first verdict of these gates that is not to pass.
    template <auto... kGates>
    Verdict ask(Session& session, Call& call);
    Verdict check_gates(Session& session, Call& call);
    Verdict gate_known(Session& session, Call& call);
    Verdict gate_arity(Session& session, Call& call);
    Verdict gate_authenticated(Session& session, Call& call);
    Verdict gate_protected(Session& session, Call& call);
    Verdict gate_queueable(Session& session, Call& call);
    Verdict gate_permitted(Session& session, Call& call);
    Verdict gate_memory(Session& session, Call& call);
    Verdict gate_disk(Session& session, Call& call);
    Verdict gate_subscribed(Session& session, Call& call);
    Verdict gate_loading(Session& session, Call& call);
    Verdict gate_paused(Session& session, Call& call);
    Verdict gate_busy(Session& session, Call& call);

    Status look_up_rights(Session& session, const Call& call, acl::Where where);
    bool refuse_browser(Session& session, const Call& call);
    Flag wanted_flags(const Session& session, const Call& call) const;
    void queue(Session& session, Call& call);
    void keep_lent();
    Error refuse_exec(Session& session, const Error& error);
    Ran reject(Session& session, Call& call, Error error);
    enum class Time : std::uint8_t { first, again, inside };
    void run(Context& cx, Session& session, Call& call, Time time);
    void run_deeper(Session& session, Call& call, Time time);
    void set_request(Context& cx, Session& session, const Call& call);
    void count(Session& session, Command& command, std::uint64_t took_ns, std::uint64_t errors_before);
    // Of a session, when a command begins.
    struct Before {
        std::uint64_t ticks;
        std::uint64_t errors;
        std::size_t output_bytes;
    };
    void record(Session& session, Call& call, const Before& before, int db);
    void begin_reply(Session& session);
    static void resume_reply(Session& session);
    void end_reply(Session& session);

    Server& server_;
    Context cx_;
    Status refusal_{};                 // of the gate that refused last
    std::deque<Context> inner_;        // of commands inside the one that runs, by depth
    std::size_t depth_ = 0;            // how many of them are in use
    std::vector<Session*> borrowers_;  // whose transactions may hold calls of the batch that runs
    std::optional<Context> replay_;    // while a log is replayed
    bool replaying_ = false;           // a command of it runs
    KeyList permit_keys_;              // of the request that permit() looks at
    std::uint64_t lap_ = 0;            // when what runs began, in ticks: where what ran before it ended
    const Call* running_ = nullptr;
    const Session* running_session_ = nullptr;
    std::int64_t browser_said_us_ = 0;  // when refuse_browser() last logged
};

}  // namespace keel
