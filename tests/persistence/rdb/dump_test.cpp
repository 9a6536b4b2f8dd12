// SPDX-License-Identifier: BSD-3-Clause
//
// DUMP and RESTORE: every form of every type goes out and comes in as it was; damage is refused; options and errors.
#include "persistence/rdb/dump.h"

#include <catch2/catch.hpp>

#include "persistence/crc64.h"
#include "tests/support/dump_runner.h"
#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::test;

namespace {

constexpr const char* kOk = "+OK\r\n";

struct Made {
    const char* encoding;
    std::vector<Strings> commands;
};

Strings many(const char* command, const char* prefix, int count, bool pairs = false) {
    Strings words{command, "k"};
    for (int i = 0; i < count; ++i) {
        if (pairs) words.push_back(std::to_string(i * 7 % count));
        words.push_back(prefix + std::to_string(i));
    }
    return words;
}

// A value in each form there is.
std::vector<Made> values() {
    Strings hash{"HSET", "k"};
    for (int i = 0; i < 600; ++i) {
        hash.push_back("f" + std::to_string(i));
        hash.push_back(std::string(static_cast<std::size_t>(i % 50), 'v'));
    }
    std::vector<Made> out = {
        {"int", {{"SET", "k", "-12345678901"}}},
        {"embstr", {{"SET", "k", "text"}}},
        {"raw", {{"SET", "k", std::string(50'000, 'x')}}},
        {"raw", {{"SET", "k", "a"}, {"APPEND", "k", "bc"}}},
        {"listpack", {{"RPUSH", "k", "a", "1", "-70000", std::string(100, 'l')}}},
        {"quicklist", {many("RPUSH", "element number ", 2000)}},
        {"quicklist", {{"RPUSH", "k", "a", std::string(20'000, 'p'), "b"}}},
        {"intset", {{"SADD", "k", "3", "-1", "5000000000"}}},
        {"listpack", {{"SADD", "k", "a", "3", "b"}}},
        {"hashtable", {many("SADD", "member", 700)}},
        {"listpack", {{"ZADD", "k", "1.5", "a", "-inf", "b", "3", "c"}}},
        {"skiplist", {many("ZADD", "m", 300, true)}},
        {"listpack", {{"HSET", "k", "a", "1", "b", "two"}}},
        {"hashtable", {hash}},
        {"listpackex", {{"HSET", "k", "a", "1", "b", "2"}, {"HPEXPIREAT", "k", "1800000000000", "FIELDS", "1", "b"}}},
        {"hashtable", {hash, {"HPEXPIREAT", "k", "1800000000000", "FIELDS", "2", "f7", "f70"}}},
    };
    Made stream{"stream", {}};
    for (int i = 1; i <= 250; ++i)
        stream.commands.push_back(
            {"XADD", "k", std::to_string(i) + "-1", i % 3 == 0 ? "other" : "f", std::to_string(i)});
    stream.commands.push_back({"XDEL", "k", "17-1", "1-1"});
    stream.commands.push_back({"XGROUP", "CREATE", "k", "g", "5-1"});
    stream.commands.push_back({"XGROUP", "CREATECONSUMER", "k", "g", "idle"});
    stream.commands.push_back({"XREADGROUP", "GROUP", "g", "alice", "COUNT", "3", "STREAMS", "k", ">"});
    stream.commands.push_back({"XREADGROUP", "GROUP", "g", "bob", "COUNT", "2", "STREAMS", "k", ">"});
    out.push_back(stream);
    out.push_back({"stream",
                   {{"XADD", "k", "1-1", "f", "v"},
                    {"XADD", "k", "2-1", "g", "w"},
                    {"XADD", "k", "3-1", "f", "x"},
                    {"XDEL", "k", "2-1"},
                    {"XGROUP", "CREATE", "k", "g", "0"},
                    {"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "k", ">"}}});
    return out;
}

void make(DumpRunner& keel, const Made& made) {
    keel("DEL k");
    for (const Strings& command : made.commands) REQUIRE(keel.run(command)[0] != '-');
    REQUIRE(keel.encoding("k") == made.encoding);
}

// What commands show of the value, beyond its digest.
std::string shown(DumpRunner& keel) {
    if (keel("TYPE k") == "+stream\r\n") {
        return keel("XINFO STREAM k") + keel("XPENDING k g") + keel("XPENDING k g - + 100") + keel("XRANGE k - +");
    }
    if (keel("TYPE k") == "+hash\r\n") return keel("HPEXPIRETIME k FIELDS 3 b f7 f70");
    return {};
}

}  // namespace

TEST_CASE("dump: what was dumped is restored as it was, in its form") {
    DumpRunner keel;
    for (const Made& made : values()) {
        for (const auto dialect :
             {Snapshot::CompatibleWith::oldest, Snapshot::CompatibleWith::redis74, Snapshot::CompatibleWith::valkey9}) {
            INFO(made.encoding << ", dialect " << static_cast<int>(dialect));
            make(keel, made);
            keel.settings.snapshot.compatible_with = dialect;
            const std::string payload = keel.dump("k");
            const std::string digest = keel.digest("k");
            const std::string before = shown(keel);
            keel("DEL k");
            REQUIRE(keel.restore("k", payload) == kOk);
            CHECK(keel.digest("k") == digest);
            CHECK(shown(keel) == before);
            const bool raw = made.encoding == std::string{"raw"};  // edited text is text again
            if (!raw) CHECK(keel.encoding("k") == made.encoding);
            // A table shows its members in an order of its own.
            if (made.encoding != std::string{"hashtable"}) CHECK(keel.dump("k") == payload);
        }
    }
}

TEST_CASE("dump: fields with deadlines are refused by dialects that cannot hold them") {
    DumpRunner keel;
    keel("HSET k a 1");
    keel("HPEXPIREAT k 1800000000000 FIELDS 1 a");
    for (const auto dialect : {Snapshot::CompatibleWith::redis70, Snapshot::CompatibleWith::redis72}) {
        keel.settings.snapshot.compatible_with = dialect;
        CHECK(keel("DUMP k") == "-ERR fields with deadlines cannot be told to redis-7.0 and redis-7.2\r\n");
    }
    keel("HPERSIST k FIELDS 1 a");
    CHECK(keel("DUMP k")[0] == '$');
}

TEST_CASE("dump: every cut and every flipped bit of a payload is refused") {
    DumpRunner keel;
    keel("HSET k name value other 17");
    const std::string payload = keel.dump("k");
    const std::string wrong = "-ERR DUMP payload version or checksum are wrong\r\n";
    for (std::size_t size = 0; size < payload.size(); ++size) {
        CHECK(keel.run({"RESTORE", "new", "0", Bytes{payload}.substr(0, size)}) == wrong);
    }
    for (std::size_t at = 0; at < payload.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string changed = payload;
            changed[at] = static_cast<char>(changed[at] ^ (1U << bit));
            CHECK(keel.run({"RESTORE", "new", "0", changed}) == wrong);
        }
    }
}

// Behind a checksum that is right: refused, or a value that every command can deal with.
TEST_CASE("dump: every flipped bit behind a right checksum is refused or sound") {
    DumpRunner keel;
    for (const Made& made : values()) {
        make(keel, made);
        const std::string payload = keel.dump("k");
        if (payload.size() > 400) continue;
        for (std::size_t at = 0; at + 10 < payload.size(); ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                std::string changed = payload.substr(0, payload.size() - 8);
                changed[at] = static_cast<char>(changed[at] ^ (1U << bit));
                changed += little(crc64(changed), 8);
                const std::string reply = keel.restore("k", changed);
                if (reply != kOk) {
                    CHECK(reply == "-ERR Bad data format\r\n");
                    continue;
                }
                const std::string digest = keel.digest("k");
                const std::string again = keel.dump("k");
                REQUIRE(keel.restore("k", again) == kOk);
                CHECK(keel.digest("k") == digest);
            }
        }
    }
}

TEST_CASE("restore: options and errors, as Redis has them") {
    DumpRunner keel;
    keel("SET k v");
    const std::string payload = keel.dump("k");
    const auto restore = [&](std::initializer_list<Bytes> options, Bytes key = "n", Bytes ttl = "0") {
        Strings words{"RESTORE", std::string{key}, std::string{ttl}, payload};
        words.insert(words.end(), options.begin(), options.end());
        return keel.run(words);
    };
    CHECK(restore({}, "k") == "-BUSYKEY Target key name already exists.\r\n");
    CHECK(restore({"REPLACE"}, "k") == kOk);
    CHECK(keel.events() == Strings{"restore k"});
    CHECK(restore({}, "n", "-1") == "-ERR Invalid TTL value, must be >= 0\r\n");
    CHECK(restore({}, "n", "x") == "-ERR value is not an integer or out of range\r\n");
    CHECK(restore({"IDLETIME", "-1"}) == "-ERR Invalid IDLETIME value, must be >= 0\r\n");
    CHECK(restore({"FREQ", "256"}) == "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n");
    CHECK(restore({"FREQ", "1", "IDLETIME", "1"}) == "-ERR syntax error\r\n");
    CHECK(restore({"NONE"}) == "-ERR syntax error\r\n");
    CHECK(keel("EXISTS n") == ":0\r\n");

    CHECK(restore({}, "n", "5000") == kOk);
    CHECK(keel.deadline("n") == 1'700'000'005'000);
    CHECK(keel.replicated()[0].ends_with("ABSTTL"));
    CHECK(restore({"ABSTTL", "REPLACE"}, "n", "1700000009000") == kOk);
    CHECK(keel.deadline("n") == 1'700'000'009'000);
    // Due already: nothing is made, and what was there goes.
    CHECK(restore({"ABSTTL", "REPLACE"}, "n", "1000") == kOk);
    CHECK(keel("EXISTS n") == ":0\r\n");
    CHECK(restore({"ABSTTL"}, "n", "1000") == kOk);
    CHECK(keel("EXISTS n") == ":0\r\n");
    CHECK(restore({"IDLETIME", "1000"}) == kOk);
    CHECK(keel("OBJECT IDLETIME n") == ":1000\r\n");
    CHECK(keel("DUMP nothing") == "$-1\r\n");
}

// Made by redis-server 7.0: the bytes are the same.
TEST_CASE("dump: the bytes of Redis 7.0") {
    DumpRunner keel;
    keel("SET k hello");
    CHECK(keel.dump("k") == RdbBytes{}.string("hello").payload(0, 10));
    keel("DEL k");
    keel("RPUSH k a 1");
    CHECK(keel.dump("k").substr(0, 3) == Bytes{"\x12\x01\x02", 3});
    CHECK(keel.restore("k", Bytes{"\x00\xc0\n\n\x00n\x9fWE\x0e\xae"
                                  "c\xbb",
                                  13}) == kOk);
    CHECK(keel("GET k") == "$2\r\n10\r\n");
}
