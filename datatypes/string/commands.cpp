// SPDX-License-Identifier: BSD-3-Clause
//
// Strings: getting and setting one whole value.
//
//     GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX DELIFEQ
//
// Replicas never see a time that counts from now: SET with a time to live reaches them as SET ... PXAT, GETEX as
// PEXPIREAT, PERSIST or DEL. What only decides whether to write (IFEQ), or what to answer (GET), is left out.
#include <algorithm>

#include "datatypes/string/families.h"
#include "datatypes/string/set_options.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

using Condition = SetOptions::Condition;
using Time = SetOptions::Time;

Bytes write_text(IntegerText& scratch, std::int64_t value) {
    return {scratch.data(), write_integer(scratch.data(), value)};
}

// Replies with the string, or null for none.
void reply_value(Reply& reply, const Entry* entry) {
    if (entry == nullptr) return reply.null();
    reply_text(reply, *entry);
}

bool holds(const Entry& entry, Bytes text) {
    IntegerText scratch;
    return entry.text(scratch) == text;
}

// GET key
Status get(Context& cx) {
    Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::string));
    reply_value(cx.reply(), entry);
    return {};
}

// ---- SET ----

// SET overwrites without a look, unless an option makes it tell or compare the value that was there.
Status keys_of_set(std::span<const Bytes> words, KeyList& out) {
    Use use = Use::ow | Use::update;
    for (const Bytes word : words.subspan(std::min<std::size_t>(words.size(), 3))) {
        if (equal_nocase(word, "GET") || equal_nocase(word, "IFEQ")) use = Use::change;
    }
    out.add(1, use);
    return {};
}

// What the key holds, looked up as one that is read as well as written.
Entry* read_then_write(Context& cx, const Key& key) {
    Entry* entry = cx.read(key);
    return entry != nullptr ? entry : cx.write(key);  // a miss may be a key that is due: then it goes now
}

// Whether the condition lets the write happen. WRONGTYPE if it compares with something that is not a string.
Result<bool> allows(const SetOptions& options, const Entry* entry) {
    switch (options.condition) {
        case Condition::none: return true;
        case Condition::absent: return entry == nullptr;
        case Condition::present: return entry != nullptr;
        case Condition::equal: break;
    }
    KEEL_TRY(expect_type(entry, Type::string));
    return entry != nullptr && holds(*entry, options.comparison);
}

// SET in the words that replicas and the log understand at any time.
void replicate_set(Context& cx, Bytes key, Bytes value, Time time, UnixMs deadline) {
    const int db = cx.db().index();
    IntegerText scratch;
    if (deadline != kNoDeadline && time != Time::keep) {
        return cx.effects.replicate_as(db, {"SET", key, value, "PXAT", write_text(scratch, deadline)});
    }
    if (time == Time::keep) return cx.effects.replicate_as(db, {"SET", key, value, "KEEPTTL"});
    cx.effects.replicate_as(db, {"SET", key, value});
}

// Sets the key to the word, tells everybody, and says what else must follow from a deadline.
void apply_set(Context& cx, const Key& key, Entry* existing, std::size_t word, const SetOptions& options,
               UnixMs deadline) {
    if (options.time == Time::keep && existing != nullptr) deadline = existing->deadline();
    store_word(cx, key, existing, word, deadline);
    cx.changed(key.text, events::kSet);
    if (options.has_deadline()) cx.effects.happened(cx.db().index(), key.text, events::kExpire);
    if (options.needs_absolute_time() || options.get || options.condition == Condition::equal) {
        replicate_set(cx, key.text, cx.args.words()[word], options.time, deadline);
    }
}

Status set_with_options(Context& cx, const Key& key, std::size_t word) {
    KEEL_TRY(const SetOptions options, parse_set_options(cx.args, {.equal = true, .get = true, .keep_ttl = true}));
    KEEL_TRY(const UnixMs deadline, deadline_of(options, cx));
    Entry* entry = options.get ? read_then_write(cx, key) : cx.write(key);
    if (options.get) {
        KEEL_TRY(expect_type(entry, Type::string));
    }
    KEEL_TRY(const bool allowed, allows(options, entry));

    if (options.get)
        reply_value(cx.reply(), entry);
    else if (!allowed)
        cx.reply().null();
    if (!allowed) return {};
    apply_set(cx, key, entry, word, options, deadline);
    if (!options.get) cx.reply().ok();
    return {};
}

// SET key value [NX | XX | IFEQ comparison-value] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
Status set(Context& cx) {
    const Key key = cx.next_key();
    const std::size_t word = cx.args.position();
    cx.args.skip(1);
    if (cx.args.more()) return set_with_options(cx, key, word);
    store_word(cx, key, cx.write(key), word, kNoDeadline);
    cx.changed(key.text, events::kSet);
    cx.reply().ok();
    return {};
}

// SETNX key value
Status setnx(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    if (entry == nullptr) {
        store_word(cx, key, entry, cx.args.position(), kNoDeadline);
        cx.changed(key.text, events::kSet);
    }
    cx.reply().integer(entry == nullptr ? 1 : 0);
    return {};
}

// SETEX key seconds value, PSETEX key milliseconds value
Status set_with_ttl(Context& cx, Time time) {
    const Key key = cx.next_key();
    const SetOptions options{.time = time, .amount = cx.args.next<Bytes>()};
    KEEL_TRY(const UnixMs deadline, deadline_of(options, cx));
    apply_set(cx, key, cx.write(key), cx.args.position(), options, deadline);
    cx.reply().ok();
    return {};
}
Status setex(Context& cx) { return set_with_ttl(cx, Time::ex); }
Status psetex(Context& cx) { return set_with_ttl(cx, Time::px); }

