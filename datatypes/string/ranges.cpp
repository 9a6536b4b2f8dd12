// SPDX-License-Identifier: BSD-3-Clause
//
// Strings: a part of one, and its length.
//
//     GETRANGE SUBSTR SETRANGE APPEND STRLEN
#include <algorithm>

#include "datatypes/string/edit.h"
#include "datatypes/string/families.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

// The bytes from `start` to `end`, both included; a negative index counts from the end. What lies outside is left out.
Bytes part_of(Bytes text, std::int64_t start, std::int64_t end) {
    const auto length = static_cast<std::int64_t>(text.size());
    if (start < 0 && end < 0 && start > end) return {};
    if (start < 0) start = std::max<std::int64_t>(start + length, 0);
    if (end < 0) end = std::max<std::int64_t>(end + length, 0);
    end = std::min(end, length - 1);
    if (start > end) return {};
    return text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

// GETRANGE key start end
Status getrange(Context& cx) {
    const Key key = cx.next_key();
    const auto start = cx.args.next<std::int64_t>();
    const auto end = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    IntegerText scratch;
    cx.reply().bulk(entry == nullptr ? Bytes{} : part_of(entry->text(scratch), start, end));
    return {};
}

// STRLEN key
Status strlen_of(Context& cx) {
    Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::string));
    cx.reply().integer(entry == nullptr ? 0 : static_cast<std::int64_t>(length(*entry)));
    return {};
}

Status write_at(Context& cx, const Key& key, Entry* entry, std::size_t offset, Bytes piece, Event event) {
    KEEL_TRY(check_length(cx, std::uint64_t{offset} + piece.size()));
    const std::size_t size = splice(cx, key, entry, offset, piece);
    cx.changed(key.text, event);
    cx.reply().integer(static_cast<std::int64_t>(size));
    return {};
}

// SETRANGE key offset value
Status setrange(Context& cx) {
    const Key key = cx.next_key();
    const auto offset = cx.args.next<std::int64_t>();
    const auto piece = cx.args.next<Bytes>();
    KEEL_TRY(cx.args.done());
    if (offset < 0) return errors::kOffsetOutOfRange;
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    if (piece.empty()) {  // nothing to write: not even the zeros before it
        cx.reply().integer(entry == nullptr ? 0 : static_cast<std::int64_t>(length(*entry)));
        return {};
    }
    return write_at(cx, key, entry, static_cast<std::size_t>(offset), piece, events::kSetRange);
}

// APPEND key value
Status append(Context& cx) {
    const Key key = cx.next_key();
    const std::size_t word = cx.args.position();
    const auto piece = cx.args.next<Bytes>();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    if (entry != nullptr) return write_at(cx, key, entry, length(*entry), piece, events::kAppend);
    store_word(cx, key, nullptr, word, kNoDeadline);  // as SET: the whole string is given
    cx.changed(key.text, events::kAppend);
    cx.reply().integer(static_cast<std::int64_t>(piece.size()));
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "getrange",
     .run = getrange,
     .arity = exactly(4),
     .flags = Flag::readonly,
     .categories = Category::string,
     .keys = one_key(Use::read),
     .group = Group::string,
     .since = "2.4.0",
     .complexity = "O(N) where N is the length of the part",
     .summary = "Returns a part of the string at a key.",
     .syntax = "key start:integer end:integer"},
    {.name = "substr",
     .run = getrange,
     .arity = exactly(4),
     .flags = Flag::readonly,
     .categories = Category::string,
     .keys = one_key(Use::read),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(N) where N is the length of the part",
     .summary = "Returns a part of the string at a key.",
     .syntax = "key start:integer end:integer",
     .deprecated_since = "2.0.0",
     .replaced_by = "GETRANGE"},
    {.name = "strlen",
     .run = strlen_of,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::ro),
     .group = Group::string,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns how many bytes the string at a key has.",
     .syntax = "key"},
    {.name = "setrange",
     .run = setrange,
     .arity = exactly(4),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::string,
     .keys = one_key(Use::rw | Use::update),
     .group = Group::string,
     .since = "2.2.0",
     .complexity = "O(N) where N is the length of the value, or of the gap before it",
     .summary = "Writes over a part of the string at a key, from an offset on. The key is made if there is none.",
     .syntax = "key offset:integer value"},
    {.name = "append",
     .run = append,
     .arity = exactly(3),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::rw | Use::insert),
     .group = Group::string,
     .since = "2.0.0",
     .complexity = "O(N) where N is the length of the value, on average",
     .summary = "Adds to the end of the string at a key. The key is made if there is none.",
     .syntax = "key value"},
};

}  // namespace

const std::span<const CommandSpec> kRangeCommands{kRows};

}  // namespace keel::string
