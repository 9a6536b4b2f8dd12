// SPDX-License-Identifier: BSD-3-Clause
//
// A value under another key or in another database: RENAME, MOVE take it there, COPY makes a second one. Deadline
// and value go along.
#include "datatypes/command/context.h"
#include "datatypes/command/database_index.h"
#include "datatypes/generic/families.h"

namespace keel::generic {

namespace {

Result<Database*> database_at(Context& cx, Bytes word) {
    KEEL_TRY(const int index, parse_database_index(word));
    if (!has_database(cx.keyspace, index)) return errors::kDbIndexOutOfRange;
    return &cx.keyspace.db(index);
}

Status reply_flag(Context& cx, bool value) {
    cx.reply().integer(value ? 1 : 0);
    return {};
}

// ---- RENAME, RENAMENX ----

void apply_rename(Context& cx, const Key& from, Entry* entry, const Key& to, Entry* in_the_way) {
    if (in_the_way != nullptr) cx.db().erase(to, in_the_way, cx.keyspace.lazy_overwrite);
    cx.db().move_to(from, entry, cx.db(), to);
    cx.appeared(to.text);
    cx.changed(from.text, events::kRenameFrom);
    cx.effects.also_changed(cx.db().index(), to.text, events::kRenameTo);
}

// RENAME key newkey
Status rename(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    Entry* entry = cx.write(from);
    if (entry == nullptr) return errors::kNoSuchKey;
    if (from.text != to.text) apply_rename(cx, from, entry, to, cx.write(to));
    cx.reply().ok();
    return {};
}

// RENAMENX key newkey
Status renamenx(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    Entry* entry = cx.write(from);
    if (entry == nullptr) return errors::kNoSuchKey;
    if (from.text == to.text || cx.write(to) != nullptr) return reply_flag(cx, false);
    apply_rename(cx, from, entry, to, nullptr);
    return reply_flag(cx, true);
}

// ---- MOVE ----

// MOVE key db
Status move(Context& cx) {
    if (cx.settings.cluster.enabled) return errors::kMoveInCluster;
    const Key key = cx.next_key();
    KEEL_TRY(Database* const target, database_at(cx, cx.args.next<Bytes>()));
    if (target == &cx.db()) return errors::kSameObject;
    Entry* entry = cx.write(key);
    if (entry == nullptr || target->write(key) != nullptr) return reply_flag(cx, false);

    cx.db().move_to(key, entry, *target, key);
    cx.appeared(*target, key.text);
    cx.changed(key.text, events::kMoveFrom);
    cx.effects.also_changed(target->index(), key.text, events::kMoveTo);
    return reply_flag(cx, true);
}

// ---- COPY ----

struct CopyOptions {
    Database* target;
    bool replace = false;
};

Result<CopyOptions> read_copy_options(Context& cx) {
    CopyOptions out{.target = &cx.db()};
    while (cx.args.more()) {
        if (cx.args.accept("REPLACE")) {
            out.replace = true;
        } else if (cx.args.accept_with_value("DB")) {
            KEEL_TRY(out.target, database_at(cx, cx.args.next<Bytes>()));
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

// COPY source destination [DB db] [REPLACE]
Status copy(Context& cx) {
    const Key from = cx.next_key();
    const Key to = cx.next_key();
    KEEL_TRY(const CopyOptions options, read_copy_options(cx));
    Database& target = *options.target;
    if (cx.settings.cluster.enabled && (cx.db().index() != 0 || target.index() != 0)) return errors::kCopyInCluster;
    if (&target == &cx.db() && from.text == to.text) return errors::kSameObject;

    const Entry* entry = cx.read(from);
    if (entry == nullptr) return reply_flag(cx, false);
    Entry* in_the_way = target.write(to);
    if (in_the_way != nullptr && !options.replace) return reply_flag(cx, false);

    const ValueRef value = entry->value();
    const ValueRef second = type_ops(value.type).clone(value);
    if (in_the_way != nullptr) target.erase(to, in_the_way, cx.keyspace.lazy_overwrite);
    target.put(to, nullptr, second, entry->deadline());
    cx.appeared(target, to.text);
    cx.effects.changed(target.index(), to.text, events::kCopyTo);
    return reply_flag(cx, true);
}

constexpr KeySpecs from_to(Use from, Use to) { return one_key(from, 1) + one_key(to, 2); }

constexpr CommandSpec kRows[] = {
    {.name = "rename",
     .run = rename,
     .arity = exactly(3),
     .flags = Flag::write,
     .categories = Category::keyspace,
     .keys = from_to(Use::rw | Use::access | Use::erase, Use::ow | Use::update),
     .since = "1.0.0",
     .complexity = "O(1); a large value that was at newkey is freed in the background",
     .summary = "Gives a key another name; what had that name is gone.",
     .syntax = "key newkey:key"},
    {.name = "renamenx",
     .run = renamenx,
     .arity = exactly(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::keyspace,
     .keys = from_to(Use::rw | Use::access | Use::erase, Use::ow | Use::insert),
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives a key another name unless that is taken.",
     .syntax = "key newkey:key"},
    {.name = "move",
     .run = move,
     .arity = exactly(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::keyspace,
     .keys = one_key(Use::change),
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a key to another database unless it exists there.",
     .syntax = "key db:integer"},
    {.name = "copy",
     .run = copy,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::keyspace,
     .keys = from_to(Use::ro | Use::access, Use::ow | Use::update),
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of elements in the value",
     .summary = "Copies the value of a key to another key.",
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]"},
};

}  // namespace

const std::span<const CommandSpec> kMoveCommands{kRows};

}  // namespace keel::generic
