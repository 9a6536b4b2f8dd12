// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers as text, both ways, exactly as the Redis protocol defines them: what is not a number there is not a
// number here, and what we print is what clients have always read. Both directions are used by every command
// that counts, so the common cases allocate nothing.
//
// Always true:
//   1. An integer has one spelling: parse_integer(t) is some n exactly when integer_text(n) == t.
//      So no plus sign, no leading zero, no space, no "-0".
//   2. A float is what C's strtod reads to the end in the "C" locale ("1e5", "0x1p4", "inf"), without a space in
//      front and without NaN; a magnitude that becomes infinity or zero by rounding is refused.
//   3. Nothing reads past the end of its argument; a NUL inside makes it not a number.
//
// The process never sets LC_NUMERIC: strtod and snprintf serve the rarer forms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

// Room that write_integer, write_unsigned and write_double never exceed.
inline constexpr std::size_t kIntegerChars = 20;
inline constexpr std::size_t kDoubleChars = 32;

// The whole range of the type; see truth 1.
[[nodiscard]] std::optional<std::int64_t> parse_integer(Bytes text) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(Bytes text) noexcept;

// See truth 2. The long form (INCRBYFLOAT) refuses texts of 5,120 bytes and more, as Redis does.
[[nodiscard]] std::optional<double> parse_double(Bytes text);
[[nodiscard]] std::optional<long double> parse_long_double(Bytes text);

// Write the digits to `out`, which has room for kIntegerChars (kDoubleChars), and return how many. No NUL follows.
std::size_t write_integer(char* out, std::int64_t value) noexcept;
std::size_t write_unsigned(char* out, std::uint64_t value) noexcept;
std::size_t write_double(char* out, double value) noexcept;

[[nodiscard]] std::string integer_text(std::int64_t value);

// As score replies print it: 17 significant digits without trailing zeros ("%.17g"), "inf", "-inf", "nan".
[[nodiscard]] std::string double_text(double value);

// As INCRBYFLOAT prints it: 17 digits after the point without trailing zeros, never an exponent, never "-0".
[[nodiscard]] std::string long_double_text(long double value);

// Arithmetic that says when the result does not fit.
[[nodiscard]] constexpr std::optional<std::int64_t> add_checked(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t result = 0;
    return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional{result};
}
[[nodiscard]] constexpr std::optional<std::int64_t> sub_checked(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t result = 0;
    return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional{result};
}
[[nodiscard]] constexpr std::optional<std::int64_t> mul_checked(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t result = 0;
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional{result};
}

// A memory size in bytes: digits and at most one unit in either case, "b", "k" (1000), "kb" (1024), "m", "mb",
// "g", "gb". Refused: no digits, a sign, a size over 64 bits (Redis takes the first as 0 and wraps the last).
[[nodiscard]] std::optional<std::uint64_t> parse_memory(Bytes text) noexcept;

// As INFO prints sizes: "512B", "1.50M". Units of 1024, up to P; beyond that plain bytes again.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace keel
