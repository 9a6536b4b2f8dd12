// SPDX-License-Identifier: BSD-3-Clause
//
// Sets: what several have in common, have together, or have alone.
//
//     SINTER SINTERSTORE SINTERCARD   SUNION SUNIONSTORE   SDIFF SDIFFSTORE
//
// The walks show each member of the result once, from where it lies; nothing is copied unless it is to be stored:
//
//     intersection   over the smallest set; the others are asked, the next larger first
//     union          over each set in turn; of a later one, what no earlier one has
//     difference     over the first set; the others are asked, the largest first
//
// Asking every earlier (other) set costs as many look-ups as there are; with many sets one look-up in a set made
// for the purpose costs less.
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "datatypes/set/access.h"
#include "datatypes/set/families.h"
#include "protocol/base/number.h"

namespace keel::set {

namespace {

using Sources = absl::InlinedVector<SetView, 8>;

bool fewer_members(const SetView& a, const SetView& b) { return a.count() < b.count(); }
bool more_members(const SetView& a, const SetView& b) { return b.count() < a.count(); }

// The sets at the next `keys` words; a key that is not there is a set without members.
Result<Sources> read_sources(Context& cx, std::size_t keys) {
    Sources sources;
    sources.reserve(keys);
    for (; keys != 0; --keys) {
        KEEL_TRY(const SetView set, read_set(cx, cx.next_key()));
        sources.push_back(set);
    }
    return sources;
}

bool any_has(std::span<const SetView> sets, const Member& member) {
    return std::any_of(sets.begin(), sets.end(), [&member](const SetView& set) { return set.has(member); });
}

// The members of `set` that none of the others has, until `visit` returns false; `others` in the order in which they
// are asked.
template <typename F>
bool each_without(const SetView& set, std::span<const SetView> others, F&& visit) {
    if (others.empty()) return set.each([&visit](const Member& member) -> bool { return visit(member); });
    return set.each_looked_up_in(
        others.front(), [&](const Member& member) -> bool { return any_has(others, member) || visit(member); });
}

// ---- The walks: visit(const Member&) for each member of the result, until it returns false ----

struct Intersection {
    template <typename F>
    static void each(Sources& sources, const Limits&, F&& visit) {
        std::sort(sources.begin(), sources.end(), fewer_members);
        const std::span<const SetView> others = std::span{sources}.subspan(1);
        sources.front().each_looked_up_in(
            others.empty() ? SetView{} : others.front(), [&](const Member& member) -> bool {
                const bool in_all =
                    std::all_of(others.begin(), others.end(), [&](const SetView& set) { return set.has(member); });
                return !in_all || visit(member);
            });
    }
};

struct Union {
    static constexpr std::size_t kFewSets = 4;

    template <typename F>
    static void each(Sources& sources, const Limits& limits, F&& visit) {
        std::sort(sources.begin(), sources.end(), more_members);
        if (sources.size() > kFewSets) return each_of_many(sources, limits, visit);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (!each_without(sources[i], std::span{sources}.first(i), visit)) return;
        }
    }

  private:
    template <typename F>
    static void each_of_many(const Sources& sources, const Limits& limits, F&& visit) {
        Set seen;
        for (const SetView& set : sources) {
            if (!set.each([&](const Member& member) -> bool { return !seen.add(member, limits) || visit(member); }))
                return;
        }
    }
};

struct Difference {
    template <typename F>
    static void each(Sources& sources, const Limits& limits, F&& visit) {
        const SetView first = sources.front();
        const std::span<SetView> others = std::span{sources}.subspan(1);
        if (std::any_of(others.begin(), others.end(), [&first](const SetView& set) { return set.is(first); })) return;
        std::sort(others.begin(), others.end(), more_members);
        if (joining_pays(first, others)) {
            const Set joined = join(others, limits);
            each_without(first, std::array{joined.view()}, visit);
        } else {
            each_without(first, others, visit);
        }
    }

