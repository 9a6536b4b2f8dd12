// SPDX-License-Identifier: BSD-3-Clause
#include "server/monitors.h"

#include <fmt/core.h>

#include <algorithm>

#include "protocol/base/words.h"

namespace keel {

void Monitors::add(Session& session) {
    if (session.monitor) return;
    session.monitor = true;
    ids_.push_back(session.id);
}

void Monitors::remove(Session& session) {
    session.monitor = false;
    std::erase(ids_, session.id);
}

void Monitors::feed(const Session& from, std::span<const Bytes> words) {
    const std::int64_t now_us = clock_.wall_us();
    std::string line = fmt::format("{}.{:06} [{} {}]", now_us / 1'000'000, now_us % 1'000'000, from.db_index,
                                   from.unix_socket ? "unix:" + from.peer_address : from.peer_address);
    for (const Bytes word : words) {
        line += ' ';
        line += quoted(word);
    }
    for (const std::uint64_t id : ids_) {
        Session* session = find_(id);
        if (session == nullptr) continue;
        session->reply.simple(line);
        wrote_(*session);
    }
}

}  // namespace keel
