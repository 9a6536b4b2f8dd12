// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/evict.h"

#include <algorithm>

namespace keel {

namespace {

bool by_frequency(EvictionPolicy policy) {
    return policy == EvictionPolicy::allkeys_lfu || policy == EvictionPolicy::volatile_lfu;
}

// How long one call may evict: 500 us at the default of 10, growing to "as long as it takes" at 100.
std::int64_t budget_us(int tenacity) {
    if (tenacity <= 10) return 50LL * tenacity;
    if (tenacity < 100) {
        double us = 500;
        for (int i = 10; i < tenacity; ++i) us *= 1.15;
        return static_cast<std::int64_t>(us);
    }
    return std::numeric_limits<std::int64_t>::max();
}

}  // namespace

bool Evictor::volatile_only() const {
    switch (settings_.policy) {
        case EvictionPolicy::volatile_lru:
        case EvictionPolicy::volatile_lfu:
        case EvictionPolicy::volatile_random:
        case EvictionPolicy::volatile_ttl: return true;
        default: return false;
    }
}

bool Evictor::make_room() {
    if (settings_.max_bytes == 0 || used_() <= settings_.max_bytes) return true;
    if (held_ || settings_.policy == EvictionPolicy::noeviction) return false;
    constexpr int kBetweenClockReadings = 16;
    const std::int64_t start = clock_.steady_us();
    const std::int64_t budget = budget_us(settings_.eviction_tenacity);
    for (int evicted = 1;; ++evicted) {
        if (!evict_one()) return used_() <= settings_.max_bytes;
        if (used_() <= settings_.max_bytes) return true;
        if (evicted % kBetweenClockReadings == 0 && clock_.steady_us() - start > budget) return true;
    }
}

bool Evictor::evict_one() {
    switch (settings_.policy) {
        case EvictionPolicy::volatile_ttl: return evict_next_due();
        case EvictionPolicy::allkeys_random:
        case EvictionPolicy::volatile_random: return evict_random();
        default: return evict_from_pool();
    }
}

bool Evictor::evict_next_due() {
    Database* chosen = nullptr;
    Entry* first = nullptr;
    for (int i = 0; i < keyspace_.count(); ++i) {
        Entry* entry = keyspace_.db(i).next_due();
        if (entry == nullptr || (first != nullptr && first->deadline() <= entry->deadline())) continue;
        first = entry;
        chosen = &keyspace_.db(i);
    }
    if (first == nullptr) return false;
    evict(*chosen, first);
    return true;
}

// Databases take turns, so that none is emptied before the others.
bool Evictor::evict_random() {
    for (int tried = 0; tried < keyspace_.count(); ++tried) {
        next_db_ = (next_db_ + 1) % keyspace_.count();
        Database& db = keyspace_.db(next_db_);
        if (Entry* entry = sample(db)) {
            evict(db, entry);
            return true;
        }
    }
    return false;
}

Entry* Evictor::sample(Database& db) {
    if (!volatile_only()) return db.random(random_);
    if (db.deadline_count() == 0) return nullptr;
    // Keys with a deadline are looked for among all. When they are few among many, that takes too long and the
    // one that is due first stands in.
    constexpr int kTries = 64;
    for (int i = 0; i < kTries; ++i) {
        Entry* entry = db.random(random_);
        if (entry->has_deadline()) return entry;
    }
    return db.next_due();
}

std::uint64_t Evictor::score(const Entry& entry) const {
    if (by_frequency(settings_.policy)) return 255U - keyspace_.ages.frequency(entry);
    return keyspace_.ages.idle_seconds(entry);
}

void Evictor::offer(Database& db, const Entry& entry) {
    const std::uint64_t worth = score(entry);
    if (pool_.size() == kPoolSize && worth <= pool_.front().score) return;
    const Bytes key = entry.key();
    for (const Candidate& known : pool_) {
        if (known.db == db.index() && known.key == key) return;
    }
    const auto at = std::upper_bound(pool_.begin(), pool_.end(), worth,
                                     [](std::uint64_t s, const Candidate& c) { return s < c.score; });
    pool_.insert(at, Candidate{worth, db.index(), std::string{key}});
    if (pool_.size() > kPoolSize) pool_.erase(pool_.begin());
}

void Evictor::fill_pool() {
    for (int i = 0; i < keyspace_.count(); ++i) {
        Database& db = keyspace_.db(i);
        if (db.size() == 0) continue;
        for (int n = 0; n < settings_.samples; ++n) {
            if (const Entry* entry = sample(db)) offer(db, *entry);
        }
    }
}

bool Evictor::evict_from_pool() {
    // A candidate may be gone, or used since it was sampled; then the next best is tried, and the pool refilled.
    constexpr int kRounds = 16;
    for (int round = 0; round < kRounds; ++round) {
        fill_pool();
        while (!pool_.empty()) {
            const Candidate best = std::move(pool_.back());
            pool_.pop_back();
            Database& db = keyspace_.db(best.db);
            Entry* entry = db.peek(Key{best.key});
            if (entry == nullptr || (volatile_only() && !entry->has_deadline())) continue;
            if (score(*entry) < best.score) continue;
            evict(db, entry);
            return true;
        }
    }
    return evict_random();
}

void Evictor::evict(Database& db, Entry* entry) {
    ++keyspace_.counters.evicted;
    listener_.on_evicted(db, *entry);
    db.erase(entry, settings_.lazy_eviction);
    listener_.on_removed();
}

}  // namespace keel
