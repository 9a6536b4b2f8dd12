// SPDX-License-Identifier: BSD-3-Clause
//
// Fields as numbers.
//
//     HINCRBY HINCRBYFLOAT
//
// Deadlines of fields stay. HINCRBYFLOAT reaches replicas as the value it came to: their arithmetic might round
// otherwise.
#include <cmath>

#include "datatypes/hash/access.h"
#include "datatypes/hash/families.h"
#include "protocol/base/number.h"

namespace keel::hash {

namespace {

Result<std::int64_t> integer_of(const Item& item) {
    if (item.is_integer) return item.integer;
    if (const auto parsed = parse_integer(item.text)) return *parsed;
    return errors::kHashNotInteger;
}

// HINCRBY key field increment
Status hincrby(Context& cx) {
    const Key key = cx.next_key();
    const Bytes name = cx.args.next<Bytes>();
    const auto by = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));

    Opened hash{cx, key, entry};
    const Spot spot = hash.locate_to_put(name);
    std::int64_t before = 0;
    if (spot.there()) {
        KEEL_TRY(before, integer_of(hash->value(spot)));
    }
    const auto after = add_checked(before, by);
    if (!after) return errors::kIncrementOverflow;

    ItemText digits;
    hash->put(spot, name, {digits.data(), write_integer(digits.data(), *after)}, true);
    hash.finish(events::kHincrBy);
    cx.reply().integer(*after);
    return {};
}

Result<long double> float_of(const Item& item) {
    ItemText scratch;
    if (const auto parsed = parse_long_double(item.as_text(scratch))) return *parsed;
    return errors::kHashNotFloat;
}

// HINCRBYFLOAT key field increment
Status hincrbyfloat(Context& cx) {
    const Key key = cx.next_key();
    const Bytes name = cx.args.next<Bytes>();
    const auto by = cx.args.next<long double>();
    KEEL_TRY(cx.args.done());
    if (!std::isfinite(by)) return errors::kValueNan;
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));

    Opened hash{cx, key, entry};
    const Spot spot = hash.locate_to_put(name);
    long double before = 0;
    if (spot.there()) {
        KEEL_TRY(before, float_of(hash->value(spot)));
    }
    const long double after = before + by;
    if (!std::isfinite(after)) return errors::kIncrementNan;

    const bool timed = spot.there() && hash->deadline(spot) != kNoDeadline;
    const std::string text = long_double_text(after);
    hash->put(spot, name, text, true);
    hash.finish(events::kHincrByFloat);
    const int db = cx.db().index();
    if (timed)
        cx.effects.replicate_as(db, {"HSETEX", key.text, "KEEPTTL", "FIELDS", "1", name, text});
    else
        cx.effects.replicate_as(db, {"HSET", key.text, name, text});
    cx.reply().bulk(Bytes{text});
    return {};
}

constexpr CommandSpec row(Bytes name, Handler run, Bytes since, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = exactly(4),
            .flags = Flag::write | Flag::denyoom | Flag::fast,
            .categories = Category::hash,
            .keys = one_key(Use::change),
            .group = Group::hash,
            .since = since,
            .complexity = "O(1)",
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kRows[] = {
    row("hincrby", hincrby, "2.0.0", "Adds a number to the integer in a field. No field counts as 0.",
        "key field increment:integer"),
    row("hincrbyfloat", hincrbyfloat, "2.6.0",
        "Adds a floating-point number to the number in a field. No field counts as 0.", "key field increment:double"),
};

}  // namespace

const std::span<const CommandSpec> kCounterCommands{kRows};

}  // namespace keel::hash
