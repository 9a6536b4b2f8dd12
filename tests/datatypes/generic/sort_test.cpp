// SPDX-License-Identifier: BSD-3-Clause
//
// SORT and SORT_RO: replies, what is stored, events, what replicas are told, errors.
#include <algorithm>
#include <catch2/catch.hpp>
#include <clocale>
#include <random>
#include <vector>

#include "datatypes/generic/sort.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kNotDouble = "-ERR One or more scores can't be converted into double\r\n";
const std::string kSyntaxError = "-ERR syntax error\r\n";
const std::string kNotInteger = "-ERR value is not an integer or out of range\r\n";
const std::string kNothing = "*0\r\n";

std::string integer(std::size_t n) { return ":" + std::to_string(n) + "\r\n"; }
std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

// "nil" stands for a null.
std::string bulks(const Strings& texts, int protocol = 2) {
    std::string out = "*" + std::to_string(texts.size()) + "\r\n";
    const std::string null = protocol == 2 ? "$-1\r\n" : "_\r\n";
    for (const std::string& text : texts) out += text == "nil" ? null : bulk(text);
    return out;
}

// A list of the numbers 3 1 10 2, each with a weight, an object and a hash.
void fill(CommandRunner& keel) {
    keel("RPUSH l 3 1 10 2");
    keel("MSET w_3 1 w_1 4 w_10 2 w_2 3");
    keel("MSET o_3 three o_1 one o_10 ten");
    keel("HSET h_3 w 40 name three");
    keel("HSET h_1 w 30 name one");
    keel("HSET h_10 w 20 name ten");
    keel("HSET h_2 w 10");
}

}  // namespace

TEST_CASE("sort: numbers by value, ties by their bytes") {
    CommandRunner keel;
    keel("RPUSH l 10 9 -1 1.5 1e2 0x10 inf -inf +3 1.50 0");
    CHECK(keel("SORT l") == bulks({"-inf", "-1", "0", "1.5", "1.50", "+3", "9", "10", "0x10", "1e2", "inf"}));
    CHECK(keel("SORT l DESC LIMIT 0 8") == bulks({"inf", "1e2", "0x10", "10", "9", "+3", "1.50", "1.5"}));
    CHECK(keel("SORT_RO l LIMIT 0 2") == bulks({"-inf", "-1"}));
    CHECK(keel("SORT none") == kNothing);
    CHECK(keel.replicated().empty());
}

