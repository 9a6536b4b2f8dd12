// SPDX-License-Identifier: BSD-3-Clause
//
// All databases, and what they share: the turn's time, the ages of entries, the counters, the way out for large
// values.
//
// Always true:
//   1. `now_ms` changes only between commands: a command sees one moment.
//   2. Counters only grow until CONFIG RESETSTAT.
//
// Not here: which keys are evicted (evict.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "datatypes/keyspace/age.h"
#include "datatypes/keyspace/database.h"
#include "datatypes/keyspace/lag_histogram.h"
#include "datatypes/keyspace/lazy_free.h"

namespace keel {

// Who is told of keys that go by themselves. The entry is still in place during the call.
class KeyspaceListener {
  public:
    virtual ~KeyspaceListener() = default;
    virtual void on_expired(Database& db, const Entry& entry) = 0;
    virtual void on_evicted(Database& db, const Entry& entry) = 0;
    // After one of the above: the entry was taken out, and its memory given back.
    virtual void on_removed() {}
    // These members of the entry (hash fields) went; the names are good during the call.
    virtual void on_members_expired(Database&, const Entry&, std::span<const Bytes>) {}
    // The entry lost its last member that way, and goes too.
    virtual void on_emptied(Database&, const Entry&) {}
};

// What commands do with keys that are due but still here.
enum class DueKeys : std::uint8_t {
    // We say what expires: a key that is met when due is removed and announced, then is not there.
    remove,
    // Someone else says so (a client on a replica: its primary; while clients are paused: time itself stands still):
    // a due key is not there for who asks, but stays until its DEL comes. A write over it replaces it without a
    // word: writes on a replica are local, its stream is its primary's alone.
    hide,
    // Replay (the stream from a primary, an append-only file): every command was decided when it was first run, by
    // the clock of that time. A due key is there like any other: to erase it would apply an INCR to nothing.
    show,
};

struct KeyspaceCounters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t expired = 0;
    std::uint64_t expired_members = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expire_cap_reached = 0;  // turns in which due keys were left for the next
    std::uint64_t expire_us = 0;           // time spent removing due keys
};

class Keyspace {
  public:
    Keyspace(int databases, LazyFree& lazy_free, KeyspaceListener& listener, UnixMs now_ms);

    [[nodiscard]] int count() const { return static_cast<int>(databases_.size()); }
    [[nodiscard]] Database& db(int index) { return *databases_[static_cast<std::size_t>(index)]; }
    [[nodiscard]] const Database& db(int index) const { return *databases_[static_cast<std::size_t>(index)]; }

    // The moment in which the present command runs.
    void set_now(UnixMs now_ms) { now_ms_ = now_ms, ages.set_now(now_ms); }
    [[nodiscard]] UnixMs now() const { return now_ms_; }

    [[nodiscard]] std::size_t keys() const;
    // The earliest deadline of all databases. Asked in every turn: looked for only after a deadline came or went.
    [[nodiscard]] std::optional<UnixMs> earliest_deadline();
    // Removes what is due, announcing each key, for at most about `budget_us` by `clock`. Returns true if due keys
    // are left.
    bool remove_due(UnixMs now, const Clock& clock, std::int64_t budget_us);
    void clear(bool lazily);
    // Exchanges two databases: each then goes by the other's number. Ends the life of references to them.
    void swap(int a, int b);
    void pause_resize(bool on);
    // A forked child shares this memory, and each page of it that is written to is copied first, which takes longer
    // than most commands: tables are not rearranged, and what is only read keeps its age (as in Redis).
    void set_beside_child(bool on);
    // Whether looking up refreshes ages: off for clients with NO-TOUCH.
    void set_touching(bool on) { touching_ = on, touching_reads_ = on && !beside_child_; }

    Ages ages;
    bool active_expire = true;  // DEBUG SET-ACTIVE-EXPIRE
    DueKeys due_keys = DueKeys::remove;
    bool lazy_expire = true;     // lazyfree-lazy-expire
    bool lazy_overwrite = true;  // lazyfree-lazy-server-del
    KeyspaceCounters counters;
    LagHistogram expiry_lag;

  private:
    friend class Database;
    bool touching_ = true;
    bool touching_reads_ = true;
    bool beside_child_ = false;

    LazyFree& lazy_free_;
    KeyspaceListener& listener_;
    UnixMs now_ms_;
    std::optional<UnixMs> earliest_;  // good while earliest_known_
    bool earliest_known_ = true;
    std::vector<std::unique_ptr<Database>> databases_;
};

// ---- The look-ups of Database, which every command goes through ----

inline bool Database::due(const Entry& entry) const {
    return entry.due(home_.now()) && home_.due_keys != DueKeys::show;
}

inline Entry* Database::peek(const Key& key) const {
    Entry* entry = table_.find(key.text, key.hash);
    if (entry != nullptr && due(*entry)) [[unlikely]]
        return nullptr;
    return entry;
}

inline Entry* Database::look(const Key& key) {
    Entry* entry = table_.find(key.text, key.hash);
    if (entry != nullptr && due(*entry)) [[unlikely]] {
        if (home_.due_keys == DueKeys::remove) remove_due_entry(key, entry);
        entry = nullptr;
    }
    ++(entry == nullptr ? home_.counters.misses : home_.counters.hits);
    return entry;
}

inline Entry* Database::read(const Key& key) {
    Entry* entry = look(key);
    if (entry != nullptr && home_.touching_reads_) home_.ages.touch(*entry);
    return entry;
}

template <typename F>
std::uint64_t Database::scan(std::uint64_t cursor, F&& visit) const {
    return table_.scan(cursor, [&](Entry* entry) {
        if (!due(*entry)) visit(*entry);
    });
}

template <typename F>
void Database::each(F&& visit) const {
    table_.each([&](Entry* entry) {
        if (!due(*entry)) visit(*entry);
    });
}

}  // namespace keel
