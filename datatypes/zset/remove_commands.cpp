// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: removing members, by name and by range.
//
//     ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX
#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

// ZREM key member [member ...]
Status zrem(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::zset));
    std::uint64_t removed = 0;
    if (entry != nullptr) {
        ZSet set = ZSet::open(entry, limits_of(cx.settings));
        while (cx.args.more() && !set.empty()) removed += set.erase(cx.args.next<Bytes>()) ? 1 : 0;
        if (removed == 0) {
            write_back(cx, key, entry, std::move(set));
        } else {
            settle(cx, key, entry, std::move(set), events::kZRem);
            cx.effects.count(removed - 1);
        }
    }
    cx.reply().integer(static_cast<std::int64_t>(removed));
    return {};
}

// Removes the members whose ranks pick(view) says.
template <typename Pick>
Status remove_ranks(Context& cx, const Key& key, Event event, Pick&& pick) {
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::zset));
    const Ranks ranks = entry == nullptr ? Ranks{} : pick(ZSetView{entry->value()});
    if (ranks.count != 0) {
        ZSet set = ZSet::open(entry, limits_of(cx.settings));
        set.erase(ranks);
        settle(cx, key, entry, std::move(set), event);
        cx.effects.count(ranks.count - 1);
    }
    cx.reply().integer(static_cast<std::int64_t>(ranks.count));
    return {};
}

// ZREMRANGEBYRANK key start stop
Status zremrangebyrank(Context& cx) {
    const Key key = cx.next_key();
    const auto start = cx.args.next<std::int64_t>();
    const auto stop = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    return remove_ranks(cx, key, events::kZRemRangeByRank,
                        [&](const ZSetView& set) { return ranks_between(start, stop, set.size()); });
}

// ZREMRANGEBYSCORE key min max
Status zremrangebyscore(Context& cx) {
    const Key key = cx.next_key();
    const auto min = cx.args.next<Bytes>();
    const auto max = cx.args.next<Bytes>();
    KEEL_TRY(const ScoreRange range, parse_score_range(min, max));
    return remove_ranks(cx, key, events::kZRemRangeByScore, [&](const ZSetView& set) { return set.ranks(range); });
}

// ZREMRANGEBYLEX key min max
Status zremrangebylex(Context& cx) {
    const Key key = cx.next_key();
    const auto min = cx.args.next<Bytes>();
    const auto max = cx.args.next<Bytes>();
    KEEL_TRY(const TextRange range, parse_text_range(min, max));
    return remove_ranks(cx, key, events::kZRemRangeByLex, [&](const ZSetView& set) { return set.ranks(range); });
}

constexpr Bytes kRangeComplexity =
    "O(log(N)+M) where N is the size of the sorted set and M the number of members removed";

constexpr CommandSpec kRows[] = {
    {.name = "zrem",
     .run = zrem,
     .arity = at_least(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(M*log(N)) where N is the size of the sorted set and M the number of members named",
     .summary = "Removes members from a sorted set. A set that has none left is deleted.",
     .syntax = "key member [member ...]"},
    {.name = "zremrangebyrank",
     .run = zremrangebyrank,
     .arity = exactly(4),
     .flags = Flag::write,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::sorted_set,
     .since = "2.0.0",
     .complexity = kRangeComplexity,
     .summary = "Removes the members of a sorted set whose ranks lie in a range.",
     .syntax = "key start:integer stop:integer"},
    {.name = "zremrangebyscore",
     .run = zremrangebyscore,
     .arity = exactly(4),
     .flags = Flag::write,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = kRangeComplexity,
     .summary = "Removes the members of a sorted set whose scores lie in a range.",
     .syntax = "key min:double max:double"},
    {.name = "zremrangebylex",
     .run = zremrangebylex,
     .arity = exactly(4),
     .flags = Flag::write,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::erase),
     .group = Group::sorted_set,
     .since = "2.8.9",
     .complexity = kRangeComplexity,
     .summary = "Removes the members of a sorted set that lie in a range, if all have the same score.",
     .syntax = "key min max"},
};

}  // namespace

const std::span<const CommandSpec> kRemoveCommands{kRows};

}  // namespace keel::zset
