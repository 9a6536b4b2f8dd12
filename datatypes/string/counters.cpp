// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as numbers.
//
//     INCR DECR INCRBY DECRBY INCRBYFLOAT
//
// INCRBYFLOAT reaches replicas as SET ... KEEPTTL: their arithmetic might round otherwise.
#include <cmath>

#include "datatypes/string/families.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

// ---- Integers ----

// The integer that a string spells; 0 for no string.
Result<std::int64_t> integer_of(const Entry* entry) {
    if (entry == nullptr) return 0;
    const ValueRef held = entry->value();
    if (held.is_integer()) [[likely]]
        return held.integer;
    if (const auto parsed = parse_integer(held.text)) return *parsed;
    return errors::kNotInteger;
}

Status add(Context& cx, const Key& key, std::int64_t by) {
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    KEEL_TRY(const std::int64_t before, integer_of(entry));
    const auto after = add_checked(before, by);
    if (!after) return errors::kIncrementOverflow;

    const bool in_place = entry != nullptr && entry->value().is_integer() && entry->overwrite(value_of(*after));
    if (!in_place) store_value(cx, key, entry, value_of(*after), entry != nullptr ? entry->deadline() : kNoDeadline);
    cx.changed(key.text, events::kIncrBy);  // whatever the direction: so it is called everywhere
    cx.reply().integer(*after);
    return {};
}

// INCR key
Status incr(Context& cx) { return add(cx, cx.next_key(), 1); }

// DECR key
Status decr(Context& cx) { return add(cx, cx.next_key(), -1); }

// INCRBY key increment
Status incrby(Context& cx) {
    const Key key = cx.next_key();
    const auto by = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    return add(cx, key, by);
}

// DECRBY key decrement
Status decrby(Context& cx) {
    const Key key = cx.next_key();
    const auto by = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    const auto negated = sub_checked(0, by);
    if (!negated) return errors::kDecrementOverflow;
    return add(cx, key, *negated);
}

// ---- Floats ----

Result<long double> float_of(const Entry* entry) {
    if (entry == nullptr) return 0.0L;
    IntegerText scratch;
    if (const auto parsed = parse_long_double(entry->text(scratch))) return *parsed;
    return errors::kNotFloat;
}

// INCRBYFLOAT key increment
Status incrbyfloat(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    KEEL_TRY(const long double before, float_of(entry));
    const auto by = cx.args.next<long double>();
    KEEL_TRY(cx.args.done());
    const long double after = before + by;
    if (!std::isfinite(after)) return errors::kIncrementNan;

    const std::string text = long_double_text(after);
    store_value(cx, key, entry, plain_text(text), entry != nullptr ? entry->deadline() : kNoDeadline);
    cx.changed(key.text, events::kIncrByFloat);
    cx.effects.replicate_as(cx.db().index(), {"SET", key.text, text, "KEEPTTL"});
    cx.reply().bulk(Bytes{text});
    return {};
}

constexpr Flag kFlags = Flag::write | Flag::denyoom | Flag::fast;

constexpr CommandSpec kRows[] = {
    {.name = "incr",
     .run = incr,
     .arity = exactly(2),
     .flags = kFlags,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds one to the integer at a key. No key counts as 0.",
     .syntax = "key"},
    {.name = "decr",
     .run = decr,
     .arity = exactly(2),
     .flags = kFlags,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes one from the integer at a key. No key counts as 0.",
     .syntax = "key"},
    {.name = "incrby",
     .run = incrby,
     .arity = exactly(3),
     .flags = kFlags,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds a number to the integer at a key. No key counts as 0.",
     .syntax = "key increment:integer"},
    {.name = "decrby",
     .run = decrby,
     .arity = exactly(3),
     .flags = kFlags,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes a number from the integer at a key. No key counts as 0.",
     .syntax = "key decrement:integer"},
    {.name = "incrbyfloat",
     .run = incrbyfloat,
     .arity = exactly(3),
     .flags = kFlags,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds a floating-point number to the number at a key. No key counts as 0.",
     .syntax = "key increment:double"},
};

}  // namespace

const std::span<const CommandSpec> kCounterCommands{kRows};

}  // namespace keel::string
