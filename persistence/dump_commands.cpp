// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/dump_commands.h"

#include "datatypes/keyspace/lazy_free.h"
#include "persistence/rdb/dump.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel {

namespace {

constexpr ErrorText kBadTtl{"ERR Invalid TTL value, must be >= 0"};
constexpr ErrorText kBadIdle{"ERR Invalid IDLETIME value, must be >= 0"};
constexpr ErrorText kBadFrequency{"ERR Invalid FREQ value, must be >= 0 and <= 255"};
constexpr ErrorText kBadFormat{"ERR Bad data format"};
constexpr std::int64_t kNotSaid = -1;

struct RestoreOptions {
    bool replace = false;
    bool absolute = false;  // the TTL is a moment
    std::int64_t idle_s = kNotSaid;
    std::int64_t frequency = kNotSaid;
};

Result<RestoreOptions> read_options(Args& args) {
    RestoreOptions options;
    while (args.more()) {
        if (args.accept("REPLACE")) {
            options.replace = true;
        } else if (args.accept("ABSTTL")) {
            options.absolute = true;
        } else if (options.frequency == kNotSaid && args.accept_with_value("IDLETIME")) {
            options.idle_s = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            if (options.idle_s < 0) return kBadIdle;
        } else if (options.idle_s == kNotSaid && args.accept_with_value("FREQ")) {
            options.frequency = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            if (options.frequency < 0 || options.frequency > 255) return kBadFrequency;
        } else {
            return errors::kSyntax;
        }
    }
    return options;
}

// The moment that a TTL stands for; kNoDeadline for none.
Result<UnixMs> deadline_of(std::int64_t ttl, const RestoreOptions& options, UnixMs now) {
    if (ttl < 0) return kBadTtl;
    if (ttl == 0) return kNoDeadline;
    if (options.absolute) return ttl;
    const auto moment = add_checked(ttl, now);
    if (!moment) return kBadTtl;
    return *moment;
}

void set_age(Context& cx, Entry& entry, const RestoreOptions& options) {
    const Ages& ages = cx.keyspace.ages;
    if (ages.lfu() && options.frequency != kNotSaid)
        entry.set_age(ages.from_frequency(static_cast<std::uint8_t>(options.frequency)));
    else if (!ages.lfu() && options.idle_s != kNotSaid)
        entry.set_age(ages.from_idle(static_cast<std::uint64_t>(options.idle_s)));
    else
        entry.set_age(ages.fresh());
}

// What came is due already: nothing is kept, and what was there goes.
void drop_restored(Context& cx, const Key& key, Entry* existing, const ValueRef& value) {
    if (value.payload != nullptr) LazyFree::free_now(value);
    if (existing == nullptr) return;
    cx.db().erase(key, existing, cx.keyspace.lazy_overwrite);
    cx.changed(key.text, events::kDel);
    cx.effects.replicate_as(cx.db().index(), {"DEL", key.text});
}

// A TTL that counts from now is told as the moment that it means.
void replicate_moment(Context& cx, UnixMs deadline, std::span<const Bytes> words) {
    if (!cx.effects.heard()) return;
    std::vector<std::string> told(words.begin(), words.end());
    told[2] = integer_text(deadline);
    told.emplace_back("ABSTTL");
    cx.effects.replicate_as(cx.db().index(), std::move(told));
}

}  // namespace

// DUMP key
Status DumpCommands::dump(Context& cx) {
    const Entry* entry = cx.read(cx.next_key());
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    Result<std::string> payload = rdb::dump_value(entry->value(), cx.settings);
    if (!payload) return Error{std::string{"ERR "}.append(payload.error().text())};
    cx.reply().bulk(*payload);
    return {};
}

// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
Status DumpCommands::restore(Context& cx) {
    const std::span<const Bytes> words = cx.args.words();
    const Key key = cx.next_key();
    const Bytes ttl_word = cx.args.next<Bytes>();
    const Bytes payload = cx.args.next<Bytes>();
    KEEL_TRY(const RestoreOptions options, read_options(cx.args));

    Entry* existing = cx.write(key);
    if (existing != nullptr && !options.replace) return errors::kBusyKey;
    const auto ttl = parse_integer(ttl_word);
    if (!ttl) return errors::kNotInteger;
    KEEL_TRY(const UnixMs deadline, deadline_of(*ttl, options, cx.now()));
    KEEL_TRY(rdb::check_footer(payload, cx.settings, !skip_checksums_));
    std::string scratch;
    const Result<ValueRef> value = rdb::restore_value(payload, cx.settings, scratch);
    if (!value) {
        log_verbose("RESTORE of {} refused: {}", quoted(key.text), value.error().text());
        return kBadFormat;
    }

    const bool past = deadline != kNoDeadline && deadline <= cx.now();
    if (past && cx.keyspace.due_keys == DueKeys::remove) {
        drop_restored(cx, key, existing, *value);
    } else {
        Entry* entry = cx.db().put(key, existing, *value, deadline);
        set_age(cx, *entry, options);
        if (existing == nullptr) cx.appeared(key.text);
        cx.changed(key.text, events::kRestore);
        if (deadline != kNoDeadline && !options.absolute) replicate_moment(cx, deadline, words);
    }
    cx.reply().ok();
    return {};
}

std::span<const CommandSpec> DumpCommands::rows() {
    static constexpr Bytes kByChance[] = {"nondeterministic_output"};
    static constexpr CommandSpec kRows[] = {
        {.name = "dump",
         .run = method<&DumpCommands::dump>,
         .arity = exactly(2),
         .flags = Flag::readonly,
         .categories = Category::keyspace,
         .keys = one_key(Use::read),
         .group = Group::generic,
         .since = "2.6.0",
         .complexity = "O(N) where N is the size of the value",
         .summary = "Returns a value as bytes that RESTORE takes.",
         .syntax = "key",
         .tips = kByChance},
        {.name = "restore",
         .run = method<&DumpCommands::restore>,
         .arity = at_least(4),
         .flags = Flag::write | Flag::denyoom,
         .categories = Category::keyspace | Category::dangerous,
         .keys = one_key(Use::ow | Use::update),
         .group = Group::generic,
         .since = "2.6.0",
         .complexity = "O(N) where N is the size of the value; O(N*log(N)) for sorted sets that come in no order",
         .summary = "Makes a key of what DUMP returned.",
         .syntax = "key ttl:integer serialized-value:string [REPLACE] [ABSTTL] [IDLETIME seconds:integer] "
                   "[FREQ frequency:integer]"},
    };
    return kRows;
}

}  // namespace keel
