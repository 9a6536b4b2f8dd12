// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes, field by field.
//
//     HSET HMSET HSETNX HGET HMGET HDEL HEXISTS HLEN HSTRLEN
//
// HSET takes the deadline of a field away that it sets, HSETNX finds none.
#include "datatypes/hash/access.h"
#include "datatypes/hash/families.h"

namespace keel::hash {

namespace {

// ---- Setting ----

// Sets the pairs; returns how many fields are new.
Result<std::int64_t> set_pairs(Context& cx) {
    const Key key = cx.next_key();
    const auto words = cx.args.rest();
    if (words.size() % 2 != 0) return errors::wrong_arity(cx.command->name());
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));

    Opened hash{cx, key, entry};
    hash->admit(words);
    std::int64_t created = 0;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const Spot spot = hash.locate_to_put(words[i]);
        if (!spot.there()) ++created;
        hash->put(spot, words[i], words[i + 1]);
    }
    hash.finish(events::kHset);
    cx.effects.count(words.size() / 2 - 1);
    return created;
}

// HSET key field value [field value ...]
Status hset(Context& cx) {
    KEEL_TRY(const std::int64_t created, set_pairs(cx));
    cx.reply().integer(created);
    return {};
}

// HMSET key field value [field value ...]
Status hmset(Context& cx) {
    KEEL_TRY(set_pairs(cx));
    cx.reply().ok();
    return {};
}

// HSETNX key field value
Status hsetnx(Context& cx) {
    const Key key = cx.next_key();
    const auto words = cx.args.rest();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));

    Opened hash{cx, key, entry};
    const Spot spot = hash.locate_to_put(words[0]);
    if (!spot.there()) {
        hash->put(spot, words[0], words[1]);
        hash.finish(events::kHset);
    }
    cx.reply().integer(spot.there() ? 0 : 1);
    return {};
}

// ---- Getting ----

void reply_value(Context& cx, const HashView& hash, const Spot& spot) {
    if (spot.there())
        hash.value(spot).reply_to(cx.reply());
    else
        cx.reply().null();
}

// HGET key field
Status hget(Context& cx) {
    const Key key = cx.next_key();
    const auto names = cx.args.rest();
    KEEL_TRY(const Entry* entry, open_to_read(cx, key, names));
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    const HashView hash{entry->value()};
    reply_value(cx, hash, locate(cx, hash, names[0]));
    return {};
}

// Many fields of a table: the memory of a group of them is fetched at once, then they are answered.
void reply_values_of_table(Context& cx, const FieldTable& table, std::span<const Bytes> names) {
    constexpr std::size_t kGroup = 16;
    const auto& fields = table.fields();
    std::array<std::uint64_t, kGroup> hashes;
    for (std::size_t from = 0; from < names.size(); from += kGroup) {
        const auto group = names.subspan(from, std::min(kGroup, names.size() - from));
        for (std::size_t i = 0; i < group.size(); ++i) fields.prefetch_directory(hashes[i] = hash_bytes(group[i]));
        for (std::size_t i = 0; i < group.size(); ++i) fields.prefetch_line(hashes[i]);
        for (std::size_t i = 0; i < group.size(); ++i) fields.prefetch_item(hashes[i]);
        for (std::size_t i = 0; i < group.size(); ++i) {
            const Field* field = table.find(group[i], hashes[i]);
            if (field != nullptr && !is_due(cx, field->deadline()))
                cx.reply().bulk(field->value());
            else
                cx.reply().null();
        }
    }
}

// HMGET key field [field ...]
Status hmget(Context& cx) {
    const Key key = cx.next_key();
    const auto names = cx.args.rest();
    KEEL_TRY(const Entry* entry, open_to_read(cx, key, names));
    cx.reply().array(names.size());
    if (entry == nullptr) {
        for (std::size_t i = 0; i < names.size(); ++i) cx.reply().null();
        return {};
    }
    const HashView hash{entry->value()};
    if (hash.form() == Form::table) {
        reply_values_of_table(cx, hash.table(), names);
        return {};
    }
    for (const Bytes name : names) reply_value(cx, hash, locate(cx, hash, name));
    return {};
}

// ---- Removing ----

