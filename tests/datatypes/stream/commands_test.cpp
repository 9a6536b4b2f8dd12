// SPDX-License-Identifier: BSD-3-Clause
//
// Adding to, deleting from and trimming streams: replies, events, and what replicas are told.
#include <catch2/catch.hpp>

#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

constexpr auto kNull = "$-1\r\n";
const std::string kNow = "1700000000000";

}  // namespace

TEST_CASE("xadd: ids by the clock, upwards even when the clock stands", "[stream]") {
    CommandRunner keel;
    CHECK(keel("XADD s * f v") == bulk(kNow + "-0"));
    CHECK(keel.events() == Strings{"xadd s"});
    CHECK(keel.touched() == Strings{"s"});
    CHECK(keel.replicated() == Strings{"XADD s " + kNow + "-0 f v"});
    CHECK(keel("XADD s * f v") == bulk(kNow + "-1"));
    CHECK(keel("XADD s 1800000000000-5 f v") == bulk("1800000000000-5"));
    CHECK(keel.replicated() == Strings{"XADD s 1800000000000-5 f v"});
    CHECK(keel("XADD s * f v") == bulk("1800000000000-6"));
    CHECK(keel("XADD s 1800000000000-* f v") == bulk("1800000000000-7"));
    CHECK(keel.replicated() == Strings{"XADD s 1800000000000-7 f v"});
    CHECK(keel("XADD s 1800000000001-* f v") == bulk("1800000000001-0"));
    CHECK(keel("XLEN s") == ":6\r\n");
    CHECK(keel.encoding("s") == "stream");
}

