// SPDX-License-Identifier: BSD-3-Clause
//
// What the stream commands share: finding the stream and the group, reading ids, and replying with entries.
#pragma once

#include <vector>

#include "datatypes/command/context.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

[[nodiscard]] inline Stream* stream_of(const Entry* entry) {
    return entry == nullptr ? nullptr : static_cast<Stream*>(entry->payload());
}

// The stream at a key; null if there is no such key. WRONGTYPE.
[[nodiscard]] Result<Stream*> read_stream(Context& cx, const Key& key);
[[nodiscard]] Result<Stream*> write_stream(Context& cx, const Key& key);
// An empty stream comes to be at the key, where nothing is.
Stream& create_stream(Context& cx, const Key& key);

// NOGROUP No such key 'k' or consumer group 'g'<where>
[[nodiscard]] Error no_key_or_group(Bytes key, Bytes group, Bytes where = {});
// NOGROUP No such consumer group 'g' for key name 'k'
[[nodiscard]] Error no_group(Bytes key, Bytes group);

// "ERR Invalid stream ID specified as stream command argument" if the word is none.
[[nodiscard]] Result<StreamId> read_id(Bytes word, std::uint64_t missing_seq = 0);
[[nodiscard]] Result<std::vector<StreamId>> read_ids(std::span<const Bytes> words);

// A range's ends: "-", "+", an id, or "(" and an id, which is left out.
[[nodiscard]] Result<StreamId> read_start(Bytes word);
[[nodiscard]] Result<StreamId> read_end(Bytes word);

inline void reply_id(Reply& reply, StreamId id) { reply.bulk(Bytes{IdText{id}}); }

// The entry where the walk stands: its id, and names and values in turn.
void reply_entry(Reply& reply, const Stream::Walk& walk);
// The entry of that id; false, and no reply, if there is none.
bool reply_entry(Reply& reply, const Stream& stream, StreamId id);

}  // namespace keel::stream