// GETSET key value
Status getset(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = read_then_write(cx, key);
    KEEL_TRY(expect_type(entry, Type::string));
    reply_value(cx.reply(), entry);
    apply_set(cx, key, entry, cx.args.position(), {.get = true}, kNoDeadline);
    return {};
}

// ---- Reading and removing, or changing the time to live ----

// The entry is gone, and replicas are told so in the plainest words.
void remove(Context& cx, Bytes key, Entry* entry, bool lazily) {
    cx.db().erase(entry, lazily);
    cx.changed(key, events::kDel);
    cx.effects.replicate_as(cx.db().index(), {lazily ? "UNLINK" : "DEL", key});
}

// GETDEL key
Status getdel(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    reply_value(cx.reply(), entry);
    if (entry != nullptr) remove(cx, key.text, entry, false);
    return {};
}

void apply_getex(Context& cx, Bytes key, Entry* entry, const SetOptions& options, UnixMs deadline) {
    const int db = cx.db().index();
    if (options.has_deadline()) {
        // Only an absolute time can be over already.
        if (deadline <= cx.now() && cx.keyspace.due_keys == DueKeys::remove)
            return remove(cx, key, entry, cx.keyspace.lazy_expire);
        cx.db().set_deadline(entry, deadline);
        cx.changed(key, events::kExpire);
        IntegerText scratch;
        return cx.effects.replicate_as(db, {"PEXPIREAT", key, write_text(scratch, deadline)});
    }
    if (options.time != Time::persist || !entry->has_deadline()) return;
    cx.db().set_deadline(entry, kNoDeadline);
    cx.changed(key, events::kPersist);
    cx.effects.replicate_as(db, {"PERSIST", key});
}

// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]
Status getex(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const SetOptions options, parse_set_options(cx.args, {.conditions = false, .persist = true}));
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    KEEL_TRY(const UnixMs deadline, deadline_of(options, cx));
    reply_value(cx.reply(), entry);
    apply_getex(cx, key.text, entry, options, deadline);
    return {};
}

// DELIFEQ key value
Status delifeq(Context& cx) {
    const Key key = cx.next_key();
    const Bytes expected = cx.args.next<Bytes>();
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    const bool equal = entry != nullptr && holds(*entry, expected);
    if (equal) remove(cx, key.text, entry, false);
    cx.reply().integer(equal ? 1 : 0);
    return {};
}

// ---- Rows ----

constexpr Flag kGrows = Flag::write | Flag::denyoom;

constexpr CommandSpec kRows[] = {
    {.name = "get",
     .run = get,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::read),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the string at a key.",
     .syntax = "key"},
    {.name = "set",
     .run = set,
     .arity = at_least(3),
     .flags = kGrows,
     .categories = Category::string,
     .keys = one_key(Use::change | Use::variable_flags).noted("RW and access with GET only"),
     .find_keys = keys_of_set,
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Sets a key to a string, whatever it held before. The key is made if there is none.",
     .syntax = "key value condition=[NX|XX|IFEQ comparison-value] [GET] "
               "expiration=[EX seconds:integer|PX milliseconds:integer|"
               "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL]"},
    {.name = "setnx",
     .run = setnx,
     .arity = exactly(3),
     .flags = kGrows | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::ow | Use::insert),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Sets a key to a string only if there is no such key.",
     .syntax = "key value",
     .deprecated_since = "2.6.12",
     .replaced_by = "SET with the NX argument"},
    {.name = "setex",
     .run = setex,
     .arity = exactly(4),
     .flags = kGrows,
     .categories = Category::string,
     .keys = one_key(Use::ow | Use::update),
     .group = Group::string,
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets a key to a string that lives for some seconds.",
     .syntax = "key seconds:integer value",
     .deprecated_since = "2.6.12",
     .replaced_by = "SET with the EX argument"},
    {.name = "psetex",
     .run = psetex,
     .arity = exactly(4),
     .flags = kGrows,
     .categories = Category::string,
     .keys = one_key(Use::ow | Use::update),
     .group = Group::string,
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Sets a key to a string that lives for some milliseconds.",
     .syntax = "key milliseconds:integer value",
     .deprecated_since = "2.6.12",
     .replaced_by = "SET with the PX argument"},
    {.name = "getset",
     .run = getset,
     .arity = exactly(3),
     .flags = kGrows | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::change),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Sets a key to a string and returns the one it held before.",
     .syntax = "key value",
     .deprecated_since = "6.2.0",
     .replaced_by = "SET with the GET argument"},
    {.name = "getdel",
     .run = getdel,
     .arity = exactly(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::rw | Use::access | Use::erase),
     .group = Group::string,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns the string at a key and removes the key.",
     .syntax = "key"},
    {.name = "getex",
     .run = getex,
     .arity = at_least(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::change).noted("RW and update as it may change the time to live"),
     .group = Group::string,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns the string at a key and sets, or ends, its time to live.",
     .syntax = "key [EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
               "PXAT unix-time-milliseconds:unix-time|PERSIST]"},
    {.name = "delifeq",
     .run = delifeq,
     .arity = exactly(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::rm | Use::access | Use::erase),
     .group = Group::string,
     .since = "9.0.0",
     .complexity = "O(1)",
     .summary = "Removes a key if the string it holds is the given one.",
     .syntax = "key value"},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::string
