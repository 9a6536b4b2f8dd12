// SPDX-License-Identifier: BSD-3-Clause
//
// Hash commands that redis 7.0 has, as a client, a replica and a listener see them.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kWrongTypeReply = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

std::string array(const Strings& words) {
    std::string out = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) out += bulk(word);
    return out;
}

// HSET of fields m0, m1, ...
void fill(CommandRunner& keel, const std::string& key, int from, int until) {
    Strings words{"HSET", key};
    for (int i = from; i < until; ++i) {
        words.push_back("m" + std::to_string(i));
        words.push_back("v" + std::to_string(i));
    }
    keel.run(words);
}

}  // namespace

TEST_CASE("hset: tells how many fields are new") {
    CommandRunner keel;
    CHECK(keel("HSET h a 1 b 2 a 3") == ":2\r\n");
    CHECK(keel.events() == Strings{"hset h"});
    CHECK(keel.replicated() == Strings{"HSET h a 1 b 2 a 3"});
    CHECK(keel.dirty() == 3);
    CHECK(keel("HSET h a 4 c 5") == ":1\r\n");
    CHECK(keel("HGETALL h") == array({"a", "4", "b", "2", "c", "5"}));
    CHECK(keel("HMSET h a 6") == "+OK\r\n");
    CHECK(keel("HGET h a") == bulk("6"));
    CHECK(keel("HGET h z") == "$-1\r\n");
    CHECK(keel("HGET nosuch a") == "$-1\r\n");
}

TEST_CASE("hset: a word without its pair is refused") {
    CommandRunner keel;
    CHECK(keel("HSET h a 1 b") == "-ERR wrong number of arguments for 'hset' command\r\n");
    CHECK(keel("HMSET h a 1 b") == "-ERR wrong number of arguments for 'hmset' command\r\n");
    CHECK(keel("EXISTS h") == ":0\r\n");
}

TEST_CASE("hash: what is no hash is refused by every command") {
    CommandRunner keel;
    keel("SET s x");
    for (const char* line : {"HSET s a 1",
                             "HMSET s a 1",
                             "HSETNX s a 1",
                             "HGET s a",
                             "HMGET s a",
                             "HDEL s a",
                             "HEXISTS s a",
                             "HLEN s",
                             "HSTRLEN s a",
                             "HGETALL s",
                             "HKEYS s",
                             "HVALS s",
                             "HINCRBY s a 1",
                             "HINCRBYFLOAT s a 1",
                             "HRANDFIELD s",
                             "HRANDFIELD s 1",
                             "HSCAN s 0",
                             "HEXPIRE s 1 FIELDS 1 a",
                             "HTTL s FIELDS 1 a",
                             "HPERSIST s FIELDS 1 a",
                             "HGETDEL s FIELDS 1 a",
                             "HGETEX s FIELDS 1 a",
                             "HSETEX s FIELDS 1 a b"}) {
        CAPTURE(line);
        CHECK(keel(line) == kWrongTypeReply);
    }
}

TEST_CASE("hash: a table from one field over the limit on, or one byte") {
    CommandRunner keel;
    fill(keel, "h", 0, 512);
    CHECK(keel.encoding("h") == "listpack");
    keel("HSET h m0 again");
    CHECK(keel.encoding("h") == "listpack");
    keel("HSET h one more");
    CHECK(keel.encoding("h") == "hashtable");
    CHECK(keel("HLEN h") == ":513\r\n");
    CHECK(keel("HGET h m0") == bulk("again"));
    CHECK(keel("HGET h m511") == bulk("v511"));

    keel.run({"HSET", "w", "f", std::string(64, 'x')});
    CHECK(keel.encoding("w") == "listpack");
    keel.run({"HSET", "w", "f", std::string(65, 'x')});
    CHECK(keel.encoding("w") == "hashtable");
    keel.run({"HSET", "n", std::string(64, 'x'), "v"});
    CHECK(keel.encoding("n") == "listpack");
    keel.run({"HSETNX", "n", std::string(65, 'x'), "v"});
    CHECK(keel.encoding("n") == "hashtable");
}

TEST_CASE("hsetnx: only a field that is not there") {
    CommandRunner keel;
    CHECK(keel("HSETNX h a 1") == ":1\r\n");
    CHECK(keel.events() == Strings{"hset h"});
    CHECK(keel("HSETNX h a 2") == ":0\r\n");
    CHECK(keel.effects.empty());
    CHECK(keel("HGET h a") == bulk("1"));
}

