// SPDX-License-Identifier: BSD-3-Clause
//
// Parts of strings, read and written.
#include <catch2/catch.hpp>
#include <map>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kTooLongError = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
const std::string kOffsetError = "-ERR offset is out of range\r\n";

std::string integer(std::size_t value) { return ":" + std::to_string(value) + "\r\n"; }

const Block& block_of(CommandRunner& keel, Bytes key) {
    const Entry* entry = keel.keyspace.db(0).peek(Key{key});
    REQUIRE(static_cast<StringForm>(entry->form()) == StringForm::heap);
    return *static_cast<const Block*>(entry->payload());
}

}  // namespace

TEST_CASE("getrange: both ends are included, negative ones count from the end, what lies outside is left out") {
    CommandRunner keel;
    keel.run({"SET", "k", "This is a string"});
    CHECK(keel("GETRANGE k 0 3") == bulk("This"));
    CHECK(keel("GETRANGE k -3 -1") == bulk("ing"));
    CHECK(keel("GETRANGE k 0 -1") == bulk("This is a string"));
    CHECK(keel("GETRANGE k 10 100") == bulk("string"));
    CHECK(keel("GETRANGE k 16 100") == bulk(""));
    CHECK(keel("GETRANGE k 5 3") == bulk(""));
    CHECK(keel("GETRANGE k -1 -3") == bulk(""));
    CHECK(keel("GETRANGE k -100 2") == bulk("Thi"));
    CHECK(keel("GETRANGE k -100 -200") == bulk(""));
    CHECK(keel("GETRANGE k -200 -100") == bulk("T"));  // both ends are brought to the first byte
    CHECK(keel("GETRANGE k 0 -100") == bulk("T"));
    CHECK(keel("GETRANGE k -9223372036854775808 9223372036854775807") == bulk("This is a string"));
    CHECK(keel("GETRANGE k 9223372036854775807 -9223372036854775808") == bulk(""));
    CHECK(keel("SUBSTR k 5 6") == bulk("is"));
}

