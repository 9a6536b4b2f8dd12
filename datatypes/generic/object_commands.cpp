// SPDX-License-Identifier: BSD-3-Clause
//
// OBJECT: how a value is held, and what eviction knows about its key. Asking does not count as use.
#include <limits>

#include "datatypes/command/context.h"
#include "datatypes/command/help.h"
#include "datatypes/generic/families.h"

namespace keel::generic {

namespace {

constexpr ErrorText kNoIdleTime{
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies "
    "at runtime LRU and LFU data will take some time to adjust."};
constexpr ErrorText kNoFrequency{
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
    "between policies at runtime LRU and LFU data will take some time to adjust."};

// Counted as a look-up like any other, but no one who listens for misses is told.
const Entry* look(Context& cx) { return cx.db().look(cx.next_key()); }

// OBJECT ENCODING key
Status encoding(Context& cx) {
    if (const Entry* entry = look(cx))
        cx.reply().bulk(type_ops(entry->type()).encoding_name(entry->value()));
    else
        cx.reply().null();
    return {};
}

// The peers keep the integers from 0 to 9999 once for all keys, unless each key needs an age of its own for
// eviction, and count them as referred to without end. Here no value is shared, but what clients can see is the same.
bool counts_as_shared(const Settings& settings, const ValueRef& value) {
    constexpr std::int64_t kSharedIntegers = 10000;
    if (!value.is_integer() || value.integer < 0 || value.integer >= kSharedIntegers) return false;
    if (settings.memory.max_bytes == 0) return true;
    switch (settings.memory.policy) {
        case EvictionPolicy::volatile_lru:
        case EvictionPolicy::volatile_lfu:
        case EvictionPolicy::allkeys_lru:
        case EvictionPolicy::allkeys_lfu: return false;
        default: return true;
    }
}

// OBJECT REFCOUNT key
Status refcount(Context& cx) {
    if (const Entry* entry = look(cx)) {
        const bool shared = counts_as_shared(cx.settings, entry->value());
        cx.reply().integer(shared ? std::numeric_limits<std::int32_t>::max() : 1);
    } else {
        cx.reply().null();
    }
    return {};
}

// OBJECT IDLETIME key
Status idletime(Context& cx) {
    const Entry* entry = look(cx);
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    if (cx.keyspace.ages.lfu()) return kNoIdleTime;
    cx.reply().integer(cx.keyspace.ages.idle_seconds(*entry));
    return {};
}

// OBJECT FREQ key
Status freq(Context& cx) {
    const Entry* entry = look(cx);
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    if (!cx.keyspace.ages.lfu()) return kNoFrequency;
    cx.reply().integer(cx.keyspace.ages.frequency(*entry));
    return {};
}

constexpr Bytes kTips[] = {"nondeterministic_output"};

constexpr CommandSpec about_key(Bytes name, Handler run, Bytes since, Bytes summary) {
    return {.name = name,
            .run = run,
            .arity = exactly(3),
            .flags = Flag::readonly,
            .categories = Category::keyspace,
            .keys = one_key(Use::ro, 2),
            .since = since,
            .complexity = "O(1)",
            .summary = summary,
            .syntax = "key",
            .tips = kTips};
}

constexpr CommandSpec kSubcommands[] = {
    about_key("encoding", encoding, "2.2.3", "Names the form in which the value of a key is held."),
    about_key("freq", freq, "4.0.0", "Says how often a key was used of late, on a logarithmic scale."),
    about_key("idletime", idletime, "2.2.3", "Says for how many seconds a key was not used."),
    about_key("refcount", refcount, "2.2.3", "Says how many refer to the value of a key."),
    help_row(Group::generic, "6.2.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "object",
     .arity = at_least(2),
     .since = "2.2.3",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells how values are held and used; a container of subcommands.",
     .subcommands = kSubcommands},
};

}  // namespace

const std::span<const CommandSpec> kObjectCommands{kRows};

}  // namespace keel::generic
