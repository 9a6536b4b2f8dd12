// SPDX-License-Identifier: BSD-3-Clause
#include "server/stats.h"

namespace keel {

void Stats::count_error(Bytes text) {
    constexpr std::size_t kMostCodes = 128;
    constexpr std::size_t kLongestCode = 30;
    ++error_replies;
    // A script may return any text as an error: one without a first word has no code, and counts as ERR, as in Redis.
    const std::size_t end = text.substr(0, kLongestCode + 1).find(' ');
    const Bytes code = end == Bytes::npos ? Bytes{"ERR"} : text.substr(0, end);
    if (const auto known = errors.find(code); known != errors.end())
        ++known->second;
    else if (errors.size() < kMostCodes)
        errors.emplace(code, 1);
}

void Stats::reset() {
    Stats fresh;
    fresh.dirty = dirty;
    fresh.peak_memory = peak_memory;
    *this = std::move(fresh);
}

}  // namespace keel
