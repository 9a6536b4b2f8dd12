// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/pubsub_commands.h"

#include <optional>

#include "datatypes/command/help.h"
#include "protocol/base/glob.h"
#include "server/server.h"

namespace keel {

namespace {

// What a client counts in confirmations: channels and patterns together, shard channels by themselves.
std::int64_t subscription_count(const Session& session, TopicKind kind) {
    if (kind == TopicKind::shard) return session.shard_channels;
    return std::int64_t{session.channels} + session.patterns;
}

// One confirmation. `word` is the command's name.
void confirm(Session& session, Bytes word, TopicKind kind, std::optional<Bytes> name) {
    Reply push{session.output, session.reply.protocol()};  // its own: the session's may be muted
    push.push(3);
    push.bulk(word);
    if (name) {
        push.bulk(*name);
    } else {
        push.null();
    }
    push.integer(subscription_count(session, kind));
}

}  // namespace

PubSubCommands::PubSubCommands(Server& server) : pubsub_(server.pubsub) {}

// ---- Subscribing ----

// SUBSCRIBE channel [channel ...], PSUBSCRIBE pattern [pattern ...]
Status PubSubCommands::listen(Context& cx, TopicKind kind) {
    Session& session = session_of(cx);
    for (const Bytes name : cx.args.rest()) {
        pubsub_.subscribe(session, kind, name);
        confirm(session, cx.command->name(), kind, name);
    }
    return {};
}

// SSUBSCRIBE shardchannel [shardchannel ...]
Status PubSubCommands::ssubscribe(Context& cx) {
    if (cx.caller->deny_blocking) return errors::kSsubscribeDenied;
    return listen(cx, TopicKind::shard);
}

// UNSUBSCRIBE [channel [channel ...]], PUNSUBSCRIBE, SUNSUBSCRIBE
Status PubSubCommands::leave(Context& cx, TopicKind kind) {
    Session& session = session_of(cx);
    const Bytes word = cx.command->name();
    if (cx.args.more()) {
        for (const Bytes name : cx.args.rest()) {
            pubsub_.unsubscribe(session, kind, name);
            confirm(session, word, kind, name);
        }
        return {};
    }
    const Topic* topic = PubSub::any_of(session, kind);
    if (topic == nullptr) confirm(session, word, kind, {});
    for (; topic != nullptr; topic = PubSub::any_of(session, kind)) {
        const std::string name = topic->name;
        pubsub_.unsubscribe(session, kind, name);
        confirm(session, word, kind, name);
    }
    return {};
}

// ---- Publishing ----

// PUBLISH channel message
Status PubSubCommands::publish(Context& cx) {
    const Bytes channel = cx.args.next<Bytes>();
    cx.reply().integer(static_cast<std::int64_t>(pubsub_.publish(channel, cx.args.next<Bytes>())));
    return {};
}

// SPUBLISH shardchannel message
Status PubSubCommands::spublish(Context& cx) {
    const Bytes channel = cx.args.next<Bytes>();
    cx.reply().integer(static_cast<std::int64_t>(pubsub_.publish_shard(channel, cx.args.next<Bytes>())));
    return {};
}

// ---- Looking ----

// PUBSUB CHANNELS [pattern], PUBSUB SHARDCHANNELS [pattern]
Status PubSubCommands::list(Context& cx, TopicKind kind) {
    if (cx.args.left() > 1) return errors::subcommand_syntax("PUBSUB", cx.args.words()[1]);
    const Bytes pattern = cx.args.more() ? cx.args.next<Bytes>() : Bytes{"*"};
    auto array = cx.reply().deferred_array();
    std::size_t listed = 0;
    pubsub_.each(kind, [&](Bytes name) {
        if (!glob_match(pattern, name)) return;
        cx.reply().bulk(name);
        ++listed;
    });
    array.end(listed);
    return {};
}

// PUBSUB NUMSUB [channel [channel ...]], PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]
Status PubSubCommands::subscribers(Context& cx, TopicKind kind) {
    const auto names = cx.args.rest();
    cx.reply().array(2 * names.size());
    for (const Bytes name : names) {
        cx.reply().bulk(name);
        cx.reply().integer(static_cast<std::int64_t>(pubsub_.subscribers(kind, name)));
    }
    return {};
}

// PUBSUB NUMPAT
Status PubSubCommands::numpat(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(pubsub_.count(TopicKind::pattern)));
    return {};
}

// ---- Rows ----

