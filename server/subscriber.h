// SPDX-License-Identifier: BSD-3-Clause
//
// What a session knows of its subscriptions: the part of server/pubsub that lives and dies with the session.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace keel {

enum class TopicKind : std::uint8_t { channel, pattern, shard };
inline constexpr std::size_t kTopicKinds = 3;

struct Subscription;

// Lists of PubSub's subscriptions, which PubSub alone changes.
struct Subscriber {
    std::array<std::vector<Subscription*>, kTopicKinds> lists;
    std::size_t bytes = 0;  // what the subscriptions take in all, for the session's memory

    [[nodiscard]] std::vector<Subscription*>& of(TopicKind kind) { return lists[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const std::vector<Subscription*>& of(TopicKind kind) const {
        return lists[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] bool empty() const { return lists[0].empty() && lists[1].empty() && lists[2].empty(); }
};

}  // namespace keel
