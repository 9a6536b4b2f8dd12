// SPDX-License-Identifier: BSD-3-Clause
//
// Databases as a whole: counting their keys, emptying and exchanging them.
#include "datatypes/command/context.h"
#include "datatypes/command/database_index.h"
#include "datatypes/generic/families.h"

namespace keel::generic {

namespace {

// DBSIZE
Status dbsize(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(cx.db().size()));
    return {};
}

// [ASYNC | SYNC]: whether to free in the background.
Result<bool> read_flush_mode(Context& cx) {
    if (!cx.args.more()) return cx.settings.memory.lazy_user_flush;
    const bool lazily = cx.args.accept("ASYNC");
    if ((lazily || cx.args.accept("SYNC")) && !cx.args.more()) return lazily;
    return errors::kSyntax;
}

// Every key counts as a change, and an empty database as one: log and replicas get the command in any case.
void note_flush(Context& cx, int db, std::size_t keys) {
    cx.effects.flushed(db);
    if (keys > 1) cx.effects.count(keys - 1);
}

// FLUSHDB [ASYNC | SYNC]
Status flushdb(Context& cx) {
    KEEL_TRY(const bool lazily, read_flush_mode(cx));
    note_flush(cx, cx.db().index(), cx.db().size());
    cx.db().clear(lazily);
    cx.reply().ok();
    return {};
}

// FLUSHALL [ASYNC | SYNC]
Status flushall(Context& cx) {
    KEEL_TRY(const bool lazily, read_flush_mode(cx));
    note_flush(cx, -1, cx.keyspace.keys());
    cx.keyspace.clear(lazily);
    cx.reply().ok();
    return {};
}

// SWAPDB index1 index2
Status swapdb(Context& cx) {
    if (cx.settings.cluster.enabled) return errors::kSwapdbInCluster;
    const auto first = parse_database_index(cx.args.next<Bytes>());
    if (!first) return errors::kInvalidFirstDbIndex;
    const auto second = parse_database_index(cx.args.next<Bytes>());
    if (!second) return errors::kInvalidSecondDbIndex;
    if (!has_database(cx.keyspace, *first) || !has_database(cx.keyspace, *second)) return errors::kDbIndexOutOfRange;

    cx.keyspace.swap(*first, *second);
    cx.effects.swapped(*first, *second);
    cx.reply().ok();
    return {};
}

constexpr Bytes kSizeTips[] = {"request_policy:all_shards", "response_policy:agg_sum"};
constexpr Bytes kFlushTips[] = {"request_policy:all_shards", "response_policy:all_succeeded"};

constexpr CommandSpec kRows[] = {
    {.name = "dbsize",
     .run = dbsize,
     .arity = exactly(1),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::keyspace,
     .group = Group::server,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Counts the keys of the database.",
     .tips = kSizeTips},
    {.name = "flushdb",
     .run = flushdb,
     .arity = at_least(1),
     .flags = Flag::write,
     .categories = Category::keyspace | Category::dangerous,
     .group = Group::server,
     .since = "1.0.0",
     .complexity = "O(1) when freed in the background, else O(N) where N is the number of keys in the database",
     .summary = "Removes all keys from the database.",
     .syntax = "[ASYNC|SYNC]",
     .tips = kFlushTips},
    {.name = "flushall",
     .run = flushall,
     .arity = at_least(1),
     .flags = Flag::write,
     .categories = Category::keyspace | Category::dangerous,
     .group = Group::server,
     .since = "1.0.0",
     .complexity = "O(1) for each database when freed in the background, else O(N) where N is the number of all keys",
     .summary = "Removes all keys from all databases.",
     .syntax = "[ASYNC|SYNC]",
     .tips = kFlushTips},
    {.name = "swapdb",
     .run = swapdb,
     .arity = exactly(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::keyspace | Category::dangerous,
     .group = Group::server,
     .since = "4.0.0",
     .complexity = "O(N) where N is the number of clients that watch or wait for keys of either database",
     .summary = "Exchanges two databases: clients of one see the keys of the other.",
     .syntax = "index1:integer index2:integer"},
};

}  // namespace

const std::span<const CommandSpec> kDatabaseCommands{kRows};

}  // namespace keel::generic
