// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: taking members from either end, at once or when some come.
//
//     ZPOPMIN ZPOPMAX ZMPOP BZPOPMIN BZPOPMAX BZMPOP
//
// What several keys and waiting decide is replicated in plain words: ZPOPMIN or ZPOPMAX of the key that had members.
#include <limits>

#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"
#include "protocol/base/number.h"

namespace keel::zset {

namespace {

enum class End : std::uint8_t { min, max };

// What a reply looks like.
enum class Shape : std::uint8_t {
    flat,      // member score ...
    pairs,     // [member score] ...
    with_key,  // key member score
    of_key,    // key [[member score] ...]
};

void show_popped(Reply& reply, Bytes key, const ZSetView& set, const Run& run, Shape shape) {
    switch (shape) {
        case Shape::flat: reply.array(2 * run.count); break;
        case Shape::pairs: reply.array(run.count); break;
        case Shape::with_key:
            reply.array(2 * run.count + 1);
            reply.bulk(key);
            break;
        case Shape::of_key:
            reply.array(2);
            reply.bulk(key);
            reply.array(run.count);
            break;
    }
    const bool in_pairs = shape == Shape::pairs || shape == Shape::of_key;
    set.each(run, [&](Bytes member, double score) {
        if (in_pairs) reply.array(2);
        reply.bulk(member);
        reply.number(score);
        return true;
    });
}

// Takes up to `count` members from an end of a set that has some. Returns how many.
std::size_t pop(Context& cx, const Key& key, Entry* entry, End end, std::uint64_t count, Shape shape) {
    const bool from_max = end == End::max;
    const ZSetView view{entry->value()};
    const std::size_t size = view.size();
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(count, size));
    show_popped(cx.reply(), key.text, view, view.by_rank({0, taken}, from_max), shape);
    ZSet set = ZSet::open(entry, limits_of(cx.settings));
    set.erase(Ranks{from_max ? size - taken : 0, taken});
    settle(cx, key, entry, std::move(set), from_max ? events::kZPopMax : events::kZPopMin);
    cx.effects.count(taken - 1);
    return taken;
}

Bytes name_of(End end) { return end == End::max ? "ZPOPMAX" : "ZPOPMIN"; }

// ---- One key, at once ----

Status pop_now(Context& cx, End end) {
    const Key key = cx.next_key();
    if (cx.args.left() > 1) return errors::kSyntax;
    std::optional<std::int64_t> count;
    if (cx.args.more()) {
        count = parse_integer(cx.args.next<Bytes>());
        if (!count || *count < 0) return errors::kMustBePositive;
    }
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::zset));
    if (entry == nullptr || count == 0) {
        cx.reply().empty_array();
        return {};
    }
    const bool in_pairs = count.has_value() && cx.reply().protocol() == 3;
    pop(cx, key, entry, end, static_cast<std::uint64_t>(count.value_or(1)), in_pairs ? Shape::pairs : Shape::flat);
    return {};
}

// ZPOPMIN key [count]
Status zpopmin(Context& cx) { return pop_now(cx, End::min); }

// ZPOPMAX key [count]
Status zpopmax(Context& cx) { return pop_now(cx, End::max); }

// ---- The first of several keys that has members ----

struct FirstFound {
    std::size_t word = 0;  // of the key
    Entry* entry = nullptr;
};

// Words [first, first + count) are keys. WRONGTYPE if one before the first sorted set is of another type.
Result<FirstFound> first_set(Context& cx, std::size_t first, std::size_t count) {
    for (std::size_t at = first; at < first + count; ++at) {
        Entry* entry = cx.write(Key{cx.args.words()[at]});
        if (entry == nullptr) continue;
        KEEL_TRY(expect_type(entry, Type::zset));
        return FirstFound{at, entry};
    }
    return FirstFound{};
}

// BZPOPMIN key [key ...] timeout
Status pop_or_wait(Context& cx, End end) {
    const std::span<const Bytes> words = cx.args.words();
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(words.back()));
    const std::size_t keys = words.size() - 2;
    KEEL_TRY(const FirstFound found, first_set(cx, 1, keys));
    if (found.entry == nullptr) {
        return cx.wait({.keys = words.subspan(1, keys), .type = Type::zset, .timeout_ms = timeout_ms});
    }
    const Key key{words[found.word]};
    pop(cx, key, found.entry, end, 1, Shape::with_key);
    cx.effects.replicate_as(cx.db().index(), {name_of(end), key.text});
    return {};
}

Status bzpopmin(Context& cx) { return pop_or_wait(cx, End::min); }

// BZPOPMAX key [key ...] timeout
Status bzpopmax(Context& cx) { return pop_or_wait(cx, End::max); }

// ---- The same with a count ----

struct ManyPop {
    std::size_t first = 0;  // word of the first key
    std::size_t keys = 0;
    End end = End::min;
    std::int64_t count = 1;
};

