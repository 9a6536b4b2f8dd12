// SPDX-License-Identifier: BSD-3-Clause
//
// Getting and setting fields, and deciding in the same breath how long they live.
//
//     HGETDEL     returns fields and removes them
//     HGETEX      returns fields and changes their deadlines
//     HSETEX      sets fields with a deadline, all or none
//
// Replicas get what came of it: HDEL, HPEXPIREAT, HPERSIST, or HSETEX with a moment instead of a distance.
#include <algorithm>

#include "datatypes/hash/access.h"
#include "datatypes/hash/families.h"
#include "datatypes/hash/field_args.h"

namespace keel::hash {

namespace {

// Whether fields with this deadline go at once.
bool is_past(const Context& cx, UnixMs at) { return at <= cx.now() && cx.keyspace.due_keys == DueKeys::remove; }

// Replies with the value of a field, null for none.
void reply_value(Context& cx, Opened& hash, const Spot& spot) {
    if (spot.there())
        hash->value(spot).reply_to(cx.reply());
    else
        cx.reply().null();
}

Status reply_nulls(Context& cx, std::size_t count) {
    cx.reply().array(count);
    for (std::size_t i = 0; i < count; ++i) cx.reply().null();
    return {};
}

// ---- HGETDEL ----

// HGETDEL key FIELDS numfields field [field ...]
Status hgetdel(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::span<const Bytes> names, read_fields(cx.args, errors::kNumFieldsNotPositive));
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr) return reply_nulls(cx, names.size());

    Opened hash{cx, key, entry};
    std::vector<Bytes> removed;
    cx.reply().array(names.size());
    for (const Bytes name : names) {
        const Spot spot = hash.locate(name);
        reply_value(cx, hash, spot);
        if (!spot.there()) continue;
        hash->erase(spot);
        removed.push_back(name);
    }
    if (removed.empty()) return {};
    hash.finish(events::kHdel);
    cx.effects.count(removed.size() - 1);
    replicate_hdel(cx, key.text, removed);
    return {};
}

// ---- HGETEX ----

struct GetexOptions {
    bool persist = false;
    std::optional<Clocking> clocking;
    Bytes amount{};
    std::span<const Bytes> names{};
};

Result<GetexOptions> read_getex(Args& args) {
    GetexOptions out;
    out.clocking = clocking_of(args.peek());
    if (out.clocking) {
        args.skip(1);
        if (args.more()) out.amount = args.next<Bytes>();
    } else {
        out.persist = args.accept("PERSIST");
    }
    KEEL_TRY(out.names, read_fields(args, errors::kNumFieldsNotPositive));
    return out;
}

// Changes what HGETEX was asked to; returns whether it did.
bool apply_getex(Context& cx, Opened& hash, const Spot& spot, Bytes name, const GetexOptions& options, UnixMs at) {
    if (options.persist) {
        if (hash->deadline(spot) == kNoDeadline) return false;
        hash->set_deadline(spot, name, kNoDeadline);
        return true;
    }
    if (!options.clocking) return false;
    if (is_past(cx, at))
        hash->erase(spot);
    else
        hash->set_deadline(spot, name, std::max<UnixMs>(at, 1));
    return true;
}

void finish_getex(Context& cx, Bytes key, Opened& hash, const GetexOptions& options, UnixMs at,
                  const std::vector<Bytes>& changed) {
    if (options.persist) {
        hash.finish(events::kHpersist);
        replicate_fields(cx, {"HPERSIST", key}, changed);
    } else if (is_past(cx, at)) {
        hash.finish(events::kHdel);
        replicate_hdel(cx, key, changed);
    } else {
        hash.finish(events::kHexpire);
        replicate_fields(cx, {"HPEXPIREAT", key, Digits{std::max<UnixMs>(at, 1)}.text()}, changed);
    }
    cx.effects.count(changed.size() - 1);
}

// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]
Status hgetex(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const GetexOptions options, read_getex(cx.args));
    UnixMs at = kNoDeadline;
    if (options.clocking) {
        KEEL_TRY(at, moment(cx, options.amount, *options.clocking));
    }
    Entry* entry = cx.read(key);
    if (entry == nullptr) entry = cx.write(key);  // a miss may be a key that is due: then it goes now
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr) return reply_nulls(cx, options.names.size());

    Opened hash{cx, key, entry};
    std::vector<Bytes> changed;
    cx.reply().array(options.names.size());
    for (const Bytes name : options.names) {
        const Spot spot = hash.locate(name);
        reply_value(cx, hash, spot);
        if (spot.there() && apply_getex(cx, hash, spot, name, options, at)) changed.push_back(name);
    }
    if (!changed.empty()) finish_getex(cx, key.text, hash, options, at, changed);
    return {};
}

// ---- HSETEX ----

struct SetexOptions {
    enum class Condition : std::uint8_t { none, all_absent, all_present };
    Condition condition = Condition::none;
    bool keep = false;
    std::optional<Clocking> clocking;
    UnixMs at = kNoDeadline;
    std::span<const Bytes> pairs{};

    [[nodiscard]] bool has_time() const { return keep || clocking; }
};

// The pairs behind FIELDS, to the end of the request.
Result<std::span<const Bytes>> read_pairs(const Context& cx, Args& args) {
    if (!args.more()) return errors::kNumFieldsInvalid;
    const auto count = parse_integer(args.next<Bytes>());
    if (!count || *count < 1) return errors::kNumFieldsInvalid;
    const auto pairs = args.rest();
    const bool matches = pairs.size() % 2 == 0 && pairs.size() / 2 == static_cast<std::uint64_t>(*count);
    if (!matches) return errors::wrong_arity(cx.command->name());
    return pairs;
}

