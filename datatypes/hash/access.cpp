// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/hash/access.h"

namespace keel::hash {

Result<Entry*> open_to_read(Context& cx, const Key& key, std::span<const Bytes> names) {
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr || cx.keyspace.due_keys != DueKeys::remove || !has_due(cx, HashView{entry->value()}))
        [[likely]]
        return entry;
    {
        Opened hash{cx, key, entry};
        for (const Bytes name : names) hash.locate(name);
    }
    return cx.db().peek(key);
}

Spot Opened::locate(Bytes name) {
    const Spot spot = edit_.locate(name);
    return before_ == kNoDeadline || !spot.there() ? spot : without_due(spot, name, false);
}

Spot Opened::locate_to_put(Bytes name) {
    const Spot spot = edit_.locate(name);
    return before_ == kNoDeadline || !spot.there() ? spot : without_due(spot, name, true);
}

Spot Opened::without_due(const Spot& spot, Bytes name, bool will_put) {
    const UnixMs deadline = edit_.deadline(spot);
    if (!is_due(cx_, deadline)) return spot;
    const bool ours = cx_.keyspace.due_keys == DueKeys::remove;
    if (ours || will_put) edit_.erase(spot);
    if (ours) {
        expired_.push_back(name);
        cx_.keyspace.expiry_lag.add(cx_.now() - deadline);
    }
    return {.hash = spot.hash};
}

// Returns whether the key is gone.
bool Opened::close() {
    closed_ = true;
    const bool empty = edit_.size() == 0;
    if (entry_ == nullptr) {
        if (empty) return false;
        cx_.db().put(key_, nullptr, edit_.release(), kNoDeadline);
        cx_.appeared(key_.text);
        return false;
    }
    const UnixMs after = edit_.earliest();
    edit_.put_back();
    Database& db = cx_.db();
    if (before_ != after) [[unlikely]]
        db.members_changed(entry_, before_);
    if (!expired_.empty()) [[unlikely]]
        db.announce_members(*entry_, expired_);
    if (empty) db.erase(key_, entry_);
    return empty;
}

void Opened::finish(std::initializer_list<Event> what) {
    const bool never_came = entry_ == nullptr && edit_.size() == 0;  // made and emptied by the same command
    const bool gone = close() || never_came;
    for (const Event& event : what) {
        if (&event == what.begin())
            cx_.changed(key_.text, event);
        else
            cx_.effects.happened(cx_.db().index(), key_.text, event);
    }
    if (gone) cx_.effects.happened(cx_.db().index(), key_.text, events::kDel);
}

}  // namespace keel::hash
