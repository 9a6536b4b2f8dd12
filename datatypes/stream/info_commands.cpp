// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: what there is to know of one.
//
//     XINFO STREAM | GROUPS | CONSUMERS | HELP
#include "datatypes/command/help.h"
#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"

namespace keel::stream {

namespace {

Result<const Stream*> must_exist(Context& cx, const Key& key) {
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    if (stream == nullptr) return errors::kNoSuchKey;
    return stream;
}

void named(Reply& reply, Bytes name, std::int64_t value) {
    reply.bulk(name);
    reply.integer(value);
}
void named(Reply& reply, Bytes name, std::size_t value) { named(reply, name, static_cast<std::int64_t>(value)); }
void named(Reply& reply, Bytes name, StreamId id) {
    reply.bulk(name);
    reply_id(reply, id);
}
void named(Reply& reply, Bytes name, Bytes text) {
    reply.bulk(name);
    reply.bulk(text);
}
void named(Reply& reply, Bytes name, std::optional<std::int64_t> value) {
    reply.bulk(name);
    if (value)
        reply.integer(*value);
    else
        reply.null();
}

std::optional<std::int64_t> entries_read(const Group& group) {
    if (group.read == kReadUnknown) return std::nullopt;
    return group.read;
}

// ---- XINFO STREAM ----

// Redis keeps blocks in a radix tree and tells how many nodes that has. Here there is none; a tree has about this many.
std::size_t tree_nodes(const Stream& stream) { return stream.blocks().size() + (stream.blocks().size() < 2 ? 1 : 2); }

void reply_facts(Reply& reply, const Stream& stream) {
    named(reply, "length", stream.length());
    named(reply, "radix-tree-keys", stream.blocks().size());
    named(reply, "radix-tree-nodes", tree_nodes(stream));
    named(reply, "last-generated-id", stream.last_id);
    named(reply, "max-deleted-entry-id", stream.max_deleted);
    named(reply, "entries-added", stream.entries_added);
    named(reply, "recorded-first-entry-id", stream.first_id());
}

void reply_edge(Reply& reply, Bytes name, const Stream& stream, Stream::Walk::Way way) {
    reply.bulk(name);
    Stream::Walk walk{stream, kMinId, kMaxId, way};
    if (walk.next())
        reply_entry(reply, walk);
    else
        reply.null();
}

void reply_brief(Reply& reply, const Stream& stream) {
    reply.map(10);
    reply_facts(reply, stream);
    named(reply, "groups", stream.groups().size());
    reply_edge(reply, "first-entry", stream, Stream::Walk::Way::up);
    reply_edge(reply, "last-entry", stream, Stream::Walk::Way::down);
}

// Of `size` items as many as `count` lets be shown.
std::size_t shown_of(std::size_t size, std::uint64_t count) {
    return count == 0 ? size : std::min<std::size_t>(size, count);
}

void reply_consumer(Reply& reply, Group& group, const Consumer& consumer, std::uint64_t count) {
    reply.map(5);
    named(reply, "name", Bytes{consumer.name});
    named(reply, "seen-time", consumer.seen_at);
    named(reply, "active-time", consumer.active_at);
    named(reply, "pel-count", consumer.pending.size());
    reply.bulk("pending");
    std::size_t left = shown_of(consumer.pending.size(), count);
    reply.array(left);
    for (auto at = consumer.pending.begin(); left > 0; ++at, --left) {
        const Nack& nack = *group.pending_at(*at);
        reply.array(3);
        reply_id(reply, *at);
        reply.integer(nack.given_at);
        reply.integer(nack.times);
    }
}

void reply_group(Reply& reply, const Stream& stream, Bytes name, Group& group, std::uint64_t count) {
    reply.map(7);
    named(reply, "name", name);
    named(reply, "last-delivered-id", group.last_id);
    named(reply, "entries-read", entries_read(group));
    named(reply, "lag", stream.lag(group));
    named(reply, "pel-count", group.pending().size());
    reply.bulk("pending");
    std::size_t left = shown_of(group.pending().size(), count);
    reply.array(left);
    for (auto at = group.pending().begin(); left > 0; ++at, --left) {
        reply.array(4);
        reply_id(reply, at->first);
        reply.bulk(Bytes{at->second.consumer->name});
        reply.integer(at->second.given_at);
        reply.integer(at->second.times);
    }
    reply.bulk("consumers");
    reply.array(group.consumers().size());
    for (const auto& [consumer_name, consumer] : group.consumers()) reply_consumer(reply, group, *consumer, count);
}

void reply_full(Reply& reply, const Stream& stream, std::uint64_t count) {
    reply.map(9);
    reply_facts(reply, stream);
    reply.bulk("entries");
    std::size_t left = shown_of(stream.length(), count);
    reply.array(left);
    for (Stream::Walk walk{stream, kMinId, kMaxId}; left > 0 && walk.next(); --left) reply_entry(reply, walk);
    reply.bulk("groups");
    reply.array(stream.groups().size());
    for (const auto& [name, group] : stream.groups()) reply_group(reply, stream, name, *group, count);
}

// XINFO STREAM key [FULL [COUNT count]]
Status info_stream(Context& cx) {
    constexpr std::int64_t kDefaultCount = 10;
    const Key key = cx.next_key();
    KEEL_TRY(const Stream* stream, must_exist(cx, key));
    if (!cx.args.more()) {
        reply_brief(cx.reply(), *stream);
        return {};
    }
    std::int64_t count = kDefaultCount;
    const std::size_t options = cx.args.left();
    if ((options != 1 && options != 3) || !cx.args.accept("FULL") || (options == 3 && !cx.args.accept("COUNT"))) {
        return errors::subcommand_syntax("XINFO", cx.args.words()[1]);
    }
    if (options == 3) count = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    reply_full(cx.reply(), *stream, static_cast<std::uint64_t>(count < 0 ? kDefaultCount : count));
    return {};
}

// ---- XINFO GROUPS, XINFO CONSUMERS ----

// XINFO GROUPS key
Status info_groups(Context& cx) {
    KEEL_TRY(const Stream* stream, must_exist(cx, cx.next_key()));
    Reply& reply = cx.reply();
    reply.array(stream->groups().size());
    for (const auto& [name, group] : stream->groups()) {
        reply.map(6);
        named(reply, "name", Bytes{name});
        named(reply, "consumers", group->consumers().size());
        named(reply, "pending", group->pending().size());
        named(reply, "last-delivered-id", group->last_id);
        named(reply, "entries-read", entries_read(*group));
        named(reply, "lag", stream->lag(*group));
    }
    return {};
}

// XINFO CONSUMERS key group
Status info_consumers(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    KEEL_TRY(const Stream* stream, must_exist(cx, key));
    const Group* group = stream->group(name);
    if (group == nullptr) return no_group(key.text, name);
    Reply& reply = cx.reply();
    reply.array(group->consumers().size());
    for (const auto& [consumer_name, consumer] : group->consumers()) {
        reply.map(4);
        named(reply, "name", Bytes{consumer_name});
        named(reply, "pending", consumer->pending.size());
        named(reply, "idle", std::max<std::int64_t>(cx.now() - consumer->seen_at, 0));
        named(reply, "inactive", consumer->active_at == -1 ? std::int64_t{-1} : cx.now() - consumer->active_at);
    }
    return {};
}

// ---- Rows ----

constexpr Bytes kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec about(Bytes name, Handler run, Arity arity, Bytes summary, Bytes syntax,
                            std::span<const Bytes> tips = {}) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = Flag::readonly,
            .categories = Category::stream,
            .keys = one_key(Use::read, 2),
            .group = keel::Group::stream,
            .since = "5.0.0",
            .complexity = "O(1)",
            .summary = summary,
            .syntax = syntax,
            .tips = tips};
}

constexpr CommandSpec kSubcommands[] = {
    about("consumers", info_consumers, exactly(4), "Tells of the consumers of a group.", "key group", kChanging),
    about("groups", info_groups, exactly(3), "Tells of the consumer groups of a stream.", "key"),
    about("stream", info_stream, at_least(3), "Tells of a stream.", "key [FULL [COUNT count:integer]]"),
    help_row(keel::Group::stream),
};

constexpr CommandSpec kRows[] = {
    {.name = "xinfo",
     .arity = at_least(2),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Tells of streams, their groups and consumers.",
     .subcommands = kSubcommands},
};

}  // namespace

const std::span<const CommandSpec> kInfoCommands{kRows};

}  // namespace keel::stream
