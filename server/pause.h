// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT PAUSE: for a while no client's writes, or no client's commands at all, are run. Expiry and eviction rest
// too, so that what a failover hands over does not change meanwhile.
#pragma once

#include <cstdint>

namespace keel {

class Pause {
  public:
    enum class Mode : std::uint8_t { none, writes, all };

    // A later end or a stricter mode wins over what is in force, never the reverse.
    void begin(Mode mode, std::int64_t until_ms) {
        if (until_ms > until_ms_) until_ms_ = until_ms;
        if (mode > mode_) mode_ = mode;
    }
    void end() { *this = Pause{}; }
    // Ends the pause if its time is over; true if it did.
    bool expire(std::int64_t now_ms) {
        if (mode_ == Mode::none || now_ms < until_ms_) return false;
        end();
        return true;
    }
    [[nodiscard]] Mode mode() const { return mode_; }
    [[nodiscard]] bool active() const { return mode_ != Mode::none; }
    [[nodiscard]] std::int64_t until_ms() const { return until_ms_; }

  private:
    Mode mode_ = Mode::none;
    std::int64_t until_ms_ = 0;
};

}  // namespace keel
