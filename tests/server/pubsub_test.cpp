// SPDX-License-Identifier: BSD-3-Clause
#include "server/pubsub.h"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "protocol/base/glob.h"
#include "protocol/base/random.h"

using namespace keel;

namespace {

constexpr auto kChannel = TopicKind::channel;
constexpr auto kPattern = TopicKind::pattern;
constexpr auto kShard = TopicKind::shard;

// What waits to be sent to a session, taken out.
std::string take_output(Session& session) {
    std::string out;
    while (!session.output.empty()) {
        iovec pieces[16];
        const std::size_t count = session.output.gather(pieces, 16);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            bytes += pieces[i].iov_len;
        }
        session.output.consume(bytes);
    }
    return out;
}

// A hub, and sessions that are forgotten before they go.
struct World {
    std::vector<Session*> pushed;
    std::function<void(Session&)> on_push = [](Session&) {};
    PubSub hub{[this](Session& session, std::uint64_t) {
        pushed.push_back(&session);
        on_push(session);
    }};
    std::vector<std::unique_ptr<Session>> sessions;

    Session& session(int protocol = 2) {
        sessions.push_back(std::make_unique<Session>(sessions.size() + 1));
        sessions.back()->reply.set_protocol(protocol);
        return *sessions.back();
    }
};

}  // namespace

TEST_CASE("pubsub: a session is subscribed once, and counts what it listens to") {
    World world;
    Session& a = world.session();
    CHECK(world.hub.idle());
    CHECK(world.hub.subscribe(a, kChannel, "news"));
    CHECK_FALSE(world.hub.subscribe(a, kChannel, "news"));
    CHECK(world.hub.subscribe(a, kPattern, "news"));  // another kind is another topic
    CHECK(world.hub.subscribe(a, kShard, "news"));
    CHECK((a.channels == 1 && a.patterns == 1 && a.shard_channels == 1));
    CHECK(a.client_class == ClientClass::pubsub);
    CHECK(world.hub.subscribers(kChannel, "news") == 1);

    CHECK(world.hub.unsubscribe(a, kChannel, "news"));
    CHECK_FALSE(world.hub.unsubscribe(a, kChannel, "news"));
    CHECK_FALSE(world.hub.unsubscribe(a, kPattern, "nothing"));
    CHECK(a.client_class == ClientClass::pubsub);
    CHECK(PubSub::any_of(a, kChannel) == nullptr);
    CHECK(PubSub::any_of(a, kShard)->name == "news");
    world.hub.forget(a);
    CHECK_FALSE(a.subscribed());
    CHECK(a.client_class == ClientClass::normal);
    CHECK(world.hub.idle());
    CHECK(world.hub.count(kPattern) == 0);
}

TEST_CASE("pubsub: a replica's link that subscribes stays what it is") {
    World world;
    Session& link = world.session();
    link.client_class = ClientClass::replica;
    world.hub.subscribe(link, kChannel, "news");
    CHECK(link.client_class == ClientClass::replica);
    world.hub.forget(link);
    CHECK(link.client_class == ClientClass::replica);
}

TEST_CASE("pubsub: a message comes as an array in RESP2 and as a push in RESP3") {
    World world;
    Session& old = world.session(2);
    Session& young = world.session(3);
    for (Session* session : {&old, &young}) {
        world.hub.subscribe(*session, kChannel, "news");
        world.hub.subscribe(*session, kPattern, "n?ws");
        world.hub.subscribe(*session, kShard, "news");
    }
    CHECK(world.hub.publish("news", "hi") == 4);
    CHECK(world.hub.publish_shard("news", "hi") == 2);
    CHECK(world.pushed.size() == 6);
    const std::string rest =
        "3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
        "|4\r\n$8\r\npmessage\r\n$4\r\nn?ws\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
        "|3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
    const auto begun_with = [&rest](char mark) {
        std::string out = mark + rest;
        for (char& c : out) c = c == '|' ? mark : c;
        return out;
    };
    CHECK(take_output(old) == begun_with('*'));
    CHECK(take_output(young) == begun_with('>'));
}

TEST_CASE("pubsub: nobody else gets it") {
    World world;
    Session& a = world.session();
    world.hub.subscribe(a, kChannel, "news");
    world.hub.subscribe(a, kPattern, "sport.*");
    CHECK(world.hub.publish("new", "x") == 0);
    CHECK(world.hub.publish("sport", "x") == 0);
    CHECK(world.hub.publish_shard("news", "x") == 0);
    CHECK(world.hub.publish("sport.*", "x") == 1);
    CHECK(world.hub.publish("", "x") == 0);
}

TEST_CASE("pubsub: a large message is held once, however many wait for it") {
    World world;
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 10; ++i) world.hub.subscribe(world.session(), kChannel, "news");
    CHECK(world.hub.publish("news", large) == 10);
    std::set<const void*> blocks;
    for (const auto& session : world.sessions) {
        iovec pieces[16];
        const std::size_t count = session->output.gather(pieces, 16);
        REQUIRE(count > 0);
        blocks.insert(pieces[count - 1].iov_base);
        CHECK(session->output.bytes() > large.size());
        CHECK(session->output.memory_bytes() > large.size());  // and counts in full for each
    }
    CHECK(blocks.size() == 1);
}

