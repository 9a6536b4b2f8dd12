// SPDX-License-Identifier: BSD-3-Clause
#include "server/key_events.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("key events: a message on the key's channel, one on the event's, as the setting asks") {
    std::size_t pushed = 0;
    PubSub hub{[&pushed](Session&, std::uint64_t) { ++pushed; }};
    Notifications settings;
    KeyEvents events{hub, settings};
    Session session{1};
    const auto said = [&](std::uint32_t flags) {
        settings.keyspace_events = flags;
        events.on_key_event(3, "user:1", events::kSet);
        iovec pieces[4];
        std::string out;
        const std::size_t count = session.output.gather(pieces, 4);
        for (std::size_t i = 0; i < count; ++i) {
            out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        }
        session.output.clear();
        return out;
    };
    CHECK(said(kNotifyKeyspace | kNotifyKeyevent | kNotifyAll).empty());  // nobody listens
    hub.subscribe(session, TopicKind::pattern, "__key*__:*");
    const std::string space =
        "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$21\r\n__keyspace@3__:user:1\r\n$3\r\nset\r\n";
    const std::string event =
        "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$18\r\n__keyevent@3__:set\r\n$6\r\nuser:1\r\n";
    CHECK(said(kNotifyKeyspace | kNotifyAll) == space);
    CHECK(said(kNotifyKeyevent | kNotifyAll) == event);
    CHECK(said(kNotifyKeyspace | kNotifyKeyevent | kNotifyAll) == space + event);
    CHECK(said(kNotifyAll).empty());
    CHECK(pushed == 4);
}
