// SPDX-License-Identifier: BSD-3-Clause
//
// SETBIT GETBIT BITCOUNT BITPOS BITOP, and BITFIELD with its numbers.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "protocol/base/random.h"
#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kBadOffset = "-ERR bit offset is not an integer or out of range\r\n";
const std::string kBadBit = "-ERR bit is not an integer or out of range\r\n";
const std::string kBadFieldType =
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n";

std::string integers(std::initializer_list<std::int64_t> values) {
    std::string out = "*" + std::to_string(values.size()) + "\r\n";
    for (const std::int64_t value : values) out += ":" + std::to_string(value) + "\r\n";
    return out;
}

}  // namespace

// ---- One bit ----

TEST_CASE("setbit: returns what was there; the string grows by zeros") {
    CommandRunner keel;
    CHECK(keel("SETBIT k 7 1") == ":0\r\n");
    CHECK(keel.events() == Strings{"setbit k"});
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("GET k") == bulk("\x01"));
    CHECK(keel("SETBIT k 7 0") == ":1\r\n");
    CHECK(keel("SETBIT k 20 1") == ":0\r\n");
    CHECK(keel("GET k") == bulk(std::string("\0\0\x08", 3)));
    CHECK(keel("GETBIT k 20") == ":1\r\n");
    CHECK(keel("GETBIT k 21") == ":0\r\n");
    CHECK(keel("GETBIT k 4000000000") == ":0\r\n");
    CHECK(keel("GETBIT none 0") == ":0\r\n");
}

TEST_CASE("setbit: what changes nothing is no change, except that the string grows") {
    CommandRunner keel;
    keel("SET k a EX 100");
    keel("SETBIT k 1 1");
    CHECK(keel.dirty() == 0);
    CHECK(keel.events().empty());
    keel("SETBIT k 100 0");
    CHECK(keel.dirty() == 1);
    CHECK(keel("STRLEN k") == ":13\r\n");
    CHECK(keel.deadline("k") != kNoDeadline);
}

TEST_CASE("setbit, getbit: an integer is its digits") {
    CommandRunner keel;
    keel("SET k 12");
    CHECK(keel("GETBIT k 2") == ":1\r\n");
    CHECK(keel("SETBIT k 7 0") == ":1\r\n");
    CHECK(keel("GET k") == bulk("02"));
    CHECK(keel.encoding("k") == "raw");
}

TEST_CASE("setbit, getbit: what they refuse") {
    CommandRunner keel;
    for (const char* offset : {"-1", "x", "", "4294967296", "9223372036854775807", "9223372036854775808", "1.0"}) {
        CAPTURE(offset);
        CHECK(keel.run({"SETBIT", "k", offset, "1"}) == kBadOffset);
        CHECK(keel.run({"GETBIT", "k", offset}) == kBadOffset);
    }
    for (const char* bit : {"2", "-1", "x", "", "01"}) CHECK(keel.run({"SETBIT", "k", "0", bit}) == kBadBit);
    keel.settings.clients.max_bulk_bytes = 2;
    CHECK(keel("SETBIT k 16 1") == kBadOffset);
    CHECK(keel("SETBIT k 15 1") == ":0\r\n");
    keel.hold_other_type("other");
    CHECK(keel("SETBIT other 0 1") == kWrongTypeError);
    CHECK(keel("GETBIT other 0") == kWrongTypeError);
}

// ---- Counting and searching ----

TEST_CASE("bitcount: the whole, bytes, bits; negative indices count from the end") {
    CommandRunner keel;
    keel("SET k foobar");
    CHECK(keel("BITCOUNT k") == ":26\r\n");
    CHECK(keel("BITCOUNT k 0 0") == ":4\r\n");
    CHECK(keel("BITCOUNT k 1 1 byte") == ":6\r\n");
    CHECK(keel("BITCOUNT k 5 30 BIT") == ":17\r\n");
    CHECK(keel("BITCOUNT k -2 -1") == ":7\r\n");
    CHECK(keel("BITCOUNT k 3 1") == ":0\r\n");
    CHECK(keel("BITCOUNT k -1 -3") == ":0\r\n");
    CHECK(keel("BITCOUNT k -9223372036854775808 9223372036854775807") == ":26\r\n");
    CHECK(keel("BITCOUNT none 0 -1") == ":0\r\n");
}

TEST_CASE("bitcount: what it refuses") {
    CommandRunner keel;
    keel("SET k foobar");
    CHECK(keel("BITCOUNT k 0") == kSyntaxError);
    CHECK(keel("BITCOUNT k 0 1 BITS") == kSyntaxError);
    CHECK(keel("BITCOUNT k 0 1 BIT x") == kSyntaxError);
    CHECK(keel("BITCOUNT k x 1") == kNotAnInteger);
    CHECK(keel("BITCOUNT k 0 9223372036854775808") == kNotAnInteger);
    CHECK(keel("BITCOUNT k 0 x BITS") == kNotAnInteger);
    keel.hold_other_type("other");
    CHECK(keel("BITCOUNT other") == kWrongTypeError);
}

