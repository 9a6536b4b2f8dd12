// SPDX-License-Identifier: BSD-3-Clause
//
// Set commands: replies, events, what replicas are told, errors, encodings around each threshold.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kWrongTypeError = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

std::string integer(std::int64_t n) { return ":" + std::to_string(n) + "\r\n"; }
std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

// The bulks of a reply, sorted; they hold no line ends.
Strings bulks(const std::string& reply) {
    Strings out;
    for (std::size_t at = reply.find('$'); at != std::string::npos; at = reply.find('$', at)) {
        const std::size_t from = reply.find("\r\n", at) + 2;
        const std::size_t end = reply.find("\r\n", from);
        out.push_back(reply.substr(from, end - from));
        at = end;
    }
    std::sort(out.begin(), out.end());
    return out;
}

Strings words_of(const std::string& name, int from, int to, const std::string& prefix = "") {
    Strings out{name, "k"};
    for (int i = from; i < to; ++i) out.push_back(prefix + std::to_string(i));
    return out;
}

}  // namespace

TEST_CASE("sadd: adds what is new, tells once and counts each") {
    CommandRunner keel;
    CHECK(keel("SADD k a b a") == integer(2));
    CHECK(keel.events() == Strings{"sadd k"});
    CHECK(keel.dirty() == 2);
    CHECK(keel.replicated() == Strings{"SADD k a b a"});
    CHECK(keel("SADD k a b") == integer(0));
    CHECK(keel.events().empty());
    CHECK(keel.replicated().empty());
    CHECK(keel("SCARD k") == integer(2));
    CHECK(bulks(keel("SMEMBERS k")) == Strings{"a", "b"});
    CHECK(keel.run({"SADD", "k", ""}) == integer(1));
    CHECK(keel.run({"SISMEMBER", "k", ""}) == integer(1));
}

TEST_CASE("sadd: a key that comes to be is told before") {
    CommandRunner keel;
    keel.settings.notifications.keyspace_events = kNotifyNew;
    keel("SADD k a");
    CHECK(keel.events() == Strings{"new k", "sadd k"});
    keel("SADD k b");
    CHECK(keel.events() == Strings{"sadd k"});
}

TEST_CASE("sets: OBJECT ENCODING below, at and above each threshold") {
    CommandRunner keel;
    keel.run(words_of("SADD", 0, 512));
    CHECK(keel.encoding("k") == "intset");
    keel("SADD k 512");
    CHECK(keel.encoding("k") == "hashtable");
    keel("DEL k");
    keel.run(words_of("SADD", 0, 128, "m"));
    CHECK(keel.encoding("k") == "listpack");
    keel("SADD k m5");
    CHECK(keel.encoding("k") == "listpack");
    keel("SADD k m128");
    CHECK(keel.encoding("k") == "hashtable");
    keel("DEL k");
    keel.run({"SADD", "k", std::string(64, 'x')});
    CHECK(keel.encoding("k") == "listpack");
    keel.run({"SADD", "k", std::string(65, 'x')});
    CHECK(keel.encoding("k") == "hashtable");
    keel("DEL k");
    keel.run(words_of("SADD", 0, 127));
    keel("SADD k x");
    CHECK(keel.encoding("k") == "listpack");
    keel("DEL k");
    keel.run(words_of("SADD", 0, 128));
    keel("SADD k x");
    CHECK(keel.encoding("k") == "hashtable");
    CHECK(keel("SCARD k") == integer(129));
}

TEST_CASE("srem: the last member takes the key along") {
    CommandRunner keel;
    keel("SADD k a b c");
    CHECK(keel("SREM k a x b") == integer(2));
    CHECK(keel.events() == Strings{"srem k"});
    CHECK(keel.dirty() == 2);
    CHECK(keel("SREM k x") == integer(0));
    CHECK(keel.replicated().empty());
    CHECK(keel("SREM k c y") == integer(1));
    CHECK(keel.events() == Strings{"srem k", "del k"});
    CHECK(keel("EXISTS k") == integer(0));
    CHECK(keel("SREM k c") == integer(0));
}

