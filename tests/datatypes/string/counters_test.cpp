// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as numbers.
#include <catch2/catch.hpp>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kOverflow = "-ERR increment or decrement would overflow\r\n";
const std::string kNotFinite = "-ERR increment would produce NaN or Infinity\r\n";

}  // namespace

TEST_CASE("incr: no key counts as zero") {
    CommandRunner keel;
    CHECK(keel("INCR a") == ":1\r\n");
    CHECK(keel.events() == Strings{"incrby a"});
    CHECK(keel.replicated() == Strings{"INCR a"});
    CHECK(keel("DECR b") == ":-1\r\n");
    CHECK(keel.events() == Strings{"incrby b"});
    CHECK(keel("INCRBY c -5") == ":-5\r\n");
    CHECK(keel("DECRBY d -5") == ":5\r\n");
    CHECK(keel.encoding("d") == "int");
}

TEST_CASE("incr: over every width of an integer, up and down") {
    CommandRunner keel;
    for (int bits = 1; bits <= 62; ++bits) {
        const auto edge = static_cast<std::int64_t>(std::uint64_t{1} << bits) - 2;
        keel.run({"SET", "up", std::to_string(edge)});
        keel.run({"SET", "down", std::to_string(-edge)});
        for (std::int64_t step = 1; step <= 4; ++step) {
            REQUIRE(keel("INCR up") == ":" + std::to_string(edge + step) + "\r\n");
            REQUIRE(keel("DECR down") == ":" + std::to_string(-edge - step) + "\r\n");
        }
        REQUIRE(keel("GET up") == bulk(std::to_string(edge + 4)));
        REQUIRE(keel("GET down") == bulk(std::to_string(-edge - 4)));
    }
}

TEST_CASE("incr: the time to live stays") {
    CommandRunner keel;
    keel("SET k 100 PX 5000");
    const UnixMs at = keel.deadline("k");
    keel("INCR k");
    keel("INCRBY k 1000000");
    CHECK(keel.deadline("k") == at);
    keel("INCRBYFLOAT k 0.5");
    CHECK(keel.deadline("k") == at);
    CHECK(keel.keyspace.earliest_deadline() == at);
}

TEST_CASE("incr: text that spells an integer counts, and becomes one") {
    CommandRunner keel;
    keel("SET k 1");
    keel("APPEND k 2");
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("INCR k") == ":13\r\n");
    CHECK(keel.encoding("k") == "int");
}

TEST_CASE("incr: what is not an integer is refused") {
    CommandRunner keel;
    for (const char* text :
         {"", "abc", " 1", "1 ", "01", "+1", "-0", "1.0", "9223372036854775808", "1e2", "11111111111111111111111"}) {
        CAPTURE(text);
        keel.run({"SET", "k", text});
        CHECK(keel("INCR k") == kNotAnInteger);
        CHECK(keel.run({"INCRBY", "n", text}) == kNotAnInteger);
        CHECK(keel.run({"DECRBY", "n", text}) == kNotAnInteger);
    }
    keel.run({"SET", "k", std::string(5000, '1')});
    CHECK(keel("INCR k") == kNotAnInteger);
}

TEST_CASE("incr: the ends of the range") {
    CommandRunner keel;
    keel("SET k 9223372036854775806");
    CHECK(keel("INCR k") == ":9223372036854775807\r\n");
    CHECK(keel("INCR k") == kOverflow);
    CHECK(keel("INCRBY k 9223372036854775807") == kOverflow);
    CHECK(keel("DECRBY k -1") == kOverflow);
    CHECK(keel("GET k") == bulk("9223372036854775807"));
    keel("SET k -9223372036854775807");
    CHECK(keel("DECR k") == ":-9223372036854775808\r\n");
    CHECK(keel("DECR k") == kOverflow);
    CHECK(keel("DECRBY k -9223372036854775808") == "-ERR decrement would overflow\r\n");
    CHECK(keel("INCRBY k -9223372036854775808") == kOverflow);
    keel("SET k 0");
    CHECK(keel("INCRBY k -9223372036854775808") == ":-9223372036854775808\r\n");
}

