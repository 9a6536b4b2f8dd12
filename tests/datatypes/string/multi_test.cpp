// SPDX-License-Identifier: BSD-3-Clause
//
// Several strings in one command.
#include <catch2/catch.hpp>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

constexpr UnixMs kStart = 1'700'000'000'000;

std::string array(const Strings& parts) {
    std::string out = "*" + std::to_string(parts.size()) + "\r\n";
    for (const std::string& part : parts) out += part;
    return out;
}

}  // namespace

TEST_CASE("mget: what is not there, and what is no string, is null") {
    CommandRunner keel;
    keel("SET a 1");
    keel("SET b x");
    keel.hold_other_type("other");
    CHECK(keel("MGET a none b other a") == array({bulk("1"), kNull, bulk("x"), kNull, bulk("1")}));
    CHECK(keel.keyspace.counters.misses == 1);
    CHECK(keel.keyspace.counters.hits == 4);
}

TEST_CASE("mget, mset: any number of keys, around the size of a batch and beyond") {
    for (const std::size_t count : {1, 2, 15, 16, 17, 31, 32, 33, 1000}) {
        CommandRunner keel;
        Strings set{"MSET"};
        Strings get{"MGET"};
        Strings values;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string key = "key:" + std::to_string(i);
            const std::string value = i % 3 == 0 ? std::to_string(i) : std::string(i % 300, 'v');
            set.insert(set.end(), {key, value});
            get.push_back(key);
            values.push_back(bulk(value));
        }
        REQUIRE(keel.run(set) == kOk);
        REQUIRE(keel.dirty() == count);
        REQUIRE(keel.keyspace.keys() == count);
        REQUIRE(keel.run(get) == array(values));
    }
}

TEST_CASE("mset: of a key that is named twice the last value stays, and each is told") {
    CommandRunner keel;
    CHECK(keel("MSET a 1 b 2 a 3") == kOk);
    CHECK(keel.events() == Strings{"set a", "set b", "set a"});
    CHECK(keel("MGET a b") == array({bulk("3"), bulk("2")}));
}

TEST_CASE("mset: a large value under a key that is named twice is still there for the replicas") {
    CommandRunner keel;
    const std::string first(40'000, 'x');
    const std::string last(40'000, 'y');
    Strings words = {"MSET", "a", first, "b", first, "a", last};
    CHECK(keel.run(words) == kOk);
    CHECK(keel("MGET a b") == array({bulk(last), bulk(first)}));
}

TEST_CASE("mset: it ends times to live and takes the place of any type") {
    CommandRunner keel;
    keel("SET a 1 EX 10");
    keel.hold_other_type("b");
    CHECK(keel("MSET a 2 b 3") == kOk);
    CHECK(keel.deadline("a") == kNoDeadline);
    CHECK(keel("GET b") == bulk("3"));
}

TEST_CASE("mset, msetnx: a key without a value is an error") {
    CommandRunner keel;
    CHECK(keel("MSET a 1 b") == "-ERR wrong number of arguments for 'mset' command\r\n");
    CHECK(keel("MSETNX a 1 b") == "-ERR wrong number of arguments for 'msetnx' command\r\n");
    CHECK(keel.keyspace.keys() == 0);
}

TEST_CASE("msetnx: all or nothing") {
    CommandRunner keel;
    CHECK(keel("MSETNX a 1 b 2 a 3") == ":1\r\n");
    CHECK(keel("GET a") == bulk("3"));
    CHECK(keel("MSETNX c 1 b 9") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("MGET c b") == array({kNull, bulk("2")}));
    keel.hold_other_type("d");
    CHECK(keel("MSETNX d 1") == ":0\r\n");
}

TEST_CASE("msetex: a condition for all of the keys") {
    CommandRunner keel;
    CHECK(keel("MSETEX 2 a 1 b 2") == ":1\r\n");
    CHECK(keel.events() == Strings{"set a", "set b"});
    CHECK(keel.replicated() == Strings{"MSET a 1 b 2"});
    CHECK(keel("MSETEX 2 b 3 c 3 NX") == ":0\r\n");
    CHECK(keel("MSETEX 2 b 3 c 3 XX") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("MGET a b c") == array({bulk("1"), bulk("2"), kNull}));
    CHECK(keel("MSETEX 2 a 8 b 9 XX") == ":1\r\n");
    CHECK(keel("MSETEX 2 c 8 d 9 NX") == ":1\r\n");
    CHECK(keel("MGET a b c d") == array({bulk("8"), bulk("9"), bulk("8"), bulk("9")}));
}

TEST_CASE("msetex: a time to live for all of the keys") {
    CommandRunner keel;
    CHECK(keel("MSETEX 2 a 1 b 2 EX 10 NX") == ":1\r\n");
    CHECK(keel.deadline("a") == kStart + 10'000);
    CHECK(keel.deadline("b") == kStart + 10'000);
    CHECK(keel.events() == Strings{"set a", "expire a", "set b", "expire b"});
    CHECK(keel.replicated() == Strings{"SET a 1 PXAT 1700000010000", "SET b 2 PXAT 1700000010000"});
    CHECK(keel("MSETEX 2 a 3 c 3 KEEPTTL") == ":1\r\n");
    CHECK(keel.replicated() == Strings{"SET a 3 KEEPTTL", "SET c 3 KEEPTTL"});
    CHECK(keel.deadline("a") == kStart + 10'000);
    CHECK(keel.deadline("c") == kNoDeadline);
    CHECK(keel("MSETEX 1 b 3") == ":1\r\n");
    CHECK(keel.deadline("b") == kNoDeadline);
    CHECK(keel("MSETEX 1 b 3 PXAT 1700000000500") == ":1\r\n");
    CHECK(keel.replicated() == Strings{"SET b 3 PXAT 1700000000500"});
    keel.advance_ms(500);
    CHECK(keel.expired() == Strings{"b"});
}

TEST_CASE("msetex: what it refuses") {
    CommandRunner keel;
    for (const char* count : {"0", "-1", "x", "2147483648", "9223372036854775807"}) {
        CAPTURE(count);
        CHECK(keel.run({"MSETEX", count, "a", "1"}) == "-ERR invalid numkeys value\r\n");
    }
    CHECK(keel("MSETEX 2 a 1 b") == "-ERR wrong number of key-value pairs\r\n");
    CHECK(keel("MSETEX 2147483647 a 1") == "-ERR wrong number of key-value pairs\r\n");
    for (const char* options : {"b 2", "NX XX", "EX", "EX 1 PX 1", "KEEPTTL EX 1", "GET", "PERSIST", "IFEQ 1"}) {
        CAPTURE(options);
        CHECK(keel(std::string{"MSETEX 1 a 1 "} + options) == kSyntaxError);
    }
    CHECK(keel("MSETEX 1 a 1 EX 0") == "-ERR invalid expire time in 'msetex' command\r\n");
    CHECK(keel.keyspace.keys() == 0);
}
