// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/group.h"

namespace keel::stream {

namespace {

// Trees of this kind are three quarters full, give or take.
constexpr std::size_t tree_bytes(std::size_t items, std::size_t item) { return items * item * 4 / 3; }

}  // namespace

Group::Group(const Group& other) : last_id(other.last_id), read(other.read), pending_(other.pending_) {
    for (const auto& [name, consumer] : other.consumers_) {
        consumers_.emplace_hint(consumers_.end(), name, std::make_unique<Consumer>(*consumer));
    }
    for (auto& [id, nack] : pending_) nack.consumer = find(nack.consumer->name);
}

Consumer* Group::find(Bytes name) const {
    const auto found = consumers_.find(name);
    return found == consumers_.end() ? nullptr : found->second.get();
}

Consumer& Group::add(Bytes name, UnixMs now) {
    auto consumer = std::make_unique<Consumer>(Consumer{.name = std::string{name}, .seen_at = now});
    return *consumers_.emplace(std::string{name}, std::move(consumer)).first->second;
}

void Group::remove(Consumer& consumer) {
    for (const StreamId id : consumer.pending) pending_.erase(id);
    consumers_.erase(consumers_.find(consumer.name));
}

Nack* Group::pending_at(StreamId id) {
    const auto found = pending_.find(id);
    return found == pending_.end() ? nullptr : &found->second;
}

Nack& Group::give(StreamId id, Consumer& consumer, UnixMs now) {
    const std::size_t before = pending_.size();
    Nack& nack = pending_.try_emplace(pending_.end(), id, Nack{})->second;
    if (pending_.size() == before) nack.consumer->pending.erase(id);
    consumer.pending.insert(consumer.pending.end(), id);
    nack = {.consumer = &consumer, .given_at = now, .times = 1};
    return nack;
}

void Group::hand_over(StreamId id, Nack& nack, Consumer& to) {
    if (nack.consumer == &to) return;
    nack.consumer->pending.erase(id);
    to.pending.insert(to.pending.end(), id);
    nack.consumer = &to;
}

bool Group::acknowledge(StreamId id) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return false;
    found->second.consumer->pending.erase(id);
    pending_.erase(found);
    return true;
}

Group::Pending::const_iterator Group::acknowledge(Pending::const_iterator at) {
    at->second.consumer->pending.erase(at->first);
    return pending_.erase(at);
}

std::size_t Group::memory() const {
    std::size_t bytes = sizeof(Group) + tree_bytes(pending_.size(), sizeof(Pending::value_type));
    for (const auto& [name, consumer] : consumers_) {
        bytes += tree_bytes(1, sizeof(Consumers::value_type)) + sizeof(Consumer) + 2 * name.size() +
                 tree_bytes(consumer->pending.size(), sizeof(StreamId));
    }
    return bytes;
}

}  // namespace keel::stream
