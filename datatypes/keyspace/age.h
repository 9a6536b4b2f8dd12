// SPDX-License-Identifier: BSD-3-Clause
//
// The 24 bits of age in an entry: when it was last used (LRU), or how often of late (LFU).
//
//     LRU: | seconds, 24 bits (wraps after 194 days) |
//     LFU: | minute of last decrement, 16 bits | logarithmic counter, 8 bits |
//
// The counter starts at 5, grows with a probability that falls as it grows (lfu-log-factor) and loses one for each
// lfu-decay-time minutes without use: the scheme Redis documents under LFU, so that OBJECT FREQ and RESTORE FREQ
// mean the same.
#pragma once

#include <cstdint>

#include "datatypes/keyspace/entry.h"
#include "protocol/base/random.h"

namespace keel {

class Ages {
  public:
    explicit Ages(std::uint64_t seed = 1) : random_(seed) {}

    void set_now(UnixMs now_ms) noexcept {
        seconds_ = static_cast<std::uint32_t>(now_ms / 1000) & kMask;
        minutes_ = static_cast<std::uint32_t>(now_ms / 60'000) & 0xFFFF;
    }
    void set_policy(bool lfu, int log_factor, int decay_minutes) noexcept {
        lfu_ = lfu;
        log_factor_ = log_factor;
        decay_minutes_ = decay_minutes;
    }
    [[nodiscard]] bool lfu() const noexcept { return lfu_; }
    [[nodiscard]] std::uint32_t clock_seconds() const noexcept { return seconds_; }

    // The age of an entry that is made now.
    [[nodiscard]] std::uint32_t fresh() const noexcept { return lfu_ ? minutes_ << 8 | kFirstCount : seconds_; }
    void touch(Entry& entry) noexcept {
        if (!lfu_) {
            if (entry.age() != seconds_) entry.set_age(seconds_);
            return;
        }
        touch_lfu(entry);
    }
    [[nodiscard]] std::uint32_t idle_seconds(const Entry& entry) const noexcept {
        return (seconds_ - entry.age()) & kMask;
    }
    // The counter, decayed to this moment.
    [[nodiscard]] std::uint8_t frequency(const Entry& entry) const noexcept;
    // For RESTORE and RDB: an age that means "idle for so long", "used so often".
    [[nodiscard]] std::uint32_t from_idle(std::uint64_t seconds) const noexcept {
        return (seconds_ - static_cast<std::uint32_t>(seconds)) & kMask;
    }
    [[nodiscard]] std::uint32_t from_frequency(std::uint8_t frequency) const noexcept {
        return minutes_ << 8 | frequency;
    }

  private:
    static constexpr std::uint32_t kMask = (1U << 24) - 1;
    static constexpr std::uint32_t kFirstCount = 5;
    void touch_lfu(Entry& entry) noexcept;

    bool lfu_ = false;
    int log_factor_ = 10;
    int decay_minutes_ = 1;
    std::uint32_t seconds_ = 0;
    std::uint32_t minutes_ = 0;
    Random random_;
};

}  // namespace keel