namespace {

using C = PubSubCommands;

constexpr Flag kListen = Flag::pubsub | Flag::noscript | Flag::loading | Flag::stale;
constexpr Flag kPublish = Flag::pubsub | Flag::loading | Flag::stale | Flag::fast | Flag::may_replicate;
constexpr Flag kLook = Flag::pubsub | Flag::loading | Flag::stale;

constexpr CommandSpec kLooking[] = {
    {.name = "channels",
     .run = method<&C::channels>,
     .arity = at_least(2),
     .flags = kLook,
     .group = Group::pubsub,
     .since = "2.8.0",
     .complexity = "O(N) where N is the number of channels",
     .summary = "Returns the channels that have subscribers.",
     .syntax = "[pattern:pattern]"},
    {.name = "numpat",
     .run = method<&C::numpat>,
     .arity = exactly(2),
     .flags = kLook,
     .group = Group::pubsub,
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Returns how many patterns have subscribers."},
    {.name = "numsub",
     .run = method<&C::numsub>,
     .arity = at_least(2),
     .flags = kLook,
     .group = Group::pubsub,
     .since = "2.8.0",
     .complexity = "O(N) where N is the number of channels asked for",
     .summary = "Returns how many subscribers channels have.",
     .syntax = "[channel [channel ...]]"},
    {.name = "shardchannels",
     .run = method<&C::shardchannels>,
     .arity = at_least(2),
     .flags = kLook,
     .group = Group::pubsub,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of shard channels",
     .summary = "Returns the shard channels that have subscribers.",
     .syntax = "[pattern:pattern]"},
    {.name = "shardnumsub",
     .run = method<&C::shardnumsub>,
     .arity = at_least(2),
     .flags = kLook,
     .group = Group::pubsub,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of shard channels asked for",
     .summary = "Returns how many subscribers shard channels have.",
     .syntax = "[shardchannel [shardchannel ...]]"},
    help_row(Group::pubsub, "6.2.0"),
};

constexpr CommandSpec kRows[] = {
    {.name = "subscribe",
     .run = method<&C::subscribe>,
     .arity = at_least(2),
     .flags = kListen,
     .group = Group::pubsub,
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of channels named",
     .summary = "Listens to channels.",
     .syntax = "channel [channel ...]"},
    {.name = "unsubscribe",
     .run = method<&C::unsubscribe>,
     .arity = at_least(1),
     .flags = kListen,
     .group = Group::pubsub,
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of channels given up",
     .summary = "Stops listening to channels; to all if none is named.",
     .syntax = "[channel [channel ...]]"},
    {.name = "psubscribe",
     .run = method<&C::psubscribe>,
     .arity = at_least(2),
     .flags = kListen,
     .group = Group::pubsub,
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of patterns named",
     .summary = "Listens to all channels that match patterns.",
     .syntax = "pattern:pattern [pattern:pattern ...]"},
    {.name = "punsubscribe",
     .run = method<&C::punsubscribe>,
     .arity = at_least(1),
     .flags = kListen,
     .group = Group::pubsub,
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of patterns given up",
     .summary = "Stops listening to patterns; to all if none is named.",
     .syntax = "[pattern:pattern [pattern:pattern ...]]"},
    {.name = "ssubscribe",
     .run = method<&C::ssubscribe>,
     .arity = at_least(2),
     .flags = kListen,
     .keys = key_range(Use::not_key, 1, -1),
     .group = Group::pubsub,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of shard channels named",
     .summary = "Listens to shard channels.",
     .syntax = "shardchannel [shardchannel ...]"},
    {.name = "sunsubscribe",
     .run = method<&C::sunsubscribe>,
     .arity = at_least(1),
     .flags = kListen,
     .keys = key_range(Use::not_key, 1, -1),
     .group = Group::pubsub,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of shard channels given up",
     .summary = "Stops listening to shard channels; to all if none is named.",
     .syntax = "[shardchannel [shardchannel ...]]"},
    {.name = "publish",
     .run = method<&C::publish>,
     .arity = exactly(3),
     .flags = kPublish,
     .group = Group::pubsub,
     .since = "2.0.0",
     .complexity = "O(N+M) where N is the number of subscribers and M the number of patterns",
     .summary = "Sends a message to all who listen to a channel.",
     .syntax = "channel message"},
    {.name = "spublish",
     .run = method<&C::spublish>,
     .arity = exactly(3),
     .flags = kPublish,
     .keys = one_key(Use::not_key),
     .group = Group::pubsub,
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of subscribers",
     .summary = "Sends a message to all who listen to a shard channel.",
     .syntax = "shardchannel message"},
    {.name = "pubsub",
     .arity = at_least(2),
     .group = Group::pubsub,
     .since = "2.8.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells who listens to what.",
     .subcommands = kLooking},
};

}  // namespace

std::span<const CommandSpec> PubSubCommands::rows() { return kRows; }

}  // namespace keel