TEST_CASE("sismember, smismember: in every form") {
    for (const int members : {3, 600}) {
        for (const std::string prefix : {"", "m"}) {
            CommandRunner keel;
            keel.run(words_of("SADD", 0, members, prefix));
            CHECK(keel("SISMEMBER k " + prefix + "2") == integer(1));
            CHECK(keel("SISMEMBER k none") == integer(0));
            CHECK(keel("SMISMEMBER k none " + prefix + "0 02 " + prefix + "2") == "*4\r\n:0\r\n:1\r\n:0\r\n:1\r\n");
            Strings many{"SMISMEMBER", "k"};
            std::string expected = "*50\r\n";
            for (int i = 0; i < 50; ++i) {
                many.push_back(prefix + std::to_string(i * 20));
                expected += integer(i * 20 < members ? 1 : 0);
            }
            CHECK(keel.run(many) == expected);
        }
    }
    CommandRunner keel;
    CHECK(keel("SMISMEMBER none a b") == "*2\r\n:0\r\n:0\r\n");
}

TEST_CASE("smove: tells both keys, and nothing moves for nothing") {
    CommandRunner keel;
    keel("SADD a x y");
    CHECK(keel("SMOVE a b x") == integer(1));
    CHECK(keel.events() == Strings{"srem a", "sadd b"});
    CHECK(keel.dirty() == 2);
    CHECK(keel("SMOVE a b none") == integer(0));
    CHECK(keel.events().empty());
    CHECK(keel("SMOVE none b x") == integer(0));
    CHECK(keel("SMOVE a a y") == integer(1));
    CHECK(keel("SMOVE a a none") == integer(0));
    CHECK(keel.events().empty());
    keel("SADD b y");
    CHECK(keel("SMOVE a b y") == integer(1));
    CHECK(keel.events() == Strings{"srem a", "del a"});
    CHECK(keel.dirty() == 1);
    CHECK(bulks(keel("SMEMBERS b")) == Strings{"x", "y"});
}

TEST_CASE("sets: commands refuse other types, wherever these stand") {
    CommandRunner keel;
    keel("SET str x");
    keel("SADD s a");
    for (const Bytes line : {"SADD str a",
                             "SREM str a",
                             "SCARD str",
                             "SISMEMBER str a",
                             "SMISMEMBER str a",
                             "SMEMBERS str",
                             "SPOP str",
                             "SPOP str 0",
                             "SRANDMEMBER str",
                             "SRANDMEMBER str 1",
                             "SMOVE str s a",
                             "SMOVE s str none",
                             "SINTER none str",
                             "SINTER str none",
                             "SINTERSTORE d s str",
                             "SINTERCARD 2 none str",
                             "SUNION s str",
                             "SUNIONSTORE d str s",
                             "SDIFF none str",
                             "SDIFFSTORE d s str",
                             "SSCAN str 0 BAD"}) {
        INFO(line);
        CHECK(keel(line) == kWrongTypeError);
    }
    CHECK(keel("GET s") == kWrongTypeError);
    CHECK(keel("SMOVE none str a") == integer(0));
}

TEST_CASE("sets: replies of RESP3") {
    CommandRunner keel{3};
    keel("SADD s 1");
    CHECK(keel("SMEMBERS s") == "~1\r\n$1\r\n1\r\n");
    CHECK(keel("SMEMBERS none") == "~0\r\n");
    CHECK(keel("SINTER s s") == "~1\r\n$1\r\n1\r\n");
    CHECK(keel("SUNION s none") == "~1\r\n$1\r\n1\r\n");
    CHECK(keel("SDIFF s s") == "~0\r\n");
    CHECK(keel("SPOP s 0") == "~0\r\n");
    CHECK(keel("SPOP none") == "_\r\n");
    CHECK(keel("SRANDMEMBER none") == "_\r\n");
    CHECK(keel("SRANDMEMBER none 3") == "*0\r\n");
    CHECK(keel("SRANDMEMBER s 3") == "*1\r\n$1\r\n1\r\n");
    CHECK(keel("SPOP s 1") == "~1\r\n$1\r\n1\r\n");
}

// ---- Chance ----

