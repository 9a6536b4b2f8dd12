// SPDX-License-Identifier: BSD-3-Clause
//
// The arguments that commands about the deadlines of fields share: FIELDS numfields field [field ...], and moments.
#pragma once

#include <span>
#include <vector>

#include "datatypes/command/context.h"
#include "protocol/base/number.h"

namespace keel::hash {

// A deadline of a field is below this: 46 bits of milliseconds, the year 4199. As in Redis, whose files have no room
// for more.
inline constexpr UnixMs kLastDeadline = (UnixMs{1} << 46) - 1;

// How a time is written: in seconds or milliseconds, from now on or since 1970.
enum class Clocking : std::uint8_t { ex, px, exat, pxat };
[[nodiscard]] constexpr bool is_absolute(Clocking clocking) { return clocking >= Clocking::exat; }
[[nodiscard]] constexpr bool in_seconds(Clocking clocking) {
    return clocking == Clocking::ex || clocking == Clocking::exat;
}
// The option that the word is ("EX", in any case); none: it is no such option.
[[nodiscard]] std::optional<Clocking> clocking_of(Bytes word);

// The moment a word means. Errors: not an integer; negative; beyond kLastDeadline ("invalid expire time in 'x'
// command").
[[nodiscard]] Result<UnixMs> moment(const Context& cx, Bytes amount, Clocking clocking);

// Reads FIELDS numfields field [field ...] to the end of the request. `bad_count` is what a count that is no positive
// integer is answered with.
[[nodiscard]] Result<std::span<const Bytes>> read_fields(Args& args, const ErrorText& bad_count);

// For log and replicas: the words, and behind them how many fields there are and which.
void replicate_fields(Context& cx, std::initializer_list<Bytes> words, const std::vector<Bytes>& fields);
// HDEL of these.
void replicate_hdel(Context& cx, Bytes key, std::span<const Bytes> fields);

// Digits of a moment.
struct Digits {
    explicit Digits(std::int64_t value) : length(write_integer(at.data(), value)) {}
    [[nodiscard]] Bytes text() const { return {at.data(), length}; }
    std::array<char, kIntegerChars> at;
    std::size_t length;
};

}  // namespace keel::hash
