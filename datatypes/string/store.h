// SPDX-License-Identifier: BSD-3-Clause
//
// Setting a key to a word of the request, with as little copying as the word allows:
//
//     up to 1 KiB        into the entry; in place if it takes the same size class
//     above              into the heap block that is there, if it is about as large; else into a new one
//     its own block      (from 32 KiB on, as the parser read it) is taken over, not copied
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/string/string_value.h"

namespace keel::string {

// Who may have the word's block: a block that is taken must live until the effects are drained, as the word does.
enum class Blocks : std::uint8_t { take, copy };

// Makes `key` hold the word at that place in the request. `existing` is what cx.write(key) gave. Returns the entry.
Entry* store_word(Context& cx, const Key& key, Entry* existing, std::size_t word, UnixMs deadline,
                  Blocks blocks = Blocks::take);

// The same for any value, whose payload is taken over.
inline Entry* store_value(Context& cx, const Key& key, Entry* existing, const ValueRef& value, UnixMs deadline) {
    Entry* entry = cx.db().put(key, existing, value, deadline);
    if (existing == nullptr) cx.appeared(key.text);
    return entry;
}

}  // namespace keel::string