TEST_CASE("incr: another type is refused") {
    CommandRunner keel;
    keel.hold_other_type("k");
    for (const char* line : {"INCR k", "DECR k", "INCRBY k 1", "DECRBY k 1", "INCRBYFLOAT k 1"}) {
        CAPTURE(line);
        CHECK(keel(line) == kWrongTypeError);
    }
    CHECK(keel("INCRBY k x") == kNotAnInteger);         // the argument is read first
    CHECK(keel("INCRBYFLOAT k x") == kWrongTypeError);  // the key is looked at first
}

TEST_CASE("incrbyfloat: prints as many digits as it needs") {
    CommandRunner keel;
    CHECK(keel("INCRBYFLOAT k 10.50") == bulk("10.5"));
    CHECK(keel("INCRBYFLOAT k 0.1") == bulk("10.6"));
    CHECK(keel("INCRBYFLOAT k -5") == bulk("5.6"));
    CHECK(keel("SET k 5.0e3") == kOk);
    CHECK(keel("INCRBYFLOAT k 2.0e2") == bulk("5200"));
    CHECK(keel("SET k 0.1") == kOk);
    CHECK(keel("INCRBYFLOAT k 0.2") == bulk("0.3"));
    CHECK(keel("SET k 3") == kOk);
    CHECK(keel("INCRBYFLOAT k -3") == bulk("0"));
    CHECK(keel("INCRBYFLOAT k -0.0") == bulk("0"));
    CHECK(keel("INCRBYFLOAT new 1e-17") == bulk("0.00000000000000001"));
    CHECK(keel("INCRBYFLOAT hex 0x10") == bulk("16"));
}

TEST_CASE("incrbyfloat: the result is text, whatever it spells") {
    CommandRunner keel;
    CHECK(keel("INCRBYFLOAT k 3") == bulk("3"));
    CHECK(keel.encoding("k") == "embstr");
    CHECK(keel("INCR k") == ":4\r\n");
    CHECK(keel.encoding("k") == "int");
    const std::string huge = keel("INCRBYFLOAT huge 1e300");
    CHECK(huge.substr(0, 6) == "$301\r\n");
    CHECK(keel.encoding("huge") == "raw");
    CHECK(keel("GET huge") == huge);
    const std::string largest = keel("INCRBYFLOAT largest 1e4931");  // longer than an entry holds
    CHECK(largest.substr(0, 7) == "$4932\r\n");
    CHECK(keel("GET largest") == largest);
}

TEST_CASE("incrbyfloat: replicas get the result, and keep the time to live") {
    CommandRunner keel;
    keel("SET k 1 EX 5");
    CHECK(keel("INCRBYFLOAT k 1.5") == bulk("2.5"));
    CHECK(keel.events() == Strings{"incrbyfloat k"});
    CHECK(keel.replicated() == Strings{"SET k 2.5 KEEPTTL"});
}

TEST_CASE("incrbyfloat: what is no number, or would not be one") {
    CommandRunner keel;
    keel("SET k abc");
    CHECK(keel("INCRBYFLOAT k 1") == kNotAFloat);
    keel("SET k 1");
    for (const char* by : {"abc", "", " 1", "1 ", "nan", "1e5000"}) {
        CAPTURE(by);
        CHECK(keel.run({"INCRBYFLOAT", "k", by}) == kNotAFloat);
    }
    CHECK(keel("INCRBYFLOAT k inf") == kNotFinite);
    CHECK(keel("INCRBYFLOAT k -inf") == kNotFinite);
    keel("SET k 1e4932");
    CHECK(keel("INCRBYFLOAT k 1e4932") == kNotFinite);
    CHECK(keel("GET k") == bulk("1e4932"));
    CHECK(keel.run({"SET", "k", std::string("1\0", 2)}) == kOk);
    CHECK(keel("INCRBYFLOAT k 1") == kNotAFloat);
}
