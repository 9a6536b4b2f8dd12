// SPDX-License-Identifier: BSD-3-Clause
//
// Deadlines of fields: each fact for a packed hash and for a table.
#include <catch2/catch.hpp>

#include <algorithm>

#include <map>

#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

std::string codes(const std::vector<std::int64_t>& values) {
    std::string out = "*" + std::to_string(values.size()) + "\r\n";
    for (const std::int64_t value : values) out += ":" + std::to_string(value) + "\r\n";
    return out;
}

// A runner whose hashes are packed, and one whose hashes are tables.
struct Both {
    template <typename F>
    static void run(F&& facts) {
        for (const bool packed : {true, false}) {
            CAPTURE(packed);
            CommandRunner keel;
            keel.settings.encodings.hash_max_listpack_entries = packed ? 512 : 0;
            facts(keel);
        }
    }
};

const std::string kNulls2 = "*2\r\n$-1\r\n$-1\r\n";

std::size_t timed_keys(CommandRunner& keel) { return keel.keyspace.db(0).member_deadline_count(); }

}  // namespace

TEST_CASE("hexpire: a code for each field") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2 c 3");
        CHECK(keel("HEXPIRE nosuch 10 FIELDS 2 a b") == codes({-2, -2}));
        CHECK(keel("HEXPIRE h 10 FIELDS 2 a nosuch") == codes({1, -2}));
        CHECK(keel.events() == Strings{"hexpire h"});
        const std::string at = std::to_string(keel.clock.wall_ms() + 10'000);
        CHECK(keel.replicated() == Strings{"HPEXPIREAT h " + at + " FIELDS 1 a"});
        CHECK(keel("HTTL h FIELDS 3 a b nosuch") == codes({10, -1, -2}));
        CHECK(keel("HPTTL h FIELDS 1 a") == codes({10'000}));
        CHECK(keel("HPEXPIRETIME h FIELDS 1 a") == "*1\r\n:" + at + "\r\n");
        CHECK(keel("HEXPIRETIME h FIELDS 1 a") == codes({(keel.clock.wall_ms() + 10'999) / 1000}));
        CHECK(keel("HTTL nosuch FIELDS 1 a") == codes({-2}));
        CHECK(timed_keys(keel) == 1);
    });
}

TEST_CASE("hexpire: the encoding has a name of its own for small hashes") {
    CommandRunner keel;
    keel("HSET h a 1 b 2");
    CHECK(keel.encoding("h") == "listpack");
    keel("HEXPIRE h 10 FIELDS 1 nosuch");
    CHECK(keel.encoding("h") == "listpack");
    keel("HEXPIRE h 10 FIELDS 1 b");
    CHECK(keel.encoding("h") == "listpackex");
    keel("HPERSIST h FIELDS 1 b");
    CHECK(keel.encoding("h") == "listpackex");
    keel.run({"HSET", "h", "c", std::string(65, 'x')});
    CHECK(keel.encoding("h") == "hashtable");
}

TEST_CASE("hexpire: conditions; no deadline counts as the latest") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HEXPIRE h 100 FIELDS 1 a");
        CHECK(keel("HEXPIRE h 50 NX FIELDS 2 a b") == codes({0, 1}));
        keel("HPERSIST h FIELDS 1 b");
        CHECK(keel("HEXPIRE h 60 XX FIELDS 2 a b") == codes({1, 0}));
        CHECK(keel("HEXPIRE h 70 GT FIELDS 2 a b") == codes({1, 0}));
        CHECK(keel("HEXPIRE h 70 GT FIELDS 1 a") == codes({0}));
        CHECK(keel("HEXPIRE h 50 LT FIELDS 2 a b") == codes({1, 1}));
        CHECK(keel("HEXPIRE h 50 LT FIELDS 1 a") == codes({0}));
        CHECK(keel.effects.empty());
    });
}

TEST_CASE("hexpire: a moment that has come removes the field, and the hash with its last") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2 c 3");
        keel("HEXPIRE h 100 FIELDS 1 c");
        CHECK(keel("HPEXPIREAT h 1 NX FIELDS 4 a b nosuch c") == codes({2, 2, -2, 0}));
        CHECK(keel.events() == Strings{"hdel h"});
        CHECK(keel.replicated() == Strings{"HDEL h a b"});
        CHECK(keel("HEXPIRE h 0 FIELDS 1 c") == codes({2}));
        CHECK(keel.events() == Strings{"hdel h", "del h"});
        CHECK(keel("EXISTS h") == ":0\r\n");
        CHECK(timed_keys(keel) == 0);
    });
}

