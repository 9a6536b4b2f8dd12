// SPDX-License-Identifier: BSD-3-Clause
//
// Deadlines of fields: setting, reading, removing them.
//
//     HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT     HTTL HPTTL HEXPIRETIME HPEXPIRETIME     HPERSIST
//
// A reply has a number for each field:
//
//     setting    -2 no such field    0 the condition did not hold    1 set    2 removed: the moment has come already
//     reading    -2 no such field   -1 it has none                   else the time
//     HPERSIST   -2 no such field   -1 it has none                   1 taken away
//
// Always true:
//   1. Log and replicas get the moment and the fields it was set for (HPEXPIREAT), or the fields that went (HDEL),
//      never a distance or a condition.
#include <algorithm>

#include "datatypes/hash/access.h"
#include "datatypes/hash/families.h"
#include "datatypes/hash/field_args.h"

namespace keel::hash {

namespace {

constexpr std::int64_t kNoField = -2;

// A reply about a hash that is not there.
Status reply_no_fields(Context& cx, std::size_t fields) {
    cx.reply().array(fields);
    for (std::size_t i = 0; i < fields; ++i) cx.reply().integer(kNoField);
    return {};
}

void reply_codes(Context& cx, const std::vector<std::int64_t>& codes) {
    cx.reply().array(codes.size());
    for (const std::int64_t code : codes) cx.reply().integer(code);
}

// ---- Setting ----

enum class Condition : std::uint8_t { none, nx, xx, gt, lt };

// No deadline counts as later than any other.
bool allows(Condition condition, UnixMs present, UnixMs wanted) {
    const bool has_one = present != kNoDeadline;
    switch (condition) {
        case Condition::none: return true;
        case Condition::nx: return !has_one;
        case Condition::xx: return has_one;
        case Condition::gt: return has_one && wanted > present;
        case Condition::lt: return !has_one || wanted < present;
    }
    return false;
}

Condition read_condition(Args& args) {
    if (args.accept("NX")) return Condition::nx;
    if (args.accept("XX")) return Condition::xx;
    if (args.accept("GT")) return Condition::gt;
    if (args.accept("LT")) return Condition::lt;
    return Condition::none;
}

struct Outcome {
    std::vector<std::int64_t> codes;
    std::vector<Bytes> timed;
    std::vector<Bytes> removed;
};

constexpr std::int64_t kNotAllowed = 0;
constexpr std::int64_t kSet = 1;
constexpr std::int64_t kRemoved = 2;

// A moment that has come removes the field, unless something else than our own clock says what expires.
std::int64_t expire_field(Context& cx, Opened& hash, Bytes name, UnixMs at, Condition condition, Outcome& out) {
    const Spot spot = hash.locate(name);
    if (!spot.there()) return kNoField;
    if (!allows(condition, hash->deadline(spot), at)) return kNotAllowed;
    if (at <= cx.now() && cx.keyspace.due_keys == DueKeys::remove) {
        hash->erase(spot);
        out.removed.push_back(name);
        return kRemoved;
    }
    hash->set_deadline(spot, name, std::max<UnixMs>(at, 1));
    out.timed.push_back(name);
    return kSet;
}

void finish_expire(Context& cx, Bytes key, Opened& hash, UnixMs at, const Outcome& out) {
    if (out.timed.empty() && out.removed.empty()) return;
    if (out.removed.empty())
        hash.finish(events::kHexpire);
    else if (out.timed.empty())
        hash.finish(events::kHdel);
    else
        hash.finish({events::kHdel, events::kHexpire});
    cx.effects.count(out.timed.size() + out.removed.size() - 1);
    if (!out.removed.empty()) replicate_hdel(cx, key, out.removed);
    if (!out.timed.empty())
        replicate_fields(cx, {"HPEXPIREAT", key, Digits{std::max<UnixMs>(at, 1)}.text()}, out.timed);
}

Status expire_fields(Context& cx, Clocking clocking) {
    const Key key = cx.next_key();
    const Bytes amount = cx.args.next<Bytes>();
    KEEL_TRY(const UnixMs at, moment(cx, amount, clocking));
    const Condition condition = read_condition(cx.args);
    KEEL_TRY(const std::span<const Bytes> names, read_fields(cx.args, errors::kNumFieldsZero));
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr) return reply_no_fields(cx, names.size());

    Opened hash{cx, key, entry};
    Outcome out;
    out.codes.reserve(names.size());
    for (const Bytes name : names) out.codes.push_back(expire_field(cx, hash, name, at, condition, out));
    finish_expire(cx, key.text, hash, at, out);
    reply_codes(cx, out.codes);
    return {};
}

// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
Status hexpire(Context& cx) { return expire_fields(cx, Clocking::ex); }
// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
Status hpexpire(Context& cx) { return expire_fields(cx, Clocking::px); }
// HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
Status hexpireat(Context& cx) { return expire_fields(cx, Clocking::exat); }
// HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
Status hpexpireat(Context& cx) { return expire_fields(cx, Clocking::pxat); }

// ---- Reading ----

// The deadlines less `base`, in units of which a begun one counts whole.
Status reply_deadlines(Context& cx, std::int64_t unit_ms, UnixMs base) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::span<const Bytes> names, read_fields(cx.args, errors::kNumFieldsNotPositive));
    KEEL_TRY(const Entry* entry, open_to_read(cx, key, names));
    if (entry == nullptr) return reply_no_fields(cx, names.size());

    const HashView hash{entry->value()};
    cx.reply().array(names.size());
    for (const Bytes name : names) {
        const Spot spot = locate(cx, hash, name);
        const UnixMs deadline = spot.there() ? hash.deadline(spot) : kNoDeadline;
        if (deadline == kNoDeadline)
            cx.reply().integer(spot.there() ? -1 : kNoField);
        else
            cx.reply().integer((std::max<std::int64_t>(deadline - base, 0) + unit_ms - 1) / unit_ms);
    }
    return {};
}

