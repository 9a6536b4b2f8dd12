// SPDX-License-Identifier: BSD-3-Clause
//
// Between commands and sorted sets: taking one up for reading, putting one back, and showing one.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/zset/zset.h"

namespace keel::zset {

// The sorted set at a key, for reading; an empty one if there is no key. WRONGTYPE for another type.
inline Result<ZSetView> read_set(Context& cx, const Key& key) {
    const Entry* entry = cx.read(key);
    if (entry == nullptr) return ZSetView{};
    KEEL_TRY(expect_type(entry, Type::zset));
    return ZSetView{entry->value()};
}

// Puts back what ZSet::open(entry, ...) took up; makes the entry if there was none. The set is not empty, or was taken
// from an entry (see settle).
inline Entry* write_back(Context& cx, const Key& key, Entry* entry, ZSet&& set) {
    const ValueRef value = set.release();
    if (entry != nullptr) {
        entry->set_payload(value.form, value.payload);
        return entry;
    }
    entry = cx.db().put(key, nullptr, value, kNoDeadline);
    cx.appeared(key.text);
    return entry;
}

// Writes back a set that has lost members. One that has none left goes with its key, and `del` follows `event`.
void settle(Context& cx, const Key& key, Entry* entry, ZSet&& set, Event event);

// The end of a command that stores its result: the key holds the set, whatever was there, or is gone if the set is
// empty. Replies with the size.
void store_result(Context& cx, const Key& key, ZSet&& set, Event event);

// Replies with members, or with members and scores: flat in RESP2, in pairs in RESP3.
void show_header(Reply& reply, std::size_t members, bool with_scores);
inline void show_member(Reply& reply, Bytes member, double score, bool with_scores) {
    if (with_scores && reply.protocol() == 3) reply.array(2);
    reply.bulk(member);
    if (with_scores) reply.number(score);
}
void show(Reply& reply, const ZSetView& set, const Run& run, bool with_scores);

}  // namespace keel::zset
