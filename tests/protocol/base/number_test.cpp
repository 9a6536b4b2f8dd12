// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/number.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "protocol/base/random.h"

using namespace keel;

namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kUnsignedMax = std::numeric_limits<std::uint64_t>::max();

std::string c_text(double value) {
    char text[64];
    return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.17g", value))};
}

// Lengths from 1 to 64 bits come equally often.
std::uint64_t any_length(Random& random) { return random.next() >> random.below(64); }

}  // namespace

TEST_CASE("number: an integer has one spelling") {
    for (const char* text : {"",
                             "-",
                             "+1",
                             "+",
                             "01",
                             "-01",
                             "00",
                             "-0",
                             " 1",
                             "1 ",
                             "1.0",
                             "1e3",
                             "0x10",
                             "--1",
                             "1-",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "18446744073709551616",
                             "99999999999999999999",
                             "100000000000000000000",
                             "inf",
                             "1a",
                             "a1",
                             "123456789012345678:"}) {
        INFO(text);
        CHECK_FALSE(parse_integer(text));
    }
    CHECK_FALSE(parse_integer(Bytes{"1\0", 2}));
    CHECK_FALSE(parse_integer(Bytes{"\0", 1}));
    CHECK(parse_integer("0") == 0);
    CHECK(parse_integer("-1") == -1);
    CHECK(parse_integer("9223372036854775807") == kMax);
    CHECK(parse_integer("-9223372036854775808") == kMin);
    CHECK(parse_integer(Bytes{"123456", 3}) == 123);  // the end is the view's, not a NUL's
}

TEST_CASE("number: an unsigned integer has one spelling") {
    for (const char* text : {"", "-1", "-0", "+1", "01", "18446744073709551616", "184467440737095516150",
                             "20000000000000000000", "1844674407370955161a"}) {
        INFO(text);
        CHECK_FALSE(parse_unsigned(text));
    }
    CHECK(parse_unsigned("0") == 0U);
    CHECK(parse_unsigned("18446744073709551615") == kUnsignedMax);
    CHECK(parse_unsigned("10000000000000000000") == 10000000000000000000ULL);
}

TEST_CASE("number: integers print as the C library prints them, and read back") {
    Random random{7};
    std::vector<std::int64_t> values{0, kMin, kMax, kMin + 1};
    std::int64_t power = 1;
    for (int i = 0; i < 19; ++i) {
        for (const std::int64_t near : {power - 1, power, power + 1}) values.insert(values.end(), {near, -near});
        if (i < 18) power *= 10;
    }
    for (int i = 0; i < 20000; ++i)
        values.push_back(static_cast<std::int64_t>(any_length(random)) * (i % 2 == 0 ? 1 : -1));
    for (const std::int64_t value : values) {
        const std::string text = integer_text(value);
        REQUIRE(text == std::to_string(value));
        REQUIRE(parse_integer(text) == value);
        REQUIRE_FALSE(parse_integer("0" + text));
    }
    char text[kIntegerChars];
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t value = i == 0 ? kUnsignedMax : any_length(random);
        const Bytes written{text, write_unsigned(text, value)};
        REQUIRE(written == std::to_string(value));
        REQUIRE(parse_unsigned(written) == value);
    }
}

TEST_CASE("number: doubles are read as redis-server reads scores") {
    CHECK(parse_double("1") == 1.0);
    CHECK(parse_double("+1") == 1.0);
    CHECK(parse_double("01") == 1.0);
    CHECK(parse_double(".5") == 0.5);
    CHECK(parse_double("5.") == 5.0);
    CHECK(parse_double("-1.5e3") == -1500.0);
    CHECK(parse_double("0x10") == 16.0);
    CHECK(parse_double("0xA.8p1") == 21.0);
    CHECK(parse_double("1e-310") == 1e-310);  // denormal: rounded, but not away
    CHECK(parse_double("4.9e-324") == 4.9e-324);
    CHECK(parse_double("0") == 0.0);
    CHECK(parse_double("0e5000") == 0.0);
    CHECK(std::signbit(*parse_double("-0")));
    for (const char* text : {"inf", "+inf", "INF", "Infinity", "infinity"}) CHECK(parse_double(text) == HUGE_VAL);
    CHECK(parse_double("-inf") == -HUGE_VAL);
    for (const char* text :
         {"",    "-",    "+",      ".",    " 1",    "\t1",    "\v1",    "1 ",  "1\n", "1e", "1e5x",
          "nan", "-NaN", "nan(1)", "infx", "1e400", "-1e400", "1e-400", "1,5", "--1", "0x", "1.5.5"}) {
        INFO(text);
        CHECK_FALSE(parse_double(text));
        CHECK_FALSE(parse_long_double(std::string(text) == "1e400"    ? "1e5000"
                                      : std::string(text) == "-1e400" ? "-1e5000"
                                      : std::string(text) == "1e-400" ? "1e-5000"
                                                                      : text));
    }
    CHECK_FALSE(parse_double(Bytes{"1\0", 2}));
    CHECK(parse_double(Bytes{"1234", 2}) == 12.0);
    CHECK(parse_double("1" + std::string(200, '0')) == 1e200);  // longer than the copy on the stack
    CHECK(parse_double("0." + std::string(6000, '0') + "1e6001") == 1.0);
}

