// SPDX-License-Identifier: BSD-3-Clause
//
// Sets: members drawn by chance, and taken or not.
//
//     SPOP SRANDMEMBER
//
// Every member, and every choice of so many members, is as likely as any other. Log and replicas are told which
// members went: they see SREM, or DEL when all went at once.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "datatypes/command/reply_bound.h"
#include "datatypes/set/access.h"
#include "datatypes/set/families.h"
#include "protocol/base/number.h"

namespace keel::set {

namespace {

constexpr ErrorText kCountBelowLeast{
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"};

// ---- SPOP ----

Status pop_one(Context& cx, const Key& key, Entry* entry) {
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    SetEdit{*entry}.set.pop(cx.random, [&](const Member& member) {
        cx.effects.replicate_as(cx.db().index(), {"SREM", key.text, member.text()});
        member.write_to(cx.reply());
    });
    tell_removed(cx, key, *entry, events::kSPop, 1);
    return {};
}

void pop_all(Context& cx, const Key& key, Entry* entry) {
    const SetView set{entry->value()};
    const std::size_t count = set.count();
    cx.reply().set(count);
    set.each([&cx](const Member& member) { member.write_to(cx.reply()); });
    cx.effects.replicate_as(cx.db().index(), {"DEL", key.text});
    cx.changed(key.text, events::kSPop);
    cx.effects.count(count - 1);
    cx.db().erase(key, entry);
    cx.effects.happened(cx.db().index(), key.text, events::kDel);
}

// `count` is less than the members there are.
void pop_some(Context& cx, const Key& key, Entry& entry, std::size_t count) {
    constexpr std::size_t kMostWords = 1024;  // of one SREM
    const std::vector<std::string> head{"SREM", std::string{key.text}};
    std::vector<std::string> words = head;
    const auto send = [&] {
        cx.effects.replicate_as(cx.db().index(), std::move(words));
        words = head;
    };
    cx.reply().set(count);
    {
        SetEdit edit{entry};
        for (std::size_t i = 0; i < count; ++i) {
            edit.set.pop(cx.random, [&](const Member& member) {
                member.write_to(cx.reply());
                if (cx.effects.heard()) words.emplace_back(member.text());
            });
            if (words.size() == kMostWords) send();
        }
    }
    if (words.size() > head.size()) send();
    tell_removed(cx, key, entry, events::kSPop, count);
}

// SPOP key [count]
Status spop(Context& cx) {
    const Key key = cx.next_key();
    if (cx.args.left() > 1) return errors::kSyntax;
    const bool one = !cx.args.more();
    const auto count = one ? 1 : parse_integer(cx.args.next<Bytes>()).value_or(-1);
    if (count < 0) return errors::kMustBePositive;
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::set));
    if (one) return pop_one(cx, key, entry);

    const auto wanted = static_cast<std::size_t>(count);
    if (entry == nullptr || wanted == 0)
        cx.reply().set(0);
    else if (wanted >= SetView{entry->value()}.count())
        pop_all(cx, key, entry);
    else
        pop_some(cx, key, *entry, wanted);
    return {};
}

// ---- SRANDMEMBER ----

// SRANDMEMBER key [count]. A negative count: so many, and a member may come again.
Status srandmember(Context& cx) {
    const Key key = cx.next_key();
    if (cx.args.left() > 1) return errors::kSyntax;
    if (!cx.args.more()) {
        KEEL_TRY(const SetView set, read_set(cx, key));
        if (set.count() == 0)
            cx.reply().null();
        else
            set.draw(cx.random, [&cx](const Member& member) { member.write_to(cx.reply()); });
        return {};
    }
    const auto count = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    if (count == std::numeric_limits<std::int64_t>::min()) return kCountBelowLeast;
    KEEL_TRY(const SetView set, read_set(cx, key));
    if (set.count() == 0) {
        cx.reply().empty_array();
    } else if (count >= 0) {
        const std::size_t wanted = std::min(static_cast<std::size_t>(count), set.count());
        cx.reply().array(wanted);
        set.draw_different(cx.random, wanted, [&cx](const Member& member) { member.write_to(cx.reply()); });
    } else {
        std::size_t bytes = 0;
        KEEL_TRY(expect_reply_fits(cx, static_cast<std::uint64_t>(-count), [&] {
            set.draw(cx.random, [&bytes](const Member& member) { bytes = member.text().size(); });
            return bytes;
        }));
        cx.reply().array(static_cast<std::size_t>(-count));
        for (std::int64_t i = count; i < 0; ++i)
            set.draw(cx.random, [&cx](const Member& member) { member.write_to(cx.reply()); });
    }
    return {};
}

// ---- Rows ----

constexpr Bytes kByChance[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "spop",
     .run = spop,
     .arity = at_least(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::set,
     .keys = one_key(Use::rw | Use::access | Use::erase),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members drawn",
     .summary = "Removes members drawn from a set, and returns them. A set without members is removed too.",
     .syntax = "key [count:integer]",
     .tips = kByChance},
    {.name = "srandmember",
     .run = srandmember,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::set,
     .keys = one_key(Use::read),
     .group = Group::set,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members drawn, or of all members if a third of them is wanted",
     .summary = "Returns members drawn from a set.",
     .syntax = "key [count:integer]",
     .tips = kByChance},
};

}  // namespace

const std::span<const CommandSpec> kDrawCommands{kRows};

}  // namespace keel::set
