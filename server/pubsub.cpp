// SPDX-License-Identifier: BSD-3-Clause
#include "server/pubsub.h"

#include <memory>
#include <optional>

#include "datatypes/encodings/hash.h"
#include "protocol/base/check.h"
#include "protocol/base/glob.h"
#include "protocol/resp/request_writer.h"

namespace keel {

namespace {

// What a subscription takes beside its topic's name: itself, its slot in the table and its places in two lists.
constexpr std::size_t kSubscriptionBytes = sizeof(Subscription) + 12 + 2 * sizeof(Subscription*);

// So much of messages may wait for the end of a command before anybody asks whether it is too much.
constexpr std::size_t kHeldUncounted = 64 * 1024;

std::size_t bytes_of(const Topic& topic) { return kSubscriptionBytes + topic.name.size(); }

std::uint32_t& counter(Session& session, TopicKind kind) {
    switch (kind) {
        case TopicKind::channel: return session.channels;
        case TopicKind::pattern: return session.patterns;
        default: return session.shard_channels;
    }
}

// Takes the element at `at` out of a list; the last one takes its place and is told so.
template <typename T>
void take_out(std::vector<T*>& list, std::uint32_t at, std::uint32_t T::*place) {
    list[at] = list.back();
    list[at]->*place = at;
    list.pop_back();
    if (list.capacity() > 64 && list.size() < list.capacity() / 4) list.shrink_to_fit();
}

void note_class(Session& session) {
    if (session.subscribed()) {
        if (session.client_class == ClientClass::normal) session.client_class = ClientClass::pubsub;
    } else if (session.client_class == ClientClass::pubsub) {
        session.client_class = ClientClass::normal;
    }
}

}  // namespace

// The words of one message, encoded for a protocol version when the first one asks.
class PubSub::Message {
  public:
    explicit Message(std::initializer_list<Bytes> words) : words_(words) {}

    const SharedChunk& encoded(int protocol) {
        auto& chunk = chunks_[protocol == 3 ? 1 : 0];
        if (!chunk) {
            std::string text;
            append_request(text, words_);      // an array of bulks is what a request is too;
            if (protocol == 3) text[0] = '>';  // and a push differs from an array in its first byte
            chunk.emplace(text);
        }
        return *chunk;
    }