TEST_CASE("number: long doubles keep what a double would lose, and have a longest text") {
    CHECK(parse_long_double("1e400") == 1e400L);
    CHECK(parse_long_double("3.0e3") == 3000.0L);
    CHECK(parse_long_double("0x10") == 16.0L);
    CHECK(parse_long_double("0.1") == 0.1L);
    CHECK(parse_long_double("0.1") != static_cast<long double>(0.1));
    CHECK(parse_long_double("inf") == static_cast<long double>(HUGE_VAL));
    CHECK(parse_long_double(std::string(5119, '1').replace(1, 1, ".")));
    CHECK_FALSE(parse_long_double(std::string(5120, '1').replace(1, 1, ".")));
}

TEST_CASE("number: doubles print 17 digits, whole numbers without exponent up to 1e17") {
    CHECK(double_text(0) == "0");
    CHECK(double_text(-0.0) == "-0");
    CHECK(double_text(3) == "3");
    CHECK(double_text(0.1) == "0.10000000000000001");
    CHECK(double_text(1e16) == "10000000000000000");
    CHECK(double_text(1e17) == "1e+17");
    CHECK(double_text(1e20) == "1e+20");
    CHECK(double_text(4.9406564584124654e-324) == "4.9406564584124654e-324");
    CHECK(double_text(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
    CHECK(double_text(HUGE_VAL) == "inf");
    CHECK(double_text(-HUGE_VAL) == "-inf");
    CHECK(double_text(std::nan("")) == "nan");
    CHECK(double_text(-std::nan("")) == "nan");
}

TEST_CASE("number: any double prints as the C library prints it, and reads back") {
    Random random{11};
    for (int i = 0; i < 50000; ++i) {
        double value = std::bit_cast<double>(random.next());
        if (i % 3 == 1) value = static_cast<double>(static_cast<std::int64_t>(any_length(random))) / 8;
        if (i % 3 == 2) value = -static_cast<double>(any_length(random));
        if (!std::isfinite(value)) continue;
        const std::string text = double_text(value);
        REQUIRE(text == c_text(value));
        REQUIRE(text.size() <= kDoubleChars);
        const auto back = parse_double(text);
        REQUIRE(back);
        REQUIRE(std::bit_cast<std::uint64_t>(*back) == std::bit_cast<std::uint64_t>(value));
    }
}

TEST_CASE("number: long doubles print as INCRBYFLOAT does") {
    CHECK(long_double_text(0) == "0");
    CHECK(long_double_text(-0.0L) == "0");
    CHECK(long_double_text(-1e-18L) == "0");
    CHECK(long_double_text(10) == "10");
    CHECK(long_double_text(100.5L) == "100.5");
    CHECK(long_double_text(10.6L) == "10.6");
    CHECK(long_double_text(5.0e3L) == "5000");
    CHECK(long_double_text(0.1L + 0.2L) == "0.3");
    CHECK(long_double_text(-2.25L) == "-2.25");
    CHECK(long_double_text(1e20L) == "100000000000000000000");
    CHECK(long_double_text(std::numeric_limits<long double>::max()).size() == 4933);
    CHECK(long_double_text(HUGE_VALL) == "inf");
    CHECK(long_double_text(-HUGE_VALL) == "-inf");
}

TEST_CASE("number: checked arithmetic stops at the edges") {
    CHECK(add_checked(kMax - 1, 1) == kMax);
    CHECK_FALSE(add_checked(kMax, 1));
    CHECK_FALSE(add_checked(kMin, -1));
    CHECK(sub_checked(kMin + 1, 1) == kMin);
    CHECK_FALSE(sub_checked(kMin, 1));
    CHECK_FALSE(sub_checked(0, kMin));
    CHECK(mul_checked(kMax / 1000, 1000) == kMax / 1000 * 1000);
    CHECK_FALSE(mul_checked(kMax / 1000 + 1, 1000));
    CHECK_FALSE(mul_checked(kMin, -1));
}

TEST_CASE("number: memory sizes have decimal and binary units") {
    CHECK(parse_memory("0") == 0U);
    CHECK(parse_memory("123") == 123U);
    CHECK(parse_memory("007b") == 7U);
    CHECK(parse_memory("1B") == 1U);
    CHECK(parse_memory("1k") == 1000U);
    CHECK(parse_memory("1kB") == 1024U);
    CHECK(parse_memory("2M") == 2000000U);
    CHECK(parse_memory("2mb") == 2U << 20);
    CHECK(parse_memory("3g") == 3000000000U);
    CHECK(parse_memory("3GB") == 3ULL << 30);
    CHECK(parse_memory("18446744073709551615") == kUnsignedMax);
    CHECK(parse_memory("17179869183gb") == 17179869183ULL << 30);
    for (const char* text : {"", "kb", "-1", "+1", " 1", "1 ", "1 kb", "1.5g", "1t", "1kbb", "1bk",
                             "18446744073709551616", "17179869184gb", "99999999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_memory(text));
    }
}

TEST_CASE("number: sizes are shown as INFO shows them") {
    CHECK(human_bytes(0) == "0B");
    CHECK(human_bytes(1023) == "1023B");
    CHECK(human_bytes(1024) == "1.00K");
    CHECK(human_bytes(1572864) == "1.50M");
    CHECK(human_bytes((1ULL << 20) - 1) == "1024.00K");
    CHECK(human_bytes(1ULL << 20) == "1.00M");
    CHECK(human_bytes(1ULL << 30) == "1.00G");
    CHECK(human_bytes(1ULL << 40) == "1.00T");
    CHECK(human_bytes(1ULL << 50) == "1.00P");
    CHECK(human_bytes(1ULL << 60) == "1152921504606846976B");
}
