// SPDX-License-Identifier: BSD-3-Clause
//
// Sets, member by member, and all of one.
//
//     SADD SREM SMOVE SISMEMBER SMISMEMBER SCARD SMEMBERS SSCAN
#include <limits>

#include "datatypes/command/scan_args.h"
#include "datatypes/set/access.h"
#include "datatypes/set/families.h"
#include "protocol/base/number.h"

namespace keel::set {

namespace {

// ---- Changing ----

// SADD key member [member ...]
Status sadd(Context& cx) {
    const Key key = cx.next_key();
    const auto members = cx.args.rest();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::set));
    cx.reply().integer(static_cast<std::int64_t>(add_members(cx, key, entry, members)));
    return {};
}

// SREM key member [member ...]
Status srem(Context& cx) {
    const Key key = cx.next_key();
    const auto members = cx.args.rest();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::set));
    std::size_t removed = 0;
    if (entry != nullptr) {
        SetEdit edit{*entry};
        for (const Bytes member : members) {
            if (!edit.set.remove(Member{member})) continue;
            ++removed;
            if (edit.set.count() == 0) break;
        }
    }
    if (removed != 0) tell_removed(cx, key, *entry, events::kSRem, removed);
    cx.reply().integer(static_cast<std::int64_t>(removed));
    return {};
}

// SMOVE source destination member
Status smove(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    const auto words = cx.args.rest();
    const Member member{words[0]};
    Entry* source = cx.write(from);
    Entry* target = cx.write(to);
    if (source == nullptr) {
        cx.reply().integer(0);
        return {};
    }
    KEEL_TRY(expect_type(source, Type::set));
    KEEL_TRY(expect_type(target, Type::set));
    if (source == target) {
        cx.reply().integer(SetView{source->value()}.has(member) ? 1 : 0);
        return {};
    }
    const bool there = SetEdit{*source}.set.remove(member);
    if (there) {
        tell_removed(cx, from, *source, events::kSRem, 1);
        add_members(cx, to, target, words);
    }
    cx.reply().integer(there ? 1 : 0);
    return {};
}

// ---- Asking ----

// SISMEMBER key member
Status sismember(Context& cx) {
    const Key key = cx.next_key();
    const auto member = cx.args.next<Bytes>();
    KEEL_TRY(const SetView set, read_set(cx, key));
    cx.reply().integer(set.has(Member{member}) ? 1 : 0);
    return {};
}

// SMISMEMBER key member [member ...]
Status smismember(Context& cx) {
    const Key key = cx.next_key();
    const auto members = cx.args.rest();
    KEEL_TRY(const SetView set, read_set(cx, key));
    cx.reply().array(members.size());
    set.ask(members, [&cx](bool there) { cx.reply().integer(there ? 1 : 0); });
    return {};
}

// SCARD key
Status scard(Context& cx) {
    KEEL_TRY(const SetView set, read_set(cx, cx.next_key()));
    cx.reply().integer(static_cast<std::int64_t>(set.count()));
    return {};
}

// ---- All members ----

// SMEMBERS key
Status smembers(Context& cx) {
    KEEL_TRY(const SetView set, read_set(cx, cx.next_key()));
    cx.reply().set(set.count());
    set.each([&cx](const Member& member) { member.write_to(cx.reply()); });
    return {};
}

// Where the table is nearly empty, ten places are looked at for each member wanted; the rest is left to the next call.
std::int64_t places_for(std::int64_t count) {
    constexpr std::int64_t kPlacesPerMember = 10;
    return mul_checked(count, kPlacesPerMember).value_or(std::numeric_limits<std::int64_t>::max());
}

// SSCAN key cursor [MATCH pattern] [COUNT count]
Status sscan(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(std::uint64_t cursor, parse_cursor(cx.args.next<Bytes>()));
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::set));
    if (entry == nullptr) {  // as in Redis, nobody looks at the options then
        cx.reply().array(2);
        cx.reply().bulk("0");
        cx.reply().empty_array();
        return {};
    }
    KEEL_TRY(const ScanOptions options, read_scan_options(cx.args));

    // The cursor goes ahead of the members, so it is found first; a walk over the same places then shows them.
    const SetView set{entry->value()};
    std::int64_t seen = 0;
    std::int64_t places = places_for(options.count);
    std::uint64_t next = cursor;
    do {
        next = set.scan(next, [&seen](const Member&) { ++seen; });
    } while (next != 0 && --places > 0 && seen < options.count);

    cx.reply().array(2);
    char digits[kIntegerChars];
    cx.reply().bulk(Bytes{digits, write_unsigned(digits, next)});
    DeferredLength length = cx.reply().deferred_array();
    std::size_t shown = 0;
    do {
        cursor = set.scan(cursor, [&](const Member& member) {
            if (options.pattern && !options.matches(member.text())) return;
            member.write_to(cx.reply());
            ++shown;
        });
    } while (cursor != next);
    length.end(shown);
    return {};
}

// ---- Rows ----

constexpr Bytes kAnyOrder[] = {"nondeterministic_output_order"};
constexpr Bytes kByChance[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "sadd",
     .run = sadd,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::rw | Use::insert),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members given",
     .summary = "Adds members to a set. The set is made if there is none.",
     .syntax = "key member [member ...]"},
    {.name = "srem",
     .run = srem,
     .arity = at_least(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members given",
     .summary = "Removes members from a set. A set without members is removed too.",
     .syntax = "key member [member ...]"},
    {.name = "smove",
     .run = smove,
     .arity = exactly(4),
     .flags = Flag::write | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::rw | Use::access | Use::erase) + one_key(Use::rw | Use::insert, 2),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a member from one set to another.",
     .syntax = "source:key destination:key member"},
    {.name = "sismember",
     .run = sismember,
     .arity = exactly(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::ro),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a set has a member.",
     .syntax = "key member"},
    {.name = "smismember",
     .run = smismember,
     .arity = at_least(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::read),
     .group = Group::set,
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of members asked for",
     .summary = "Tells of several members whether a set has them.",
     .syntax = "key member [member ...]"},
    {.name = "scard",
     .run = scard,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::ro),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns how many members a set has.",
     .syntax = "key"},
    {.name = "smembers",
     .run = smembers,
     .arity = exactly(2),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = one_key(Use::read),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members",
     .summary = "Returns all members of a set.",
     .syntax = "key",
     .tips = kAnyOrder},
    {.name = "sscan",
     .run = sscan,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = one_key(Use::read),
     .group = Group::set,
     .since = "2.8.0",
     .complexity = "O(COUNT) for one call; O(N) for a whole walk over the N members",
     .summary = "Shows the members of a set, some at a time.",
     .syntax = "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .tips = kByChance},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::set
