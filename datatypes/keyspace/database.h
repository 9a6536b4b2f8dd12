// SPDX-License-Identifier: BSD-3-Clause
//
// One numbered database: its keys, and the index of their deadlines.
//
// Always true:
//   1. A key that is due is never returned, whether or not it has been removed yet (but in replay: DueKeys::show).
//   2. `deadlines_` holds exactly the entries that have a deadline; `member_deadlines_` those with a member that has
//   one.
//   3. An Entry pointer is good until its own key is changed or removed; a look-up may remove the key it looks up,
//      if that is due, and no other.
//   4. Every removal of a due or evicted key is announced to the KeyspaceListener, before the key is gone; except
//      under DueKeys::hide (keyspace.h), where a write over a due key replaces it and announces nothing.
//
// Not here: when due keys are removed, and the inline look-ups (keyspace.h, which users include); what is announced
// to whom (server/after_command).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "datatypes/encodings/hash.h"
#include "datatypes/encodings/table.h"
#include "datatypes/keyspace/entry.h"

namespace keel {

class Keyspace;
class Database;
template <typename Traits>
class DeadlineIndex;  // deadlines.h

// A key as it is looked up: the bytes and their hash, computed once.
struct Key {
    Bytes text;
    std::uint64_t hash;
    Key(Bytes bytes) : text(bytes), hash(hash_bytes(bytes)) {}  // NOLINT: any bytes may name a key
    Key(Bytes bytes, std::uint64_t known_hash) : text(bytes), hash(known_hash) {}
};

struct EntryTraits {
    using Item = Entry;
    static Bytes key(const Entry* entry) noexcept { return entry->key(); }
    static UnixMs deadline(const Entry* entry) noexcept { return entry->deadline(); }
    // Key and a short value span two lines more often than not.
    static void prefetch(const Entry* entry) noexcept {
        keel::prefetch(entry);
        keel::prefetch(reinterpret_cast<const char*>(entry) + 64);
    }
};

// Entries by the earliest deadline of their members (hash fields).
struct MemberDeadlineTraits {
    using Item = Entry;
    static UnixMs deadline(const Entry* entry) {
        if (!members_may_expire(entry->type())) [[likely]]
            return kNoDeadline;
        return type_ops(entry->type()).next_deadline(entry->value());
    }
};

class Database {
  public:
    Database(Keyspace& home, int index);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] int index() const { return index_; }
    // Keys held, those due but not yet removed included (as DBSIZE counts them).
    [[nodiscard]] std::size_t size() const { return table_.size(); }
    [[nodiscard]] std::size_t deadline_count() const;
    // Keys of which some member has a deadline.
    [[nodiscard]] std::size_t member_deadline_count() const;

    // ---- Look-ups. Null: no such key (or it is due). O(1). ----
    // What happens to a due entry that look, read or write meet: see DueKeys in keyspace.h.

    // Neither counted nor touched; changes nothing.
    [[nodiscard]] Entry* peek(const Key& key) const;
    // For reading about the key (TTL, TYPE): counts a hit or a miss.
    Entry* look(const Key& key);
    // For reading the value: counts a hit or a miss, refreshes the age.
    Entry* read(const Key& key);
    // For changing: refreshes the age.
    Entry* write(const Key& key);

    // ---- Changes. An `existing` entry is the one `write` gave for the same key, or null. O(1). ----

    // Makes the key hold `value`, whose payload is taken over; what was there is freed. Returns the entry.
    Entry* put(const Key& key, Entry* existing, const ValueRef& value, UnixMs deadline);
    // Takes over an entry made elsewhere (Entry::make, with its age), whose key is not here: for loading many.
    void adopt(Entry* entry, std::uint64_t hash);
    // The same, keeping the deadline.
    Entry* put_keeping_deadline(const Key& key, Entry* existing, const ValueRef& value) {
        return put(key, existing, value, existing != nullptr ? existing->deadline() : kNoDeadline);
    }
    // The three below come in two forms: who knows the entry's key with its hash saves the hashing.