TEST_CASE("sort: sets and sorted sets, whatever their form") {
    for (const int count : {5, 700}) {
        CommandRunner keel;
        std::vector<int> numbers;
        Strings sadd{"SADD", "s"};
        Strings zadd{"ZADD", "z"};
        for (int i = 0; i < count; ++i) {
            numbers.push_back(i * 7919 % 10'007);
            sadd.push_back(std::to_string(numbers.back()));
            zadd.insert(zadd.end(), {std::to_string(-i), std::to_string(numbers.back())});
        }
        keel.run(sadd);
        keel.run(zadd);
        std::sort(numbers.begin(), numbers.end());
        Strings sorted;
        for (const int n : numbers) sorted.push_back(std::to_string(n));
        CHECK(keel("SORT s") == bulks(sorted));
        CHECK(keel("SORT z ASC") == bulks(sorted));
        std::reverse(sorted.begin(), sorted.end());
        CHECK(keel("SORT s DESC") == bulks(sorted));
        std::sort(sorted.begin(), sorted.end());
        CHECK(keel("SORT z ALPHA") == bulks(sorted));
        CHECK(keel("SORT s ALPHA STORE l") == integer(sorted.size()));
        CHECK(keel("LRANGE l 0 -1") == bulks(sorted));
    }
}

TEST_CASE("sort: a weight that is no number is refused") {
    CommandRunner keel;
    for (const std::string bad : {"x", "1x", "1 ", "nan", "1e400", "5e-324", "-1e400", "1e-5000", "0x", "--1"}) {
        keel("DEL l");
        keel.run({"RPUSH", "l", "1", bad});
        CHECK(keel("SORT l") == kNotDouble);
        CHECK(keel("SORT l LIMIT 0 0") == kNotDouble);
        CHECK(keel("SORT l BY nosort GET #") == bulks({"1", bad}));
    }
    keel("SET l2 kept");
    CHECK(keel("SORT l STORE l2") == kNotDouble);
    CHECK(keel("GET l2") == bulk("kept"));
    CHECK(keel.replicated().empty());
    keel("DEL l");
    keel.run({"RPUSH", "l", " 5", "", Bytes{"4\0x", 3}, "-0"});  // as strtod has it
    CHECK(keel("SORT l") == bulks({"", "-0", std::string{"4\0x", 3}, " 5"}));
}

TEST_CASE("sort: LIMIT of every size") {
    CommandRunner keel;
    keel("RPUSH l 3 1 4 2");
    const std::string most = "9223372036854775807";
    const std::string least = "-9223372036854775808";
    for (const std::string by : {"", "BY nosort "}) {
        const Strings all = by.empty() ? Strings{"1", "2", "3", "4"} : Strings{"3", "1", "4", "2"};
        const auto part = [&](std::size_t from, std::size_t to) {
            return bulks(
                {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)});
        };
        const auto limited = [&](const std::string& limit) { return keel("SORT l " + by + "LIMIT " + limit); };
        CHECK(limited("1 2") == part(1, 3));
        CHECK(limited("0 0") == kNothing);
        CHECK(limited("3 1") == part(3, 4));
        CHECK(limited("4 1") == kNothing);
        CHECK(limited("2 -1") == part(2, 4));
        CHECK(limited("-5 2") == part(0, 2));
        CHECK(limited(most + " " + most) == kNothing);
        CHECK(limited("1 " + most) == part(1, 4));
        CHECK(limited(least + " " + least) == part(0, 4));
        CHECK(limited("1 1 LIMIT 0 1") == part(0, 1));  // the last one counts
        CHECK(limited("x 1") == kNotInteger);
        CHECK(limited("0 9223372036854775808") == kNotInteger);
        CHECK(limited("0") == kSyntaxError);
    }
}

TEST_CASE("sort: a window is what the whole has in that place, by chance") {
    CommandRunner keel;
    std::mt19937 random{7};
    Strings rpush{"RPUSH", "l"};
    for (int i = 0; i < 300; ++i) rpush.push_back(std::to_string(static_cast<int>(random() % 100)));
    keel.run(rpush);
    for (const std::string how : {"", "DESC ", "ALPHA ", "ALPHA DESC "}) {
        keel("SORT l " + how + "STORE whole");
        for (int i = 0; i < 100; ++i) {
            const std::size_t first = random() % 310;
            const std::size_t count = random() % 310;
            const std::string part =
                keel("SORT l " + how + "LIMIT " + std::to_string(first) + " " + std::to_string(count));
            const std::string same =
                count == 0 ? kNothing
                           : keel("LRANGE whole " + std::to_string(first) + " " + std::to_string(first + count - 1));
            REQUIRE(part == same);
        }
    }
}

TEST_CASE("sort: BY keys and hash fields") {
    CommandRunner keel;
    fill(keel);
    CHECK(keel("SORT l BY w_*") == bulks({"3", "10", "2", "1"}));
    CHECK(keel("SORT l BY w_* DESC LIMIT 1 2") == bulks({"2", "10"}));
    CHECK(keel("SORT l BY h_*->w") == bulks({"2", "10", "1", "3"}));
    CHECK(keel("SORT l BY h_*->none") == bulks({"1", "10", "2", "3"}));  // all weigh 0: by their bytes
    CHECK(keel("SORT l BY l*") == bulks({"1", "10", "2", "3"}));
    CHECK(keel("SORT l BY h_*") == bulks({"1", "10", "2", "3"}));     // a hash is no string
    CHECK(keel("SORT l BY w_*->w") == bulks({"1", "10", "2", "3"}));  // nor a string a hash
    CHECK(keel("SORT l BY o_*") == kNotDouble);
    CHECK(keel("SORT l BY o_* ALPHA") == bulks({"2", "1", "10", "3"}));  // what is missing comes first
    CHECK(keel("SORT l BY o_* ALPHA DESC") == bulks({"3", "10", "1", "2"}));
    CHECK(keel("SORT l BY *") == bulks({"1", "10", "2", "3"}));  // the keys 3, 1, 10, 2
    keel("MSET x->3 1 x->1 2 *3 7");
    CHECK(keel("SORT l BY x->* DESC LIMIT 0 2") == bulks({"1", "3"}));  // an arrow before the star is part of the key
    CHECK(keel("SORT l BY ** DESC LIMIT 0 1") == bulks({"3"}));         // the second star stays: keys 3* and so on
    keel("SET x3-> 9");
    CHECK(keel("SORT l BY x*-> DESC LIMIT 0 1") == bulks({"3"}));  // nothing behind the arrow: no field
}