TEST_CASE("hexpire: what is refused") {
    CommandRunner keel;
    keel("HSET h f1 v");
    const std::map<std::string, std::string> refused = {
        {"HEXPIRE h x FIELDS 1 f1", "ERR value is not an integer or out of range"},
        {"HEXPIRE h -1 FIELDS 1 f1", "ERR invalid expire time, must be >= 0"},
        {"HEXPIRE h -9223372036854775808 FIELDS 1 f1", "ERR invalid expire time, must be >= 0"},
        {"HEXPIRE h 9223372036854775807 FIELDS 1 f1", "ERR invalid expire time in 'hexpire' command"},
        {"HPEXPIRE h 281474976710656 FIELDS 1 f1", "ERR invalid expire time in 'hpexpire' command"},
        {"HPEXPIREAT h 70368744177664 FIELDS 1 f1", "ERR invalid expire time in 'hpexpireat' command"},
        {"HEXPIREAT h 70368744178 FIELDS 1 f1", "ERR invalid expire time in 'hexpireat' command"},
        {"HEXPIRE h 10 FIELDZ 1 f1", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HEXPIRE h 10 NX XX FIELDS 1 f1", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HEXPIRE h 10 NX FIELDS 0 f1", "ERR Parameter `numFields` should be greater than 0"},
        {"HEXPIRE h 10 NX FIELDS 2 f1", "ERR The `numfields` parameter must match the number of arguments"},
        {"HEXPIRE h 10 FIELDS 1 f1 f2", "ERR The `numfields` parameter must match the number of arguments"},
        {"HTTL h FIELDS 0 f1", "ERR Number of fields must be a positive integer"},
        {"HTTL h FIELDS 2 f1", "ERR The `numfields` parameter must match the number of arguments"},
        {"HTTL h FIELDS 9223372036854775807 f1", "ERR The `numfields` parameter must match the number of arguments"},
        {"HPERSIST h FIELDS x f1", "ERR Number of fields must be a positive integer"},
        {"HGETDEL h XFIELDS 1 f1", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HGETDEL h FIELDS 0 f1", "ERR Number of fields must be a positive integer"},
        {"HGETDEL h FIELDS 2 f1", "ERR The `numfields` parameter must match the number of arguments"},
        {"HGETEX h XFIELDX 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HGETEX h PXAT 1 1", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HGETEX h PERSIST 1 FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
        {"HGETEX h FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"},
        {"HGETEX h EX bla FIELDS 1 a", "ERR value is not an integer or out of range"},
        {"HGETEX h PX -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0"},
        {"HGETEX h EX 281474976710656 FIELDS 1 a", "ERR invalid expire time in 'hgetex' command"},
        {"HSETEX h fields 2 a b c", "ERR wrong number of arguments for 'hsetex' command"},
        {"HSETEX h fields 1 a b unknown", "ERR wrong number of arguments for 'hsetex' command"},
        {"HSETEX h nx fields 1 a b", "ERR unknown argument: nx"},
        {"HSETEX h FNX FXX FIELDS 1 a b", "ERR Only one of FXX or FNX arguments can be specified"},
        {"HSETEX h EX 10 KEEPTTL FIELDS 1 a b",
         "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"},
        {"HSETEX h PX 10 PX 10 FIELDS 1 a b",
         "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"},
        {"HSETEX h ex fields 1 a b", "ERR value is not an integer or out of range"},
        {"HSETEX h EXAT 281474976710656 1 a b", "ERR invalid expire time in 'hsetex' command"},
        {"HSETEX h fields 0 a b", "ERR invalid number of fields"},
        {"HSETEX h fields x a b", "ERR invalid number of fields"},
        {"HSETEX h FNX KEEPTTL FNX EX", "ERR Only one of FXX or FNX arguments can be specified"},
        {"HSETEX h FNX FIELDS", "ERR wrong number of arguments for 'hsetex' command"},
        {"HSETEX h KEEPTTL FXX x EX", "ERR unknown argument: x"},
        {"HSETEX h FXX a b c", "ERR unknown argument: a"},
    };
    for (const auto& [line, error] : refused) {
        CAPTURE(line);
        CHECK(keel(line) == "-" + error + "\r\n");
    }
    CHECK(keel("HGETALL h") == "*2\r\n" + bulk("f1") + bulk("v"));
    CHECK(keel("HPEXPIREAT h 70368744177663 FIELDS 1 f1") == codes({1}));
}

TEST_CASE("field expiry: on time, the earliest first, each announced once") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2 c 3 d 4");
        keel("HPEXPIRE h 100 FIELDS 1 c");
        keel("HPEXPIRE h 50 FIELDS 1 a");
        keel("HPEXPIRE h 200 FIELDS 1 b");
        CHECK(keel.keyspace.earliest_deadline() == keel.clock.wall_ms() + 50);
        keel.advance_ms(49);
        CHECK(keel.expired_members().empty());
        keel.advance_ms(1);
        CHECK(keel.expired_members() == Strings{"h a"});
        CHECK(keel("HLEN h") == ":3\r\n");
        keel.advance_ms(150);
        CHECK(keel.expired_members() == Strings{"h c", "h b"});
        CHECK(keel("HGETALL h") == "*2\r\n" + bulk("d") + bulk("4"));
        CHECK(keel.keyspace.counters.expired_members == 3);
        CHECK(keel.keyspace.counters.expired == 0);
        CHECK_FALSE(keel.keyspace.earliest_deadline());
        CHECK(timed_keys(keel) == 0);
    });
}