Result<ManyPop> read_many_pop(Args& args) {
    ManyPop out;
    const auto keys = parse_integer(args.next<Bytes>());
    if (!keys || *keys < 1) return errors::kNumkeysNotPositive;
    if (static_cast<std::uint64_t>(*keys) >= args.left()) return errors::kSyntax;
    out.first = args.position();
    out.keys = static_cast<std::size_t>(*keys);
    args.skip(out.keys);
    if (args.accept("MAX"))
        out.end = End::max;
    else if (!args.accept("MIN"))
        return errors::kSyntax;
    bool counted = false;
    while (args.more()) {
        if (counted || !args.accept_with_value("COUNT")) return errors::kSyntax;
        const auto count = parse_integer(args.next<Bytes>());
        if (!count || *count < 1) return errors::kCountNotPositive;
        out.count = *count;
        counted = true;
    }
    return out;
}

void pop_many(Context& cx, const ManyPop& wanted, const FirstFound& found) {
    const Key key{cx.args.words()[found.word]};
    const std::size_t taken =
        pop(cx, key, found.entry, wanted.end, static_cast<std::uint64_t>(wanted.count), Shape::of_key);
    char digits[kIntegerChars];
    cx.effects.replicate_as(cx.db().index(),
                            {name_of(wanted.end), key.text, Bytes{digits, write_unsigned(digits, taken)}});
}

// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
Status zmpop(Context& cx) {
    KEEL_TRY(const ManyPop wanted, read_many_pop(cx.args));
    KEEL_TRY(const FirstFound found, first_set(cx, wanted.first, wanted.keys));
    if (found.entry == nullptr)
        cx.reply().null_array();
    else
        pop_many(cx, wanted, found);
    return {};
}

// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
Status bzmpop(Context& cx) {
    const auto timeout = cx.args.next<Bytes>();
    KEEL_TRY(const ManyPop wanted, read_many_pop(cx.args));
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(timeout));
    KEEL_TRY(const FirstFound found, first_set(cx, wanted.first, wanted.keys));
    if (found.entry == nullptr) {
        return cx.wait(
            {.keys = cx.args.words().subspan(wanted.first, wanted.keys), .type = Type::zset, .timeout_ms = timeout_ms});
    }
    pop_many(cx, wanted, found);
    return {};
}

// ---- Rows ----

constexpr Use kTakes = Use::rw | Use::access | Use::erase;
constexpr Bytes kManyComplexity =
    "O(K) + O(M*log(N)) where K is the number of keys, N the size of the sorted set and M the number of members taken";

constexpr CommandSpec kRows[] = {
    {.name = "zpopmin",
     .run = zpopmin,
     .arity = at_least(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(kTakes),
     .group = Group::sorted_set,
     .since = "5.0.0",
     .complexity = "O(M*log(N)) where N is the size of the sorted set and M the number of members taken",
     .summary = "Takes the members with the lowest scores out of a sorted set and returns them.",
     .syntax = "key [count:integer]"},
    {.name = "zpopmax",
     .run = zpopmax,
     .arity = at_least(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(kTakes),
     .group = Group::sorted_set,
     .since = "5.0.0",
     .complexity = "O(M*log(N)) where N is the size of the sorted set and M the number of members taken",
     .summary = "Takes the members with the highest scores out of a sorted set and returns them.",
     .syntax = "key [count:integer]"},
    {.name = "zmpop",
     .run = zmpop,
     .arity = at_least(4),
     .flags = Flag::write | Flag::movablekeys,
     .categories = Category::sortedset,
     .keys = counted_keys(kTakes, 1),
     .group = Group::sorted_set,
     .since = "7.0.0",
     .complexity = kManyComplexity,
     .summary = "Takes members from an end of the first of several sorted sets that has some, and returns them.",
     .syntax = "numkeys key [key ...] where=(MIN|MAX) [COUNT count:integer]"},
    {.name = "bzpopmin",
     .run = bzpopmin,
     .arity = at_least(3),
     .flags = Flag::write | Flag::blocking | Flag::fast,
     .categories = Category::sortedset,
     .keys = key_range(kTakes, 1, -2),
     .group = Group::sorted_set,
     .since = "5.0.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary =
         "Takes the member with the lowest score out of the first of several sorted sets that has some, or waits "
         "for one.",
     .syntax = "key [key ...] timeout:double"},
    {.name = "bzpopmax",
     .run = bzpopmax,
     .arity = at_least(3),
     .flags = Flag::write | Flag::blocking | Flag::fast,
     .categories = Category::sortedset,
     .keys = key_range(kTakes, 1, -2),
     .group = Group::sorted_set,
     .since = "5.0.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary =
         "Takes the member with the highest score out of the first of several sorted sets that has some, or waits "
         "for one.",
     .syntax = "key [key ...] timeout:double"},
    {.name = "bzmpop",
     .run = bzmpop,
     .arity = at_least(5),
     .flags = Flag::write | Flag::blocking | Flag::movablekeys,
     .categories = Category::sortedset,
     .keys = counted_keys(kTakes, 2),
     .group = Group::sorted_set,
     .since = "7.0.0",
     .complexity = kManyComplexity,
     .summary = "Takes members from an end of the first of several sorted sets that has some, or waits for one.",
     .syntax = "timeout:double numkeys key [key ...] where=(MIN|MAX) [COUNT count:integer]"},
};

}  // namespace

const std::span<const CommandSpec> kPopCommands{kRows};

}  // namespace keel::zset
