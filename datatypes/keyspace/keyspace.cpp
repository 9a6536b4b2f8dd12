// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/keyspace.h"

#include <algorithm>
#include <string>

#include "datatypes/encodings/small_heap.h"
#include "datatypes/keyspace/deadlines.h"

namespace keel {

// ---- Database ----

Database::Database(Keyspace& home, int index)
    : home_(home),
      index_(index),
      deadlines_(std::make_unique<DeadlineIndex<EntryTraits>>()),
      member_deadlines_(std::make_unique<DeadlineIndex<MemberDeadlineTraits>>()) {}

Database::~Database() { clear(false); }

std::size_t Database::deadline_count() const { return deadlines_->size(); }

std::size_t Database::member_deadline_count() const { return member_deadlines_->size(); }

Entry* Database::next_due() { return deadlines_->front(); }

std::size_t Database::overhead_bytes() const {
    return table_.memory_bytes() + deadlines_->memory_bytes() + member_deadlines_->memory_bytes();
}

std::size_t Database::deadline_bytes_each() const {
    return deadlines_->empty() ? 0 : deadlines_->memory_bytes() / deadlines_->size();
}

Entry* Database::write(const Key& key) {
    Entry* entry = table_.find(key.text, key.hash);
    if (entry == nullptr) return nullptr;
    if (due(*entry)) [[unlikely]] {
        if (home_.due_keys == DueKeys::remove)
            remove_due_entry(key, entry);
        else
            erase(key, entry, home_.lazy_expire);
        return nullptr;
    }
    if (home_.touching_) home_.ages.touch(*entry);
    return entry;
}

void Database::enlist(Entry* entry) {
    deadlines_->insert(entry);
    home_.earliest_known_ = false;
    deadline_sum_ += entry->deadline();
}

void Database::strike(const Entry* entry) {
    deadlines_->erase(entry);
    home_.earliest_known_ = false;
    deadline_sum_ -= entry->deadline();
}

void Database::enlist_members(Entry* entry) {
    if (member_deadline(*entry) == kNoDeadline) [[likely]]
        return;
    member_deadlines_->insert(entry);
    home_.earliest_known_ = false;
}

void Database::strike_members(const Entry* entry) {
    if (member_deadline(*entry) == kNoDeadline) [[likely]]
        return;
    member_deadlines_->erase(entry);
    home_.earliest_known_ = false;
}

void Database::members_changed(Entry* entry, UnixMs before) {
    const UnixMs after = member_deadline(*entry);
    if (before == after) [[likely]]
        return;
    if (before != kNoDeadline) member_deadlines_->erase(entry, before);
    if (after != kNoDeadline) member_deadlines_->insert(entry);
    home_.earliest_known_ = false;
}

std::int64_t Database::mean_ttl_ms() const {
    if (deadlines_->empty()) return 0;
    const Sum mean = deadline_sum_ / static_cast<Sum>(deadlines_->size());
    return std::max<std::int64_t>(static_cast<std::int64_t>(mean) - home_.now(), 0);
}

void Database::adopt(Entry* entry, std::uint64_t hash) {
    table_.insert(entry, hash);
    if (entry->has_deadline()) enlist(entry);
    enlist_members(entry);
}

Entry* Database::put(const Key& key, Entry* existing, const ValueRef& value, UnixMs deadline) {
    if (existing == nullptr) {
        Entry* entry = Entry::make(key.text, deadline, value);
        entry->set_age(home_.ages.fresh());
        adopt(entry, key.hash);
        return entry;
    }
    const bool other_value = existing->is_string() || existing->payload() != value.payload;
    const UnixMs members = other_value ? kNoDeadline : member_deadline(*existing);
    if (other_value) strike_members(existing);
    const ValueRef old = existing->value();
    const UnixMs old_deadline = existing->deadline();
    const bool same_shape = (old_deadline == kNoDeadline) == (deadline == kNoDeadline);
    if (same_shape && existing->overwrite(value)) {
        if (old.payload != value.payload) retire(old, home_.lazy_overwrite);
        if (other_value) enlist_members(existing);
        if (old_deadline != deadline) return set_deadline(key, existing, deadline);
        return existing;
    }
    Entry* entry = Entry::make(key.text, deadline, value);
    entry->set_age(existing->age());
    table_.replace(existing, entry, key.hash);
    if (old_deadline != kNoDeadline && old_deadline == deadline) {
        deadlines_->replace(existing, entry);
    } else {
        if (old_deadline != kNoDeadline) strike(existing);
        if (deadline != kNoDeadline) enlist(entry);
    }
    if (other_value)
        enlist_members(entry);
    else if (members != kNoDeadline)
        member_deadlines_->replace(existing, entry);
    Entry::release(existing);
    if (old.payload != value.payload) retire(old, home_.lazy_overwrite);
    return entry;
}

Entry* Database::set_deadline(const Key& key, Entry* entry, UnixMs deadline) {
    if (entry->deadline() == deadline) return entry;
    if (entry->has_deadline() && deadline != kNoDeadline) {
        strike(entry);  // with the deadline it was inserted with
        entry->set_deadline(deadline);
        enlist(entry);
        return entry;
    }
    return put(key, entry, entry->value(), deadline);
}

// Takes the entry out of table and indexes; its memory and its payload stay.
void Database::detach(const Key& key, Entry* entry) {
    table_.erase_item(entry, key.hash);
    if (entry->has_deadline()) strike(entry);
    strike_members(entry);
}

ValueRef Database::take(const Key& key, Entry* entry) {
    ValueRef value = entry->value();
    detach(key, entry);  // `key` may view the entry's own bytes: not used below
    // Text in the entry dies with it: only a payload outlives this call.
    if (value.payload == nullptr) value.text = {};
    Entry::release(entry);
    return value;
}

Entry* Database::move_to(const Key& from, Entry* entry, Database& target, const Key& to) {
    detach(from, entry);
    if (from.text != to.text) {
        Entry* renamed = Entry::make(to.text, entry->deadline(), entry->value());
        renamed->set_age(entry->age());
        Entry::release(entry);
        entry = renamed;
    }
    target.table_.insert(entry, to.hash);
    if (entry->has_deadline()) target.enlist(entry);
    target.enlist_members(entry);
    return entry;
}

void Database::retire(const ValueRef& value, bool lazily) {
    if (value.payload == nullptr) return;
    if (lazily)
        home_.lazy_free_.retire(value);
    else
        LazyFree::free_now(value);
}

void Database::clear(bool lazily) {
    if (table_.size() == 0) return;
    const bool paused = table_.resize_paused();
    deadline_sum_ = 0;
    home_.earliest_known_ = false;
    // What it takes to hand a job over and to share the heap meanwhile is better spent on freeing a few keys here.
    constexpr std::size_t kFew = 64;
    if (!lazily || table_.size() <= kFew) {
        deadlines_->clear();
        member_deadlines_->clear();
        table_.drain([this, lazily](Entry* entry) {
            retire(entry->value(), lazily);
            Entry::release(entry);
        });
        table_.pause_resize(paused);
        return;
    }
    // The job owns the old table and index; std::function wants a copyable job, hence the shared owner.
    struct Doomed {
        Table<EntryTraits> table;
        std::unique_ptr<DeadlineIndex<EntryTraits>> deadlines;
        std::unique_ptr<DeadlineIndex<MemberDeadlineTraits>> member_deadlines;
    };
    auto doomed =
        std::make_shared<Doomed>(Doomed{std::move(table_), std::move(deadlines_), std::move(member_deadlines_)});
    table_ = Table<EntryTraits>{};
    table_.pause_resize(paused);
    deadlines_ = std::make_unique<DeadlineIndex<EntryTraits>>();
    member_deadlines_ = std::make_unique<DeadlineIndex<MemberDeadlineTraits>>();
    home_.lazy_free_.submit(doomed->table.size(), [doomed] {
        doomed->deadlines.reset();
        doomed->member_deadlines.reset();
        doomed->table.drain([](Entry* entry) {
            LazyFree::free_now(entry->value());
            Entry::release(entry);
        });
    });
}

void Database::expire(Entry* entry) {
    if (home_.due_keys == DueKeys::remove) remove_due_entry(Key{entry->key()}, entry);
}

void Database::remove_due_entry(const Key& key, Entry* entry) {
    announce_expired(*entry, home_.now());
    erase(key, entry, home_.lazy_expire);
    home_.listener_.on_removed();
}

void Database::announce_expired(const Entry& entry, UnixMs now) {
    ++home_.counters.expired;
    home_.expiry_lag.add(now - entry.deadline());
    home_.listener_.on_expired(*this, entry);
}

std::size_t Database::remove_due(UnixMs now, std::size_t most) {
    std::size_t removed = 0;
    while (removed < most) {
        Entry* entry = deadlines_->front();
        if (entry == nullptr || !entry->due(now)) break;
        announce_expired(*entry, now);
        erase(entry, home_.lazy_expire);
        home_.listener_.on_removed();
        ++removed;
    }
    return removed;
}

std::optional<UnixMs> Database::earliest_deadline() {
    const auto own = deadlines_->earliest();
    const auto of_members = member_deadlines_->earliest();
    if (!own || !of_members) return own ? own : of_members;
    return std::min(*own, *of_members);
}

void Database::announce_members(const Entry& entry, std::span<const Bytes> names) {
    home_.counters.expired_members += names.size();
    home_.listener_.on_members_expired(*this, entry, names);
}

std::size_t Database::remove_due_members(Entry* entry, UnixMs now, std::size_t most, bool& gone) {
    const TypeOps& ops = type_ops(entry->type());
    const UnixMs before = member_deadline(*entry);
    std::vector<std::string> names;
    const std::size_t removed = ops.remove_due(*entry, now, most, [&](Bytes name, UnixMs deadline) {
        names.emplace_back(name);
        home_.expiry_lag.add(now - deadline);
    });
    members_changed(entry, before);
    gone = ops.count(entry->value()) == 0;
    if (removed != 0) announce_members(*entry, std::vector<Bytes>(names.begin(), names.end()));
    if (gone) {
        home_.listener_.on_emptied(*this, *entry);
        erase(entry, home_.lazy_expire);
    }
    return removed;
}

std::size_t Database::remove_due_members(UnixMs now, std::size_t most) {
    std::size_t removed = 0;
    while (removed < most) {
        const auto earliest = member_deadlines_->earliest();
        if (!earliest || *earliest > now) break;
        bool gone = false;
        removed += remove_due_members(member_deadlines_->front(), now, most - removed, gone);
    }
    return removed;
}

// ---- Keyspace ----

Keyspace::Keyspace(int databases, LazyFree& lazy_free, KeyspaceListener& listener, UnixMs now_ms)
    : lazy_free_(lazy_free), listener_(listener), now_ms_(now_ms) {
    ages.set_now(now_ms);
    databases_.reserve(static_cast<std::size_t>(databases));
    for (int i = 0; i < databases; ++i) databases_.push_back(std::make_unique<Database>(*this, i));
}

std::size_t Keyspace::keys() const {
    std::size_t total = 0;
    for (const auto& db : databases_) total += db->size();
    return total;
}

std::optional<UnixMs> Keyspace::earliest_deadline() {
    if (earliest_known_) return earliest_;
    earliest_.reset();
    for (const auto& db : databases_) {
        const auto due = db->earliest_deadline();
        if (due && (!earliest_ || *due < *earliest_)) earliest_ = due;
    }
    earliest_known_ = true;
    return earliest_;
}

bool Keyspace::remove_due(UnixMs now, const Clock& clock, std::int64_t budget_us) {
    constexpr std::size_t kBatch = 16;  // keys between two looks at the clock
    const std::int64_t start = clock.steady_us();
    bool left = false;
    for (const auto& db : databases_) {
        for (;;) {
            const std::size_t removed = db->remove_due(now, kBatch);
            if (removed < kBatch && removed + db->remove_due_members(now, kBatch - removed) < kBatch) break;
            if (clock.steady_us() - start < budget_us) continue;
            left = true;
            break;
        }
        if (left) break;
    }
    counters.expire_us += static_cast<std::uint64_t>(clock.steady_us() - start);
    if (left) ++counters.expire_cap_reached;
    return left;
}

void Keyspace::swap(int a, int b) {
    std::swap(databases_[static_cast<std::size_t>(a)], databases_[static_cast<std::size_t>(b)]);
    db(a).index_ = a;
    db(b).index_ = b;
}

void Keyspace::clear(bool lazily) {
    for (const auto& db : databases_) db->clear(lazily);
}

void Keyspace::pause_resize(bool on) {
    for (const auto& db : databases_) db->pause_resize(on);
}

void Keyspace::set_beside_child(bool on) {
    beside_child_ = on;
    set_touching(touching_);
    pause_resize(on);
}

}  // namespace keel
