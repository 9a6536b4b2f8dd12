// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/age.h"

namespace keel {

std::uint8_t Ages::frequency(const Entry& entry) const noexcept {
    const std::uint32_t count = entry.age() & 0xFF;
    if (decay_minutes_ <= 0) return static_cast<std::uint8_t>(count);
    const std::uint32_t idle = (minutes_ - (entry.age() >> 8)) & 0xFFFF;
    const std::uint32_t lost = idle / static_cast<std::uint32_t>(decay_minutes_);
    return static_cast<std::uint8_t>(lost > count ? 0 : count - lost);
}

void Ages::touch_lfu(Entry& entry) noexcept {
    std::uint32_t count = frequency(entry);
    if (count < 255) {
        const double above = count > kFirstCount ? static_cast<double>(count - kFirstCount) : 0;
        if (random_.unit() * (above * log_factor_ + 1) < 1) ++count;
    }
    entry.set_age(minutes_ << 8 | count);
}

}  // namespace keel