TEST_CASE("spop: replicas are told which member went") {
    CommandRunner keel;
    keel("SADD k a b");
    const Strings first = bulks(keel("SPOP k"));
    REQUIRE(first.size() == 1);
    CHECK(keel.events() == Strings{"spop k"});
    CHECK(keel.replicated() == Strings{"SREM k " + first[0]});
    CHECK(keel("SISMEMBER k " + first[0]) == integer(0));
    const Strings last = bulks(keel("SPOP k"));
    CHECK(keel.events() == Strings{"spop k", "del k"});
    CHECK(keel.replicated() == Strings{"SREM k " + last[0]});
    CHECK(keel("SPOP k") == "$-1\r\n");
    CHECK(keel.replicated().empty());
}

TEST_CASE("spop with a count: some go by SREM, all by DEL") {
    for (const int members : {10, 600}) {
        CommandRunner keel;
        keel.run(words_of("SADD", 0, members, "m"));
        const Strings before = bulks(keel("SMEMBERS k"));
        Strings popped = bulks(keel("SPOP k 7"));
        CHECK(popped.size() == 7);
        CHECK(keel.dirty() == 7);
        CHECK(keel.events() == Strings{"spop k"});
        const Strings told = keel.replicated();
        REQUIRE(told.size() == 1);
        CHECK(told[0].starts_with("SREM k "));
        for (const std::string& member : popped) CHECK((told[0] + " ").find(" " + member + " ") != std::string::npos);
        Strings rest = bulks(keel("SMEMBERS k"));
        rest.insert(rest.end(), popped.begin(), popped.end());
        std::sort(rest.begin(), rest.end());
        CHECK(rest == before);

        CHECK(bulks(keel.run({"SPOP", "k", std::to_string(members - 7)})).size() == before.size() - 7);
        CHECK(keel.events() == Strings{"spop k", "del k"});
        CHECK(keel.replicated() == Strings{"DEL k"});
        CHECK(keel("EXISTS k") == integer(0));
        CHECK(keel("SPOP k 5") == "*0\r\n");
    }
}

TEST_CASE("spop: many members go in several commands") {
    CommandRunner keel;
    keel.run(words_of("SADD", 0, 3000));
    keel("SPOP k 2500");
    CHECK(keel.replicated().size() == 3);
    CHECK(keel("SCARD k") == integer(500));
}

TEST_CASE("spop, srandmember: counts that are none") {
    CommandRunner keel;
    keel("SADD s a");
    for (const Bytes line : {"SPOP s -1", "SPOP s x", "SPOP s 9223372036854775808", "SPOP none -1"})
        CHECK(keel(line) == "-ERR value is out of range, must be positive\r\n");
    CHECK(keel("SPOP s 1 2") == "-ERR syntax error\r\n");
    CHECK(keel("SRANDMEMBER s 1 2") == "-ERR syntax error\r\n");
    CHECK(keel("SRANDMEMBER s x") == "-ERR value is not an integer or out of range\r\n");
    CHECK(keel("SRANDMEMBER s -9223372036854775808") ==
          "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n");
    CHECK(keel("SRANDMEMBER s 9223372036854775807") == "*1\r\n" + bulk("a"));
    CHECK(keel("SPOP s 9223372036854775807") == "*1\r\n" + bulk("a"));
}

