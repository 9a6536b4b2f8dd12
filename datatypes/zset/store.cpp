// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/store.h"

namespace keel::zset {

void settle(Context& cx, const Key& key, Entry* entry, ZSet&& set, Event event) {
    const bool gone = set.empty();
    write_back(cx, key, entry, std::move(set));
    cx.changed(key.text, event);
    if (!gone) return;
    cx.db().erase(key, entry);
    cx.effects.also_changed(cx.db().index(), key.text, events::kDel);
}

void store_result(Context& cx, const Key& key, ZSet&& set, Event event) {
    Entry* existing = cx.write(key);
    const std::size_t size = set.size();
    if (size != 0) {
        cx.db().put(key, existing, set.release(), kNoDeadline);
        if (existing == nullptr) cx.appeared(key.text);
        cx.changed(key.text, event);
    } else if (existing != nullptr) {
        cx.db().erase(key, existing);
        cx.changed(key.text, events::kDel);
    }
    cx.reply().integer(static_cast<std::int64_t>(size));
}

void show_header(Reply& reply, std::size_t members, bool with_scores) {
    reply.array(with_scores && reply.protocol() == 2 ? 2 * members : members);
}

void show(Reply& reply, const ZSetView& set, const Run& run, bool with_scores) {
    show_header(reply, run.count, with_scores);
    set.each(run, [&](Bytes member, double score) {
        show_member(reply, member, score, with_scores);
        return true;
    });
}

}  // namespace keel::zset