TEST_CASE("hmget: a null for each field that is not there") {
    for (const int fields : {3, 1000}) {
        CommandRunner keel;
        fill(keel, "h", 0, fields);
        CHECK(keel("HMGET h m0 nosuch m2 m0") == "*4\r\n" + bulk("v0") + "$-1\r\n" + bulk("v2") + bulk("v0"));
        CHECK(keel("HMGET nosuch a b") == "*2\r\n$-1\r\n$-1\r\n");
    }
}

TEST_CASE("hdel: the last field takes the key with it") {
    for (const int fields : {3, 1000}) {
        CommandRunner keel;
        fill(keel, "h", 0, fields);
        CHECK(keel("HDEL h nosuch") == ":0\r\n");
        CHECK(keel.effects.empty());
        CHECK(keel("HDEL h m0 m0 nosuch m1") == ":2\r\n");
        CHECK(keel.events() == Strings{"hdel h"});
        CHECK(keel.dirty() == 2);
        CHECK(keel("HLEN h") == ":" + std::to_string(fields - 2) + "\r\n");
        Strings words{"HDEL", "h"};
        for (int i = 0; i < fields; ++i) words.push_back("m" + std::to_string(i));
        CHECK(keel.run(words) == ":" + std::to_string(fields - 2) + "\r\n");
        CHECK(keel.events() == Strings{"hdel h", "del h"});
        CHECK(keel("EXISTS h") == ":0\r\n");
    }
}

TEST_CASE("hash: what is asked of a field") {
    CommandRunner keel;
    keel("HSET h a 12345 b text '' ''");
    CHECK(keel("HEXISTS h a") == ":1\r\n");
    CHECK(keel("HEXISTS h z") == ":0\r\n");
    CHECK(keel("HEXISTS nosuch a") == ":0\r\n");
    CHECK(keel("HSTRLEN h a") == ":5\r\n");
    CHECK(keel("HSTRLEN h b") == ":4\r\n");
    CHECK(keel("HSTRLEN h ''") == ":0\r\n");
    CHECK(keel("HSTRLEN h z") == ":0\r\n");
    CHECK(keel("HLEN nosuch") == ":0\r\n");
}

TEST_CASE("hgetall: a map in RESP3") {
    CommandRunner keel{3};
    keel("HSET h a 1 b 2");
    CHECK(keel("HGETALL h") == "%2\r\n" + bulk("a") + bulk("1") + bulk("b") + bulk("2"));
    CHECK(keel("HKEYS h") == array({"a", "b"}));
    CHECK(keel("HVALS h") == array({"1", "2"}));
    CHECK(keel("HGETALL nosuch") == "%0\r\n");
    CHECK(keel("HKEYS nosuch") == "*0\r\n");
    CHECK(keel("HGET h z") == "_\r\n");
}

TEST_CASE("hincrby: from nothing, over the width, to the ends") {
    for (const char* limit : {"512", "0"}) {
        CommandRunner keel;
        keel.settings.encodings.hash_max_listpack_entries = std::stoull(limit);
        CHECK(keel("HINCRBY h n 5") == ":5\r\n");
        CHECK(keel.events() == Strings{"hincrby h"});
        CHECK(keel.replicated() == Strings{"HINCRBY h n 5"});
        CHECK(keel("HINCRBY h n -15") == ":-10\r\n");
        keel("HSET h n 9223372036854775806");
        CHECK(keel("HINCRBY h n 1") == ":9223372036854775807\r\n");
        CHECK(keel("HINCRBY h n 1") == "-ERR increment or decrement would overflow\r\n");
        CHECK(keel("HGET h n") == bulk("9223372036854775807"));
        CHECK(keel("HSET h n -9223372036854775808") == ":0\r\n");
        CHECK(keel("HINCRBY h n -1") == "-ERR increment or decrement would overflow\r\n");
        for (const char* text : {"' 1'", "1.5", "abc", "''", "01"}) {
            keel(std::string{"HSET h t "} + text);
            CHECK(keel("HINCRBY h t 1") == "-ERR hash value is not an integer\r\n");
        }
        CHECK(keel("HINCRBY h n x") == "-ERR value is not an integer or out of range\r\n");
        CHECK(keel("HINCRBY nosuch n x") == "-ERR value is not an integer or out of range\r\n");
        CHECK(keel("EXISTS nosuch") == ":0\r\n");
    }
}

TEST_CASE("hincrbyfloat: replicas get the result") {
    CommandRunner keel;
    CHECK(keel("HINCRBYFLOAT h n 10.5") == bulk("10.5"));
    CHECK(keel.events() == Strings{"hincrbyfloat h"});
    CHECK(keel.replicated() == Strings{"HSET h n 10.5"});
    CHECK(keel("HINCRBYFLOAT h n -0.5") == bulk("10"));
    CHECK(keel("HINCRBYFLOAT h n abc") == "-ERR value is not a valid float\r\n");
    CHECK(keel("HINCRBYFLOAT h n inf") == "-ERR value is NaN or Infinity\r\n");
    keel("HSET h t abc");
    CHECK(keel("HINCRBYFLOAT h t 1") == "-ERR hash value is not a float\r\n");
    keel("HSET h t 1.1e4932");
    CHECK(keel("HINCRBYFLOAT h t 1.1e4932") == "-ERR increment would produce NaN or Infinity\r\n");
}