TEST_CASE("bitpos: a text without an end given goes on with zeros") {
    CommandRunner keel;
    keel.run({"SET", "k", std::string("\xff\xf0\x00", 3)});
    CHECK(keel("BITPOS k 0") == ":12\r\n");
    CHECK(keel("BITPOS k 1 2") == ":-1\r\n");
    keel.run({"SET", "k", "\xff\xff\xff"});
    CHECK(keel("BITPOS k 0") == ":24\r\n");
    CHECK(keel("BITPOS k 0 1") == ":24\r\n");
    CHECK(keel("BITPOS k 0 0 -1") == ":-1\r\n");
    CHECK(keel("BITPOS none 0") == ":0\r\n");
    CHECK(keel("BITPOS none 1") == ":-1\r\n");
    CHECK(keel("BITPOS none 0 5 9") == ":0\r\n");
    keel.run({"SET", "k", std::string("\x00\x0f\xff", 3)});
    CHECK(keel("BITPOS k 1 9 20 BIT") == ":12\r\n");
    CHECK(keel("BITPOS k 1 0 1 BYTE") == ":12\r\n");
    CHECK(keel("BITPOS k 1 -2 -1 BIT") == ":22\r\n");
    CHECK(keel("BITPOS k 0 -27 -28") == ":0\r\n");  // both are the first byte; BITCOUNT counts nothing here
    CHECK(keel("BITCOUNT k -27 -28") == ":0\r\n");
}

TEST_CASE("bitpos: what it refuses") {
    CommandRunner keel;
    CHECK(keel("BITPOS k 2") == "-ERR The bit argument must be 1 or 0.\r\n");
    CHECK(keel("BITPOS k x") == kNotAnInteger);
    keel("SET k a");
    CHECK(keel("BITPOS k 1 x") == kNotAnInteger);
    CHECK(keel("BITPOS k 1 0 1 NIBBLE") == kSyntaxError);
    CHECK(keel("BITPOS k 1 x 1 NIBBLE") == kNotAnInteger);
    CHECK(keel("BITPOS k 1 0 x NIBBLE") == kSyntaxError);
    CHECK(keel("BITPOS k 1 0 x BIT") == kNotAnInteger);
    CHECK(keel("BITPOS k 1 0 1 BIT x") == kSyntaxError);
    keel.hold_other_type("other");
    CHECK(keel("BITPOS other 1") == kWrongTypeError);
}

// ---- BITOP ----

TEST_CASE("bitop: combines strings of any length; shorter ones end in zeros") {
    CommandRunner keel;
    keel("MSET a foobar b abcdef c x");
    CHECK(keel("BITOP AND d a b") == ":6\r\n");
    CHECK(keel("GET d") == bulk("`bc`ab"));
    CHECK(keel.encoding("d") == "raw");
    CHECK(keel("BITOP OR d a b") == ":6\r\n");
    CHECK(keel("GET d") == bulk("goofev"));
    CHECK(keel("BITOP xor d a a") == ":6\r\n");
    CHECK(keel("GET d") == bulk(std::string(6, '\0')));
    CHECK(keel("BITOP NOT d c") == ":1\r\n");
    CHECK(keel("GET d") == bulk("\x87"));
    CHECK(keel("BITOP AND d a c none") == ":6\r\n");
    CHECK(keel("GET d") == bulk(std::string(6, '\0')));
}

TEST_CASE("bitop: events, the deadline, and the destination among the sources") {
    CommandRunner keel;
    keel("SET a \"\\xf0\" EX 100");
    keel("BITOP NOT a a");
    CHECK(keel("GET a") == bulk("\x0f"));
    CHECK(keel.deadline("a") == kNoDeadline);
    keel("BITOP OR d a none");
    CHECK(keel.events() == Strings{"set d"});
    CHECK(keel.dirty() == 1);
    CHECK(keel("BITOP OR d none none2") == ":0\r\n");
    CHECK(keel.events() == Strings{"del d"});
    CHECK(keel("EXISTS d") == ":0\r\n");
    keel("BITOP OR d none");
    CHECK(keel.dirty() == 0);
    keel.hold_other_type("e");
    CHECK(keel("BITOP OR e a") == ":1\r\n");
    CHECK(keel("GET e") == bulk("\x0f"));
}

