// SPDX-License-Identifier: BSD-3-Clause
//
// A clock cheap enough to read for every command: the processor's cycle counter, scaled to nanoseconds against
// the system's monotonic clock. Where there is no such counter the monotonic clock itself is read.
#pragma once

#include <cstdint>
#include <ctime>

namespace keel {

class CycleClock {
  public:
    // Takes about 2 ms to measure the counter's rate.
    static void calibrate() noexcept;

    // Ticks since some start; differences make sense, absolute values do not.
    [[nodiscard]] static std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();  // <x86intrin.h> is forty thousand lines
#else
        return monotonic_ns();
#endif
    }
    [[nodiscard]] static std::uint64_t ns(std::uint64_t ticks) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((Wide{ticks} * scale_) >> 32);
    }
    [[nodiscard]] static std::uint64_t monotonic_ns() noexcept {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
    }

  private:
    static inline std::uint64_t scale_ = 1ULL << 32;  // nanoseconds per tick, 32.32 fixed point
};

}  // namespace keel
