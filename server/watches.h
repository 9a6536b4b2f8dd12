// SPDX-License-Identifier: BSD-3-Clause
//
// Who watches which keys: a change of one breaks the transaction of all who watch it.
//
//     watchers_   (db, key) -> sessions
//     Transaction::watched of each session: the same from its side
//
// A database that is flushed or swapped breaks those whose key was there, or is there now. A key that was not there
// when it was watched, as its time to live was over, may vanish later without breaking anything.
//
// Always true:
//   1. A session stands in a key's list exactly while that key stands in its Transaction's.
//   2. When nobody watches, a change costs one branch.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "datatypes/command/effects.h"
#include "datatypes/keyspace/keyspace.h"
#include "server/key_spot.h"
#include "server/session.h"

namespace keel {

class Watches {
  public:
    explicit Watches(Keyspace& keyspace) : keyspace_(keyspace) {}

    // WATCH: the session's transaction remembers the key of its present database. Watching twice changes nothing.
    // O(those who watch the key).
    void watch(Session& session, const Key& key);
    // UNWATCH, EXEC, and the end of a session. O(keys x those who watch them).
    void forget(Session& session);

    [[nodiscard]] bool any() const { return !watchers_.empty(); }
    // Breaks the transactions that a command's effects touch. O(changes), but O(watched keys) after a flush or swap.
    void note(const Effects& effects);
    // Whether a key that the session watches has come to its end unnoticed: it is due, and still there.
    [[nodiscard]] bool has_expired(const Session& session);

    // For INFO.
    [[nodiscard]] std::size_t key_count() const { return watchers_.size(); }
    [[nodiscard]] std::size_t client_count() const { return clients_; }

  private:
    struct Watcher {
        Session* session;
        bool existed;
    };
    using Watchers = std::unordered_map<KeptKeySpot, std::vector<Watcher>, KeySpotHash, KeySpotEqual>;

    void note_database(int db, bool swapped);

    Keyspace& keyspace_;
    Watchers watchers_;
    std::size_t clients_ = 0;
};

}  // namespace keel
