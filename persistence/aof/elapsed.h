// SPDX-License-Identifier: BSD-3-Clause
//
// Time that has gone by, on a clock that is set now and then.
#pragma once

#include <cstdint>

namespace keel::aof {

// Whether `ms` have gone by since `since_ms`, or the clock was set back behind that: nobody knows how much went by
// then. What is done too soon, once, does no harm; a sync or a retry that waits for as long as the clock was set back
// does.
inline bool passed(std::int64_t since_ms, std::int64_t ms, std::int64_t now_ms) {
    return now_ms < since_ms || now_ms - since_ms >= ms;
}

}  // namespace keel::aof