TEST_CASE("field expiry: the last field takes the key along") {
    Both::run([](CommandRunner& keel) {
        keel("HSETEX h PX 10 FIELDS 2 a 1 b 2");
        keel.advance_ms(10);
        Strings gone = keel.expired_members();  // what is due at one moment goes in any order, the key last
        REQUIRE(gone.size() == 3);
        std::sort(gone.begin(), gone.end() - 1);
        CHECK(gone == Strings{"h a", "h b", "h"});
        CHECK(keel("EXISTS h") == ":0\r\n");
        CHECK(keel.expired().empty());
    });
}

namespace {

// Time goes on, and nothing is removed yet.
void lag(CommandRunner& keel, std::int64_t ms) {
    keel.clock.advance_ms(ms);
    keel.keyspace.set_now(keel.clock.wall_ms());
}

}  // namespace

TEST_CASE("due fields: who names one finds nothing, and it goes") {
    for (const char* line :
         {"HGET h a", "HMGET h a", "HEXISTS h a", "HSTRLEN h a", "HTTL h FIELDS 1 a", "HPERSIST h FIELDS 1 a",
          "HEXPIRE h 10 FIELDS 1 a", "HGETDEL h FIELDS 1 a", "HGETEX h FIELDS 1 a"}) {
        Both::run([line](CommandRunner& keel) {
            CAPTURE(line);
            keel("HSET h a 1 b 2 c 3");
            keel("HPEXPIRE h 10 FIELDS 2 a b");
            lag(keel, 10);
            CHECK(keel("HLEN h") == ":3\r\n");
            const std::string gone = keel(line);
            CHECK(gone == keel(std::string{line}.replace(std::string{line}.find(" h "), 3, " nosuch ")));
            CHECK(keel.expired_members() == Strings{"h a"});
            CHECK(keel("HLEN h") == ":2\r\n");
            CHECK(keel.keyspace.earliest_deadline() == keel.clock.wall_ms());
            keel.keyspace.remove_due(keel.keyspace.now(), keel.clock, 1'000'000);
            CHECK(keel("HLEN h") == ":1\r\n");
        });
    }
}

TEST_CASE("due fields: the last one that is met takes the key along") {
    Both::run([](CommandRunner& keel) {
        keel("HSETEX h PX 10 FIELDS 2 a 1 b 2");
        lag(keel, 10);
        CHECK(keel("EXISTS h") == ":1\r\n");
        CHECK(keel("HMGET h a b") == kNulls2);
        CHECK(keel.expired_members() == Strings{"h a", "h b"});
        CHECK(keel.events() == Strings{"del h"});
        CHECK(keel("EXISTS h") == ":0\r\n");
    });
}

