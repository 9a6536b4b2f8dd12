// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/number.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "protocol/base/check.h"

namespace keel {

namespace {

constexpr std::array<char, 200> kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

std::size_t count_digits(std::uint64_t value) noexcept {
    std::size_t digits = 1;
    for (;;) {
        if (value < 10) return digits;
        if (value < 100) return digits + 1;
        if (value < 1000) return digits + 2;
        if (value < 10000) return digits + 3;
        value /= 10000;
        digits += 4;
    }
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// At least one digit, no needless zero in front, and a value that fits. (A needless zero is refused by its length.)
std::optional<std::uint64_t> parse_magnitude(Bytes digits) noexcept {
    if (digits.empty() || digits.size() > kIntegerChars) return std::nullopt;
    if (digits[0] == '0') return digits.size() == 1 ? std::optional<std::uint64_t>{0} : std::nullopt;
    std::uint64_t value = 0;
    // Nineteen digits always fit; only the twentieth needs the checks.
    const std::size_t safe = digits.size() < kIntegerChars ? digits.size() : kIntegerChars - 1;
    for (std::size_t i = 0; i < safe; ++i) {
        if (!is_digit(digits[i])) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(digits[i] - '0');
    }
    if (safe == digits.size()) return value;
    const char last = digits[safe];
    if (!is_digit(last) || __builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(last - '0'), &value)) {
        return std::nullopt;
    }
    return value;
}

// strtod and strtold want a NUL behind the text, and say through errno what they rounded away.
template <typename Float, typename Convert>
std::optional<Float> parse_with(Convert convert, Bytes text) {
    if (text.empty() || is_space(text[0])) return std::nullopt;
    std::array<char, 128> small;
    std::string large;
    char* copy = small.data();
    if (text.size() >= small.size()) {
        large = text;
        copy = large.data();
    } else {
        std::memcpy(copy, text.data(), text.size());
        copy[text.size()] = '\0';
    }
    char* end = nullptr;
    errno = 0;
    const Float value = convert(copy, &end);
    if (static_cast<std::size_t>(end - copy) != text.size() || std::isnan(value)) return std::nullopt;
    if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::int64_t> parse_integer(Bytes text) noexcept {
    const bool negative = !text.empty() && text[0] == '-';
    const auto magnitude = parse_magnitude(negative ? text.substr(1) : text);
    if (!magnitude) return std::nullopt;
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (negative) {
        if (*magnitude == 0 || *magnitude > kMax + 1) return std::nullopt;
        return static_cast<std::int64_t>(0 - *magnitude);
    }
    if (*magnitude > kMax) return std::nullopt;
    return static_cast<std::int64_t>(*magnitude);
}

std::optional<std::uint64_t> parse_unsigned(Bytes text) noexcept { return parse_magnitude(text); }

std::optional<double> parse_double(Bytes text) {
    // The plain forms, without a copy. Whatever from_chars finds odd (a plus sign, hex, "inf", an extreme exponent)
    // and zero, which it does not tell from underflow, are left to strtod.
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(value) && value != 0) return value;
    return parse_with<double>(std::strtod, text);
}

std::optional<long double> parse_long_double(Bytes text) {
    constexpr std::size_t kRefusedLength = 5 * 1024;
    if (text.size() >= kRefusedLength) return std::nullopt;
    return parse_with<long double>(std::strtold, text);
}

std::size_t write_unsigned(char* out, std::uint64_t value) noexcept {
    const std::size_t size = count_digits(value);
    char* at = out + size;
    while (value >= 100) {
        at -= 2;
        std::memcpy(at, &kDigitPairs[2 * (value % 100)], 2);
        value /= 100;
    }
    if (value >= 10)
        std::memcpy(out, &kDigitPairs[2 * value], 2);
    else
        *out = static_cast<char>('0' + value);
    return size;
}

std::size_t write_integer(char* out, std::int64_t value) noexcept {
    if (value >= 0) return write_unsigned(out, static_cast<std::uint64_t>(value));
    *out = '-';
    return 1 + write_unsigned(out + 1, 0 - static_cast<std::uint64_t>(value));
}

std::string integer_text(std::int64_t value) {
    char text[kIntegerChars];
    return {text, write_integer(text, value)};
}

std::size_t write_double(char* out, double value) noexcept {
    // "%.17g" prints whole numbers of up to 17 digits as integers do; minus zero keeps its sign.
    if (std::abs(value) < 1e15 && (value != 0 || !std::signbit(value))) {
        const auto whole = static_cast<std::int64_t>(value);
        if (static_cast<double>(whole) == value) return write_integer(out, whole);
    }
    if (std::isnan(value)) return Bytes{"nan"}.copy(out, 3);  // without the sign that printf shows
    const auto [end, error] = std::to_chars(out, out + kDoubleChars, value, std::chars_format::general, 17);
    KEEL_DCHECK(error == std::errc{});
    return static_cast<std::size_t>(end - out);
}

std::string double_text(double value) {
    char text[kDoubleChars];
    return {text, write_double(text, value)};
}

std::string long_double_text(long double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    // The largest value has 4,933 digits before the point.
    std::array<char, 5 * 1024> text;
    const int printed = std::snprintf(text.data(), text.size(), "%.17Lf", value);
    Bytes shown{text.data(), static_cast<std::size_t>(printed)};
    shown.remove_suffix(shown.size() - 1 - shown.find_last_not_of('0'));
    if (shown.back() == '.') shown.remove_suffix(1);
    return std::string{shown == "-0" ? Bytes{"0"} : shown};
}

std::optional<std::uint64_t> parse_memory(Bytes text) noexcept {
    struct Unit {
        Bytes name;
        std::uint64_t bytes;
    };
    static constexpr Unit kUnits[] = {{"", 1},
                                      {"b", 1},
                                      {"k", 1000},
                                      {"kb", 1ULL << 10},
                                      {"m", 1000 * 1000},
                                      {"mb", 1ULL << 20},
                                      {"g", 1000ULL * 1000 * 1000},
                                      {"gb", 1ULL << 30}};
    std::uint64_t count = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
        if (__builtin_mul_overflow(count, std::uint64_t{10}, &count) ||
            __builtin_add_overflow(count, static_cast<std::uint64_t>(text[digits] - '0'), &count)) {
            return std::nullopt;
        }
    }
    if (digits == 0) return std::nullopt;
    for (const Unit& unit : kUnits) {
        if (!equal_nocase(unit.name, text.substr(digits))) continue;
        std::uint64_t bytes = 0;
        return __builtin_mul_overflow(count, unit.bytes, &bytes) ? std::nullopt : std::optional{bytes};
    }
    return std::nullopt;
}

std::string human_bytes(std::uint64_t bytes) {
    static constexpr char kUnits[] = "KMGTP";
    char text[32];
    auto shown =
        static_cast<std::size_t>(std::snprintf(text, sizeof text, "%lluB", static_cast<unsigned long long>(bytes)));
    for (unsigned unit = 0; unit < 5; ++unit) {
        const std::uint64_t from = 1ULL << (10 * (unit + 1));
        if (bytes < from || bytes >> 10 >= from) continue;
        const double count = static_cast<double>(bytes) / static_cast<double>(from);
        shown = static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.2f%c", count, kUnits[unit]));
    }
    return {text, shown};
}

}  // namespace keel
