// SPDX-License-Identifier: BSD-3-Clause
#include "server/cycle_clock.h"

namespace keel {

void CycleClock::calibrate() noexcept {
#if defined(__x86_64__)
    constexpr std::uint64_t kMeasureNs = 2'000'000;
    const std::uint64_t start_ns = monotonic_ns();
    const std::uint64_t start = ticks();
    std::uint64_t now_ns = start_ns;
    while (now_ns - start_ns < kMeasureNs) now_ns = monotonic_ns();
    const std::uint64_t elapsed = ticks() - start;
    __extension__ using Wide = unsigned __int128;
    if (elapsed > 0) scale_ = static_cast<std::uint64_t>((Wide{now_ns - start_ns} << 32) / elapsed);
#endif
}

}  // namespace keel