// HDEL key field [field ...]
// As in Redis, a field that is due but still there counts.
Status hdel(Context& cx) {
    const Key key = cx.next_key();
    const auto names = cx.args.rest();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    std::size_t removed = 0;
    if (entry != nullptr) {
        Opened hash{cx, key, entry};
        for (const Bytes name : names) {
            const Spot spot = hash->locate(name);
            if (!spot.there()) continue;
            hash->erase(spot);
            ++removed;
        }
        if (removed > 0) {
            hash.finish(events::kHdel);
            cx.effects.count(removed - 1);
        }
    }
    cx.reply().integer(static_cast<std::int64_t>(removed));
    return {};
}

// ---- Asking ----

// HEXISTS key field
Status hexists(Context& cx) {
    const Key key = cx.next_key();
    const auto names = cx.args.rest();
    KEEL_TRY(const Entry* entry, open_to_read(cx, key, names));
    const bool there = entry != nullptr && locate(cx, HashView{entry->value()}, names[0]).there();
    cx.reply().integer(there ? 1 : 0);
    return {};
}

// HLEN key
Status hlen(Context& cx) {
    const Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::hash));
    cx.reply().integer(entry == nullptr ? 0 : static_cast<std::int64_t>(HashView{entry->value()}.size()));
    return {};
}

// HSTRLEN key field
Status hstrlen(Context& cx) {
    const Key key = cx.next_key();
    const auto names = cx.args.rest();
    KEEL_TRY(const Entry* entry, open_to_read(cx, key, names));
    std::size_t length = 0;
    if (entry != nullptr) {
        const HashView hash{entry->value()};
        const Spot spot = locate(cx, hash, names[0]);
        ItemText scratch;
        if (spot.there()) length = hash.value(spot).as_text(scratch).size();
    }
    cx.reply().integer(static_cast<std::int64_t>(length));
    return {};
}

// ---- Rows ----

constexpr Flag kGrows = Flag::write | Flag::denyoom | Flag::fast;
constexpr Flag kReads = Flag::readonly | Flag::fast;

constexpr CommandSpec row(Bytes name, Handler run, Arity arity, Flag flags, Use use, Bytes since, Bytes complexity,
                          Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = flags,
            .categories = Category::hash,
            .keys = one_key(use),
            .group = Group::hash,
            .since = since,
            .complexity = complexity,
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec replaced(CommandSpec old, Bytes since, Bytes by) {
    old.deprecated_since = since;
    old.replaced_by = by;
    return old;
}

constexpr CommandSpec kRows[] = {
    row("hset", hset, at_least(4), kGrows, Use::rw | Use::update, "2.0.0", "O(N) where N is the number of pairs",
        "Sets fields of a hash. The hash is made if there is none.", "key field value [field value ...]"),
    replaced(
        row("hmset", hmset, at_least(4), kGrows, Use::rw | Use::update, "2.0.0", "O(N) where N is the number of pairs",
            "Sets fields of a hash, and answers OK.", "key field value [field value ...]"),
        "4.0.0", "HSET with several pairs"),
    row("hsetnx", hsetnx, exactly(4), kGrows, Use::rw | Use::insert, "2.0.0", "O(1)",
        "Sets a field of a hash only if it is not there.", "key field value"),
    row("hget", hget, exactly(3), kReads, Use::read, "2.0.0", "O(1)", "Returns the value of a field of a hash.",
        "key field"),
    row("hmget", hmget, at_least(3), kReads, Use::read, "2.0.0", "O(N) where N is the number of fields",
        "Returns the values of fields of a hash.", "key field [field ...]"),
    row("hdel", hdel, at_least(3), Flag::write | Flag::fast, Use::rw | Use::erase, "2.0.0",
        "O(N) where N is the number of fields", "Removes fields of a hash, and the hash with its last field.",
        "key field [field ...]"),
    row("hexists", hexists, exactly(3), kReads, Use::ro, "2.0.0", "O(1)", "Says whether a hash has a field.",
        "key field"),
    row("hlen", hlen, exactly(2), kReads, Use::ro, "2.0.0", "O(1)", "Returns the number of fields of a hash.", "key"),
    row("hstrlen", hstrlen, exactly(3), kReads, Use::ro, "3.2.0", "O(1)", "Returns the length of the value of a field.",
        "key field"),
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::hash
