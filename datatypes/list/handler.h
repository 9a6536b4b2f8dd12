// SPDX-License-Identifier: BSD-3-Clause
//
// What the handlers of lists share: opening a list, putting it back, and replying with its elements.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/list/list.h"

namespace keel::list {

inline Limits limits_of(const Context& cx) { return Limits{cx.settings.encodings}; }
inline List list_of(const Context& cx, const Entry* entry) { return List{entry->value(), limits_of(cx)}; }

inline Event push_event(End end) { return end == End::head ? events::kLPush : events::kRPush; }
inline Event pop_event(End end) { return end == End::head ? events::kLPop : events::kRPop; }

// LEFT or RIGHT, as the next word.
Result<End> read_end(Args& args);
Bytes end_word(End end);

// Pushes the values to the key, whose entry is `entry` or null; returns how many elements the list has then. Tells the
// event.
std::size_t push_values(Context& cx, const Key& key, Entry* entry, End end, std::span<const Bytes> values);

// Elements were taken out of `list`, the value of `entry`: puts it back, or erases the key if none is left. `event` is
// what is told, and `taken` counts for save points; 0: that they went elsewhere was counted there.
void after_taking(Context& cx, const Key& key, Entry* entry, List& list, Event event, std::size_t taken);

// Replies with `count` elements from that end on (as an array, or the only one), and takes them out.
void pop_values(Context& cx, const Key& key, Entry* entry, End end, std::size_t count, bool as_array);

}  // namespace keel::list