TEST_CASE("xadd: refusals change nothing", "[stream]") {
    CommandRunner keel;
    keel("SET other 1");
    const std::string below = "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n";
    CHECK(keel("XADD s 0-0 f v") == "-ERR The ID specified in XADD must be greater than 0-0\r\n");
    CHECK(keel("XADD s * f") == "-ERR wrong number of arguments for 'xadd' command\r\n");
    CHECK(keel("XADD s * f v x") == "-ERR wrong number of arguments for 'xadd' command\r\n");
    CHECK(keel("XADD s abc f v") == "-ERR Invalid stream ID specified as stream command argument\r\n");
    CHECK(keel("XADD s MAXLEN -1 * f v") == "-ERR The MAXLEN argument must be >= 0.\r\n");
    CHECK(keel("XADD s MAXLEN x * f v") == "-ERR value is not an integer or out of range\r\n");
    CHECK(keel("XADD s LIMIT 5 * f v") ==
          "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n");
    CHECK(keel("XADD s MAXLEN 5 LIMIT 5 * f v") ==
          "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n");
    CHECK(keel("XADD s MAXLEN 5 MINID 5 * f v") ==
          "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n");
    CHECK(keel("XADD s NOMKSTREAM * f v") == kNull);
    CHECK(keel("XADD other * f v") == "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    CHECK(keel("EXISTS s") == ":0\r\n");
    keel("XADD s 5-5 f v");
    for (const Bytes id : {"5-5", "5-4", "4-9", "0-1", "4-*"}) CHECK(keel.run({"XADD", "s", id, "f", "v"}) == below);
    CHECK(keel("XADD s 0-* f v") == below);
}

TEST_CASE("xadd: at the end of all ids nothing can be added", "[stream]") {
    CommandRunner keel;
    keel("XADD s 18446744073709551615-18446744073709551614 f v");
    CHECK(keel("XADD s * f v") == bulk("18446744073709551615-18446744073709551615"));
    const std::string exhausted = "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n";
    CHECK(keel("XADD s * f v") == exhausted);
    CHECK(keel("XADD s 18446744073709551615-* f v") == exhausted);
    CHECK(keel("XADD t 5-18446744073709551615 f v") == bulk("5-18446744073709551615"));
    CHECK(keel("XADD t 5-* f v").substr(0, 4) == "-ERR");
    CHECK(keel("XREAD STREAMS s 18446744073709551615-18446744073709551615") == "*-1\r\n");
    CHECK(keel("XRANGE s (18446744073709551615-18446744073709551615 +") ==
          "-ERR invalid start ID for the interval\r\n");
    CHECK(keel("XRANGE s - (0-0") == "-ERR invalid end ID for the interval\r\n");
}

TEST_CASE("xadd with a trim: replicas are told exactly what stays", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 250; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    keel("XADD s MAXLEN ~ 120 251-0 f v");
    CHECK(keel("XLEN s") == ":151\r\n");
    keel("XADD s MAXLEN ~ 120 LIMIT 50 252-0 f v");
    CHECK(keel.replicated() == Strings{"XADD s MAXLEN = 152 252-0 f v"});
    CHECK(keel.events() == Strings{"xadd s"});
    keel("XADD s MAXLEN 10 253-0 f v");
    CHECK(keel.replicated() == Strings{"XADD s MAXLEN 10 253-0 f v"});
    CHECK(keel.events() == Strings{"xadd s", "xtrim s"});
    CHECK(keel("XLEN s") == ":10\r\n");
    CHECK(keel("XTRIM s MINID ~ 250") == ":0\r\n");
    CHECK(keel.replicated().empty());
    CHECK(keel("XTRIM s MINID 250") == ":6\r\n");
    CHECK(keel.dirty() == 6);
    CHECK(keel("XTRIM s MAXLEN ~ 0 LIMIT 0") == ":4\r\n");
    CHECK(keel.replicated() == Strings{"XTRIM s MAXLEN = 0"});
    CHECK(keel("EXISTS s") == ":1\r\n");
    CHECK(keel("XTRIM s LIMIT 1") ==
          "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n");
    CHECK(keel("XTRIM s NOSUCH 1") == "-ERR syntax error\r\n");
}

TEST_CASE("xdel: entries go, the stream stays", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 3; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    CHECK(keel("XDEL s 2-0 9-9 2-0") == ":1\r\n");
    CHECK(keel.events() == Strings{"xdel s"});
    CHECK(keel("XDEL s 1 3") == ":2\r\n");
    CHECK(keel.dirty() == 2);
    CHECK(keel("XLEN s") == ":0\r\n");
    CHECK(keel("EXISTS s") == ":1\r\n");
    CHECK(keel("XDEL s 1 x") == "-ERR Invalid stream ID specified as stream command argument\r\n");
    CHECK(keel("XDEL none 1") == ":0\r\n");
    CHECK(keel("XADD s 3-0 f v").substr(0, 4) == "-ERR");
}

TEST_CASE("xsetid: neither below what is there nor what was deleted", "[stream]") {
    CommandRunner keel;
    CHECK(keel("XSETID s 1-1") == "-ERR no such key\r\n");
    keel("XADD s 5-0 f v");
    CHECK(keel("XSETID s 4-0") == "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n");
    CHECK(keel("XSETID s 6-0 ENTRIESADDED 0") ==
          "-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n");
    CHECK(keel("XSETID s 6-0 ENTRIESADDED -1") == "-ERR entries_added must be positive\r\n");
    CHECK(keel("XSETID s 6-0 MAXDELETEDID 7-0") ==
          "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n");
    CHECK(keel("XSETID s 6-0 ENTRIESADDED 9 MAXDELETEDID 5-5") == "+OK\r\n");
    CHECK(keel.events() == Strings{"xsetid s"});
    CHECK(keel("XSETID s 5-1") == "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n");
    CHECK(keel("XADD s * f v") == bulk(kNow + "-0"));
}

TEST_CASE("xrange: bounds, counts, both ways", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 3; ++i) keel("XADD s " + std::to_string(i) + "-0 f " + std::to_string(i));
    const auto entry = [](int i) {
        return "*2\r\n$3\r\n" + std::to_string(i) + "-0\r\n*2\r\n$1\r\nf\r\n$1\r\n" + std::to_string(i) + "\r\n";
    };
    CHECK(keel("XRANGE s - +") == "*3\r\n" + entry(1) + entry(2) + entry(3));
    CHECK(keel("XREVRANGE s + -") == "*3\r\n" + entry(3) + entry(2) + entry(1));
    CHECK(keel("XRANGE s 2 2") == "*1\r\n" + entry(2));
    CHECK(keel("XRANGE s (1 (3-0") == "*1\r\n" + entry(2));
    CHECK(keel("XREVRANGE s + - COUNT 1") == "*1\r\n" + entry(3));
    CHECK(keel("XRANGE s - + COUNT 0") == "*-1\r\n");
    CHECK(keel("XRANGE none - +") == "*0\r\n");
    CHECK(keel("XRANGE s 3 1") == "*0\r\n");
    CHECK(keel("XRANGE s - + COUNT") == "-ERR syntax error\r\n");
}