TEST_CASE("getrange: of integers, of long strings, of nothing") {
    CommandRunner keel;
    keel("SET k -12345");
    CHECK(keel("GETRANGE k 0 2") == bulk("-12"));
    keel.run({"SET", "k", std::string(50'000, 'a') + "z"});
    CHECK(keel("GETRANGE k -2 -1") == bulk("az"));
    CHECK(keel("GETRANGE none 0 -1") == bulk(""));
    keel.run({"SET", "k", ""});
    CHECK(keel("GETRANGE k 0 -1") == bulk(""));
    CHECK(keel("GETRANGE k 0 0") == bulk(""));
}

TEST_CASE("getrange, strlen, setrange, append: what they refuse") {
    CommandRunner keel;
    keel.hold_other_type("k");
    for (const char* line :
         {"GETRANGE k 0 1", "SUBSTR k 0 1", "STRLEN k", "SETRANGE k 0 x", "SETRANGE k 0 \"\"", "APPEND k x"}) {
        CAPTURE(line);
        CHECK(keel(line) == kWrongTypeError);
    }
    CHECK(keel("GETRANGE k a 1") == kNotAnInteger);
    CHECK(keel("GETRANGE k 0 1.5") == kNotAnInteger);
    CHECK(keel("SETRANGE k a x") == kNotAnInteger);
    CHECK(keel("SETRANGE k -1 x") == kOffsetError);
    CHECK(keel("SETRANGE k -1 \"\"") == kOffsetError);
}

TEST_CASE("strlen: of every form") {
    CommandRunner keel;
    CHECK(keel("STRLEN k") == ":0\r\n");
    for (const char* text : {"", "0", "-9223372036854775808", "abc"}) {
        keel.run({"SET", "k", text});
        CHECK(keel("STRLEN k") == integer(Bytes{text}.size()));
    }
    for (const std::size_t size : {254, 255, 1024, 1025, 50'000}) {
        keel.run({"SET", "k", std::string(size, 'x')});
        CHECK(keel("STRLEN k") == integer(size));
    }
}

TEST_CASE("append: to nothing it sets, to something it adds") {
    CommandRunner keel;
    CHECK(keel("APPEND k 12") == ":2\r\n");
    CHECK(keel.events() == Strings{"append k"});
    CHECK(keel.encoding("k") == "int");  // set as a whole
    CHECK(keel("APPEND k 3") == ":3\r\n");
    CHECK(keel.events() == Strings{"append k"});
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("GET k") == bulk("123"));
    CHECK(keel(R"(APPEND k "")") == ":3\r\n");
    CHECK(keel.dirty() == 1);
    CHECK(keel.replicated() == Strings{"APPEND k "});
    CHECK(keel(R"(APPEND none "")") == ":0\r\n");
    CHECK(keel("GET none") == bulk(""));
}

TEST_CASE("append: the time to live stays, through every form") {
    CommandRunner keel;
    keel("SET k 1 EX 100");
    const UnixMs at = keel.deadline("k");
    std::string expected = "1";
    while (expected.size() < 5000) {
        const std::string piece(expected.size() % 37 + 1, static_cast<char>('a' + expected.size() % 26));
        expected += piece;
        REQUIRE(keel.run({"APPEND", "k", piece}) == integer(expected.size()));
        REQUIRE(keel.deadline("k") == at);
    }
    CHECK(keel("GET k") == bulk(expected));
    CHECK(keel.keyspace.db(0).deadline_count() == 1);
}

TEST_CASE("append: a long string grows ahead of its use, by no more than 1 MiB") {
    CommandRunner keel;
    keel.run({"SET", "k", std::string(2000, 'a')});
    CHECK(block_of(keel, "k").capacity == 2000);
    keel("APPEND k bc");
    CHECK(block_of(keel, "k").capacity == 4004);
    keel.run({"APPEND", "k", std::string(2002, 'd')});
    CHECK(block_of(keel, "k").capacity == 4004);
    CHECK(block_of(keel, "k").size == 4004);
    keel.run({"APPEND", "k", std::string(2 << 20, 'e')});
    CHECK(block_of(keel, "k").capacity == 4004 + (2 << 20) + (1 << 20));
    CHECK(keel("GETRANGE k 1998 2003") == bulk("aabcdd"));
    CHECK(keel("GETRANGE k 4002 4005") == bulk("ddee"));
}

TEST_CASE("setrange: writes over, beyond, and fills the gap with zeros") {
    CommandRunner keel;
    keel.run({"SET", "k", "Hello World"});
    CHECK(keel("SETRANGE k 6 Redis") == ":11\r\n");
    CHECK(keel.events() == Strings{"setrange k"});
    CHECK(keel("GET k") == bulk("Hello Redis"));
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("SETRANGE k 13 !") == ":14\r\n");
    CHECK(keel("GET k") == bulk(std::string("Hello Redis\0\0!", 14)));
    CHECK(keel("SETRANGE new 3 x") == ":4\r\n");
    CHECK(keel("GET new") == bulk(std::string("\0\0\0x", 4)));
    CHECK(keel.encoding("new") == "raw");
    keel("SET n 12345");
    CHECK(keel("SETRANGE n 1 0") == ":5\r\n");
    CHECK(keel("GET n") == bulk("10345"));
}

TEST_CASE("setrange: nothing to write changes nothing, however far away") {
    CommandRunner keel;
    CHECK(keel(R"(SETRANGE none 5 "")") == ":0\r\n");
    CHECK(keel.keyspace.keys() == 0);
    keel("SET k 12345");
    CHECK(keel(R"(SETRANGE k 9223372036854775807 "")") == ":5\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel.encoding("k") == "int");
}

TEST_CASE("setrange, append: no string becomes longer than proto-max-bulk-len") {
    CommandRunner keel;
    keel.settings.clients.max_bulk_bytes = 2000;
    keel("SET k a");
    CHECK(keel("SETRANGE k 1999 x") == ":2000\r\n");
    CHECK(keel("APPEND k x") == kTooLongError);
    CHECK(keel("SETRANGE k 2000 x") == kTooLongError);
    CHECK(keel("SETRANGE k 9223372036854775807 x") == kTooLongError);
    CHECK(keel("SETRANGE none 2000 x") == kTooLongError);
    CHECK(keel("SETRANGE none 9223372036854775807 x") == kTooLongError);
    CHECK(keel("STRLEN k") == ":2000\r\n");
    CHECK(keel.keyspace.keys() == 1);
}

TEST_CASE("strings: random edits agree with std::string") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    CAPTURE(seed);
    Random random{seed};
    CommandRunner keel;
    std::map<std::string, std::string> model;
    const auto below = [&random](std::uint64_t bound) { return static_cast<std::size_t>(random.next() % bound); };
    for (int round = 0; round < 4000; ++round) {
        const std::string key = "k" + std::to_string(below(5));
        const bool there = model.contains(key);
        const std::string piece(below(8) == 0 ? below(3000) : below(40), static_cast<char>('a' + below(26)));
        std::string& text = model[key];
        switch (below(5)) {
            case 0:
                text = below(3) == 0 ? std::to_string(random.next()) : piece;
                REQUIRE(keel.run({"SET", key, text}) == kOk);
                break;
            case 1:
            case 2:
                text += piece;
                REQUIRE(keel.run({"APPEND", key, piece}) == integer(text.size()));
                break;
            case 3: {
                const std::size_t offset = below(text.size() + 20);
                if (piece.empty()) {
                    if (!there) model.erase(key);
                    break;
                }
                if (text.size() < offset + piece.size()) text.resize(offset + piece.size(), '\0');
                text.replace(offset, piece.size(), piece);
                REQUIRE(keel.run({"SETRANGE", key, std::to_string(offset), piece}) == integer(text.size()));
                break;
            }
            default:
                if (there) {
                    REQUIRE(keel.run({"GETDEL", key}) == bulk(text));
                }
                model.erase(key);
        }
        const auto found = model.find(key);
        REQUIRE(keel.run({"GET", key}) == (found == model.end() ? kNull : bulk(found->second)));
    }
    CHECK(keel.keyspace.keys() == model.size());
}
