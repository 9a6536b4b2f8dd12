// SPDX-License-Identifier: BSD-3-Clause
//
// MONITOR: sessions that see every command as it runs. Words of AUTH and of other sensitive commands are not shown,
// because those commands carry skip_monitor.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "server/session.h"

namespace keel {

class Monitors {
  public:
    // `find` gives the session of an id or null; `wrote` is told whom something was written to.
    Monitors(const Clock& clock, std::function<Session*(std::uint64_t)> find, std::function<void(Session&)> wrote)
        : clock_(clock), find_(std::move(find)), wrote_(std::move(wrote)) {}

    void add(Session& session);
    void remove(Session& session);
    [[nodiscard]] bool any() const { return !ids_.empty(); }
    [[nodiscard]] std::size_t count() const { return ids_.size(); }

    // One line for all of them: time, database, client, words.
    void feed(const Session& from, std::span<const Bytes> words);

  private:
    const Clock& clock_;
    std::function<Session*(std::uint64_t)> find_;
    std::function<void(Session&)> wrote_;
    std::vector<std::uint64_t> ids_;
};

}  // namespace keel
