// SPDX-License-Identifier: BSD-3-Clause
//
// Elements by their value: inserting beside one, removing all that are equal.
//
//     LINSERT LREM
#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"
#include "datatypes/list/search.h"

namespace keel::list {

namespace {

// The index of the first element of that value.
std::optional<std::size_t> index_of(const List& list, Bytes value) {
    const Wanted wanted{value};
    std::size_t at = 0;
    bool found = false;
    list.visit(0, [&](const ListpackItem& item) {
        found = wanted.matches(item);
        at += found ? 0 : 1;
        return !found;
    });
    return found ? std::optional{at} : std::nullopt;
}

// LINSERT key BEFORE | AFTER pivot element
Status linsert(Context& cx) {
    const Key key = cx.next_key();
    const bool after = cx.args.accept("AFTER");
    if (!after && !cx.args.accept("BEFORE")) return errors::kSyntax;
    const Bytes pivot = cx.args.next<Bytes>();
    const Bytes value = cx.args.next<Bytes>();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::list));
    if (entry == nullptr) {
        cx.reply().integer(0);
        return {};
    }
    List list = list_of(cx, entry);
    const auto at = index_of(list, pivot);
    if (!at) {
        cx.reply().integer(-1);
        return {};
    }
    list.insert(*at + (after ? 1 : 0), value);
    entry->set_payload(list.form(), list.payload());
    cx.changed(key.text, events::kLInsert);
    cx.reply().integer(static_cast<std::int64_t>(list.count()));
    return {};
}

// LREM key count element: the first `count`, the last with a negative one, all with 0.
Status lrem(Context& cx) {
    const Key key = cx.next_key();
    const auto count = cx.args.next<std::int64_t>();
    const Bytes value = cx.args.next<Bytes>();
    KEEL_TRY(cx.args.done());
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::list));
    std::size_t removed = 0;
    if (entry != nullptr) {
        List list = list_of(cx, entry);
        const auto magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
        const std::size_t most = count == 0 ? list.count() : magnitude;
        removed = list.remove(value, most, count < 0 ? End::tail : End::head);
        if (removed > 0) after_taking(cx, key, entry, list, events::kLRem, removed);
    }
    cx.reply().integer(static_cast<std::int64_t>(removed));
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "linsert",
     .run = linsert,
     .arity = exactly(5),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::list,
     .keys = one_key(Use::rw | Use::insert),
     .group = Group::list,
     .since = "2.2.0",
     .complexity = "O(N) where N is the number of elements in front of the pivot",
     .summary = "Inserts an element before or after another.",
     .syntax = "key where=(BEFORE|AFTER) pivot element"},
    {.name = "lrem",
     .run = lrem,
     .arity = exactly(4),
     .flags = Flag::write,
     .categories = Category::list,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::list,
     .since = "1.0.0",
     .complexity = "O(N) where N is the length of the list",
     .summary = "Removes elements that are equal to one.",
     .syntax = "key count:integer element"},
};

}  // namespace

const std::span<const CommandSpec> kEditCommands{kRows};

}  // namespace keel::list