TEST_CASE("due fields: writes find nothing there") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2 c 3 d 4 e 5");
        keel("HPEXPIRE h 10 FIELDS 4 a b c d");
        lag(keel, 10);
        CHECK(keel("HSET h a 9") == ":1\r\n");
        CHECK(keel("HSETNX h b 9") == ":1\r\n");
        CHECK(keel("HINCRBY h c 2") == ":2\r\n");
        CHECK(keel("HINCRBYFLOAT h d 2") == bulk("2"));
        CHECK(keel.expired_members() == Strings{"h a", "h b", "h c", "h d"});
        CHECK(keel("HTTL h FIELDS 4 a b c d") == codes({-1, -1, -1, -1}));
    });
}

TEST_CASE("due fields: walks do not show them") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HPEXPIRE h 10 FIELDS 1 a");
        lag(keel, 10);
        CHECK(keel("HGETALL h") == "*2\r\n" + bulk("b") + bulk("2"));
        CHECK(keel("HKEYS h") == "*1\r\n" + bulk("b"));
        CHECK(keel("HVALS h") == "*1\r\n" + bulk("2"));
        std::string cursor = "0";
        CHECK(keel("HSCAN h 0 COUNT 100") == "*2\r\n" + bulk("0") + "*2\r\n" + bulk("b") + bulk("2"));
        CHECK(keel("HLEN h") == ":2\r\n");
        CHECK(keel("HRANDFIELD h 5") == "*1\r\n" + bulk("b"));
        CHECK(keel.expired_members() == Strings{"h a"});
        CHECK(keel("HLEN h") == ":1\r\n");
    });
}

TEST_CASE("due fields: on a replica they stay, hidden; a write over one says nothing; replay sees them") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HPEXPIRE h 10 FIELDS 2 a b");
        lag(keel, 10);
        keel.keyspace.due_keys = DueKeys::hide;
        CHECK(keel("HGET h a") == "$-1\r\n");
        CHECK(keel("HEXPIRE h 10 FIELDS 1 a") == codes({-2}));
        CHECK(keel("HGETALL h") == "*0\r\n");
        CHECK(keel("HRANDFIELD h") == "$-1\r\n");
        CHECK(keel("HRANDFIELD h -3") == "*0\r\n");
        CHECK(keel("HLEN h") == ":2\r\n");
        keel.keyspace.due_keys = DueKeys::show;
        CHECK(keel("HGET h a") == bulk("1"));
        CHECK(keel("HINCRBY h a 1") == ":2\r\n");
        CHECK(keel("HSETNX h a 7") == ":0\r\n");
        CHECK(keel("HPEXPIREAT h 5 FIELDS 1 b") == codes({1}));
        CHECK(keel("HGET h b") == bulk("2"));
        keel.keyspace.due_keys = DueKeys::hide;
        CHECK(keel("HSET h a 8") == ":1\r\n");
        CHECK(keel("HGET h a") == bulk("8"));
        CHECK(keel.expired_members().empty());
    });
}

TEST_CASE("deadlines of fields: HSET takes them away, HINCRBY keeps them") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HEXPIRE h 100 FIELDS 2 a b");
        keel("HINCRBY h a 1");
        CHECK(keel("HTTL h FIELDS 1 a") == codes({100}));
        keel("HINCRBYFLOAT h a 1.5");
        CHECK(keel.replicated() == Strings{"HSETEX h KEEPTTL FIELDS 1 a 3.5"});
        CHECK(keel("HTTL h FIELDS 1 a") == codes({100}));
        CHECK(keel("HSET h a 5") == ":0\r\n");
        CHECK(keel("HTTL h FIELDS 2 a b") == codes({-1, 100}));
        keel("HDEL h b");
        CHECK(timed_keys(keel) == 0);
        CHECK_FALSE(keel.keyspace.earliest_deadline());
    });
}

TEST_CASE("hpersist: a code for each field") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HEXPIRE h 100 FIELDS 1 a");
        CHECK(keel("HPERSIST h FIELDS 3 a b nosuch") == codes({1, -1, -2}));
        CHECK(keel.events() == Strings{"hpersist h"});
        CHECK(keel.replicated() == Strings{"HPERSIST h FIELDS 3 a b nosuch"});
        CHECK(keel("HPERSIST h FIELDS 1 a") == codes({-1}));
        CHECK(keel.effects.empty());
        CHECK(keel("HPERSIST nosuch FIELDS 2 a b") == codes({-2, -2}));
    });
}

