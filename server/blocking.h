// SPDX-License-Identifier: BSD-3-Clause
//
// Sessions whose command waits for keys (the story is in datatypes/command/blocking.h): who waits for what and until
// when, which keys are worth another look, and the look.
//
//     queues_    (db, key) -> the waiters for it, by ticket: in the order in which they came
//     waiters_   session id -> words, deadline, the queues it stands in
//     timeouts_  (deadline, ticket) -> waiter
//     ready_     keys someone waits for that a command changed, in the order of the changes
//
//     BLPOP -wait()-> Parked::blocked -note(): its key changed-> serve(): run again -answers-> goes on
//                        |        ^                                             |
//                        |        `------------------- asks to wait again ------'   (keeps ticket and deadline)
//                        |-end_due()-> answer of a timeout      |-unblock(), end_all()-> an error
//                        `-forget(): its connection ended
//
// Changes are noted while effects are drained, and served when the command that made them is over (for EXEC and
// scripts: the whole of it), before anybody's next one. Serving may change further keys: it goes on until none is
// ready.
//
// Always true:
//   1. A session is parked as blocked exactly while a waiter has its id, except during that waiter's own run. (Or while
//      its MIGRATE is under way, which has no waiter here: migrations.h.)
//   2. Of several who wait for a key, the one who came first is run first.
//   3. Nobody is served while clients are paused; timeouts end all the same.
//   4. A command that asks to wait again has changed nothing (else serving would not come to an end).
//   5. When nobody waits, a command pays one branch.
//
// Not here: what a command does when it is run (its own handler), and how it is counted (server/dispatch).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "datatypes/command/blocking.h"
#include "datatypes/command/effects.h"
#include "datatypes/keyspace/keyspace.h"
#include "protocol/base/clock.h"
#include "protocol/resp/errors.h"
#include "server/key_spot.h"
#include "server/session.h"

namespace keel {

class ClientSet;
class Dispatcher;
class Pause;

class Blocking final : public Blocker {
  public:
    // All are lent. The clock is the steady one: a jump of the wall clock ends nobody's waiting.
    Blocking(Dispatcher& dispatcher, ClientSet& clients, Keyspace& keyspace, const Pause& pause, const Clock& clock)
        : dispatcher_(dispatcher), clients_(clients), keyspace_(keyspace), pause_(pause), clock_(clock) {}

    void wait(Context& cx, Wait wait) override;

    [[nodiscard]] bool any() const { return !waiters_.empty(); }
    // Notes which keys may be worth another look. O(changes), but O(keys waited for) after a flush or a swap.
    void note(const Effects& effects);
    [[nodiscard]] bool has_ready() const { return !ready_.empty(); }
    // Runs the commands of those who wait for keys that are ready.
    void serve();

    // Answers those whose time is over.
    void end_due();
    // By the steady clock.
    [[nodiscard]] std::optional<std::int64_t> next_timeout_us() const;

    // CLIENT UNBLOCK: as a timeout, or with an error. False if the session does not wait.
    bool unblock(Session& session, bool with_error);
    // Ends all waiting with an error, for when this server takes another role.
    void end_all(const ErrorText& why);
    // The session is about to go.
    void forget(const Session& session);

    // For INFO.
    [[nodiscard]] std::size_t count() const { return waiters_.size(); }
    [[nodiscard]] std::size_t key_count() const { return queues_.size(); }
    [[nodiscard]] std::size_t gone_key_count() const;  // keys whose going is waited for, too
    [[nodiscard]] std::size_t timeout_count() const { return timeouts_.size(); }

  private:
    struct Waiter;
    struct Queue {
        std::map<std::uint64_t, Waiter*> waiters;  // by ticket
        std::size_t gone_waiters = 0;              // those with also_when_gone
        bool ready = false;                        // is in ready_
    };
    using Queues = std::unordered_map<KeptKeySpot, Queue, KeySpotHash, KeySpotEqual>;
    struct Waiter {
        std::uint64_t session_id;
        std::uint64_t ticket;
        Type type;
        bool also_when_gone;
        std::int64_t deadline_us;  // kNever: none
        std::vector<std::string> words;
        std::vector<Queues::value_type*> queues;
    };
    using Waiters = std::unordered_map<std::uint64_t, std::unique_ptr<Waiter>>;

    void note_key(const KeySpot& spot);
    void note_database(int db, bool gone_only);
    void mark(Queues::value_type& queue);
    void enlist(Waiter& waiter, const KeySpot& spot);
    void serve_key(const KeySpot& spot);
    [[nodiscard]] static Waiter* next_for(const Queue& queue, std::uint64_t behind_ticket, const Entry* entry);
    void run_again(Waiter& waiter);
    void end(Waiter& waiter, const ErrorText* error);
    void remove(Waiter& waiter);

    Dispatcher& dispatcher_;
    ClientSet& clients_;
    Keyspace& keyspace_;
    const Pause& pause_;
    const Clock& clock_;
    std::uint64_t next_ticket_ = 1;
    Waiters waiters_;
    Queues queues_;
    std::map<std::pair<std::int64_t, std::uint64_t>, Waiter*> timeouts_;
    std::vector<KeptKeySpot> ready_;
};

}  // namespace keel
