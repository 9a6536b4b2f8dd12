// SPDX-License-Identifier: BSD-3-Clause
//
// Elements by their index; from the tail it counts down from -1.
//
//     LINDEX LRANGE LSET LTRIM
//
// Replies are written straight from the nodes.
#include <algorithm>

#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"

namespace keel::list {

namespace {

// Where an index from a client stands in a list of that length, -1 if nowhere.
std::int64_t place_of(std::int64_t index, std::size_t length) {
    const auto end = static_cast<std::int64_t>(length);
    if (index < 0) index += end;  // cannot overflow: the two have different signs
    return index < 0 || index >= end ? -1 : index;
}

struct Range {
    std::size_t from;
    std::size_t count;
};

// The elements from `start` to `stop`, both counted in; none if they lie outside or the wrong way round.
Range clip(std::int64_t start, std::int64_t stop, std::size_t length) {
    const auto end = static_cast<std::int64_t>(length);
    if (start < 0) start = std::max<std::int64_t>(start + end, 0);
    if (stop < 0) stop += end;
    stop = std::min(stop, end - 1);
    if (start > stop) return {0, 0};
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start + 1)};
}

// LINDEX key index
Status lindex(Context& cx) {
    const Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::list));
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    const auto index = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    const List list = list_of(cx, entry);
    const std::int64_t place = place_of(index, list.count());
    if (place < 0)
        cx.reply().null();
    else
        list.look_at(static_cast<std::size_t>(place), [&](const ListpackItem& item) { item.reply_to(cx.reply()); });
    return {};
}

// LRANGE key start stop
Status lrange(Context& cx) {
    const Key key = cx.next_key();
    const auto start = cx.args.next<std::int64_t>();
    const auto stop = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::list));
    if (entry == nullptr) {
        cx.reply().empty_array();
        return {};
    }
    const List list = list_of(cx, entry);
    const Range range = clip(start, stop, list.count());
    cx.reply().array(range.count);
    if (range.count == 0) return {};
    std::size_t left = range.count;
    BulkRun run{cx.reply()};
    list.visit(range.from, [&](const ListpackItem& item) {
        item.reply_to(run);
        return --left > 0;
    });
    return {};
}

// LSET key index element
Status lset(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    if (entry == nullptr) return errors::kNoSuchKey;
    KEEL_TRY(expect_type(entry, Type::list));
    const auto index = cx.args.next<std::int64_t>();
    const Bytes value = cx.args.next<Bytes>();
    KEEL_TRY(cx.args.done());
    List list = list_of(cx, entry);
    const std::int64_t place = place_of(index, list.count());
    if (place < 0) return errors::kIndexOutOfRange;

    list.set(static_cast<std::size_t>(place), value);
    list.shrink();
    entry->set_payload(list.form(), list.payload());
    cx.changed(key.text, events::kLSet);
    cx.reply().ok();
    return {};
}

// LTRIM key start stop
Status ltrim(Context& cx) {
    const Key key = cx.next_key();
    const auto start = cx.args.next<std::int64_t>();
    const auto stop = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::list));
    cx.reply().ok();
    if (entry == nullptr) return {};

    List list = list_of(cx, entry);
    const std::size_t had = list.count();
    const Range kept = clip(start, stop, had);
    if (kept.count == had) {
        // Who listens, watches or caches is told all the same, as Redis does.
        cx.effects.also_changed(cx.db().index(), key.text, events::kLTrim);
        return {};
    }
    const std::size_t behind = kept.from + kept.count;
    list.erase(behind, had - behind);
    list.erase(0, kept.from);
    after_taking(cx, key, entry, list, events::kLTrim, had - kept.count);
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "lindex",
     .run = lindex,
     .arity = exactly(3),
     .flags = Flag::readonly,
     .categories = Category::list,
     .keys = one_key(Use::read),
     .group = Group::list,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of nodes between the element and the nearer end, O(1) for the ends",
     .summary = "Returns the element at an index.",
     .syntax = "key index:integer"},
    {.name = "lrange",
     .run = lrange,
     .arity = exactly(4),
     .flags = Flag::readonly,
     .categories = Category::list,
     .keys = one_key(Use::read),
     .group = Group::list,
     .since = "1.0.0",
     .complexity =
         "O(S+N) where S is the distance in nodes from the nearer end to start and N the number of elements returned",
     .summary = "Returns the elements from one index to another.",
     .syntax = "key start:integer stop:integer"},
    {.name = "lset",
     .run = lset,
     .arity = exactly(4),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::list,
     .keys = one_key(Use::rw | Use::update),
     .group = Group::list,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of nodes between the element and the nearer end, O(1) for the ends",
     .summary = "Puts another element in the place of the one at an index.",
     .syntax = "key index:integer element"},
    {.name = "ltrim",
     .run = ltrim,
     .arity = exactly(4),
     .flags = Flag::write,
     .categories = Category::list,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::list,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of nodes removed",
     .summary = "Removes all elements but those from one index to another.",
     .syntax = "key start:integer stop:integer"},
};

}  // namespace

const std::span<const CommandSpec> kAccessCommands{kRows};

}  // namespace keel::list