TEST_CASE("sort: texts that weigh the same keep their order") {
    CommandRunner keel;
    keel("RPUSH l b a d c b");
    keel("MSET w_a 1 w_b 1 w_c 0 w_d 1");
    CHECK(keel("SORT l BY w_* ALPHA") == bulks({"c", "b", "a", "d", "b"}));
    CHECK(keel("SORT l BY w_* ALPHA DESC") == bulks({"b", "a", "d", "b", "c"}));
    CHECK(keel("SORT l BY w_* ALPHA LIMIT 1 3") == bulks({"b", "a", "d"}));
    keel("SADD s b a d c");  // what is stored from a set comes out alike everywhere
    keel("SORT s BY w_* ALPHA DESC STORE out");
    CHECK(keel("LRANGE out 0 -1") == bulks({"a", "b", "d", "c"}));
}

TEST_CASE("sort: BY nosort keeps the order of lists and sorted sets, from either end") {
    CommandRunner keel;
    for (const int count : {4, 600}) {
        keel("DEL l z");
        Strings rpush{"RPUSH", "l"};
        Strings zadd{"ZADD", "z"};
        Strings order;
        for (int i = 0; i < count; ++i) {
            order.push_back("m" + std::to_string(i * 31 % count));
            rpush.push_back(order.back());
            zadd.insert(zadd.end(), {std::to_string(i), order.back()});
        }
        keel.run(rpush);
        keel.run(zadd);
        for (const std::string key : {"l", "z"}) {
            CHECK(keel("SORT " + key + " BY nosort") == bulks(order));
            CHECK(keel("SORT " + key + " BY nosort DESC") == bulks({order.rbegin(), order.rend()}));
            CHECK(keel("SORT " + key + " BY nosort DESC LIMIT 1 2") == bulks({order.rbegin() + 1, order.rbegin() + 3}));
            CHECK(keel("SORT " + key + " BY nosort LIMIT 2 1") == bulks({order[2]}));
            CHECK(keel("SORT " + key + " BY nosort STORE out") == integer(order.size()));
            CHECK(keel("LRANGE out 0 -1") == bulks(order));
        }
    }
    CHECK(keel("SORT l BY nosort BY w_* LIMIT 0 1") == bulks({"m0"}));  // nosort stays, whatever comes behind it
}

TEST_CASE("sort: BY nosort of a set is in order where it must be the same everywhere") {
    CommandRunner keel;
    keel("SADD s c b a 10");
    keel("SORT s BY nosort STORE out");
    CHECK(keel("LRANGE out 0 -1") == bulks({"10", "a", "b", "c"}));
    keel("SORT s BY nosort DESC LIMIT 0 2 STORE out");
    CHECK(keel("LRANGE out 0 -1") == bulks({"c", "b"}));
    CHECK(keel("SORT s BY nosort LIMIT 1 2").substr(0, 4) == "*2\r\n");
    keel.caller.in_script = true;
    CHECK(keel("SORT s BY nosort") == bulks({"10", "a", "b", "c"}));
}

TEST_CASE("sort: GET") {
    for (const int protocol : {2, 3}) {
        CommandRunner keel{protocol};
        fill(keel);
        CHECK(keel("SORT l GET o_*") == bulks({"one", "nil", "three", "ten"}, protocol));
        CHECK(keel("SORT l GET # GET h_*->name GET w_* LIMIT 0 2") ==
              bulks({"1", "one", "4", "2", "nil", "3"}, protocol));
        CHECK(keel("SORT l GET nostar GET h_* GET h_*->w LIMIT 0 1") == bulks({"nil", "nil", "30"}, protocol));
        CHECK(keel("SORT l BY nosort GET w_* DESC") == bulks({"3", "2", "4", "1"}, protocol));
        CHECK(keel("SORT none GET #") == kNothing);
    }
}