TEST_CASE("pubsub: sessions that end while they are written to are forgotten, and the others still get it") {
    World world;
    for (int i = 0; i < 5; ++i) {
        Session& session = world.session();
        world.hub.subscribe(session, kChannel, "news");
        world.hub.subscribe(session, kPattern, "*");
    }
    world.on_push = [&world](Session& session) {
        if (session.id == 4 || session.closing) return;
        session.closing = true;
        world.hub.forget(session);
    };
    CHECK(world.hub.publish("news", "x") == 6);  // each once, and the one that goes on also by its pattern
    CHECK(world.hub.subscribers(kChannel, "news") == 1);
    CHECK(world.hub.subscribers(kPattern, "*") == 1);
    CHECK(world.hub.publish("news", "x") == 2);
    world.on_push = [&world](Session& session) { world.hub.forget(session); };
    CHECK(world.hub.publish("news", "x") == 2);
    CHECK(world.hub.idle());
}

TEST_CASE("pubsub: what a session sends itself stands behind the reply of its command") {
    World world;
    Session& a = world.session(3);
    world.hub.subscribe(a, kChannel, "news");
    world.hub.begin_answer(a);
    a.reply.array(2);
    a.reply.integer(static_cast<std::int64_t>(world.hub.publish("news", "x")));
    a.reply.integer(static_cast<std::int64_t>(world.hub.publish("news", "y")));
    CHECK(world.pushed.empty());
    world.hub.end_answer();
    CHECK(world.pushed == std::vector<Session*>{&a});
    CHECK(take_output(a) ==
          "*2\r\n:1\r\n:1\r\n"
          ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n"
          ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\ny\r\n");
    world.hub.publish("news", "z");  // no command of its own runs now
    CHECK_FALSE(a.output.empty());
}

TEST_CASE("pubsub: subscriptions count for a session's memory") {
    World world;
    Session& a = world.session();
    const std::size_t before = a.memory_bytes();
    for (int i = 0; i < 1000; ++i) world.hub.subscribe(a, kChannel, std::string(100, 'x') + std::to_string(i));
    CHECK(a.memory_bytes() > before + 1000 * 130);
    world.hub.forget(a);
    CHECK(a.memory_bytes() == before);
}

TEST_CASE("pubsub: beside a plain model, whatever happens") {
    const std::uint64_t seed = 0x5eed0001;
    INFO("seed " << seed);
    Random random{seed};
    World world;
    constexpr std::size_t kSessions = 12;
    for (std::size_t i = 0; i < kSessions; ++i) world.session();
    std::map<std::pair<TopicKind, std::string>, std::set<std::size_t>> model;
    const auto members = [&model](TopicKind kind, const std::string& name) {
        const auto found = model.find({kind, name});
        return found == model.end() ? std::size_t{0} : found->second.size();
    };
    const auto drop = [&model](auto at, std::size_t who) {
        const bool was = at->second.erase(who) != 0;
        const auto next = std::next(at);
        if (at->second.empty()) model.erase(at);
        return std::pair{was, next};
    };
    for (int step = 0; step < 20'000; ++step) {
        const std::size_t who = random.below(kSessions);
        Session& session = *world.sessions[who];
        const auto kind = static_cast<TopicKind>(random.below(kTopicKinds));
        std::string name = "t" + std::to_string(random.below(40));
        if (kind == kPattern && random.below(2) == 0) name = "t" + std::to_string(random.below(4)) + "*";
        const auto what = random.below(100);
        if (what < 45) {
            CHECK(world.hub.subscribe(session, kind, name) == model[{kind, name}].insert(who).second);
        } else if (what < 80) {
            const auto at = model.find({kind, name});
            CHECK(world.hub.unsubscribe(session, kind, name) == (at != model.end() && drop(at, who).first));
        } else if (what < 82) {
            world.hub.forget(session);
            for (auto at = model.begin(); at != model.end();) at = drop(at, who).second;
            CHECK_FALSE(session.subscribed());
            CHECK(session.subscriber == nullptr);
        } else {
            std::size_t expected = members(kChannel, name);
            for (const auto& [topic, who_all] : model) {
                if (topic.first == kPattern && glob_match(topic.second, name)) expected += who_all.size();
            }
            CHECK(world.hub.publish(name, "m") == expected);
            CHECK(world.hub.publish_shard(name, "m") == members(kShard, name));
            for (const auto& each : world.sessions) each->output.clear();
        }
        CHECK(world.hub.subscribers(kind, name) == members(kind, name));
    }
    std::size_t topics = 0;
    for (const auto kind : {kChannel, kPattern, kShard}) {
        std::set<std::string> names;
        world.hub.each(kind, [&names](Bytes name) { names.emplace(name); });
        CHECK(names.size() == world.hub.count(kind));
        topics += names.size();
        for (const std::string& name : names) CHECK(members(kind, name) > 0);
    }
    CHECK(topics == model.size());
}
