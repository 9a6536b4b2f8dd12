// SPDX-License-Identifier: BSD-3-Clause
//
// Strings: several keys in one command.
//
//     MGET MSET MSETNX MSETEX
//
// Keys are walked in small batches: all of a batch are hashed and their memory is asked for before the first is
// looked up, so that the waits for memory overlap.
#include <algorithm>
#include <limits>
#include <optional>

#include "datatypes/string/families.h"
#include "datatypes/string/set_options.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

constexpr ErrorText kBadNumkeys{"ERR invalid numkeys value"};
constexpr ErrorText kWrongPairs{"ERR wrong number of key-value pairs"};

// Every `step`-th word from `first` up to `end` names a key.
struct KeyWords {
    std::size_t first;
    std::size_t end;
    std::size_t step;
};

// Calls visit(key, place of its word) for each key in turn, until it returns false. False if it did.
template <typename F>
bool each_key(Context& cx, KeyWords keys, F&& visit) {
    constexpr std::size_t kBatch = 16;
    const std::span<const Bytes> words = cx.args.words();
    const auto& table = cx.db().table();
    std::optional<Key> batch[kBatch];
    for (std::size_t at = keys.first; at < keys.end; at += kBatch * keys.step) {
        const std::size_t count = std::min(kBatch, (keys.end - at + keys.step - 1) / keys.step);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t word = at + i * keys.step;
            batch[i] = word == cx.first_key_at ? Key{words[word], cx.first_key_hash} : Key{words[word]};
            table.prefetch_line(batch[i]->hash);
        }
        for (std::size_t i = 0; i < count; ++i) table.prefetch_item(batch[i]->hash);
        for (std::size_t i = 0; i < count; ++i) {
            if (!visit(*batch[i], at + i * keys.step)) return false;
        }
    }
    return true;
}

// MGET key [key ...]
Status mget(Context& cx) {
    const KeyWords keys{1, cx.args.words().size(), 1};
    cx.reply().array(keys.end - keys.first);
    each_key(cx, keys, [&cx](const Key& key, std::size_t) {
        const Entry* entry = cx.read(key);
        if (entry == nullptr || !entry->is_string())
            cx.reply().null();
        else
            reply_text(cx.reply(), *entry);
        return true;
    });
    return {};
}

// ---- Setting ----

// Whether the block of a large value may become the value: not if the same key is set once more behind it, which
// would free the block while log and replicas have yet to read the word.
Blocks blocks_for(Context& cx, KeyWords keys, std::size_t at) {
    constexpr std::size_t kMostKeys = 64;  // looking through the others must stay cheaper than copying
    const std::span<const Bytes> words = cx.args.words();
    if (words[at + 1].size() <= kInlineTextMax || keys.end - keys.first > keys.step * kMostKeys) return Blocks::copy;
    for (std::size_t later = at + keys.step; later < keys.end; later += keys.step) {
        if (words[later] == words[at]) return Blocks::copy;
    }
    return Blocks::take;
}

void set_all(Context& cx, KeyWords keys, const SetOptions& options = {}, UnixMs deadline = kNoDeadline) {
    each_key(cx, keys, [&](const Key& key, std::size_t at) {
        Entry* existing = cx.write(key);
        const bool keep = options.time == SetOptions::Time::keep && existing != nullptr;
        store_word(cx, key, existing, at + 1, keep ? existing->deadline() : deadline, blocks_for(cx, keys, at));
        cx.changed(key.text, events::kSet);
        if (options.has_deadline()) cx.effects.happened(cx.db().index(), key.text, events::kExpire);
        return true;
    });
}

// Whether all of the keys exist (or none of them does).
bool all_exist(Context& cx, KeyWords keys, bool exist) {
    return each_key(cx, keys, [&](const Key& key, std::size_t) { return (cx.write(key) != nullptr) == exist; });
}

// The words behind the command's name as pairs; an odd number of them is an error.
Result<KeyWords> pairs_of(const Context& cx) {
    const std::size_t words = cx.args.words().size();
    if (words % 2 == 0) return errors::wrong_arity(cx.command->name());
    return KeyWords{1, words, 2};
}

// MSET key value [key value ...]
Status mset(Context& cx) {
    KEEL_TRY(const KeyWords keys, pairs_of(cx));
    set_all(cx, keys);
    cx.reply().ok();
    return {};
}

