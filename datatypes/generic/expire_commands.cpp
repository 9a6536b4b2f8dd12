// SPDX-License-Identifier: BSD-3-Clause
//
// Deadlines of keys: setting, reading, removing them.
//
//     EXPIRE, PEXPIRE      so long from now, in seconds or milliseconds
//     EXPIREAT, PEXPIREAT  at that moment (Unix time)
//
// Always true:
//   1. A deadline that has come already deletes the key at once, as if by DEL; unless something else than our own
//      clock says what expires (DueKeys): then it is set as it is.
//   2. Log and replicas get the moment (PEXPIREAT) or the deletion (DEL), never a distance or a condition: they may
//      run it at another time.
#include <algorithm>

#include "datatypes/command/context.h"
#include "datatypes/generic/families.h"
#include "protocol/base/number.h"

namespace keel::generic {

namespace {

constexpr std::int64_t kSecond = 1000;

constexpr ErrorText kNxWithOthers{"ERR NX and XX, GT or LT options at the same time are not compatible"};
constexpr ErrorText kGtWithLt{"ERR GT and LT options at the same time are not compatible"};

// Which deadlines may be replaced. None at all counts as later than any other.
struct Condition {
    bool nx = false;  // only where there is none
    bool xx = false;  // only where there is one
    bool gt = false;  // only by a later one
    bool lt = false;  // only by an earlier one

