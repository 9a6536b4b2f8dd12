// SPDX-License-Identifier: BSD-3-Clause
//
// The ends of one list.
//
//     LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LLEN
#include <algorithm>

#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"
#include "protocol/base/number.h"

namespace keel::list {

namespace {

enum class IfAbsent : std::uint8_t { create, leave };

Status push(Context& cx, End end, IfAbsent if_absent) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::list));
    if (entry == nullptr && if_absent == IfAbsent::leave) {
        cx.reply().integer(0);
        return {};
    }
    cx.reply().integer(static_cast<std::int64_t>(push_values(cx, key, entry, end, cx.args.rest())));
    return {};
}

// LPUSH key element [element ...] and its kin
Status lpush(Context& cx) { return push(cx, End::head, IfAbsent::create); }
Status rpush(Context& cx) { return push(cx, End::tail, IfAbsent::create); }
Status lpushx(Context& cx) { return push(cx, End::head, IfAbsent::leave); }
Status rpushx(Context& cx) { return push(cx, End::tail, IfAbsent::leave); }

Status pop(Context& cx, End end) {
    const Key key = cx.next_key();
    if (cx.args.left() > 1) return errors::wrong_arity(cx.command->name());
    const bool counted = cx.args.more();
    std::int64_t count = 1;
    if (counted) {
        const auto given = parse_integer(cx.args.next<Bytes>());
        if (!given || *given < 0) return errors::kMustBePositive;
        count = *given;
    }
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::list));
    if (entry == nullptr) {
        if (counted)
            cx.reply().null_array();
        else
            cx.reply().null();
    } else if (count == 0) {
        cx.reply().empty_array();
    } else {
        pop_values(cx, key, entry, end, static_cast<std::size_t>(count), counted);
    }
    return {};
}

// LPOP key [count], RPOP key [count]
Status lpop(Context& cx) { return pop(cx, End::head); }
Status rpop(Context& cx) { return pop(cx, End::tail); }

// LLEN key
Status llen(Context& cx) {
    const Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::list));
    cx.reply().integer(entry == nullptr ? 0 : static_cast<std::int64_t>(list_of(cx, entry).count()));
    return {};
}

constexpr CommandSpec push_row(Bytes name, Handler run, Bytes since, Bytes summary) {
    return {.name = name,
            .run = run,
            .arity = at_least(3),
            .flags = Flag::write | Flag::denyoom | Flag::fast,
            .categories = Category::list,
            .keys = one_key(Use::rw | Use::insert),
            .group = Group::list,
            .since = since,
            .complexity = "O(N) where N is the number of elements pushed",
            .summary = summary,
            .syntax = "key element [element ...]"};
}

constexpr CommandSpec pop_row(Bytes name, Handler run, Bytes summary) {
    return {.name = name,
            .run = run,
            .arity = at_least(2),
            .flags = Flag::write | Flag::fast,
            .categories = Category::list,
            .keys = one_key(Use::rw | Use::access | Use::erase),
            .group = Group::list,
            .since = "1.0.0",
            .complexity = "O(N) where N is the number of elements returned",
            .summary = summary,
            .syntax = "key [count:integer]"};
}

constexpr CommandSpec kRows[] = {
    push_row("lpush", lpush, "1.0.0", "Adds elements at the head of a list, one after the other."),
    push_row("rpush", rpush, "1.0.0", "Adds elements at the tail of a list."),
    push_row("lpushx", lpushx, "2.2.0", "Adds elements at the head of a list that exists."),
    push_row("rpushx", rpushx, "2.2.0", "Adds elements at the tail of a list that exists."),
    pop_row("lpop", lpop, "Takes elements from the head of a list and returns them."),
    pop_row("rpop", rpop, "Takes elements from the tail of a list and returns them."),
    {.name = "llen",
     .run = llen,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::list,
     .keys = one_key(Use::ro),
     .group = Group::list,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the length of a list.",
     .syntax = "key"},
};

}  // namespace

const std::span<const CommandSpec> kPushCommands{kRows};

}  // namespace keel::list