TEST_CASE("hgetdel: returns and removes") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        CHECK(keel("HGETDEL h FIELDS 2 a nosuch") == "*2\r\n" + bulk("1") + "$-1\r\n");
        CHECK(keel.events() == Strings{"hdel h"});
        CHECK(keel.replicated() == Strings{"HDEL h a"});
        CHECK(keel("HGETDEL h FIELDS 1 a") == "*1\r\n$-1\r\n");
        CHECK(keel.effects.empty());
        CHECK(keel("HGETDEL h FIELDS 2 b b") == "*2\r\n" + bulk("2") + "$-1\r\n");
        CHECK(keel.events() == Strings{"hdel h", "del h"});
        CHECK(keel("HGETDEL h FIELDS 2 a b") == kNulls2);
    });
}

TEST_CASE("hgetex: returns, and changes deadlines") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        CHECK(keel("HGETEX h FIELDS 2 a nosuch") == "*2\r\n" + bulk("1") + "$-1\r\n");
        CHECK(keel.effects.empty());
        CHECK(keel("HGETEX h EX 100 FIELDS 2 a nosuch") == "*2\r\n" + bulk("1") + "$-1\r\n");
        CHECK(keel.events() == Strings{"hexpire h"});
        CHECK(keel.replicated() ==
              Strings{"HPEXPIREAT h " + std::to_string(keel.clock.wall_ms() + 100'000) + " FIELDS 1 a"});
        CHECK(keel("HTTL h FIELDS 2 a b") == codes({100, -1}));
        CHECK(keel("HGETEX h PERSIST FIELDS 2 a b") == "*2\r\n" + bulk("1") + bulk("2"));
        CHECK(keel.replicated() == Strings{"HPERSIST h FIELDS 1 a"});
        CHECK(keel.events() == Strings{"hpersist h"});
        CHECK(keel("HGETEX h PXAT 1 FIELDS 2 a b") == "*2\r\n" + bulk("1") + bulk("2"));
        CHECK(keel.events() == Strings{"hdel h", "del h"});
        CHECK(keel.replicated() == Strings{"HDEL h a b"});
        CHECK(keel("HGETEX h FIELDS 2 a b") == kNulls2);
    });
}

