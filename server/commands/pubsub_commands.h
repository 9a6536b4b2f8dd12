// SPDX-License-Identifier: BSD-3-Clause
//
// SUBSCRIBE and its sisters, PUBLISH, SPUBLISH, PUBSUB.
//
// Each name in a (un)subscribe command is confirmed by a message of its own, which stands in the place of a reply:
// a push in RESP3, and sent whatever CLIENT REPLY says.
#pragma once

#include "datatypes/command/context.h"
#include "server/pubsub.h"

namespace keel {

struct Server;

class PubSubCommands {
  public:
    explicit PubSubCommands(Server& server);
    static std::span<const CommandSpec> rows();

    Status subscribe(Context& cx) { return listen(cx, TopicKind::channel); }
    Status psubscribe(Context& cx) { return listen(cx, TopicKind::pattern); }
    Status ssubscribe(Context& cx);
    Status unsubscribe(Context& cx) { return leave(cx, TopicKind::channel); }
    Status punsubscribe(Context& cx) { return leave(cx, TopicKind::pattern); }
    Status sunsubscribe(Context& cx) { return leave(cx, TopicKind::shard); }
    Status publish(Context& cx);
    Status spublish(Context& cx);
    Status channels(Context& cx) { return list(cx, TopicKind::channel); }
    Status shardchannels(Context& cx) { return list(cx, TopicKind::shard); }
    Status numsub(Context& cx) { return subscribers(cx, TopicKind::channel); }
    Status shardnumsub(Context& cx) { return subscribers(cx, TopicKind::shard); }
    Status numpat(Context& cx);

  private:
    Status listen(Context& cx, TopicKind kind);
    Status leave(Context& cx, TopicKind kind);
    Status list(Context& cx, TopicKind kind);
    Status subscribers(Context& cx, TopicKind kind);

    PubSub& pubsub_;
};

}  // namespace keel
