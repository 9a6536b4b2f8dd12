// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/set/access.h"

namespace keel::set {

namespace {

std::size_t add_all(Set& set, std::span<const Bytes> members, const Limits& limits) {
    set.expect(members, limits);
    std::size_t added = 0;
    for (const Bytes member : members) added += set.add(Member{member}, limits) ? 1 : 0;
    return added;
}

}  // namespace

Result<SetView> read_set(Context& cx, const Key& key) {
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::set));
    return entry == nullptr ? SetView{} : SetView{entry->value()};
}

std::size_t add_members(Context& cx, const Key& key, Entry* entry, std::span<const Bytes> members) {
    const Limits limits{cx.settings};
    std::size_t added = 0;
    if (entry != nullptr) {
        SetEdit edit{*entry};
        added = add_all(edit.set, members, limits);
    } else {
        Set set;
        added = add_all(set, members, limits);
        cx.db().put(key, nullptr, set.release(), kNoDeadline);
        cx.appeared(key.text);
    }
    if (added != 0) {
        cx.changed(key.text, events::kSAdd);
        cx.effects.count(added - 1);
    }
    return added;
}

void tell_removed(Context& cx, const Key& key, Entry& entry, Event event, std::size_t changes) {
    cx.changed(key.text, event);
    cx.effects.count(changes - 1);
    if (SetView{entry.value()}.count() != 0) return;
    cx.db().erase(key, &entry);
    cx.effects.happened(cx.db().index(), key.text, events::kDel);
}

}  // namespace keel::set