TEST_CASE("sort: a field that is due is not there") {
    CommandRunner keel;
    keel("RPUSH l 1 2");
    keel("HSET h_1 w 5 x 1");
    keel("HSET h_2 w 3");
    keel("HPEXPIRE h_1 100 FIELDS 1 w");
    CHECK(keel("SORT l BY h_*->w GET h_*->w") == bulks({"3", "5"}));
    keel.clock.advance_ms(200);
    keel.keyspace.set_now(keel.clock.wall_ms());
    CHECK(keel("SORT l BY h_*->w GET h_*->w") == bulks({"nil", "3"}));
    keel.keyspace.due_keys = DueKeys::show;
    CHECK(keel("SORT l BY h_*->w GET h_*->w") == bulks({"3", "5"}));
}

TEST_CASE("sort: STORE puts a list in place of whatever was there") {
    CommandRunner keel;
    fill(keel);
    keel("SET out x EX 100");
    CHECK(keel("SORT l BY w_* GET # GET o_* STORE out") == integer(8));
    CHECK(keel.events() == Strings{"sortstore out"});
    CHECK(keel.touched() == Strings{"out"});
    CHECK(keel.replicated() == Strings{"SORT l BY w_* GET # GET o_* STORE out"});
    CHECK(keel.dirty() == 8);
    CHECK(keel("LRANGE out 0 -1") == bulks({"3", "three", "10", "ten", "2", "", "1", "one"}));
    CHECK(keel("TTL out") == ":-1\r\n");
    CHECK(keel("SORT l STORE l") == integer(4));
    CHECK(keel("LRANGE l 0 -1") == bulks({"1", "2", "3", "10"}));
    CHECK(keel("SORT l STORE a STORE b LIMIT 0 1") == integer(1));  // the last one counts
    CHECK(keel("EXISTS a b") == integer(1));
    keel.settings.notifications.keyspace_events = kNotifyNew;
    keel("SORT l STORE fresh");
    CHECK(keel.events() == Strings{"new fresh", "sortstore fresh"});
}

TEST_CASE("sort: STORE of nothing removes the destination") {
    CommandRunner keel;
    keel("SET out x");
    keel("RPUSH l 1");
    CHECK(keel("SORT none STORE out") == integer(0));
    CHECK(keel.events() == Strings{"del out"});
    CHECK(keel.dirty() == 1);
    CHECK(keel("EXISTS out") == integer(0));
    CHECK(keel("SORT none STORE out") == integer(0));
    CHECK(keel.replicated().empty());
    CHECK(keel("SORT l LIMIT 1 1 STORE l") == integer(0));
    CHECK(keel("EXISTS l") == integer(0));
}

TEST_CASE("sort: the list that is stored has the form that RPUSH gives") {
    CommandRunner keel;
    for (const std::size_t size : {100U, 2000U, 2100U, 9000U}) {
        keel("DEL l s");
        for (const char c : {'a', 'b', 'c', 'd'}) keel.run({"RPUSH", "l", std::string(size, c)});
        keel("SORT l ALPHA STORE s");
        CHECK(keel.encoding("s") == keel.encoding("l"));
        CHECK(keel("LRANGE s 0 -1") == keel("LRANGE l 0 -1"));
    }
}

TEST_CASE("sort: wrong words and wrong types") {
    CommandRunner keel;
    keel("SET str x");
    keel("HSET h f v");
    keel("XADD x * f v");
    const std::string wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    for (const std::string key : {"str", "h", "x"}) {
        CHECK(keel("SORT " + key) == wrong_type);
        CHECK(keel("SORT_RO " + key + " BY nosort") == wrong_type);
        CHECK(keel("SORT " + key + " LIMIT 1 x") == kNotInteger);  // words come first
        CHECK(keel("SORT " + key + " NOSUCH") == kSyntaxError);
    }
    for (const std::string words : {"BY", "GET", "STORE", "LIMIT", "LIMIT 1", "ASC x", "BY x GET", "ALPHA NOSORT"})
        CHECK(keel("SORT none " + words) == kSyntaxError);
    CHECK(keel("SORT_RO none STORE x") == kSyntaxError);
    CHECK(keel("SORT none asc Desc aLPHA by x get y limit 0 1 store z") == integer(0));
}

