// SPDX-License-Identifier: BSD-3-Clause
//
// Consumer groups: who was given which entry and has not acknowledged it.
//
//     Group -- pending: id -> { consumer, when, how often }      everything given and not acknowledged
//       `- consumers: name -> Consumer -- pending: ids           the same ids, each at one consumer
//
// Always true:
//   1. An id is in the group's pending list exactly if it is in that of its consumer, and of no other.
//   2. Consumers stay where they are: a Nack points to its own.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <functional>
#include <memory>
#include <string>

#include "datatypes/stream/stream_id.h"
#include "protocol/base/clock.h"

namespace keel::stream {

struct Consumer {
    std::string name;
    UnixMs seen_at = 0;     // it last asked
    UnixMs active_at = -1;  // it last was given something; -1: never
    absl::btree_set<StreamId> pending{};
};

// An entry that was given to a consumer.
struct Nack {
    Consumer* consumer = nullptr;
    UnixMs given_at = 0;
    std::int64_t times = 1;
};

inline constexpr std::int64_t kReadUnknown = -1;

class Group {
  public:
    using Pending = absl::btree_map<StreamId, Nack>;
    using Consumers = absl::btree_map<std::string, std::unique_ptr<Consumer>, std::less<>>;

    Group(StreamId last, std::int64_t entries_read) : last_id(last), read(entries_read) {}
    Group(const Group& other);
    Group& operator=(const Group&) = delete;

    StreamId last_id;   // the last that was given to anyone
    std::int64_t read;  // how many entries of the stream, ever, come up to last_id; kReadUnknown: not known

    [[nodiscard]] const Pending& pending() const { return pending_; }
    [[nodiscard]] const Consumers& consumers() const { return consumers_; }

    [[nodiscard]] Consumer* find(Bytes name) const;
    Consumer& add(Bytes name, UnixMs now);
    // With all that it had pending.
    void remove(Consumer& consumer);

    [[nodiscard]] Nack* pending_at(StreamId id);
    // The id is `consumer`'s from now on, given now and once, whoever had it.
    Nack& give(StreamId id, Consumer& consumer, UnixMs now);
    // The id, which is pending, changes its owner; all else stays.
    void hand_over(StreamId id, Nack& nack, Consumer& to);
    // No longer pending. False if it was not.
    bool acknowledge(StreamId id);
    Pending::const_iterator acknowledge(Pending::const_iterator at);

    [[nodiscard]] std::size_t memory() const;

  private:
    Pending pending_;
    Consumers consumers_;
};

using Groups = absl::btree_map<std::string, std::unique_ptr<Group>, std::less<>>;

}  // namespace keel::stream
