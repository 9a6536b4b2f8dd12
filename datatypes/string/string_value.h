// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as values: which form a text takes, and how one that is there is changed in place.
//
// Always true:
//   1. A text that is exactly the shortest spelling of an int64 is held as that integer, when it is set as a whole by
//      a client. (What INCRBYFLOAT computes stays text: OBJECT ENCODING of the peers says so.)
//   2. A string that was changed in place (APPEND, SETRANGE) is text and says raw, until it is set again.
//   3. A block that replies on their way refer to is not changed (Block::shared): who would change it takes
//      writable_block, or makes another.
#pragma once

#include "datatypes/core/type.h"
#include "datatypes/keyspace/entry.h"
#include "protocol/base/number.h"
#include "protocol/resp/reply.h"

namespace keel::string {

// A text shorter than or as long as this reports embstr, a longer one raw.
inline constexpr std::size_t kEmbstrMax = 44;

// Text that is held as it is, integer or not.
[[nodiscard]] inline ValueRef plain_text(Bytes text) {
    return {.form = static_cast<std::uint8_t>(StringForm::text), .text = text};
}

// The value of a text that is set as a whole. The text must outlive the entry's making.
[[nodiscard]] inline ValueRef value_of(Bytes text) {
    if (text.size() <= 20) {
        if (const auto integer = parse_integer(text)) {
            return {.form = static_cast<std::uint8_t>(integer_form(*integer)), .integer = *integer};
        }
    }
    return plain_text(text);
}

[[nodiscard]] inline ValueRef value_of(std::int64_t integer) {
    return {.form = static_cast<std::uint8_t>(integer_form(integer)), .integer = integer};
}

// Takes the block over.
[[nodiscard]] inline ValueRef value_of(BlockPtr block) {
    const Bytes text = block->bytes();
    return {.form = static_cast<std::uint8_t>(StringForm::heap), .text = text, .payload = block.release()};
}

// A text that came to be by a change in place.
[[nodiscard]] inline ValueRef edited(Bytes text) {
    return {.form = static_cast<std::uint8_t>(StringForm::edited), .text = text};
}

// The block of a heap string, for changing it in place: with room for `capacity` bytes, and with no other owner. O(1),
// or O(length) if it has to be moved or copied. The entry stays where it is.
[[nodiscard]] Block* writable_block(Entry& entry, std::size_t capacity);

// Replies with the string.
void reply_text(Reply& reply, const Entry& entry);

// Length of the string as text. O(1).
[[nodiscard]] std::size_t length(const Entry& entry);

extern const TypeOps kOps;

}  // namespace keel::string