// MSETNX key value [key value ...]
Status msetnx(Context& cx) {
    KEEL_TRY(const KeyWords keys, pairs_of(cx));
    const bool none = all_exist(cx, keys, false);
    if (none) set_all(cx, keys);
    cx.reply().integer(none ? 1 : 0);
    return {};
}

// In words that older servers know, and that mean the same at any time.
void replicate_msetex(Context& cx, KeyWords keys, const SetOptions& options, UnixMs deadline) {
    if (!cx.effects.heard()) return;
    const std::span<const Bytes> words = cx.args.words();
    const bool keeps = options.time == SetOptions::Time::keep;
    if (!keeps && !options.has_deadline()) {
        std::vector<std::string> out{"MSET"};
        out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(keys.first),
                   words.begin() + static_cast<std::ptrdiff_t>(keys.end));
        return cx.effects.replicate_as(cx.db().index(), std::move(out));
    }
    const std::string moment = integer_text(deadline);
    for (std::size_t i = keys.first; i < keys.end; i += 2) {
        if (keeps)
            cx.effects.replicate_as(cx.db().index(), {"SET", words[i], words[i + 1], "KEEPTTL"});
        else
            cx.effects.replicate_as(cx.db().index(), {"SET", words[i], words[i + 1], "PXAT", moment});
    }
}

// MSETEX numkeys key value [key value ...] [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
Status msetex(Context& cx) {
    const auto count = parse_integer(cx.args.next<Bytes>());
    if (!count || *count < 1 || *count > std::numeric_limits<std::int32_t>::max()) return kBadNumkeys;
    const auto pair_words = static_cast<std::size_t>(*count) * 2;
    if (pair_words > cx.args.left()) return kWrongPairs;
    const KeyWords keys{cx.args.position(), cx.args.position() + pair_words, 2};
    cx.args.skip(pair_words);
    KEEL_TRY(const SetOptions options, parse_set_options(cx.args, {.keep_ttl = true}));
    KEEL_TRY(const UnixMs deadline, deadline_of(options, cx));

    using Condition = SetOptions::Condition;
    const bool allowed =
        options.condition == Condition::none || all_exist(cx, keys, options.condition == Condition::present);
    if (allowed) {
        set_all(cx, keys, options, deadline);
        replicate_msetex(cx, keys, options, deadline);
    }
    cx.reply().integer(allowed ? 1 : 0);
    return {};
}

// ---- Rows ----

constexpr Bytes kGather[] = {"request_policy:multi_shard"};
constexpr Bytes kAllSucceed[] = {"request_policy:multi_shard", "response_policy:all_succeeded"};
constexpr Bytes kSmallest[] = {"request_policy:multi_shard", "response_policy:agg_min"};

constexpr KeySpecs kCountedPairs = {
    .at = {{.use = Use::ow | Use::update, .index = 1, .counted = true, .step = 2, .count_at = 0, .first = 1}},
    .count = 1};

constexpr CommandSpec kRows[] = {
    {.name = "mget",
     .run = mget,
     .arity = at_least(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::string,
     .keys = key_range(Use::read, 1, -1),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Returns the strings at several keys.",
     .syntax = "key [key ...]",
     .tips = kGather},
    {.name = "mset",
     .run = mset,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::string,
     .keys = key_range(Use::ow | Use::update, 1, -1, 2),
     .group = Group::string,
     .since = "1.0.1",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Sets several keys to strings at once.",
     .syntax = "key value [key value ...]",
     .tips = kAllSucceed},
    {.name = "msetnx",
     .run = msetnx,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::string,
     .keys = key_range(Use::ow | Use::insert, 1, -1, 2),
     .group = Group::string,
     .since = "1.0.1",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Sets several keys to strings at once, only if none of them exists.",
     .syntax = "key value [key value ...]",
     .tips = kSmallest},
    {.name = "msetex",
     .run = msetex,
     .arity = at_least(4),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::string,
     .keys = kCountedPairs,
     .group = Group::string,
     .since = "8.4.0",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Sets several keys to strings at once, on a condition and with a time to live if wanted.",
     .syntax = "numkeys:integer key value [key value ...] [NX|XX] [EX seconds:integer|PX milliseconds:integer|"
               "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL]",
     .tips = kAllSucceed},
};

}  // namespace

const std::span<const CommandSpec> kMultiCommands{kRows};

}  // namespace keel::string
