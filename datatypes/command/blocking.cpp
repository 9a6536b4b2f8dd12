// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/blocking.h"

#include <cmath>
#include <limits>

#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel {

Result<std::int64_t> parse_timeout_seconds(Bytes word) {
    const auto seconds = parse_long_double(word);
    if (!seconds) return errors::kTimeoutNotFloat;
    if (*seconds < 0) return errors::kTimeoutNegative;
    // A moment that far away can be told from no other, nor added to now.
    constexpr auto kMost = static_cast<long double>(std::numeric_limits<std::int64_t>::max() / 2);
    const long double ms = std::ceil(*seconds * 1000);
    if (ms > kMost) return errors::kTimeoutOutOfRange;
    return static_cast<std::int64_t>(ms);
}

Result<std::int64_t> parse_timeout_ms(Bytes word) {
    const auto ms = parse_integer(word);
    if (!ms) return errors::kTimeoutNotInteger;
    if (*ms < 0) return errors::kTimeoutNegative;
    if (*ms > std::numeric_limits<std::int64_t>::max() / 2) return errors::kTimeoutOutOfRange;
    return *ms;
}

}  // namespace keel