TEST_CASE("hscan: a packed hash at once, a table page by page") {
    CommandRunner keel;
    keel("HSET h a 1 b 2 ab 3");
    CHECK(keel("HSCAN h 0") == "*2\r\n" + bulk("0") + array({"a", "1", "b", "2", "ab", "3"}));
    CHECK(keel("HSCAN h 0 MATCH a* COUNT 1") == "*2\r\n" + bulk("0") + array({"a", "1", "ab", "3"}));
    CHECK(keel("HSCAN h 0 NOVALUES") == "*2\r\n" + bulk("0") + array({"a", "b", "ab"}));
    CHECK(keel("HSCAN h x") == "-ERR invalid cursor\r\n");
    CHECK(keel("HSCAN h 0 COUNT 0") == "-ERR syntax error\r\n");
    CHECK(keel("HSCAN nosuch 0 COUNT 0") == "*2\r\n" + bulk("0") + "*0\r\n");
    fill(keel, "big", 0, 1000);
    const std::string page = keel("HSCAN big 0 COUNT 10");
    CHECK(page.size() < 1000);
    CHECK(page.substr(0, 8) != "*2\r\n$1\r\n");  // not at its end
}

TEST_CASE("hrandfield: shapes") {
    for (const int protocol : {2, 3}) {
        CommandRunner keel{protocol};
        CHECK(keel("HRANDFIELD nosuch") == (protocol == 2 ? "$-1\r\n" : "_\r\n"));
        CHECK(keel("HRANDFIELD nosuch 3") == "*0\r\n");
        keel("HSET h a 1");
        CHECK(keel("HRANDFIELD h") == bulk("a"));
        CHECK(keel("HRANDFIELD h 0") == "*0\r\n");
        CHECK(keel("HRANDFIELD h 5") == array({"a"}));
        CHECK(keel("HRANDFIELD h -3") == array({"a", "a", "a"}));
        const std::string pair = bulk("a") + bulk("1");
        CHECK(keel("HRANDFIELD h 5 WITHVALUES") == (protocol == 2 ? "*2\r\n" + pair : "*1\r\n*2\r\n" + pair));
        CHECK(keel("HRANDFIELD h -2 WITHVALUES") ==
              (protocol == 2 ? "*4\r\n" + pair + pair : "*2\r\n*2\r\n" + pair + "*2\r\n" + pair));
        CHECK(keel("HRANDFIELD h x") == "-ERR value is not an integer or out of range\r\n");
        CHECK(keel("HRANDFIELD h 1 WITHVALUE") == "-ERR syntax error\r\n");
        CHECK(keel("HRANDFIELD h -9223372036854775807 WITHVALUES") == "-ERR value is out of range\r\n");
    }
}

TEST_CASE("hrandfield: a positive count draws each field once, and every field has its chance") {
    for (const int fields : {20, 1000}) {
        CommandRunner keel;
        fill(keel, "h", 0, fields);
        std::map<std::string, int> drawn;
        for (int round = 0; round < 400; ++round) {
            const std::string reply = keel("HRANDFIELD h 10");
            std::set<std::string> here;
            for (std::size_t at = reply.find('m'); at != std::string::npos; at = reply.find('m', at + 1))
                here.insert(reply.substr(at, reply.find('\r', at) - at));
            REQUIRE(here.size() == 10);
            for (const std::string& name : here) ++drawn[name];
        }
        CHECK(drawn.size() > static_cast<std::size_t>(fields) * 9 / 10);
    }
}

TEST_CASE("hash: copies, renames and moves whole") {
    for (const int fields : {3, 1000}) {
        CommandRunner keel;
        fill(keel, "h", 0, fields);
        CHECK(keel("COPY h c") == ":1\r\n");
        keel("HSET h m0 changed");
        CHECK(keel("HGET c m0") == bulk("v0"));
        CHECK(keel("RENAME c d") == "+OK\r\n");
        CHECK(keel("MOVE d 1") == ":1\r\n");
        keel.caller.db_index = 1;
        CHECK(keel("HLEN d") == ":" + std::to_string(fields) + "\r\n");
        CHECK(keel("HGET d m2") == bulk("v2"));
        CHECK(keel("TYPE d") == "+hash\r\n");
    }
}