TEST_CASE("srandmember: different ones, or with repetition, of every form; nothing is removed") {
    for (const int members : {20, 600}) {
        CommandRunner keel;
        keel.run(words_of("SADD", 0, members, "m"));
        for (const int wanted : {1, 5, 19, 20, 300, 599, 600, 10'000}) {
            Strings drawn = bulks(keel("SRANDMEMBER k " + std::to_string(wanted)));
            CHECK(drawn.size() == static_cast<std::size_t>(std::min(wanted, members)));
            CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
            CHECK(bulks(keel("SRANDMEMBER k -" + std::to_string(wanted))).size() == static_cast<std::size_t>(wanted));
        }
        CHECK(bulks(keel("SRANDMEMBER k")).size() == 1);
        CHECK(keel("SRANDMEMBER k 0") == "*0\r\n");
        CHECK(keel("SCARD k") == integer(members));
        CHECK(keel.replicated().empty());
    }
}

TEST_CASE("srandmember, spop: every member has the same chance to be among several") {
    for (const std::string prefix : {"", "m"}) {
        CommandRunner keel;
        keel.run(words_of("SADD", 0, 10, prefix));
        std::map<std::string, int> times;
        for (int i = 0; i < 3000; ++i) {
            for (const std::string& member : bulks(keel("SRANDMEMBER k 3"))) ++times[member];
        }
        CHECK(times.size() == 10);
        for (const auto& [member, n] : times) CHECK(std::abs(n - 900) < 160);  // over six sigma
    }
}

// ---- Several sets ----

TEST_CASE("sinter, sunion, sdiff: as std::set does it, with sets of every form") {
    Random random{4};
    for (int round = 0; round < 200; ++round) {
        CommandRunner keel;
        const auto kinds = 1 + random.below(700);
        const auto sets = 1 + random.below(7);
        std::vector<std::set<std::string>> models(sets);
        std::string keys;
        for (std::size_t i = 0; i < sets; ++i) {
            const std::string key = "s" + std::to_string(i);
            keys += " " + key;
            const std::string prefix = random.below(4) == 0 ? "" : "m";
            Strings words{"SADD", key};
            for (auto n = random.below(2 * kinds + 1); n > 0; --n) {
                words.push_back((random.below(2) == 0 ? prefix : "") + std::to_string(random.below(kinds)));
                models[i].insert(words.back());
            }
            if (words.size() > 2) keel.run(words);
        }
        std::set<std::string> inter = models[0];
        std::set<std::string> diff = models[0];
        std::set<std::string> all = models[0];
        for (std::size_t i = 1; i < sets; ++i) {
            std::erase_if(inter, [&](const std::string& m) { return !models[i].contains(m); });
            std::erase_if(diff, [&](const std::string& m) { return models[i].contains(m); });
            all.insert(models[i].begin(), models[i].end());
        }
        const auto size = [](const auto& set) { return integer(static_cast<std::int64_t>(set.size())); };
        const auto listed = [](const auto& set) { return Strings(set.begin(), set.end()); };
        CHECK(bulks(keel("SINTER" + keys)) == listed(inter));
        CHECK(bulks(keel("SUNION" + keys)) == listed(all));
        CHECK(bulks(keel("SDIFF" + keys)) == listed(diff));
        CHECK(keel("SINTERCARD " + std::to_string(sets) + keys) == size(inter));
        CHECK(keel("SINTERSTORE d" + keys) == size(inter));
        CHECK(bulks(keel("SMEMBERS d")) == listed(inter));
        CHECK(keel("SUNIONSTORE d" + keys) == size(all));
        CHECK(bulks(keel("SMEMBERS d")) == listed(all));
        CHECK(keel("SDIFFSTORE s0" + keys) == size(diff));  // the destination is a source too
        CHECK(bulks(keel("SMEMBERS s0")) == listed(diff));
    }
}

TEST_CASE("sdiff: many sets are joined when that is less work") {
    CommandRunner keel;
    keel.run(words_of("SADD", 0, 2000, "m"));
    std::string keys = " k";
    for (int i = 0; i < 6; ++i) {
        keel("SADD o" + std::to_string(i) + " m" + std::to_string(i) + " 7");
        keys += " o" + std::to_string(i);
    }
    CHECK(bulks(keel("SDIFF" + keys)).size() == 1994);
}

TEST_CASE("sinterstore and others: take the place of any value, and leave no empty set") {
    CommandRunner keel;
    keel("SADD a 1 2 3");
    keel("SADD b 2 3 x");
    keel("SET d text EX 100");
    CHECK(keel("SINTERSTORE d a b") == integer(2));
    CHECK(keel.events() == Strings{"sinterstore d"});
    CHECK(keel.dirty() == 1);
    CHECK(keel.deadline("d") == kNoDeadline);
    CHECK(keel.encoding("d") == "intset");
    keel("SUNIONSTORE d a b");
    CHECK(keel.events() == Strings{"sunionstore d"});
    CHECK(keel.encoding("d") == "listpack");
    keel("SDIFFSTORE d a b");
    CHECK(keel.events() == Strings{"sdiffstore d"});
    CHECK(keel("SDIFFSTORE d a a") == integer(0));
    CHECK(keel.events() == Strings{"del d"});
    CHECK(keel("EXISTS d") == integer(0));
    CHECK(keel("SINTERSTORE d a none") == integer(0));
    CHECK(keel.events().empty());
}

TEST_CASE("sintercard: counts up to its limit, and refuses what is none") {
    CommandRunner keel;
    keel.run(words_of("SADD", 0, 600));
    CHECK(keel("SINTERCARD 1 k") == integer(600));
    CHECK(keel("SINTERCARD 2 k k LIMIT 5") == integer(5));
    CHECK(keel("SINTERCARD 1 k LIMIT 0") == integer(600));
    CHECK(keel("SINTERCARD 1 k LIMIT 1000") == integer(600));
    CHECK(keel("SINTERCARD 2 k none") == integer(0));
    for (const Bytes line : {"SINTERCARD 0 k", "SINTERCARD x k", "SINTERCARD -1 k"})
        CHECK(keel(line) == "-ERR numkeys should be greater than 0\r\n");
    for (const Bytes line : {"SINTERCARD 2 k", "SINTERCARD 9223372036854775807 k"})
        CHECK(keel(line) == "-ERR Number of keys can't be greater than number of args\r\n");
    for (const Bytes line : {"SINTERCARD 1 k LIMIT -1", "SINTERCARD 1 k LIMIT x"})
        CHECK(keel(line) == "-ERR LIMIT can't be negative\r\n");
    for (const Bytes line : {"SINTERCARD 1 k LIMIT", "SINTERCARD 1 k FOO", "SINTERCARD 1 k k"})
        CHECK(keel(line) == "-ERR syntax error\r\n");
}

// ---- SSCAN ----

TEST_CASE("sscan: shows each member, in every form; of a missing key it shows nothing") {
    for (const int members : {50, 5000}) {
        for (const std::string prefix : {"", "m"}) {
            CommandRunner keel;
            keel.run(words_of("SADD", 0, members, prefix));
            std::set<std::string> seen;
            std::string cursor = "0";
            do {
                const std::string reply = keel("SSCAN k " + cursor + " COUNT 13");
                REQUIRE(reply.starts_with("*2\r\n$"));
                const std::size_t from = reply.find("\r\n", 4) + 2;
                const std::size_t end = reply.find("\r\n", from);
                cursor = reply.substr(from, end - from);
                for (const std::string& member : bulks(reply.substr(end))) seen.insert(member);
            } while (cursor != "0");
            CHECK(seen.size() == static_cast<std::size_t>(members));
        }
    }
    CommandRunner keel;
    keel("SADD k a1 a2 b1");
    CHECK(bulks(keel("SSCAN k 0 MATCH a*")) == Strings{"0", "a1", "a2"});
    CHECK(keel("SSCAN none 0 BAD") == "*2\r\n$1\r\n0\r\n*0\r\n");
    CHECK(keel("SSCAN none x") == "-ERR invalid cursor\r\n");
    CHECK(keel("SSCAN k 0 BAD") == "-ERR syntax error\r\n");
    CHECK(keel("SSCAN k 0 COUNT 0") == "-ERR syntax error\r\n");
    CHECK(keel("SSCAN k 0 COUNT 9223372036854775807").starts_with("*2\r\n$1\r\n0\r\n*3\r\n"));
}

TEST_CASE("sets: copied, moved and expired like any value") {
    CommandRunner keel;
    keel.run(words_of("SADD", 0, 600, "m"));
    CHECK(keel("COPY k c") == integer(1));
    keel("SREM k m1");
    CHECK(keel("SCARD c") == integer(600));
    CHECK(keel("SCARD k") == integer(599));
    CHECK(keel("TYPE c") == "+set\r\n");
    CHECK(keel("PEXPIRE c 10") == integer(1));
    keel.advance_ms(11);
    CHECK(keel("SMEMBERS c") == "*0\r\n");
    CHECK(keel("SADD c 1") == integer(1));
    CHECK(keel.encoding("c") == "intset");
}