TEST_CASE("bitop: long strings") {
    CommandRunner keel;
    const std::string ones(40'000, '\xff');
    keel.run({"SET", "a", ones});
    keel.run({"SET", "b", std::string(35'000, '\x0f')});
    CHECK(keel("BITOP XOR d a b") == ":40000\r\n");
    CHECK(keel("GET d") == bulk(std::string(35'000, '\xf0') + std::string(5'000, '\xff')));
    CHECK(keel("BITCOUNT d") == ":180000\r\n");
    CHECK(keel("BITPOS d 0") == ":4\r\n");
    CHECK(keel("BITOP AND d d d") == ":40000\r\n");
}

TEST_CASE("bitop: what it refuses") {
    CommandRunner keel;
    keel("SET a 1");
    CHECK(keel("BITOP NAND d a") == kSyntaxError);
    CHECK(keel("BITOP NOT d a a") == "-ERR BITOP NOT must be called with a single source key.\r\n");
    CHECK(keel("BITOP DIFF d a") == "-ERR BITOP DIFF must be called with at least two source keys.\r\n");
    CHECK(keel("BITOP diff1 d a") == "-ERR BITOP DIFF1 must be called with at least two source keys.\r\n");
    CHECK(keel("BITOP ANDOR d a") == "-ERR BITOP ANDOR must be called with at least two source keys.\r\n");
    keel.hold_other_type("other");
    CHECK(keel("BITOP OR d a other") == kWrongTypeError);
    CHECK(keel("EXISTS d") == ":0\r\n");
}

// ---- BITFIELD ----

TEST_CASE("bitfield: reads, sets and adds in order") {
    CommandRunner keel;
    CHECK(keel("BITFIELD k SET u8 0 255 GET u4 0 INCRBY i5 100 1 GET i8 #0") == integers({0, 15, 1, -1}));
    CHECK(keel.events() == Strings{"setbit k"});
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("STRLEN k") == ":14\r\n");
    CHECK(keel("BITFIELD k GET u8 #1 GET i64 1000") == integers({0, 0}));
    CHECK(keel.dirty() == 0);
    CHECK(keel("BITFIELD k") == "*0\r\n");
    CHECK(keel("BITFIELD none GET u8 0") == integers({0}));
    CHECK(keel("EXISTS none") == ":0\r\n");
}

TEST_CASE("bitfield: overflow wraps, saturates or fails, from the word on") {
    CommandRunner keel;
    CHECK(keel("BITFIELD k SET u2 0 3 INCRBY u2 0 1") == integers({0, 0}));
    CHECK(keel("BITFIELD k OVERFLOW SAT INCRBY u2 0 100 INCRBY u2 0 -100") == integers({3, 0}));
    CHECK(keel("BITFIELD k OVERFLOW FAIL INCRBY u2 0 4") == "*1\r\n$-1\r\n");
    CHECK(keel("BITFIELD k SET i8 0 127 INCRBY i8 0 1") == integers({0, -128}));
    CHECK(keel("BITFIELD k OVERFLOW SAT INCRBY i8 0 -1") == integers({-128}));
    CHECK(keel("BITFIELD k OVERFLOW SAT SET i8 0 1000 GET i8 0") == integers({-128, 127}));
    CHECK(keel("BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0") == integers({127, -128}));
    CHECK(keel("BITFIELD k SET i8 0 127") == integers({-128}));
    CHECK(keel("BITFIELD k OVERFLOW FAIL SET i8 0 1 OVERFLOW WRAP SET i8 0 257 GET i8 0") == integers({127, 1, 1}));
}

TEST_CASE("bitfield: what fails makes the string longer all the same, unheard but for log and replicas") {
    CommandRunner keel;
    keel("SET k a");
    CHECK(keel("BITFIELD k OVERFLOW FAIL SET u8 16 256") == "*1\r\n$-1\r\n");
    CHECK(keel("STRLEN k") == ":3\r\n");
    CHECK(keel("BITFIELD k OVERFLOW FAIL SET u8 32 256") == "*1\r\n$-1\r\n");
    CHECK(keel.events().empty());
    CHECK(keel.dirty() == 1);
    keel("BITFIELD k OVERFLOW FAIL SET u8 16 256");
    CHECK(keel.dirty() == 0);
}

TEST_CASE("bitop: what older servers cannot do is told as what came of it") {
    CommandRunner keel;
    keel("SET a abc");
    keel("SET b abd");
    keel("BITOP XOR d a b");
    CHECK(keel.replicated() == Strings{"BITOP XOR d a b"});
    keel("BITOP ONE d a a");
    CHECK(keel.replicated() == Strings{"SET d " + std::string(3, '\0')});
    keel("BITOP ANDOR d a b");
    CHECK(keel.replicated() == Strings{"SET d ab`"});
    keel("BITOP DIFF d none none");
    CHECK(keel.replicated() == Strings{"DEL d"});
    keel("BITOP DIFF d none none");
    CHECK(keel.replicated().empty());
}

TEST_CASE("bitfield: counts the numbers that changed, or all that were written if the string grew") {
    CommandRunner keel;
    keel("BITFIELD k SET u8 0 0 SET u8 8 0 OVERFLOW FAIL SET u8 0 256");
    CHECK(keel.dirty() == 2);
    CHECK(keel.events() == Strings{"setbit k"});
    keel("BITFIELD k SET u8 0 0 SET u8 8 1");
    CHECK(keel.dirty() == 1);
    keel("BITFIELD k SET u8 0 0 SET u8 8 1");
    CHECK(keel.dirty() == 0);
    CHECK(keel.events().empty());
}

TEST_CASE("bitfield: the widest numbers") {
    CommandRunner keel;
    CHECK(keel("BITFIELD k SET i64 3 9223372036854775807 INCRBY i64 3 1") == integers({0, INT64_MIN}));
    CHECK(keel("BITFIELD k OVERFLOW SAT INCRBY i64 3 -9223372036854775808") == integers({INT64_MIN}));
    CHECK(keel("BITFIELD k SET u63 7 9223372036854775807 INCRBY u63 7 1") == integers({0, 0}));
    CHECK(keel("BITFIELD k OVERFLOW SAT INCRBY u63 7 -9223372036854775808 GET u63 7") == integers({0, 0}));
    CHECK(keel("BITFIELD k SET i1 0 1 GET i1 0") == integers({0, -1}));
}

TEST_CASE("bitfield: what it refuses, before it changes anything") {
    CommandRunner keel;
    for (const char* type : {"u64", "i65", "u0", "i0", "i-1", "x8", "8", "u"})
        CHECK(keel.run({"BITFIELD", "k", "SET", "u8", "0", "1", "GET", type, "0"}) == kBadFieldType);
    for (const char* place : {"-1", "#-1", "#", "#x", "#9223372036854775807", "4294967296", "x"})
        CHECK(keel.run({"BITFIELD", "k", "SET", "u8", "0", "1", "GET", "u8", place}) == kBadOffset);
    CHECK(keel("BITFIELD k SET u8 0") == kSyntaxError);
    CHECK(keel("BITFIELD k GET u8") == kSyntaxError);
    CHECK(keel("BITFIELD k OVERFLOW") == kSyntaxError);
    CHECK(keel("BITFIELD k SET u8 0 1 OVERFLOW NONE") == "-ERR Invalid OVERFLOW type specified\r\n");
    CHECK(keel("BITFIELD k SET u8 0 x") == kNotAnInteger);
    CHECK(keel("EXISTS k") == ":0\r\n");
    CHECK(keel("BITFIELD_RO k SET u8 0 1") == "-ERR BITFIELD_RO only supports the GET subcommand\r\n");
    keel.hold_other_type("other");
    CHECK(keel("BITFIELD other GET u8 0") == kWrongTypeError);
    CHECK(keel("BITFIELD other SET u8 0 1") == kWrongTypeError);
    CHECK(keel("BITFIELD_RO other GET u8 0") == kWrongTypeError);
}

TEST_CASE("bitfield_ro: reads") {
    CommandRunner keel{3};
    keel.run({"SET", "k", "\xff\x01"});
    CHECK(keel("BITFIELD_RO k GET u8 #1 GET i3 0 get u16 0") == integers({1, -1, 0xFF01}));
    CHECK(keel("BITFIELD k OVERFLOW FAIL INCRBY u1 0 1") == "*1\r\n_\r\n");
}

TEST_CASE("bitmap commands: a random walk beside a std::map of bits") {
    CommandRunner keel;
    std::map<std::uint64_t, bool> model;
    Random random{15};
    for (int step = 0; step < 4000; ++step) {
        const std::uint64_t offset = random.next() % (step < 2000 ? 400 : 30'000);
        const bool bit = random.next() % 2 == 0;
        const std::string at = std::to_string(offset);
        CAPTURE(step, offset);
        REQUIRE(keel("SETBIT k " + at + (bit ? " 1" : " 0")) == (model[offset] ? ":1\r\n" : ":0\r\n"));
        model[offset] = bit;
        if (step % 100 != 0) continue;
        std::uint64_t ones = 0;
        for (const auto& [place, set] : model) ones += set ? 1 : 0;
        REQUIRE(keel("BITCOUNT k") == ":" + std::to_string(ones) + "\r\n");
        const auto first = std::find_if(model.begin(), model.end(), [](const auto& entry) { return entry.second; });
        if (first != model.end()) REQUIRE(keel("BITPOS k 1") == ":" + std::to_string(first->first) + "\r\n");
    }
}