  private:
    std::vector<Bytes> words_;
    std::optional<SharedChunk> chunks_[2];
};

PubSub::~PubSub() {
    subscriptions_.drain([](Subscription* subscription) { delete subscription; });
    for (Topics& topics : topics_) topics.drain([](Topic* topic) { delete topic; });
}

// ---- Who listens to what ----

Subscription* PubSub::find(const Session& session, const Topic* topic) const {
    if (topic == nullptr || session.subscriber == nullptr) return nullptr;
    const struct {
        const Topic* topic;
        const Session* session;
    } key{topic, &session};
    const Bytes bytes{reinterpret_cast<const char*>(&key), sizeof(key)};
    return subscriptions_.find(bytes, hash_bytes(bytes));
}

bool PubSub::subscribe(Session& session, TopicKind kind, Bytes name) {
    KEEL_DCHECK(!delivering_);
    Topics& topics = topics_of(kind);
    const std::uint64_t hash = hash_bytes(name);
    Topic* topic = topics.find(name, hash);
    if (find(session, topic) != nullptr) return false;
    if (topic == nullptr) {
        topic = new Topic{.name = std::string{name}, .kind = kind, .subscriptions = {}};
        topics.insert(topic, hash);
        if (kind == TopicKind::pattern) {
            topic->at_patterns = static_cast<std::uint32_t>(patterns_.size());
            patterns_.push_back(topic);
        }
    }
    if (!session.subscriber) session.subscriber = std::make_unique<Subscriber>();
    auto& list = session.subscriber->of(kind);
    auto* subscription = new Subscription{.topic = topic,
                                          .session = &session,
                                          .at_topic = static_cast<std::uint32_t>(topic->subscriptions.size()),
                                          .at_session = static_cast<std::uint32_t>(list.size())};
    subscriptions_.insert(subscription, Table<SubscriptionTraits>::hash_of(subscription));
    topic->subscriptions.push_back(subscription);
    list.push_back(subscription);
    session.subscriber->bytes += bytes_of(*topic);
    ++counter(session, kind);
    note_class(session);
    return true;
}

bool PubSub::unsubscribe(Session& session, TopicKind kind, Bytes name) {
    KEEL_DCHECK(!delivering_);
    Subscription* const subscription = find(session, topics_of(kind).find(name, hash_bytes(name)));
    if (subscription == nullptr) return false;
    end(subscription);
    note_class(session);
    if (session.subscriber->empty()) session.subscriber.reset();
    return true;
}

const Topic* PubSub::any_of(const Session& session, TopicKind kind) {
    if (!session.subscriber) return nullptr;
    const auto& list = session.subscriber->of(kind);
    return list.empty() ? nullptr : list.back()->topic;
}

void PubSub::end(Subscription* subscription) {
    Topic* const topic = subscription->topic;
    Session& session = *subscription->session;
    subscriptions_.erase_item(subscription, Table<SubscriptionTraits>::hash_of(subscription));
    take_out(topic->subscriptions, subscription->at_topic, &Subscription::at_topic);
    take_out(session.subscriber->of(topic->kind), subscription->at_session, &Subscription::at_session);
    session.subscriber->bytes -= bytes_of(*topic);
    --counter(session, topic->kind);
    delete subscription;
    if (topic->subscriptions.empty()) remove_topic(topic);
}

void PubSub::remove_topic(Topic* topic) {
    topics_of(topic->kind).erase_item(topic, hash_bytes(topic->name));
    if (topic->kind == TopicKind::pattern) take_out(patterns_, topic->at_patterns, &Topic::at_patterns);
    delete topic;
}

void PubSub::forget(Session& session) {
    if (!session.subscriber) return;
    if (delivering_) return gone_.push_back(&session);
    forget_now(session);
}

void PubSub::forget_now(Session& session) {
    if (!session.subscriber) return;
    for (auto& list : session.subscriber->lists) {
        while (!list.empty()) end(list.back());
    }
    session.subscriber.reset();
    note_class(session);
}

std::size_t PubSub::subscribers(TopicKind kind, Bytes name) const {
    const Topic* topic = topics_of(kind).find(name, hash_bytes(name));
    return topic == nullptr ? 0 : topic->subscriptions.size();
}

// ---- Messages ----

std::size_t PubSub::publish(Bytes channel, Bytes message) {
    if (idle()) return 0;
    delivering_ = true;
    std::size_t sent = 0;
    if (const Topic* topic = topics_of(TopicKind::channel).find(channel, hash_bytes(channel))) {
        Message words{"message", channel, message};
        sent += deliver(*topic, words);
    }
    for (const Topic* pattern : patterns_) {
        if (!glob_match(pattern->name, channel)) continue;
        Message words{"pmessage", pattern->name, channel, message};
        sent += deliver(*pattern, words);
    }
    delivering_ = false;
    forget_gone();
    return sent;
}

std::size_t PubSub::publish_shard(Bytes channel, Bytes message) {
    const Topic* topic = topics_of(TopicKind::shard).find(channel, hash_bytes(channel));
    if (topic == nullptr) return 0;
    delivering_ = true;
    Message words{"smessage", channel, message};
    const std::size_t sent = deliver(*topic, words);
    delivering_ = false;
    forget_gone();
    return sent;
}

std::size_t PubSub::deliver(const Topic& topic, Message& message) {
    std::size_t sent = 0;
    for (const Subscription* subscription : topic.subscriptions) {
        Session& session = *subscription->session;
        if (session.closing) continue;
        ++sent;
        push(session, message.encoded(session.reply.protocol()));
    }
    return sent;
}

void PubSub::push(Session& session, const SharedChunk& message) {
    if (&session == answering_) {
        if (session.closing) return;
        held_.push_back(message);
        session.held_bytes += message.bytes().size();
        if (session.held_bytes > kHeldUncounted)
            pushed_(session, session.output_end());  // which ends it if that is too much
        return;
    }
    const std::uint64_t begin = session.output_end();
    session.output.append_shared(message);
    pushed_(session, begin);
}

void PubSub::deliver_held(Session& session) {
    session.held_bytes = 0;
    const std::uint64_t begin = session.output_end();
    for (const SharedChunk& message : held_) {
        if (!session.closing) session.output.append_shared(message);
    }
    held_.clear();
    if (!session.closing) pushed_(session, begin);
}

void PubSub::forget_gone() {
    for (Session* session : gone_) forget_now(*session);
    gone_.clear();
}

}  // namespace keel
