// SPDX-License-Identifier: BSD-3-Clause
//
// Changing a part of a string.
//
//     splice("Hello", 7, "you")  ->  "Hello\0\0you"
//     splice("Hello", 1, "ipp")  ->  "Hippo"
//
// A heap string is changed in its block, which grows ahead of its use: to twice what is needed, or by 1 MiB when
// that is less. So n appends move O(n) bytes in all. A string that comes to be takes what it needs.
#pragma once

#include "datatypes/command/context.h"

namespace keel::string {

// Writes `piece` at `offset` into the string at `key`, with zero bytes between its present end and the offset. What
// is left afterwards is text in edited form, or a block. `existing` is what cx.write(key) gave: a string, or null,
// which counts as empty. Keeps the deadline. Returns the length of the string.
// The whole must not be longer than fits(); the piece must not lie in the string itself.
std::size_t splice(Context& cx, const Key& key, Entry* existing, std::size_t offset, Bytes piece);

// Whether a string may be this long (proto-max-bulk-len).
[[nodiscard]] inline Status check_length(const Context& cx, std::uint64_t length) {
    if (length > cx.settings.clients.max_bulk_bytes) [[unlikely]]
        return errors::kStringTooLong;
    return {};
}

}  // namespace keel::string
