// SPDX-License-Identifier: BSD-3-Clause
//
// From the end of one list to an end of another, or of the same; the blocking forms wait for something to move.
//
//     LMOVE RPOPLPUSH BLMOVE BRPOPLPUSH
//
// Log and replicas get the blocking forms as LMOVE and RPOPLPUSH.
#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"

namespace keel::list {

namespace {

struct Ends {
    End from;
    End to;
};

// Within one list.
void rotate(Context& cx, const Key& key, Entry* entry, Ends ends) {
    List list = list_of(cx, entry);
    std::array<char, 24> scratch;
    const std::size_t at = ends.from == End::head ? 0 : list.count() - 1;
    std::string moved;  // a copy: where it lies is about to change
    list.look_at(at, [&](const ListpackItem& item) { moved = item.as_text(scratch); });
    cx.reply().bulk(Bytes{moved});
    list.erase(at, 1);
    list.push(ends.to, Bytes{moved});
    list.shrink();
    entry->set_payload(list.form(), list.payload());
    cx.changed(key.text, push_event(ends.to));
    cx.effects.also_changed(cx.db().index(), key.text, pop_event(ends.from));
}

void transfer(Context& cx, const Key& from, Entry* source, const Key& to, Entry* target, Ends ends) {
    List list = list_of(cx, source);
    std::array<char, 24> scratch;
    const std::size_t at = ends.from == End::head ? 0 : list.count() - 1;
    list.look_at(at, [&](const ListpackItem& item) {
        const Bytes moved = item.as_text(scratch);
        cx.reply().bulk(moved);
        push_values(cx, to, target, ends.to, std::span{&moved, 1});
    });
    list.erase(at, 1);
    after_taking(cx, from, source, list, pop_event(ends.from), 0);
}

Status move(Context& cx, const Key& from, Entry* source, const Key& to, Ends ends) {
    KEEL_TRY(expect_type(source, Type::list));
    if (from.text == to.text) {
        rotate(cx, from, source, ends);
        return {};
    }
    Entry* target = cx.write(to);
    KEEL_TRY(expect_type(target, Type::list));
    transfer(cx, from, source, to, target, ends);
    return {};
}

Result<Ends> read_ends(Args& args) {
    KEEL_TRY(const End from, read_end(args));
    KEEL_TRY(const End to, read_end(args));
    return Ends{from, to};
}

Status move_now(Context& cx, const Key& from, const Key& to, Ends ends) {
    Entry* source = cx.write(from);
    if (source != nullptr) return move(cx, from, source, to, ends);
    cx.reply().null();
    return {};
}

// LMOVE source destination LEFT | RIGHT LEFT | RIGHT
Status lmove(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    KEEL_TRY(const Ends ends, read_ends(cx.args));
    return move_now(cx, from, to, ends);
}

// RPOPLPUSH source destination
Status rpoplpush(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    return move_now(cx, from, to, {End::tail, End::head});
}

Status wait_for(Context& cx, const Key& from, std::int64_t timeout_ms) {
    return cx.wait({.keys = std::span{&from.text, 1},
                    .type = Type::list,
                    .timeout_ms = timeout_ms,
                    .on_timeout = TimeoutReply::null});
}

// BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout
Status blmove(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    KEEL_TRY(const Ends ends, read_ends(cx.args));
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(cx.args.next<Bytes>()));
    Entry* source = cx.write(from);
    if (source == nullptr) return wait_for(cx, from, timeout_ms);
    KEEL_TRY(move(cx, from, source, to, ends));
    cx.effects.replicate_as(cx.db().index(), {"LMOVE", from.text, to.text, end_word(ends.from), end_word(ends.to)});
    return {};
}

// BRPOPLPUSH source destination timeout
Status brpoplpush(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(cx.args.next<Bytes>()));
    Entry* source = cx.write(from);
    if (source == nullptr) return wait_for(cx, from, timeout_ms);
    KEEL_TRY(move(cx, from, source, to, {End::tail, End::head}));
    cx.effects.replicate_as(cx.db().index(), {"RPOPLPUSH", from.text, to.text});
    return {};
}

constexpr KeySpecs kFromTo = one_key(Use::rw | Use::access | Use::erase, 1) + one_key(Use::rw | Use::insert, 2);
constexpr Flag kFlags = Flag::write | Flag::denyoom;
constexpr Flag kBlocking = kFlags | Flag::blocking;

constexpr CommandSpec kRows[] = {
    {.name = "lmove",
     .run = lmove,
     .arity = exactly(5),
     .flags = kFlags,
     .categories = Category::list,
     .keys = kFromTo,
     .group = Group::list,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another and returns it.",
     .syntax = "source:key destination:key wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT)"},
    {.name = "rpoplpush",
     .run = rpoplpush,
     .arity = exactly(3),
     .flags = kFlags,
     .categories = Category::list,
     .keys = kFromTo,
     .group = Group::list,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Moves the last element of a list to the head of another and returns it.",
     .syntax = "source:key destination:key",
     .deprecated_since = "6.2.0",
     .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
    {.name = "blmove",
     .run = blmove,
     .arity = exactly(6),
     .flags = kBlocking,
     .categories = Category::list,
     .keys = kFromTo,
     .group = Group::list,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from one list to another, and waits for one if there is none.",
     .syntax = "source:key destination:key wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT) timeout:double"},
    {.name = "brpoplpush",
     .run = brpoplpush,
     .arity = exactly(4),
     .flags = kBlocking,
     .categories = Category::list,
     .keys = kFromTo,
     .group = Group::list,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Moves the last element of a list to the head of another, and waits for one if there is none.",
     .syntax = "source:key destination:key timeout:double",
     .deprecated_since = "6.2.0",
     .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments"},
};

}  // namespace

const std::span<const CommandSpec> kMoveCommands{kRows};

}  // namespace keel::list