TEST_CASE("sort: in cluster mode patterns may lead to other nodes") {
    CommandRunner keel;
    keel.settings.cluster.enabled = true;
    keel("RPUSH l 2 1");
    CHECK(keel("SORT l BY w_*") == "-ERR BY option of SORT denied in Cluster mode.\r\n");
    CHECK(keel("SORT l GET w_*") == "-ERR GET option of SORT denied in Cluster mode.\r\n");
    CHECK(keel("SORT l BY nosort GET #") == bulks({"2", "1"}));
}

TEST_CASE("sort: keys of patterns count as read, and a miss is told") {
    CommandRunner keel;
    keel("RPUSH l 1 2");
    keel("SET w_1 5");
    keel.settings.notifications.keyspace_events = kNotifyKeyMiss;
    keel("SORT l BY w_* GET o_* LIMIT 0 1");
    CHECK(keel.events() == Strings{"keymiss w_2", "keymiss o_2"});
    CHECK(keel.touched().empty());
    keel("SET o_2 x PX 100");
    keel.clock.advance_ms(200);
    keel.keyspace.set_now(keel.clock.wall_ms());
    CHECK(keel("SORT l BY nosort GET o_*") == bulks({"nil", "nil"}));
    CHECK(keel.expired() == Strings{"o_2"});
}

TEST_CASE("sort: where STORE stands, for COMMAND GETKEYS and ACL") {
    CommandRunner keel;
    const Command& sort = *keel.registry.find("sort");
    const auto keys = [&](std::vector<Bytes> words) {
        KeyList list;
        REQUIRE(sort.find_keys(words, list));
        std::string out;
        for (const KeyPosition& key : list.all()) out += std::string{words[key.index]} + ' ';
        return out;
    };
    CHECK(keys({"SORT", "a"}) == "a ");
    CHECK(keys({"SORT", "a", "store", "b"}) == "a b ");
    CHECK(keys({"SORT", "a", "STORE", "b", "STORE", "c"}) == "a c ");
    CHECK(keys({"SORT", "a", "BY", "STORE", "b"}) == "a ");
    CHECK(keys({"SORT", "a", "GET", "STORE", "LIMIT", "STORE", "b", "c"}) == "a ");
    CHECK(keys({"SORT", "a", "STORE"}) == "a ");
    CHECK(sort.is(Flag::movablekeys));
}

TEST_CASE("sort: texts by the locale of the process") {
    const std::string before = std::setlocale(LC_COLLATE, nullptr);
    if (std::setlocale(LC_COLLATE, "en_US.UTF-8") == nullptr) return;  // the machine has no such locale
    CommandRunner keel;
    keel("RPUSH l b C a B A c");
    CHECK(keel("SORT l ALPHA") == bulks({"a", "A", "b", "B", "c", "C"}));
    CHECK(keel("SORT l ALPHA DESC LIMIT 0 2") == bulks({"C", "c"}));
    keel("SORT l ALPHA STORE out");  // by bytes: not every replica has the locale
    CHECK(keel("LRANGE out 0 -1") == bulks({"A", "B", "C", "a", "b", "c"}));
    std::setlocale(LC_COLLATE, before.c_str());
}

TEST_CASE("sort pattern: what stands before, behind and in the field") {
    std::string room;
    const auto key = [&](Bytes pattern) { return std::string{generic::Pattern{pattern}.key_for("7", room)}; };
    CHECK(key("a*b") == "a7b");
    CHECK(key("*->f") == "7");
    CHECK(generic::Pattern{"a*b->f->g"}.field() == "f->g");
    CHECK(key("a*b->f") == "a7b");
    CHECK_FALSE(generic::Pattern{"a*->"}.has_field());
    CHECK(key("a*->") == "a7->");
    CHECK_FALSE(generic::Pattern{"a->b"}.varies());
    CHECK_FALSE(generic::Pattern{"#*"}.is_element());
    CHECK(generic::Pattern{"#"}.is_element());
    CHECK_FALSE(generic::Pattern{Bytes{"a\0*", 3}}.varies());
    CHECK(key(Bytes{"a*\0->f", 6}) == std::string{"a7\0->f", 6});
}
