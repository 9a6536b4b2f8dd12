// SPDX-License-Identifier: BSD-3-Clause
#include "server/tracking.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "datatypes/encodings/hash.h"
#include "protocol/resp/request_writer.h"
#include "server/net/client_set.h"
#include "server/pubsub.h"

namespace keel {

namespace {

constexpr Bytes kForOthers = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";  // RESP2: a message to a subscriber
constexpr std::size_t kChangeBytes = 64;  // of a change, but for its key
constexpr Bytes kForItself = ">2\r\n$10\r\ninvalidate\r\n";

}  // namespace

// The keys that changed, or none for all of them, encoded when the first one asks.
class Tracking::Message {
  public:
    Message() : list2_("$-1\r\n"), list3_("_\r\n") {}
    explicit Message(std::span<const Bytes> keys) {
        append_request(list2_, keys);
        list3_ = list2_;
    }

    const SharedChunk& encoded(int protocol) {
        auto& chunk = chunks_[protocol == 3 ? 1 : 0];
        if (!chunk) chunk.emplace(protocol == 3 ? std::string{kForItself} + list3_ : std::string{kForOthers} + list2_);
        return *chunk;
    }

  private:
    std::string list2_;
    std::string list3_;
    std::optional<SharedChunk> chunks_[2];
};

Tracking::Tracking(ClientSet& clients, PubSub& pubsub, const Clients& settings, Random& random)
    : clients_(clients), pubsub_(pubsub), settings_(settings), random_(random) {}

Tracking::~Tracking() {
    keys_.drain([](ReadKey* read) { delete read; });
}

// ---- Who is told ----

void Tracking::enable(Session& session, const Tracker& wanted) {
    if (!session.tracker) {
        session.tracker = std::make_unique<Tracker>();
        ++count_;
    }
    Tracker& tracker = *session.tracker;
    std::vector<std::string> prefixes = std::move(tracker.prefixes);
    const bool caching = tracker.caching;
    const std::size_t bytes = tracker.bytes;
    tracker = wanted;
    tracker.caching = caching;
    tracker.bytes = bytes;
    tracker.prefixes = std::move(prefixes);
    if (!tracker.broadcast) return;
    if (wanted.prefixes.empty()) join(session, {});
    for (const std::string& prefix : wanted.prefixes) join(session, prefix);
}

void Tracking::disable(Session& session) {
    if (!session.tracker) return;
    for (const std::string& prefix : session.tracker->prefixes) leave(session, prefix);
    session.tracker.reset();
    --count_;
}

void Tracking::join(Session& session, std::string prefix) {
    auto& listened = prefixes_[prefix];
    if (!listened) {
        listened = std::make_unique<Prefix>();
        ++lengths_[prefix.size()];
    }
    std::vector<Session*>& listeners = listened->listeners;
    if (std::find(listeners.begin(), listeners.end(), &session) != listeners.end()) return;
    listeners.push_back(&session);
    session.tracker->bytes += sizeof(std::string) + prefix.size();
    session.tracker->prefixes.push_back(std::move(prefix));
}

void Tracking::leave(Session& session, const std::string& prefix) {
    const auto found = prefixes_.find(prefix);
    std::erase(found->second->listeners, &session);
    if (!found->second->listeners.empty()) return;
    prefixes_.erase(found);
    const auto length = lengths_.find(prefix.size());
    if (--length->second == 0) lengths_.erase(length);
}

// ---- What was read ----

void Tracking::after(const Command& command, std::span<const Bytes> words) {
    const Session* const session = pubsub_.answering();
    if (session == nullptr || !session->tracker) return;
    const Tracker& tracker = *session->tracker;
    const bool skipped = tracker.opt_in ? !tracker.caching : tracker.opt_out && tracker.caching;
    if (tracker.broadcast || skipped || !command.is(Flag::readonly) || command.is(Flag::pubsub)) return;
    if (command.spec().group == Group::scripting) return;  // what a script reads, not what it names
    found_.clear();
    if (!command.find_keys(words, found_)) return;
    for (const KeyPosition& position : found_.all()) remember(session->id, words[position.index]);
}

void Tracking::use_up_caching(Session& session, const Command& command) {
    const bool says_so = command.parent() != nullptr && command.parent()->spec().name == "client";
    if (!says_so && !session.in_transaction()) session.tracker->caching = false;
}

void Tracking::remember(std::uint64_t reader, Bytes key) {
    const std::uint64_t hash = hash_bytes(key);
    ReadKey* read = keys_.find(key, hash);
    if (read == nullptr) {
        read = new ReadKey{.name = std::string{key}, .generation = generation_, .readers = {}};
        keys_.insert(read, hash);
        ++live_;
    } else if (read->generation != generation_) {
        read->generation = generation_;
        read->readers.clear();
        ++live_;
    }
    if (std::find(read->readers.begin(), read->readers.end(), reader) != read->readers.end()) return;
    if (read->readers.size() >= read->look_at) drop_ended_readers(*read);
    read->readers.push_back(reader);
    ++items_;
    trim();
}

// A key that never changes is read by one short-lived client after the other.
void Tracking::drop_ended_readers(ReadKey& read) {
    items_ -= std::erase_if(read.readers, [this](std::uint64_t id) { return clients_.find(id) == nullptr; });
    read.look_at = std::max<std::size_t>(2 * read.readers.size(), 64);
}

void Tracking::trim() {
    constexpr int kMostAtOnce = 100;
    const std::uint64_t most = settings_.tracking_table_max_keys;
    for (int i = 0; most != 0 && live_ > most && i < kMostAtOnce; ++i) {
        key_changed(std::string{keys_.random(random_)->name}, 0);
    }
}

void Tracking::cron() {
    trim();
    sweep();
}

void Tracking::sweep() {
    constexpr int kSteps = 1000;
    std::vector<ReadKey*> old;
    for (int i = 0; i < kSteps && keys_.size() > live_; ++i) {
        old.clear();
        swept_ = keys_.scan(swept_, [&](ReadKey* read) {
            if (read->generation != generation_) old.push_back(read);
        });
        for (ReadKey* read : old) {
            keys_.erase_item(read, hash_bytes(read->name));
            delete read;
        }
    }
}

// ---- What changed ----

void Tracking::note(const Effects& effects) {
    const Session* const by = pubsub_.answering();
    const std::uint64_t id = by == nullptr ? 0 : by->id;
    for (const Change& change : effects.changes()) {
        if (!change.touches) continue;
        if (!prefixes_.empty()) note_below_prefixes(change.key, id);
        if (changed_bytes_ > kMostChangedBytes) [[unlikely]]
            broadcast();
        if (live_ != 0) key_changed(change.key, id);
    }
    if (!effects.flushed_databases().empty() || !effects.swaps().empty()) all_changed();
}

void Tracking::key_changed(Bytes key, std::uint64_t by) {
    const std::unique_ptr<ReadKey> read{keys_.erase(key, hash_bytes(key))};
    if (!read || read->generation != generation_) return;
    --live_;
    items_ -= read->readers.size();
    Message message{{&key, 1}};
    for (const std::uint64_t reader : read->readers) {
        // It may have ended, or have turned to other ways since it read the key.
        Session* const session = clients_.find(reader);
        if (session == nullptr || !session->tracker || session->tracker->broadcast) continue;
        if (!session->tracker->no_loop || reader != by) tell(*session, message);
    }
}

void Tracking::all_changed() {
    ++generation_;
    live_ = items_ = 0;
    Message message;
    clients_.each([&](Session& session) {
        if (session.tracker && !session.closing) tell(session, message);
    });
}

void Tracking::tell(Session& session, Message& message) {
    Tracker& tracker = *session.tracker;
    if (tracker.redirect == 0) {
        // RESP2 has no way to tell a message from a reply.
        if (session.reply.protocol() == 3) pubsub_.push(session, message.encoded(3));
        return;
    }
    Session* const other = clients_.find(tracker.redirect);
    if (other != nullptr) {
        const int protocol = other->reply.protocol();
        if (protocol == 3 || other->subscribed()) pubsub_.push(*other, message.encoded(protocol));
        return;
    }
    tracker.broken = true;
    if (session.reply.protocol() == 3) {
        const std::string id = std::to_string(tracker.redirect);
        pubsub_.push(session, SharedChunk{">2\r\n$21\r\ntracking-redir-broken\r\n:" + id + "\r\n"});
    }
}

// ---- Prefixes ----

void Tracking::note_below_prefixes(Bytes key, std::uint64_t by) {
    for (const auto& [length, prefixes] : lengths_) {
        if (length > key.size()) break;
        const auto found = prefixes_.find(std::string{key.substr(0, length)});
        if (found == prefixes_.end()) continue;
        if (found->second->changed.insert_or_assign(std::string{key}, by).second)
            changed_bytes_ += key.size() + kChangeBytes;
    }
}

void Tracking::broadcast() {
    if (changed_bytes_ == 0) [[likely]]
        return;
    changed_bytes_ = 0;
    // Whom we tell may end for being too slow, and its prefix with it.
    std::vector<std::string> names;
    for (const auto& [name, prefix] : prefixes_) {
        if (!prefix->changed.empty()) names.push_back(name);
    }
    for (const std::string& name : names) {
        const auto found = prefixes_.find(name);
        if (found != prefixes_.end()) broadcast(*found->second);
    }
}

void Tracking::broadcast(Prefix& prefix) {
    const auto changed = std::exchange(prefix.changed, {});
    std::vector<Bytes> keys;
    for (const auto& [key, by] : changed) keys.push_back(key);
    Message all{keys};
    const std::vector<Session*> listeners = prefix.listeners;
    for (Session* session : listeners) {
        if (session->closing || !session->tracker) continue;
        if (!session->tracker->no_loop) {
            tell(*session, all);
            continue;
        }
        std::vector<Bytes> others;
        for (const auto& [key, by] : changed) {
            if (by != session->id) others.push_back(key);
        }
        if (others.empty()) continue;
        Message message{others};
        tell(*session, message);
    }
}

}  // namespace keel
