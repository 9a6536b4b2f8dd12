// SPDX-License-Identifier: BSD-3-Clause
//
// Walks over the keys of a database: some at a time, all that match, one by chance.
//
// Always true:
//   1. A key that is due is not shown. SCAN, which may take as long as it likes in all, also removes those it meets.
#include <algorithm>
#include <limits>
#include <vector>

#include "datatypes/command/context.h"
#include "datatypes/command/scan_args.h"
#include "datatypes/generic/families.h"
#include "protocol/base/glob.h"
#include "protocol/base/number.h"

namespace keel::generic {

namespace {

// ---- SCAN ----

struct Page {
    std::uint64_t next = 0;       // the cursor to go on with
    std::vector<Entry*> entries;  // as the table showed them: nothing is filtered yet
};

// Looks at about `count` entries. Where the table is nearly empty, it looks at ten places for each one wanted and
// then leaves the rest to the next call.
Page read_page(const Database& db, std::uint64_t cursor, std::int64_t count) {
    constexpr std::size_t kReserve = 1024;
    constexpr std::int64_t kPlacesPerEntry = 10;
    const auto wanted = static_cast<std::size_t>(count);
    Page page{.next = cursor, .entries = {}};
    page.entries.reserve(std::min({wanted + 16, kReserve, db.size()}));
    std::int64_t places = count > std::numeric_limits<std::int64_t>::max() / kPlacesPerEntry
                              ? std::numeric_limits<std::int64_t>::max()
                              : count * kPlacesPerEntry;
    do {
        page.next = db.table().scan(page.next, [&page](Entry* entry) {
            __builtin_prefetch(entry);
            page.entries.push_back(entry);
        });
    } while (page.next != 0 && --places >= 0 && page.entries.size() < wanted);
    return page;
}

bool has_type(const Entry& entry, const std::optional<Bytes>& name) {
    return !name || equal_nocase(type_ops(entry.type()).name, *name);
}

// Keeps what is asked for. Entries stay where they are when others are removed, so those that are due can go at once.
void filter(Database& db, std::vector<Entry*>& entries, const ScanOptions& options) {
    std::erase_if(entries, [&](Entry* entry) {
        if (!options.matches(entry->key()) || !has_type(*entry, options.type)) return true;
        if (!db.due(*entry)) return false;
        db.expire(entry);
        return true;
    });
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
Status scan(Context& cx) {
    KEEL_TRY(const std::uint64_t cursor, parse_cursor(cx.args.next<Bytes>()));
    KEEL_TRY(const ScanOptions options, read_scan_options(cx.args, {.type = true}));

    Page page = read_page(cx.db(), cursor, options.count);
    filter(cx.db(), page.entries, options);

    cx.reply().array(2);
    char digits[kIntegerChars];
    cx.reply().bulk(Bytes{digits, write_unsigned(digits, page.next)});
    cx.reply().array(page.entries.size());
    for (const Entry* entry : page.entries) cx.reply().bulk(entry->key());
    return {};
}

// ---- KEYS ----

// KEYS pattern
Status keys(Context& cx) {
    const Bytes pattern = cx.args.next<Bytes>();
    if (glob_is_literal(pattern)) {
        const bool there = cx.db().peek(Key{pattern}) != nullptr;
        cx.reply().array(there ? 1 : 0);
        if (there) cx.reply().bulk(pattern);
        return {};
    }
    const bool all = pattern == "*";
    std::size_t found = 0;
    DeferredLength length = cx.reply().deferred_array();
    cx.db().each([&](const Entry& entry) {
        const Bytes key = entry.key();
        if (!all && !glob_match(pattern, key)) return;
        cx.reply().bulk(key);
        ++found;
    });
    length.end(found);
    return {};
}

// ---- RANDOMKEY ----

// Evenly among the keys that are not due; those are looked for in order only when nearly all are due.
const Entry* random_live(const Database& db, Random& random) {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
        const Entry* entry = db.random(random);
        if (entry == nullptr || !db.due(*entry)) return entry;
    }
    const Entry* found = nullptr;
    std::uint64_t cursor = 0;
    do {
        cursor = db.scan(cursor, [&found](const Entry& entry) { found = &entry; });
    } while (found == nullptr && cursor != 0);
    return found;
}

// RANDOMKEY
Status randomkey(Context& cx) {
    if (const Entry* entry = random_live(cx.db(), cx.random)) cx.reply().bulk(entry->key());
    else cx.reply().null();
    return {};
}

constexpr Bytes kScanTips[] = {"nondeterministic_output", "request_policy:special"};
constexpr Bytes kKeysTips[] = {"request_policy:all_shards", "nondeterministic_output_order"};
constexpr Bytes kRandomTips[] = {"request_policy:all_shards", "nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "scan",
     .run = scan,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::keyspace,
     .since = "2.8.0",
     .complexity = "O(COUNT) for one call; O(N) for a whole walk over the N keys of the database",
     .summary = "Shows the keys of a database, some at a time.",
     .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type]",
     .tips = kScanTips},
    {.name = "keys",
     .run = keys,
     .arity = exactly(2),
     .flags = Flag::readonly,
     .categories = Category::keyspace | Category::dangerous,
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys in the database; O(1) for a pattern that can match one key only",
     .summary = "Shows all keys that match a pattern.",
     .syntax = "pattern:pattern",
     .tips = kKeysTips},
    {.name = "randomkey",
     .run = randomkey,
     .arity = exactly(1),
     .flags = Flag::readonly,
     .categories = Category::keyspace,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Shows a key drawn from the database.",
     .tips = kRandomTips},
};

}  // namespace

const std::span<const CommandSpec> kScanCommands{kRows};

}  // namespace keel::generic