Status read_condition(SetexOptions& out, SetexOptions::Condition condition) {
    if (out.condition != SetexOptions::Condition::none) return errors::kOneFieldCondition;
    out.condition = condition;
    return {};
}

Status read_time(const Context& cx, Args& args, SetexOptions& out) {
    if (out.has_time()) return errors::kOneFieldTime;
    out.clocking = clocking_of(args.next<Bytes>());
    if (!args.more()) return errors::kExpireMissing;
    KEEL_TRY(out.at, moment(cx, args.next<Bytes>(), *out.clocking));
    return {};
}

Result<SetexOptions> read_setex(const Context& cx, Args& args) {
    SetexOptions out;
    while (args.more()) {
        if (args.accept("FIELDS")) {
            KEEL_TRY(out.pairs, read_pairs(cx, args));
            return out;
        }
        if (args.accept("FNX")) {
            KEEL_TRY(read_condition(out, SetexOptions::Condition::all_absent));
        } else if (args.accept("FXX")) {
            KEEL_TRY(read_condition(out, SetexOptions::Condition::all_present));
        } else if (clocking_of(args.peek())) {
            KEEL_TRY(read_time(cx, args, out));
        } else if (args.accept("KEEPTTL")) {
            if (out.has_time()) return errors::kOneFieldTime;
            out.keep = true;
        } else {
            return errors::unknown_argument(args.peek());
        }
    }
    return errors::kFieldsMissing;
}

bool allows(Opened& hash, const SetexOptions& options) {
    if (options.condition == SetexOptions::Condition::none) return true;
    const bool wanted = options.condition == SetexOptions::Condition::all_present;
    for (std::size_t i = 0; i < options.pairs.size(); i += 2) {
        if (hash.locate(options.pairs[i]).there() != wanted) return false;
    }
    return true;
}

// What had a past moment is not there afterwards, whether or not it was before.
void remove_all(Context& cx, Bytes key, Opened& hash, std::span<const Bytes> pairs) {
    std::vector<Bytes> names;
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
        names.push_back(pairs[i]);
        if (const Spot spot = hash->locate(pairs[i]); spot.there()) hash->erase(spot);
    }
    hash.finish({events::kHset, events::kHdel});
    replicate_hdel(cx, key, names);
}

// What it comes to without a time, in the words of older servers.
void replicate_hset(Context& cx, Bytes key, std::span<const Bytes> pairs) {
    if (!cx.effects.heard()) return;
    std::vector<std::string> words{"HSET", std::string{key}};
    words.insert(words.end(), pairs.begin(), pairs.end());
    cx.effects.replicate_as(cx.db().index(), std::move(words));
}

void set_all(Context& cx, Bytes key, Opened& hash, const SetexOptions& options) {
    hash->admit(options.pairs);
    for (std::size_t i = 0; i < options.pairs.size(); i += 2) {
        const Bytes name = options.pairs[i];
        hash->put(hash.locate_to_put(name), name, options.pairs[i + 1], options.keep);
        if (options.clocking) hash->set_deadline(hash->locate(name), name, std::max<UnixMs>(options.at, 1));
    }
    if (!options.clocking) {
        hash.finish(events::kHset);
        if (!options.keep) replicate_hset(cx, key, options.pairs);
        return;
    }
    hash.finish({events::kHset, events::kHexpire});
    if (!cx.effects.heard()) return;
    std::vector<std::string> words{"HSETEX", std::string{key},
                                   "PXAT",   std::to_string(std::max<UnixMs>(options.at, 1)),
                                   "FIELDS", std::to_string(options.pairs.size() / 2)};
    words.insert(words.end(), options.pairs.begin(), options.pairs.end());
    cx.effects.replicate_as(cx.db().index(), std::move(words));
}

// HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field value ...]
Status hsetex(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const SetexOptions options, read_setex(cx, cx.args));
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::hash));

    Opened hash{cx, key, entry};
    const bool allowed = allows(hash, options);
    if (allowed) {
        if (options.clocking && is_past(cx, options.at))
            remove_all(cx, key.text, hash, options.pairs);
        else
            set_all(cx, key.text, hash, options);
        cx.effects.count(options.pairs.size() / 2 - 1);
    }
    cx.reply().integer(allowed ? 1 : 0);
    return {};
}

// ---- Rows ----

constexpr CommandSpec row(Bytes name, Handler run, int words, Flag flags, Use use, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(words),
            .flags = flags,
            .categories = Category::hash,
            .keys = one_key(use),
            .group = Group::hash,
            .since = "8.0.0",
            .complexity = "O(N) where N is the number of fields named",
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kRows[] = {
    row("hgetdel", hgetdel, 5, Flag::write | Flag::fast, Use::rw | Use::access | Use::erase,
        "Returns the values of fields of a hash and removes the fields.",
        "key fields=(FIELDS numfields:integer field [field ...])"),
    row("hgetex", hgetex, 5, Flag::write | Flag::fast, Use::change,
        "Returns the values of fields of a hash and sets, or ends, their time to live.",
        "key expiration=[EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
        "PXAT unix-time-milliseconds:unix-time|PERSIST] fields=(FIELDS numfields:integer field [field ...])"),
    row("hsetex", hsetex, 6, Flag::write | Flag::denyoom | Flag::fast, Use::rw | Use::update,
        "Sets fields of a hash with a time to live, if all or none of them are there.",
        "key condition=[FNX|FXX] expiration=[EX seconds:integer|PX milliseconds:integer|"
        "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL] "
        "fields=(FIELDS numfields:integer field value [field value ...])"),
};

}  // namespace

const std::span<const CommandSpec> kExpiringCommands{kRows};

}  // namespace keel::hash