    // kNoDeadline removes it. Returns the entry, which may be a new one.
    Entry* set_deadline(const Key& key, Entry* entry, UnixMs deadline);
    Entry* set_deadline(Entry* entry, UnixMs deadline) { return set_deadline(Key{entry->key()}, entry, deadline); }
    // Frees the entry with its value; `lazily` leaves a large value to the background thread whatever its type.
    void erase(const Key& key, Entry* entry, bool lazily = false) { retire(take(key, entry), lazily); }
    void erase(Entry* entry, bool lazily = false) { erase(Key{entry->key()}, entry, lazily); }
    // Removes the entry from here and gives back its value, which is now the caller's. Text that lies in the entry
    // is lost: move_to keeps it.
    ValueRef take(const Key& key, Entry* entry);
    ValueRef take(Entry* entry) { return take(Key{entry->key()}, entry); }
    // Moves the entry at `from` to the key `to` of `target` (which may be this database), where no entry is, with
    // its value, deadline and age. Returns the entry there.
    Entry* move_to(const Key& from, Entry* entry, Database& target, const Key& to);
    // A command changed the value in place, whose earliest member deadline was `before`: the index follows.
    void members_changed(Entry* entry, UnixMs before);
    // These members of the entry went, being due. To be told before an emptied entry is erased.
    void announce_members(const Entry& entry, std::span<const Bytes> names);
    // Frees everything; `lazily` in the background.
    void clear(bool lazily);

    // ---- Time ----

    [[nodiscard]] bool due(const Entry& entry) const;
    // What a command does with a due entry that it met: removes and announces it, if that is ours to do (DueKeys).
    void expire(Entry* entry);
    // Of an entry or of a member.
    [[nodiscard]] std::optional<UnixMs> earliest_deadline();
    // The entry with the earliest deadline, null if there is none.
    [[nodiscard]] Entry* next_due();
    // Milliseconds that entries with a deadline have left on average; 0 if there is none. O(1), exact.
    [[nodiscard]] std::int64_t mean_ttl_ms() const;
    // Removes up to `most` entries that are due, announcing each. Returns how many.
    std::size_t remove_due(UnixMs now, std::size_t most);
    // The same for members, and for the entries they leave empty.
    std::size_t remove_due_members(UnixMs now, std::size_t most);
    // Removes up to `most` due members of one entry; returns how many. If that empties it, the entry is gone (`gone`).
    std::size_t remove_due_members(Entry* entry, UnixMs now, std::size_t most, bool& gone);

    // ---- Walks ----

    // See Table::scan. Due entries are not shown.
    template <typename F>
    std::uint64_t scan(std::uint64_t cursor, F&& visit) const;
    // Every live entry. `visit` must not change the database.
    template <typename F>
    void each(F&& visit) const;
    // Evenly chosen among all entries, due ones included; null when empty.
    [[nodiscard]] Entry* random(Random& random) const { return table_.random(random); }

    [[nodiscard]] const Table<EntryTraits>& table() const { return table_; }
    [[nodiscard]] const DeadlineIndex<EntryTraits>& deadlines() const { return *deadlines_; }
    [[nodiscard]] std::size_t overhead_bytes() const;
    // What the deadline index takes for one entry, on average.
    [[nodiscard]] std::size_t deadline_bytes_each() const;
    void pause_resize(bool on) { table_.pause_resize(on); }

  private:
    friend class Keyspace;
    __extension__ using Sum = __int128;
    void enlist(Entry* entry);        // into the deadline index
    void strike(const Entry* entry);  // out of it
    // Of the members.
    [[nodiscard]] static UnixMs member_deadline(const Entry& entry) { return MemberDeadlineTraits::deadline(&entry); }
    void enlist_members(Entry* entry);
    void strike_members(const Entry* entry);
    void detach(const Key& key, Entry* entry);
    void remove_due_entry(const Key& key, Entry* entry);
    void retire(const ValueRef& value, bool lazily);
    void announce_expired(const Entry& entry, UnixMs now);

    Keyspace& home_;
    int index_;
    Table<EntryTraits> table_;
    std::unique_ptr<DeadlineIndex<EntryTraits>> deadlines_;  // apart, so that clear() can hand it over whole
    std::unique_ptr<DeadlineIndex<MemberDeadlineTraits>> member_deadlines_;
    Sum deadline_sum_ = 0;  // of all entries in deadlines_
};

}  // namespace keel