TEST_CASE("xdelex and xackdel: pending ids stay, go too, or hold the entry", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 6; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    keel("XGROUP CREATE s g 0");
    keel("XGROUP CREATE s h 0");
    keel("XREADGROUP GROUP g a STREAMS s >");
    keel("XREADGROUP GROUP h a STREAMS s >");
    CHECK(keel("XDELEX s KEEPREF IDS 2 1-0 9-0") == "*2\r\n:1\r\n:-1\r\n");
    CHECK(keel("XPENDING s g").substr(0, 8) == "*4\r\n:6\r\n");
    CHECK(keel("XDELEX s DELREF IDS 1 2-0") == "*1\r\n:1\r\n");
    CHECK(keel("XPENDING s g").substr(0, 8) == "*4\r\n:5\r\n");
    CHECK(keel("XDELEX s ACKED IDS 1 3-0") == "*1\r\n:2\r\n");
    CHECK(keel("XACKDEL s g ACKED IDS 1 3-0") == "*1\r\n:2\r\n");
    CHECK(keel("XACKDEL s h ACKED IDS 1 3-0") == "*1\r\n:1\r\n");
    CHECK(keel("XACKDEL s g DELREF IDS 2 4-0 3-0") == "*2\r\n:1\r\n:-1\r\n");
    CHECK(keel("XLEN s") == ":2\r\n");
    CHECK(keel("XDELEX none IDS 1 1-0") == "*1\r\n:-1\r\n");
    CHECK(keel("XDELEX s IDS 0 1-0") == "-ERR Number of IDs must be a positive integer\r\n");
    CHECK(keel("XDELEX s IDS 2 1-0") == "-ERR The `numids` parameter must match the number of arguments\r\n");
    CHECK(keel("XDELEX s NOSUCH 1 1-0") == "-ERR syntax error\r\n");
    CHECK(keel("XTRIM s MAXLEN = 0 ACKED") == ":0\r\n");
    CHECK(keel("XTRIM s MAXLEN = 0 DELREF") == ":2\r\n");
}

TEST_CASE("what newer commands did to a stream is told in words of older servers", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 6; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    keel("XGROUP CREATE s g 0");
    keel("XGROUP CREATE s h 0");
    keel("XREADGROUP GROUP g a STREAMS s >");
    keel("XDELEX s KEEPREF IDS 2 1-0 9-0");
    CHECK(keel.replicated() == Strings{"XDEL s 1-0"});
    keel("XDELEX s DELREF IDS 1 2-0");
    CHECK(keel.replicated() == Strings{"XDEL s 2-0", "XACK s g 2-0", "XACK s h 2-0"});
    keel("XDELEX s IDS 1 9-0");
    CHECK(keel.replicated().empty());
    keel("XACKDEL s g ACKED IDS 1 3-0");  // the other group has not read it
    CHECK(keel.replicated() == Strings{"XACK s g 3-0"});
    keel("XACKDEL s g KEEPREF IDS 2 4-0 3-0");
    CHECK(keel.replicated() == Strings{"XACK s g 4-0", "XDEL s 4-0"});
    keel("XADD s DELREF MAXLEN = 2 7-0 f v");
    CHECK(keel.replicated() == Strings{"XADD s MAXLEN = 2 7-0 f v", "XACK s g 5-0", "XACK s h 5-0"});
    keel("XADD s KEEPREF 8-0 f v");
    CHECK(keel.replicated() == Strings{"XADD s 8-0 f v"});
    keel("XTRIM s MAXLEN = 2 KEEPREF");
    CHECK(keel.replicated() == Strings{"XTRIM s MAXLEN = 2"});
}

TEST_CASE("a trim that asked the groups is replicated by what went", "[stream]") {
    CommandRunner keel;
    for (int i = 1; i <= 250; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    keel("XGROUP CREATE s g 0");
    keel("XREADGROUP GROUP g a COUNT 10 STREAMS s >");
    keel("XACK s g 2-0 5-0");
    CHECK(keel("XTRIM s MAXLEN ~ 100 ACKED") == ":2\r\n");
    CHECK(keel.replicated() == Strings{"XDEL s 2-0 5-0"});
    keel("XACK s g 1-0");
    keel("XADD s ACKED MAXLEN ~ 100 251-* f v");
    CHECK(keel.replicated() == Strings{"XADD s 251-0 f v", "XDEL s 1-0"});
    CHECK(keel("XTRIM s MAXLEN ~ 100 DELREF") == ":97\r\n");
    CHECK(keel.replicated() == Strings{"XTRIM s MAXLEN = 151", "XACK s g 3-0 4-0 6-0 7-0 8-0 9-0 10-0"});
    CHECK(keel("XPENDING s g").substr(0, 8) == "*4\r\n:0\r\n");
}
