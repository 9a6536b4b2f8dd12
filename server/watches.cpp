// SPDX-License-Identifier: BSD-3-Clause
#include "server/watches.h"

#include <algorithm>
#include <memory>

namespace keel {

void Watches::watch(Session& session, const Key& key) {
    if (!session.transaction) session.transaction = std::make_unique<Transaction>();
    Transaction& transaction = *session.transaction;
    const KeySpot spot{session.db_index, key.text};
    auto found = watchers_.find(spot);
    const auto already = [&session](const Watcher& watcher) { return watcher.session == &session; };
    if (found != watchers_.end() && std::any_of(found->second.begin(), found->second.end(), already)) return;

    const bool existed = keyspace_.db(session.db_index).look(key) != nullptr;
    if (transaction.watched.empty()) ++clients_;
    transaction.watched.push_back({{spot.db, std::string{spot.key}}, existed});
    if (found == watchers_.end()) found = watchers_.emplace(transaction.watched.back().spot, std::vector<Watcher>{}).first;
    found->second.push_back({&session, existed});
}

void Watches::forget(Session& session) {
    if (!session.transaction || session.transaction->watched.empty()) return;
    for (const WatchedKey& key : session.transaction->watched) {
        const auto found = watchers_.find(key.spot.view());
        std::erase_if(found->second, [&session](const Watcher& watcher) { return watcher.session == &session; });
        if (found->second.empty()) watchers_.erase(found);
    }
    session.transaction->watched.clear();
    --clients_;
}

void Watches::note(const Effects& effects) {
    for (const Change& change : effects.changes()) {
        if (!change.touches) continue;
        const auto found = watchers_.find(KeySpot{change.db, change.key});
        if (found == watchers_.end()) continue;
        const bool vanished = change.event.name == events::kExpired.name;
        for (const Watcher& watcher : found->second) {
            if (watcher.existed || !vanished) watcher.session->transaction->broken = true;
        }
    }
    for (const int db : effects.flushed_databases()) note_database(db, false);
    for (const Effects::Swap& swap : effects.swaps()) {
        note_database(swap.a, true);
        note_database(swap.b, true);
    }
}

// The keys of the database, or (-1) of every one, went; after a swap others came.
void Watches::note_database(int db, bool swapped) {
    for (const auto& [spot, watchers] : watchers_) {
        if (db != -1 && spot.db != db) continue;
        const bool came = swapped && keyspace_.db(spot.db).peek(Key{spot.key}) != nullptr;
        for (const Watcher& watcher : watchers) {
            if (watcher.existed || came) watcher.session->transaction->broken = true;
        }
    }
}

bool Watches::has_expired(const Session& session) {
    if (!session.transaction) return false;
    const auto& watched = session.transaction->watched;
    return std::any_of(watched.begin(), watched.end(), [this](const WatchedKey& key) {
        return key.existed && keyspace_.db(key.spot.db).look(Key{key.spot.key}) == nullptr;
    });
}

}  // namespace keel
