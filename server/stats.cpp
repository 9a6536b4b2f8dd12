// SPDX-License-Identifier: BSD-3-Clause
#include "server/stats.h"

namespace keel {

void Stats::count_error(Bytes text) {
    constexpr std::size_t kMostCodes = 128;
    ++error_replies;
    const Bytes code = text.substr(0, text.find(' '));
    if (const auto known = errors.find(code); known != errors.end()) ++known->second;
    else if (errors.size() < kMostCodes) errors.emplace(code, 1);
}

void Stats::reset() {
    Stats fresh;
    fresh.dirty = dirty;
    fresh.peak_memory = peak_memory;
    *this = std::move(fresh);
}

}  // namespace keel
