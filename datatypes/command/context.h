// SPDX-License-Identifier: BSD-3-Clause
//
// A handler's whole world. One Context serves a dispatcher for its life; what belongs to a single request is set
// before each.
//
// A handler has five beats: parse, look, decide, apply, reply. It refuses before it touches: an error is returned,
// and then nothing was changed and nothing was written.
#pragma once

#include "conf/settings.h"
#include "datatypes/command/args.h"
#include "datatypes/command/blocking.h"
#include "datatypes/command/caller.h"
#include "datatypes/command/effects.h"
#include "datatypes/command/registry.h"
#include "datatypes/keyspace/keyspace.h"
#include "protocol/base/random.h"
#include "protocol/resp/argument_list.h"
#include "protocol/resp/errors.h"
#include "protocol/resp/reply.h"

namespace keel {

struct Context {
    // The world, for the life of the dispatcher.
    Keyspace& keyspace;
    Effects& effects;
    const Settings& settings;
    const Registry& registry;
    Random& random;
    const Clock& clock;
    Blocker* blocker = nullptr;  // null: nothing waits here

    // This request.
    Args args{};
    const Command* command = nullptr;
    Caller* caller = nullptr;
    Reply* out = nullptr;
    Database* database = nullptr;
    std::uint64_t first_key_hash = 0;  // of the word at first_key_at, computed ahead
    std::size_t first_key_at = 0;      // 0: none was computed
    ArgumentList* list = nullptr;      // where the words stand; see take_block. May be null.
    std::size_t first_word = 0;

    [[nodiscard]] Reply& reply() const { return *out; }
    [[nodiscard]] Database& db() const { return *database; }
    [[nodiscard]] UnixMs now() const { return keyspace.now(); }

    // The next word as a key; uses the hash that was computed ahead if it is the first key.
    Key next_key() {
        const std::size_t at = args.position();
        const Bytes word = args.next<Bytes>();
        return at == first_key_at && at != 0 ? Key{word, first_key_hash} : Key{word};
    }

    // Looks a key up for reading. A miss is told to those who listen for keymiss.
    Entry* read(const Key& key) { return hit_or_miss(db().read(key), key); }
    // The same for reading about the key: its age stays.
    Entry* look(const Key& key) { return hit_or_miss(db().look(key), key); }
    Entry* write(const Key& key) { return db().write(key); }

    // A key came to be. Told, before its change is, to those who listen for new keys.
    void appeared(Bytes key) { appeared(db(), key); }
    void appeared(Database& where, Bytes key) {
        if ((settings.notifications.keyspace_events & kNotifyNew) != 0) [[unlikely]]
            effects.happened(where.index(), key, events::kNew);
    }
    // The value at `key` in this database changed.
    void changed(Bytes key, Event event) { effects.changed(db().index(), key, event); }

    // The large argument at this word of the request, to keep; null if it did not come in a block of its own (then
    // copy it). The word's view stays good while the block lives.
    BlockPtr take_block(std::size_t word) {
        if (list == nullptr) return nullptr;
        auto large = list->take(first_word + word);
        if (!large) return nullptr;
        const std::size_t length = large->length();
        return BlockPtr{new (large->release()) Block{length, length}};  // read with Block's header as headroom
    }

    // The end of a handler that found nothing and would rather wait (blocking.h); nothing may have been replied.
    Status wait(Wait wait) {
        if (blocker != nullptr && !caller->deny_blocking) {
            blocker->wait(*this, std::move(wait));
        } else if (wait.on_timeout == TimeoutReply::null_array) {
            reply().null_array();
        } else {
            reply().null();
        }
        return {};
    }

  private:
    Entry* hit_or_miss(Entry* entry, const Key& key) {
        if (entry == nullptr && (settings.notifications.keyspace_events & kNotifyKeyMiss) != 0) [[unlikely]]
            effects.happened(db().index(), key.text, events::kKeyMiss);
        return entry;
    }
};

// WRONGTYPE unless the entry is of this type or absent.
inline Status expect_type(const Entry* entry, Type type) {
    if (entry != nullptr && entry->type() != type) [[unlikely]]
        return errors::kWrongType;
    return {};
}

}  // namespace keel
