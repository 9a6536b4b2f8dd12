// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/blocking.h"

#include <cmath>
#include <limits>

#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel {

namespace {
// What can still be added to now, in milliseconds, until the year 2109.
constexpr std::int64_t kMostMs = std::numeric_limits<std::int64_t>::max() - (std::int64_t{1} << 42);
}  // namespace

Result<std::int64_t> parse_timeout_seconds(Bytes word) {
    const auto seconds = parse_long_double(word);
    if (!seconds) return errors::kTimeoutNotFloat;
    if (*seconds < 0) return errors::kTimeoutNegative;
    const long double ms = std::ceil(*seconds * 1000);
    if (ms > static_cast<long double>(kMostMs)) return errors::kTimeoutOutOfRange;
    return static_cast<std::int64_t>(ms);
}

Result<std::int64_t> parse_timeout_ms(Bytes word) {
    const auto ms = parse_integer(word);
    if (!ms) return errors::kTimeoutNotInteger;
    if (*ms < 0) return errors::kTimeoutNegative;
    if (*ms > kMostMs) return errors::kTimeoutOutOfRange;
    return *ms;
}

}  // namespace keel
