// SPDX-License-Identifier: BSD-3-Clause
//
// Lists as a client sees them, and as listeners and replicas are told.
#include <catch2/catch.hpp>

#include "tests/support/command_runner.h"

using keel::test::CommandRunner;
using keel::test::Strings;

namespace {

constexpr auto kWrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

std::string array(std::initializer_list<const char*> items) {
    std::string out = "*" + std::to_string(items.size()) + "\r\n";
    for (const std::string item : items) out += "$" + std::to_string(item.size()) + "\r\n" + item + "\r\n";
    return out;
}

}  // namespace

TEST_CASE("LPUSH, RPUSH: one after the other, each a change") {
    CommandRunner keel;
    CHECK(keel("LPUSH l a b c") == ":3\r\n");
    CHECK(keel.events() == Strings{"lpush l"});
    CHECK(keel.dirty() == 3);
    CHECK(keel.replicated() == Strings{"LPUSH l a b c"});
    CHECK(keel("RPUSH l d") == ":4\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"c", "b", "a", "d"}));
    CHECK(keel("LLEN l") == ":4\r\n");
    CHECK(keel("LLEN none") == ":0\r\n");
}

TEST_CASE("LPUSHX, RPUSHX: only onto a list that is there") {
    CommandRunner keel;
    CHECK(keel("LPUSHX l a") == ":0\r\n");
    CHECK(keel.replicated().empty());
    keel("RPUSH l x");
    CHECK(keel("LPUSHX l a") == ":2\r\n");
    CHECK(keel("RPUSHX l b c") == ":4\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"a", "x", "b", "c"}));
}

TEST_CASE("LPOP, RPOP: one, some, and the last") {
    CommandRunner keel;
    keel("RPUSH l 1 2 3 4 5");
    CHECK(keel("LPOP l") == "$1\r\n1\r\n");
    CHECK(keel.events() == Strings{"lpop l"});
    CHECK(keel("RPOP l 2") == array({"5", "4"}));
    CHECK(keel.dirty() == 2);
    CHECK(keel("LPOP l 0") == "*0\r\n");
    CHECK(keel("LPOP l 10") == array({"2", "3"}));
    CHECK(keel.events() == Strings{"lpop l", "del l"});
    CHECK(keel("EXISTS l") == ":0\r\n");
    CHECK(keel("LPOP l") == "$-1\r\n");
    CHECK(keel("LPOP l 1") == "*-1\r\n");
    CHECK(keel("LPOP l -1") == "-ERR value is out of range, must be positive\r\n");
    CHECK(keel("LPOP l 1 1") == "-ERR wrong number of arguments for 'lpop' command\r\n");
}

TEST_CASE("lists: RESP3 knows one null") {
    CommandRunner keel{3};
    CHECK(keel("LPOP l 1") == "_\r\n");
    CHECK(keel("LMPOP 1 l LEFT") == "_\r\n");
    CHECK(keel("BLPOP l 0") == "_\r\n");  // where nobody may wait
}

TEST_CASE("LINDEX, LSET: from both ends") {
    CommandRunner keel;
    keel("RPUSH l a b c");
    CHECK(keel("LINDEX l 0") == "$1\r\na\r\n");
    CHECK(keel("LINDEX l -1") == "$1\r\nc\r\n");
    CHECK(keel("LINDEX l 3") == "$-1\r\n");
    CHECK(keel("LINDEX l -9223372036854775808") == "$-1\r\n");
    CHECK(keel("LINDEX l x") == "-ERR value is not an integer or out of range\r\n");
    CHECK(keel("LSET l -2 bb") == "+OK\r\n");
    CHECK(keel.events() == Strings{"lset l"});
    CHECK(keel("LSET l 3 x") == "-ERR index out of range\r\n");
    CHECK(keel("LSET none 0 x") == "-ERR no such key\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"a", "bb", "c"}));
}

TEST_CASE("LRANGE: indices out of range are cut off") {
    CommandRunner keel;
    keel("RPUSH l a b c");
    CHECK(keel("LRANGE l -100 100") == array({"a", "b", "c"}));
    CHECK(keel("LRANGE l 1 1") == array({"b"}));
    CHECK(keel("LRANGE l 2 1") == "*0\r\n");
    CHECK(keel("LRANGE l 5 9") == "*0\r\n");
    CHECK(keel("LRANGE l 0 9223372036854775807") == array({"a", "b", "c"}));
    CHECK(keel("LRANGE l -9223372036854775808 -9223372036854775808") == "*0\r\n");
    CHECK(keel("LRANGE none 0 -1") == "*0\r\n");
}

TEST_CASE("LTRIM: keeps a range, and tells listeners in any case") {
    CommandRunner keel;
    keel("RPUSH l a b c d e");
    CHECK(keel("LTRIM l 1 -2") == "+OK\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"b", "c", "d"}));
    CHECK(keel("LTRIM l 0 -1") == "+OK\r\n");
    CHECK(keel.events() == Strings{"ltrim l"});
    CHECK(keel.replicated().empty());
    CHECK(keel("LTRIM l 5 9") == "+OK\r\n");
    CHECK(keel.events() == Strings{"ltrim l", "del l"});
    CHECK(keel("EXISTS l") == ":0\r\n");
}

TEST_CASE("LINSERT: beside the first that is equal") {
    CommandRunner keel;
    keel("RPUSH l a b a");
    CHECK(keel("LINSERT l BEFORE a x") == ":4\r\n");
    CHECK(keel("LINSERT l after b y") == ":5\r\n");
    CHECK(keel.events() == Strings{"linsert l"});
    CHECK(keel("LINSERT l AFTER none z") == ":-1\r\n");
    CHECK(keel("LINSERT none AFTER a z") == ":0\r\n");
    CHECK(keel("LINSERT l BESIDE a z") == "-ERR syntax error\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"x", "a", "b", "y", "a"}));
}

TEST_CASE("LREM: from either end, or all") {
    CommandRunner keel;
    keel("RPUSH l a 1 a 1 a");
    CHECK(keel("LREM l 1 a") == ":1\r\n");
    CHECK(keel("LREM l -1 a") == ":1\r\n");
    CHECK(keel("LRANGE l 0 -1") == array({"1", "a", "1"}));
    CHECK(keel("LREM l 0 1") == ":2\r\n");
    CHECK(keel.dirty() == 2);
    CHECK(keel("LREM l 0 zz") == ":0\r\n");
    CHECK(keel.events().empty());
    CHECK(keel("LREM l -9223372036854775808 a") == ":1\r\n");
    CHECK(keel.events() == Strings{"lrem l", "del l"});
}

TEST_CASE("LPOS: rank, count and how far to look") {
    CommandRunner keel;
    keel("RPUSH l a b c 1 2 3 c c");
    CHECK(keel("LPOS l c") == ":2\r\n");
    CHECK(keel("LPOS l c RANK 2") == ":6\r\n");
    CHECK(keel("LPOS l c RANK -1") == ":7\r\n");
    CHECK(keel("LPOS l c RANK 4") == "$-1\r\n");
    CHECK(keel("LPOS l c COUNT 2") == "*2\r\n:2\r\n:6\r\n");
    CHECK(keel("LPOS l c COUNT 0 RANK -2") == "*2\r\n:6\r\n:2\r\n");
    CHECK(keel("LPOS l c MAXLEN 2") == "$-1\r\n");
    CHECK(keel("LPOS l 3 COUNT 0 MAXLEN 3 RANK -1") == "*1\r\n:5\r\n");
    CHECK(keel("LPOS none c") == "$-1\r\n");
    CHECK(keel("LPOS none c COUNT 0") == "*0\r\n");
    CHECK(keel("LPOS l c RANK -9223372036854775808") ==
          "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n");
    CHECK(keel("LPOS l c COUNT -1") == "-ERR COUNT can't be negative\r\n");
    CHECK(keel("LPOS l c MAXLEN -1") == "-ERR MAXLEN can't be negative\r\n");
}

TEST_CASE("LMOVE: between lists and within one") {
    CommandRunner keel;
    keel("RPUSH a 1 2");
    CHECK(keel("LMOVE a b LEFT RIGHT") == "$1\r\n1\r\n");
    CHECK(keel.events() == Strings{"rpush b", "lpop a"});
    CHECK(keel("RPOPLPUSH a b") == "$1\r\n2\r\n");
    CHECK(keel.events() == Strings{"lpush b", "rpop a", "del a"});
    CHECK(keel("LRANGE b 0 -1") == array({"2", "1"}));
    CHECK(keel("LMOVE b b LEFT RIGHT") == "$1\r\n2\r\n");
    CHECK(keel("LRANGE b 0 -1") == array({"1", "2"}));
    keel("RPUSH one x");
    CHECK(keel("LMOVE one one LEFT LEFT") == "$1\r\nx\r\n");
    CHECK(keel("LLEN one") == ":1\r\n");
    CHECK(keel("LMOVE none b LEFT LEFT") == "$-1\r\n");
    CHECK(keel("LMOVE a b LEFT UP") == "-ERR syntax error\r\n");
}

TEST_CASE("LMPOP: the first list that holds something") {
    CommandRunner keel;
    keel("RPUSH b 1 2 3");
    CHECK(keel("LMPOP 2 a b LEFT COUNT 2") == "*2\r\n$1\r\nb\r\n" + array({"1", "2"}));
    CHECK(keel.replicated() == Strings{"LPOP b 2"});
    CHECK(keel("LMPOP 2 a b RIGHT COUNT 9") == "*2\r\n$1\r\nb\r\n" + array({"3"}));
    CHECK(keel.replicated() == Strings{"RPOP b 1"});
    CHECK(keel("LMPOP 2 a b LEFT") == "*-1\r\n");
    CHECK(keel("LMPOP 0 a LEFT") == "-ERR numkeys should be greater than 0\r\n");
    CHECK(keel("LMPOP 1 a LEFT COUNT 0") == "-ERR count should be greater than 0\r\n");
    CHECK(keel("LMPOP 9223372036854775807 a LEFT") == "-ERR syntax error\r\n");
}

TEST_CASE("blocking commands: what is there is taken at once, and told in plain words") {
    CommandRunner keel;
    keel("RPUSH b 1 2 3 4 5");
    CHECK(keel("BLPOP a b 0") == array({"b", "1"}));
    CHECK(keel.replicated() == Strings{"LPOP b"});
    CHECK(keel("BRPOP b 0") == array({"b", "5"}));
    CHECK(keel.replicated() == Strings{"RPOP b"});
    CHECK(keel("BLMOVE b c RIGHT LEFT 0") == "$1\r\n4\r\n");
    CHECK(keel.replicated() == Strings{"LMOVE b c RIGHT LEFT"});
    CHECK(keel("BRPOPLPUSH b c 0") == "$1\r\n3\r\n");
    CHECK(keel.replicated() == Strings{"RPOPLPUSH b c"});
    CHECK(keel("BLMPOP 0 2 a b LEFT COUNT 5") == "*2\r\n$1\r\nb\r\n" + array({"2"}));
    CHECK(keel.replicated() == Strings{"LPOP b 1"});
    CHECK(keel("BLPOP b 0") == "*-1\r\n");
    CHECK(keel("BLMOVE b c LEFT LEFT 0") == "$-1\r\n");
    CHECK(keel("BLPOP b -1") == "-ERR timeout is negative\r\n");
}

TEST_CASE("lists: another type is refused, and nothing touched") {
    CommandRunner keel;
    keel("SET s x");
    keel("RPUSH l x");
    for (const char* line :
         {"LPUSH s a", "RPUSHX s a", "LPOP s", "LPOP s 2", "LLEN s", "LINDEX s 0", "LSET s 0 x", "LRANGE s 0 1",
          "LTRIM s 0 1", "LINSERT s BEFORE a b", "LREM s 0 a", "LPOS s a", "LMOVE s l LEFT LEFT", "LMOVE l s LEFT LEFT",
          "RPOPLPUSH l s", "LMPOP 2 none s LEFT", "BLPOP none s 0", "BLMOVE l s LEFT LEFT 0", "BLMPOP 0 1 s LEFT"}) {
        INFO(line);
        CHECK(keel(line) == kWrongType);
    }
    CHECK(keel("LRANGE l 0 -1") == array({"x"}));
}

TEST_CASE("lists: encodings at the limits") {
    CommandRunner keel;
    keel.settings.encodings.list_max_listpack_size = 3;
    keel("RPUSH l a b c");
    CHECK(keel.encoding("l") == "listpack");
    keel("RPUSH l d");
    CHECK(keel.encoding("l") == "quicklist");
    keel("LPOP l 2");
    CHECK(keel.encoding("l") == "quicklist");  // not before half the limit
    keel("LPOP l");
    CHECK(keel.encoding("l") == "listpack");
    keel.settings.encodings.list_max_listpack_size = -1;
    keel("DEL l");
    keel.run({"RPUSH", "l", std::string(4096 - 7, 'x')});
    CHECK(keel.encoding("l") == "listpack");
    keel.run({"RPUSH", "m", std::string(4096 - 6, 'x')});
    CHECK(keel.encoding("m") == "quicklist");
    keel("LSET m 0 x");
    CHECK(keel.encoding("m") == "listpack");
    keel.run({"LSET", "m", "0", std::string(9000, 'x')});
    CHECK(keel.encoding("m") == "quicklist");
}

TEST_CASE("lists: copies do not share anything") {
    CommandRunner keel;
    for (int i = 0; i < 3000; ++i) keel.run({"RPUSH", "l", std::to_string(i)});
    CHECK(keel("COPY l m") == ":1\r\n");
    keel("LTRIM l 0 0");
    CHECK(keel("LLEN m") == ":3000\r\n");
    CHECK(keel("LINDEX m 2999") == "$4\r\n2999\r\n");
    keel("RENAME m l");
    CHECK(keel("LLEN l") == ":3000\r\n");
}