  private:
    // Whether one look-up for each member, and making what it looks into, is less than a look-up in every set.
    static bool joining_pays(const SetView& first, std::span<const SetView> others) {
        constexpr std::size_t kAddingCosts = 4;  // look-ups
        if (others.size() < 2) return false;
        const std::size_t members = std::accumulate(others.begin(), others.end(), std::size_t{0},
                                                    [](std::size_t n, const SetView& set) { return n + set.count(); });
        return first.count() / kAddingCosts * (others.size() - 1) > members;
    }
    static Set join(std::span<const SetView> sets, const Limits& limits) {
        Set joined;
        for (const SetView& set : sets) set.each([&](const Member& member) { joined.add(member, limits); });
        return joined;
    }
};

// ---- The commands ----

// SINTER key [key ...], SUNION ..., SDIFF ...
template <class Walk>
Status show(Context& cx) {
    KEEL_TRY(Sources sources, read_sources(cx, cx.args.left()));
    std::size_t count = 0;
    DeferredLength length = cx.reply().deferred_set();
    Walk::each(sources, Limits{cx.settings}, [&](const Member& member) {
        member.write_to(cx.reply());
        ++count;
        return true;
    });
    length.end(count);
    return {};
}

// Puts the set in place of whatever the key holds; a set without members leaves no key.
void put_result(Context& cx, const Key& key, Set& result, Event event) {
    Entry* existing = cx.write(key);
    if (result.count() != 0) {
        cx.db().put(key, existing, result.release(), kNoDeadline);
        if (existing == nullptr) cx.appeared(key.text);
        cx.changed(key.text, event);
    } else if (existing != nullptr) {
        cx.db().erase(key, existing);
        cx.changed(key.text, events::kDel);
    }
}

// SINTERSTORE destination key [key ...], SUNIONSTORE ..., SDIFFSTORE ...
template <class Walk>
Status store(Context& cx, Event event) {
    const Key destination = cx.next_key();
    KEEL_TRY(Sources sources, read_sources(cx, cx.args.left()));
    const Limits limits{cx.settings};
    Set result;
    Walk::each(sources, limits, [&](const Member& member) { return result.add(member, limits), true; });
    const std::size_t count = result.count();
    put_result(cx, destination, result, event);
    cx.reply().integer(static_cast<std::int64_t>(count));
    return {};
}

Status sinterstore(Context& cx) { return store<Intersection>(cx, events::kSInterStore); }
Status sunionstore(Context& cx) { return store<Union>(cx, events::kSUnionStore); }
Status sdiffstore(Context& cx) { return store<Difference>(cx, events::kSDiffStore); }

// LIMIT n: where to stop counting; 0: nowhere.
Result<std::uint64_t> read_limit(Args& args) {
    std::int64_t limit = 0;
    while (args.more()) {
        if (!args.accept_with_value("LIMIT")) return errors::kSyntax;
        limit = parse_integer(args.next<Bytes>()).value_or(-1);
        if (limit < 0) return errors::kLimitNegative;
    }
    return static_cast<std::uint64_t>(limit);
}

// SINTERCARD numkeys key [key ...] [LIMIT limit]
Status sintercard(Context& cx) {
    const auto keys = parse_integer(cx.args.next<Bytes>()).value_or(0);
    if (keys < 1) return errors::kNumkeysNotPositive;
    if (static_cast<std::uint64_t>(keys) > cx.args.left()) return errors::kNumkeysTooMany;
    const std::size_t first_key = cx.args.position();
    cx.args.skip(static_cast<std::size_t>(keys));
    KEEL_TRY(const std::uint64_t limit, read_limit(cx.args));

    cx.args.rewind(first_key);
    KEEL_TRY(Sources sources, read_sources(cx, static_cast<std::size_t>(keys)));
    std::uint64_t count = 0;
    Intersection::each(sources, Limits{cx.settings}, [&](const Member&) { return ++count != limit; });
    cx.reply().integer(static_cast<std::int64_t>(count));
    return {};
}

// ---- Rows ----

constexpr Bytes kAnyOrder[] = {"nondeterministic_output_order"};

constexpr CommandSpec kRows[] = {
    {.name = "sinter",
     .run = show<Intersection>,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = key_range(Use::read, 1, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N*M) at worst, where N is the size of the smallest set and M the number of sets",
     .summary = "Returns the members that several sets have in common.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sinterstore",
     .run = sinterstore,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::set,
     .keys = one_key(Use::rw | Use::update) + key_range(Use::read, 2, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N*M) at worst, where N is the size of the smallest set and M the number of sets",
     .summary = "Stores the members that several sets have in common.",
     .syntax = "destination:key key [key ...]"},
    {.name = "sintercard",
     .run = sintercard,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = counted_keys(Use::read, 1),
     .group = Group::set,
     .since = "7.0.0",
     .complexity = "O(N*M) at worst, where N is the size of the smallest set and M the number of sets",
     .summary = "Counts the members that several sets have in common.",
     .syntax = "numkeys key [key ...] [LIMIT limit:integer]"},
    {.name = "sunion",
     .run = show<Union>,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = key_range(Use::read, 1, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members of all sets together",
     .summary = "Returns the members that any of several sets has.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sunionstore",
     .run = sunionstore,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::set,
     .keys = one_key(Use::ow | Use::update) + key_range(Use::read, 2, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members of all sets together",
     .summary = "Stores the members that any of several sets has.",
     .syntax = "destination:key key [key ...]"},
    {.name = "sdiff",
     .run = show<Difference>,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = key_range(Use::read, 1, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members of all sets together",
     .summary = "Returns the members of the first set that no other set has.",
     .syntax = "key [key ...]",
     .tips = kAnyOrder},
    {.name = "sdiffstore",
     .run = sdiffstore,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::set,
     .keys = one_key(Use::ow | Use::update) + key_range(Use::read, 2, -1),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members of all sets together",
     .summary = "Stores the members of the first set that no other set has.",
     .syntax = "destination:key key [key ...]"},
};

}  // namespace

const std::span<const CommandSpec> kAlgebraCommands{kRows};

}  // namespace keel::set