    [[nodiscard]] bool allows(UnixMs present, UnixMs wanted) const {
        const bool has_one = present != kNoDeadline;
        if (nx && has_one) return false;
        if (xx && !has_one) return false;
        if (gt && (!has_one || wanted <= present)) return false;
        if (lt && has_one && wanted >= present) return false;
        return true;
    }
};

Result<Condition> read_condition(Args& args) {
    Condition out;
    while (args.more()) {
        if (args.accept("NX")) out.nx = true;
        else if (args.accept("XX")) out.xx = true;
        else if (args.accept("GT")) out.gt = true;
        else if (args.accept("LT")) out.lt = true;
        else return errors::unsupported_option(args.peek());
    }
    if (out.nx && (out.xx || out.gt || out.lt)) return kNxWithOthers;
    if (out.gt && out.lt) return kGtWithLt;
    return out;
}

// The moment that `amount` units after `base_ms` is.
Result<UnixMs> moment(const Context& cx, std::int64_t amount, std::int64_t unit_ms, UnixMs base_ms) {
    const auto distance = mul_checked(amount, unit_ms);
    if (!distance) return errors::invalid_expire(cx.command->name());
    const auto at = add_checked(*distance, base_ms);
    if (!at) return errors::invalid_expire(cx.command->name());
    return *at;
}

void delete_expired(Context& cx, const Key& key, Entry* entry) {
    cx.db().erase(key, entry, cx.settings.memory.lazy_expire);
    cx.changed(key.text, events::kDel);
    cx.effects.replicate_as(cx.db().index(), {"DEL", key.text});
}

void set_deadline(Context& cx, const Key& key, Entry* entry, UnixMs at) {
    // A moment before 1970 is in the past like any other; -1 would mean none.
    at = std::max<UnixMs>(at, 0);
    cx.db().set_deadline(key, entry, at);
    cx.changed(key.text, events::kExpire);
    char digits[kIntegerChars];
    const Bytes text{digits, write_integer(digits, at)};
    cx.effects.replicate_as(cx.db().index(), {"PEXPIREAT", key.text, text});
}

// The amount is read last: of two mistakes the option's is told.
Status expire_at(Context& cx, std::int64_t unit_ms, UnixMs base_ms) {
    const Key key = cx.next_key();
    const Bytes amount_word = cx.args.next<Bytes>();
    KEEL_TRY(const Condition condition, read_condition(cx.args));
    const auto amount = parse_integer(amount_word);
    if (!amount) return errors::kNotInteger;
    KEEL_TRY(const UnixMs at, moment(cx, *amount, unit_ms, base_ms));

    Entry* entry = cx.write(key);
    if (entry == nullptr || !condition.allows(entry->deadline(), at)) {
        cx.reply().integer(0);
        return {};
    }
    if (at <= cx.now() && cx.keyspace.due_keys == DueKeys::remove) delete_expired(cx, key, entry);
    else set_deadline(cx, key, entry, at);
    cx.reply().integer(1);
    return {};
}

// EXPIRE key seconds [NX | XX | GT | LT]
Status expire(Context& cx) { return expire_at(cx, kSecond, cx.now()); }
// PEXPIRE key milliseconds [NX | XX | GT | LT]
Status pexpire(Context& cx) { return expire_at(cx, 1, cx.now()); }
// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
Status expireat(Context& cx) { return expire_at(cx, kSecond, 0); }
// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
Status pexpireat(Context& cx) { return expire_at(cx, 1, 0); }

// -2: no such key; -1: no deadline; else the deadline less `base_ms`, rounded to the unit.
Status reply_deadline(Context& cx, std::int64_t unit_ms, UnixMs base_ms) {
    const Entry* entry = cx.look(cx.next_key());
    if (entry == nullptr) {
        cx.reply().integer(-2);
    } else if (!entry->has_deadline()) {
        cx.reply().integer(-1);
    } else {
        const std::int64_t ms = std::max<std::int64_t>(entry->deadline() - base_ms, 0);
        const bool round_up = ms % unit_ms >= (unit_ms + 1) / 2 && unit_ms > 1;
        cx.reply().integer(ms / unit_ms + (round_up ? 1 : 0));
    }
    return {};
}

// TTL key
Status ttl(Context& cx) { return reply_deadline(cx, kSecond, cx.now()); }
// PTTL key
Status pttl(Context& cx) { return reply_deadline(cx, 1, cx.now()); }
// EXPIRETIME key
Status expiretime(Context& cx) { return reply_deadline(cx, kSecond, 0); }
// PEXPIRETIME key
Status pexpiretime(Context& cx) { return reply_deadline(cx, 1, 0); }

// PERSIST key
Status persist(Context& cx) {
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    const bool had_one = entry != nullptr && entry->has_deadline();
    if (had_one) {
        cx.db().set_deadline(key, entry, kNoDeadline);
        cx.changed(key.text, events::kPersist);
    }
    cx.reply().integer(had_one ? 1 : 0);
    return {};
}

constexpr Bytes kTimeDependent[] = {"nondeterministic_output"};

constexpr CommandSpec setter(Bytes name, Handler run, Bytes since, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(3),
            .flags = Flag::write | Flag::fast,
            .categories = Category::keyspace,
            .keys = one_key(Use::rw | Use::update),
            .since = since,
            .complexity = "O(log N) where N is the number of keys that have a deadline",
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec getter(Bytes name, Handler run, Bytes since, Bytes summary) {
    return {.name = name,
            .run = run,
            .arity = exactly(2),
            .flags = Flag::readonly | Flag::fast,
            .categories = Category::keyspace,
            .keys = one_key(Use::read),
            .since = since,
            .complexity = "O(1)",
            .summary = summary,
            .syntax = "key"};
}

constexpr CommandSpec time_dependent(CommandSpec row) {
    row.tips = kTimeDependent;
    return row;
}

constexpr CommandSpec kRows[] = {
    setter("expire", expire, "1.0.0", "Lets a key expire after some seconds.",
           "key seconds:integer [NX|XX|GT|LT]"),
    setter("pexpire", pexpire, "2.6.0", "Lets a key expire after some milliseconds.",
           "key milliseconds:integer [NX|XX|GT|LT]"),
    setter("expireat", expireat, "1.2.0", "Lets a key expire at a Unix time in seconds.",
           "key unix-time-seconds:unix-time [NX|XX|GT|LT]"),
    setter("pexpireat", pexpireat, "2.6.0", "Lets a key expire at a Unix time in milliseconds.",
           "key unix-time-milliseconds:unix-time [NX|XX|GT|LT]"),
    time_dependent(getter("ttl", ttl, "1.0.0", "Says in how many seconds a key expires.")),
    time_dependent(getter("pttl", pttl, "2.6.0", "Says in how many milliseconds a key expires.")),
    getter("expiretime", expiretime, "7.0.0", "Says at which Unix time in seconds a key expires."),
    getter("pexpiretime", pexpiretime, "7.0.0", "Says at which Unix time in milliseconds a key expires."),
    {.name = "persist",
     .run = persist,
     .arity = exactly(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::keyspace,
     .keys = one_key(Use::rw | Use::update),
     .since = "2.2.0",
     .complexity = "O(log N) where N is the number of keys that have a deadline",
     .summary = "Takes the deadline from a key, which then stays.",
     .syntax = "key"},
};

}  // namespace

const std::span<const CommandSpec> kExpireCommands{kRows};

}  // namespace keel::generic
