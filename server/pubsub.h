// SPDX-License-Identifier: BSD-3-Clause
//
// Publish and subscribe: who listens to what, and the way of a message to all of them.
//
//     topics (by kind and name)              sessions
//     | channel "news" | -> [ s1 s3 ]        | session 7 | -> channels [ s1 s2 ]  patterns [ ]  shard channels [ ]
//     | pattern "n*"   | -> [ s4 ]           | session 9 | -> channels [ s3 ]     patterns [ s4 ]
//
//     a Subscription s: its topic and its place in the topic's list, its session and its place in the session's
//
// Subscribing and unsubscribing take constant time whatever the numbers, and no table ever doubles. A message is
// encoded once for each protocol version and shared by all who get it.
//
// A session that publishes to itself gets the message behind the reply of the command that it runs, not inside it.
//
// Always true:
//   1. A subscription stands in the table, in its topic's list and in its session's list, at the places it knows.
//   2. A topic exists while somebody is subscribed to it.
//   3. Session's counters are the lengths of its lists, and its class is pubsub while one is not empty (unless it
//      is a replica's).
//   4. While a message is on its way no list changes: sessions that end meanwhile are forgotten right afterwards.
//   5. Messages are sent whatever CLIENT REPLY says, as they are no replies.
//
// Not here: the commands and their replies (server/commands/pubsub_commands), keyspace events (server/key_events).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datatypes/encodings/table.h"
#include "protocol/resp/output_buffer.h"
#include "server/session.h"
#include "server/subscriber.h"

namespace keel {

struct Topic {
    std::string name;
    TopicKind kind;
    std::uint32_t at_patterns = 0;  // place in the list of patterns, if it is one
    std::vector<Subscription*> subscriptions;
};

struct Subscription {
    // The key: these two, one behind the other.
    Topic* topic;
    Session* session;
    std::uint32_t at_topic;
    std::uint32_t at_session;
};

class PubSub {
  public:
    // `pushed` is told of each session that a message was written to, and where that begins (Session::output_end). It
    // may end the session.
    using Pushed = std::function<void(Session&, std::uint64_t begin)>;
    explicit PubSub(Pushed pushed) : pushed_(std::move(pushed)) {}
    ~PubSub();
    PubSub(const PubSub&) = delete;
    PubSub& operator=(const PubSub&) = delete;

    // False: it was already (not) subscribed. O(1).
    bool subscribe(Session& session, TopicKind kind, Bytes name);
    bool unsubscribe(Session& session, TopicKind kind, Bytes name);
    // One topic of this kind that the session listens to; null if there is none.
    [[nodiscard]] static const Topic* any_of(const Session& session, TopicKind kind);
    // Ends all subscriptions of a session. To be called before it is freed.
    void forget(Session& session);

    // Sends to the subscribers of the channel and of patterns that match it; returns how many messages that were.
    // O(subscribers + patterns).
    std::size_t publish(Bytes channel, Bytes message);
    std::size_t publish_shard(Bytes channel, Bytes message);

    // Between these two the session's command runs, and writes its reply.
    void begin_answer(Session& session) { answering_ = &session; }
    void end_answer() {
        Session* const session = answering_;
        answering_ = nullptr;
        if (!held_.empty()) [[unlikely]]
            deliver_held(*session);
    }

    // Whose command is being answered; null: nobody's.
    [[nodiscard]] const Session* answering() const { return answering_; }
    // Sends a message that is not a reply to one session, behind the answer of the command that it runs.
    void push(Session& session, const SharedChunk& message);

    // Nobody listens to anything.
    [[nodiscard]] bool idle() const { return subscriptions_.empty(); }
    [[nodiscard]] std::size_t count(TopicKind kind) const { return topics_of(kind).size(); }
    [[nodiscard]] std::size_t subscribers(TopicKind kind, Bytes name) const;
    // visit(Bytes name) for each topic of the kind.
    template <typename F>
    void each(TopicKind kind, F&& visit) const {
        topics_of(kind).each([&visit](const Topic* topic) { visit(Bytes{topic->name}); });
    }

  private:
    struct TopicTraits {
        using Item = Topic;
        static Bytes key(const Topic* topic) { return topic->name; }
    };
    struct SubscriptionTraits {
        using Item = Subscription;
        static Bytes key(const Subscription* subscription) {
            return {reinterpret_cast<const char*>(subscription), sizeof(Topic*) + sizeof(Session*)};
        }
    };
    using Topics = Table<TopicTraits>;
    class Message;

    [[nodiscard]] const Topics& topics_of(TopicKind kind) const { return topics_[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] Topics& topics_of(TopicKind kind) { return topics_[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] Subscription* find(const Session& session, const Topic* topic) const;
    void end(Subscription* subscription);
    void remove_topic(Topic* topic);
    std::size_t deliver(const Topic& topic, Message& message);
    void deliver_held(Session& session);
    void forget_now(Session& session);
    void forget_gone();

    Pushed pushed_;
    std::array<Topics, kTopicKinds> topics_;
    std::vector<Topic*> patterns_;  // for matching: every message looks at all
    Table<SubscriptionTraits> subscriptions_;

    bool delivering_ = false;
    std::vector<Session*> gone_;  // ended while a message was on its way
    Session* answering_ = nullptr;
    std::vector<SharedChunk> held_;  // messages to answering_
};

}  // namespace keel
