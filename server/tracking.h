// SPDX-License-Identifier: BSD-3-Clause
//
// Client-side caching: clients that keep what they read are told when it changed.
//
//     keys_       key -> ids of the sessions that read it         (until it changes: then they are told, once)
//     prefixes_   prefix -> who wants all below it, and the keys below it that changed in this turn
//
// Names count, not databases, as in Redis. A key that one more than tracking-table-max-keys would be remembered pushes
// out another, whose readers are told as if it had changed. A session that ended may stand in keys_ until its keys
// change (ids are never used twice), but for every one that is there a key has at most one that is not, and 64.
//
// Always true:
//   1. A client hears of a change of its own command behind that command's reply, never inside it.
//   2. Whoever read a key and was not told since would be told now.
//   3. An invalidation of prefixes is encoded once for all who hear the same.
//   4. While nobody tracks and no key is remembered, a command pays one branch.
//   5. Of changes below prefixes at most about kMostChangedBytes wait to be told.
//   6. A flush takes the same time however many keys are remembered: it begins a new generation of them, and the old
//      ones are swept up later.
//
// Not here: the commands (server/commands/tracking_commands).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "conf/settings.h"
#include "datatypes/command/effects.h"
#include "datatypes/command/registry.h"
#include "datatypes/encodings/table.h"
#include "protocol/base/random.h"
#include "server/session.h"
#include "server/tracker.h"

namespace keel {

class ClientSet;
class PubSub;

class Tracking {
  public:
    // All are lent.
    Tracking(ClientSet& clients, PubSub& pubsub, const Clients& settings, Random& random);
    ~Tracking();
    Tracking(const Tracking&) = delete;
    Tracking& operator=(const Tracking&) = delete;

    // CLIENT TRACKING ON with options that fit each other and what the session has: new prefixes join its old ones.
    void enable(Session& session, const Tracker& wanted);
    // CLIENT TRACKING OFF, RESET, and the end of a session.
    void disable(Session& session);

    [[nodiscard]] bool any() const { return count_ != 0; }
    // A command was run for the session that is being answered: remembers the keys that it read. O(keys).
    void after(const Command& command, std::span<const Bytes> words);
    // The command that the session sent is over: what CLIENT CACHING said was of it.
    static void use_up_caching(Session& session, const Command& command);
    // Tells who read the keys that changed. O(changes x readers).
    void note(const Effects& effects);
    // Tells of the keys below prefixes that changed since the last time. To be called once a turn; many changes of one
    // command do not wait for that.
    void broadcast();
    // Periodic work: forgets keys beyond tracking-table-max-keys, and those that a flush left behind. Bounded.
    void cron();

    // For INFO.
    [[nodiscard]] std::size_t client_count() const { return count_; }
    [[nodiscard]] std::size_t key_count() const { return live_; }
    [[nodiscard]] std::size_t item_count() const { return items_; }
    [[nodiscard]] std::size_t prefix_count() const { return prefixes_.size(); }

  private:
    static constexpr std::size_t kMostChangedBytes = std::size_t{1} << 20;

    class Message;
    struct ReadKey {
        std::string name;
        std::uint64_t generation;  // of flushes; one of before is as good as gone
        std::vector<std::uint64_t> readers;
        std::size_t look_at = 64;  // with so many readers the next time for those who ended
    };
    struct ReadKeyTraits {
        using Item = ReadKey;
        static Bytes key(const ReadKey* read) { return read->name; }
    };
    struct Prefix {
        std::vector<Session*> listeners;
        std::unordered_map<std::string, std::uint64_t> changed;  // and the id of who changed it last; 0: nobody
    };

    void remember(std::uint64_t reader, Bytes key);
    void drop_ended_readers(ReadKey& read);
    void trim();
    void sweep();
    void key_changed(Bytes key, std::uint64_t by);
    void all_changed();
    void tell(Session& session, Message& message);
    void note_below_prefixes(Bytes key, std::uint64_t by);
    void join(Session& session, std::string prefix);
    void leave(Session& session, const std::string& prefix);
    void broadcast(Prefix& prefix);

    ClientSet& clients_;
    PubSub& pubsub_;
    const Clients& settings_;
    Random& random_;
    std::size_t count_ = 0;  // sessions that track
    Table<ReadKeyTraits> keys_;
    std::uint64_t generation_ = 0;
    std::size_t live_ = 0;     // keys of this generation,
    std::size_t items_ = 0;    //   and their readers
    std::uint64_t swept_ = 0;  // how far: a cursor of keys_
    std::unordered_map<std::string, std::unique_ptr<Prefix>> prefixes_;
    std::map<std::size_t, std::size_t> lengths_;  // of prefixes, and of how many: keys are looked up by beginnings
    std::size_t changed_bytes_ = 0;               // about what the changes take that prefixes have still to tell
    KeyList found_;
};

}  // namespace keel