TEST_CASE("hsetex: all fields or none") {
    Both::run([](CommandRunner& keel) {
        CHECK(keel("HSETEX h FXX FIELDS 1 a 1") == ":0\r\n");
        CHECK(keel("EXISTS h") == ":0\r\n");
        CHECK(keel("HSETEX h FNX EX 100 FIELDS 2 a 1 b 2") == ":1\r\n");
        CHECK(keel.events() == Strings{"hset h", "hexpire h"});
        CHECK(keel.replicated() ==
              Strings{"HSETEX h PXAT " + std::to_string(keel.clock.wall_ms() + 100'000) + " FIELDS 2 a 1 b 2"});
        CHECK(keel.dirty() == 2);
        CHECK(keel("HTTL h FIELDS 2 a b") == codes({100, 100}));
        CHECK(keel("HSETEX h FNX FIELDS 2 c 3 a 4") == ":0\r\n");
        CHECK(keel.effects.empty());
        CHECK(keel("HSETEX h KEEPTTL FIELDS 2 a 5 c 6") == ":1\r\n");
        CHECK(keel.replicated() == Strings{"HSETEX h KEEPTTL FIELDS 2 a 5 c 6"});
        CHECK(keel("HTTL h FIELDS 3 a b c") == codes({100, 100, -1}));
        CHECK(keel("HSETEX h FXX FIELDS 1 a 7") == ":1\r\n");
        CHECK(keel("HTTL h FIELDS 1 a") == codes({-1}));
        CHECK(keel("HMGET h a b c") == "*3\r\n" + bulk("7") + bulk("2") + bulk("6"));
    });
}

TEST_CASE("hsetex: a moment that has come leaves nothing") {
    Both::run([](CommandRunner& keel) {
        CHECK(keel("HSETEX h PXAT 1 FIELDS 2 a 1 b 2") == ":1\r\n");
        CHECK(keel.events() == Strings{"hset h", "hdel h", "del h"});
        CHECK(keel.replicated() == Strings{"HDEL h a b"});
        CHECK(keel("EXISTS h") == ":0\r\n");
        keel("HSET h a 1 c 3");
        CHECK(keel("HSETEX h PX 0 FIELDS 2 a 1 b 2") == ":1\r\n");
        CHECK(keel("HGETALL h") == "*2\r\n" + bulk("c") + bulk("3"));
    });
}

TEST_CASE("deadlines of fields: they go where the hash goes") {
    Both::run([](CommandRunner& keel) {
        keel("HSET h a 1 b 2");
        keel("HPEXPIRE h 100 FIELDS 1 a");
        keel("COPY h c");
        CHECK(timed_keys(keel) == 2);
        keel("RENAME c d");
        keel("EXPIRE d 1000");
        keel("PERSIST d");
        keel("MOVE d 1");
        CHECK(timed_keys(keel) == 1);
        CHECK(keel.keyspace.db(1).member_deadline_count() == 1);
        keel("SWAPDB 1 2");
        keel("SET h over");
        CHECK(timed_keys(keel) == 0);
        keel.advance_ms(100);
        CHECK(keel.expired_members() == Strings{"d a"});
        keel("HSETEX h2 PX 5 FIELDS 1 x y");
        keel("FLUSHALL");
        CHECK(timed_keys(keel) == 0);
        keel.advance_ms(100);
        CHECK(keel.expired_members().empty());
    });
}

TEST_CASE("deadlines of fields: a database follows them through random changes") {
    constexpr std::uint64_t kSeed = 7;
    CommandRunner keel;
    keel.settings.encodings.hash_max_listpack_entries = 6;
    Random random{kSeed};
    std::map<std::string, std::map<std::string, UnixMs>> model;  // key, field, deadline
    const auto now = [&] { return keel.clock.wall_ms(); };
    for (int step = 0; step < 6000; ++step) {
        CAPTURE(kSeed, step);
        const std::string key = "k" + std::to_string(random.below(8));
        const std::string field = "f" + std::to_string(random.below(10));
        auto& hash = model[key];
        switch (random.below(9)) {
            case 0:
            case 1: keel.run({"HSET", key, field, "v"}), hash[field] = kNoDeadline; break;
            case 2:
            case 3:
            case 4: {
                const std::int64_t ttl = static_cast<std::int64_t>(1 + random.below(300));
                keel.run({"HPEXPIRE", key, std::to_string(ttl), "FIELDS", "1", field});
                if (hash.contains(field)) hash[field] = now() + ttl;
                break;
            }
            case 5: keel.run({"HDEL", key, field}), hash.erase(field); break;
            case 6: {
                const std::string other = "k" + std::to_string(random.below(8));
                if (hash.empty() || other == key) break;
                keel.run({"RENAME", key, other});
                model[other] = hash;
                hash.clear();
                break;
            }
            case 7: {
                keel.run({"HPERSIST", key, "FIELDS", "1", field});
                if (hash.contains(field)) hash[field] = kNoDeadline;
                break;
            }
            default: {
                keel.advance_ms(static_cast<std::int64_t>(random.below(60)));
                for (auto& [k, fields] : model) {
                    std::erase_if(fields, [&](const auto& f) { return f.second != kNoDeadline && f.second <= now(); });
                }
                break;
            }
        }
        std::size_t timed = 0;
        UnixMs earliest = kNoDeadline;
        for (const auto& [k, fields] : model) {
            bool here = false;
            for (const auto& [f, deadline] : fields) {
                if (deadline == kNoDeadline) continue;
                here = true;
                if (earliest == kNoDeadline || deadline < earliest) earliest = deadline;
            }
            if (here) ++timed;
        }
        REQUIRE(timed_keys(keel) == timed);
        REQUIRE(keel.keyspace.earliest_deadline().value_or(kNoDeadline) == earliest);
        REQUIRE(keel.run({"HLEN", key}) == ":" + std::to_string(model[key].size()) + "\r\n");
    }
}

TEST_CASE("hsetex: without a time it is told as HSET, which older servers know") {
    CommandRunner keel;
    keel("HSETEX h FIELDS 2 a 1 b 2");
    CHECK(keel.replicated() == Strings{"HSET h a 1 b 2"});
    keel("HSETEX h FNX FIELDS 1 a 3");
    CHECK(keel.replicated().empty());
    keel("HSETEX h FXX FIELDS 1 a 3");
    CHECK(keel.replicated() == Strings{"HSET h a 3"});
}