// HTTL key FIELDS numfields field [field ...]
Status httl(Context& cx) { return reply_deadlines(cx, 1000, cx.now()); }
// HPTTL key FIELDS numfields field [field ...]
Status hpttl(Context& cx) { return reply_deadlines(cx, 1, cx.now()); }
// HEXPIRETIME key FIELDS numfields field [field ...]
Status hexpiretime(Context& cx) { return reply_deadlines(cx, 1000, 0); }
// HPEXPIRETIME key FIELDS numfields field [field ...]
Status hpexpiretime(Context& cx) { return reply_deadlines(cx, 1, 0); }

// ---- Removing ----

// HPERSIST key FIELDS numfields field [field ...]
Status hpersist(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::span<const Bytes> names, read_fields(cx.args, errors::kNumFieldsNotPositive));
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr) return reply_no_fields(cx, names.size());

    Opened hash{cx, key, entry};
    std::vector<std::int64_t> codes;
    std::size_t changed = 0;
    for (const Bytes name : names) {
        const Spot spot = hash.locate(name);
        const bool timed = spot.there() && hash->deadline(spot) != kNoDeadline;
        codes.push_back(timed ? 1 : spot.there() ? -1 : kNoField);
        if (!timed) continue;
        hash->set_deadline(spot, name, kNoDeadline);
        ++changed;
    }
    if (changed > 0) {
        hash.finish(events::kHpersist);
        cx.effects.count(changed - 1);
    }
    reply_codes(cx, codes);
    return {};
}

// ---- Rows ----

constexpr Bytes kTimeDependent[] = {"nondeterministic_output"};

constexpr CommandSpec base(Bytes name, Handler run, int words, Flag flags, Use use, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(words),
            .flags = flags,
            .categories = Category::hash,
            .keys = one_key(use),
            .group = Group::hash,
            .since = "7.4.0",
            .complexity = "O(N log M) where N is the number of fields named and M that of fields with a deadline",
            .summary = summary,
            .syntax = syntax};
}
constexpr CommandSpec setter(Bytes name, Handler run, Bytes summary, Bytes syntax) {
    return base(name, run, 6, Flag::write | Flag::fast, Use::rw | Use::update, summary, syntax);
}
constexpr CommandSpec getter(Bytes name, Handler run, Bytes summary) {
    CommandSpec row = base(name, run, 5, Flag::readonly | Flag::fast, Use::read, summary,
                           "key fields=(FIELDS numfields:integer field [field ...])");
    row.complexity = "O(N) where N is the number of fields named";
    return row;
}
constexpr CommandSpec time_dependent(CommandSpec row) {
    row.tips = kTimeDependent;
    return row;
}

constexpr CommandSpec kRows[] = {
    setter("hexpire", hexpire, "Lets fields of a hash expire after some seconds.",
           "key seconds:integer condition=[NX|XX|GT|LT] fields=(FIELDS numfields:integer field [field ...])"),
    setter("hpexpire", hpexpire, "Lets fields of a hash expire after some milliseconds.",
           "key milliseconds:integer condition=[NX|XX|GT|LT] fields=(FIELDS numfields:integer field [field ...])"),
    setter(
        "hexpireat", hexpireat, "Lets fields of a hash expire at a Unix time in seconds.",
        "key unix-time-seconds:unix-time condition=[NX|XX|GT|LT] fields=(FIELDS numfields:integer field [field ...])"),
    setter("hpexpireat", hpexpireat, "Lets fields of a hash expire at a Unix time in milliseconds.",
           "key unix-time-milliseconds:unix-time condition=[NX|XX|GT|LT] "
           "fields=(FIELDS numfields:integer field [field ...])"),
    time_dependent(getter("httl", httl, "Says in how many seconds fields of a hash expire.")),
    time_dependent(getter("hpttl", hpttl, "Says in how many milliseconds fields of a hash expire.")),
    getter("hexpiretime", hexpiretime, "Says at which Unix time in seconds fields of a hash expire."),
    getter("hpexpiretime", hpexpiretime, "Says at which Unix time in milliseconds fields of a hash expire."),
    base("hpersist", hpersist, 5, Flag::write | Flag::fast, Use::rw | Use::update,
         "Takes the deadlines of fields of a hash away.", "key fields=(FIELDS numfields:integer field [field ...])"),
};

}  // namespace

const std::span<const CommandSpec> kExpireCommands{kRows};

}  // namespace keel::hash
