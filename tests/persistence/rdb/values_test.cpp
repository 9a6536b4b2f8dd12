// SPDX-License-Identifier: BSD-3-Clause
//
// Values of every tag, made by hand as old and other servers write them; and what is refused, with the reason.
#include <catch2/catch.hpp>

#include "datatypes/core/rdb_tags.h"
#include "datatypes/core/serde.h"
#include "datatypes/encodings/intset.h"
#include "datatypes/encodings/listpack.h"
#include "persistence/rdb/dump.h"
#include "tests/support/dump_runner.h"
#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::test;

namespace {

constexpr const char* kOk = "+OK\r\n";

std::string load(DumpRunner& keel, RdbTag tag, const RdbBytes& bytes, unsigned version = 11) {
    return keel.restore("k", bytes.payload(static_cast<unsigned>(tag), version));
}

// Why it is refused; empty if it is not.
std::string reason(RdbTag tag, const RdbBytes& bytes, unsigned version = 11) {
    const Settings settings;
    std::string scratch;
    const auto value = rdb::restore_value(bytes.payload(static_cast<unsigned>(tag), version), settings, scratch);
    if (!value) return std::string{value.error().text()};
    if (value->payload != nullptr) type_ops(value->type).destroy(*value);
    return {};
}

std::string bulks(const Strings& words) {
    std::string out = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return out;
}

std::string listpack(const Strings& words) {
    Listpack list;
    for (const std::string& word : words) list.append(Bytes{word});
    return std::string{list.bytes()};
}

std::string intset(std::initializer_list<std::int64_t> values) {
    Intset set;
    for (const std::int64_t value : values) set.insert(value);
    return std::string{set.bytes()};
}

// A stream's block of two entries, 5-1 and 5-3, with one field f each.
std::string stream_block(Bytes first = "one", Bytes second = "two") {
    Listpack list;
    const auto add = [&list](auto... items) { (list.append(items), ...); };
    const auto n = [](std::int64_t value) { return value; };
    add(n(2), n(0), n(1), Bytes{"f"}, n(0));
    add(n(2), n(0), n(0), first, n(4));
    add(n(2), n(0), n(2), second, n(4));
    return std::string{list.bytes()};
}

RdbBytes stream_begin(Bytes block, std::uint64_t length = 2, std::uint64_t last_seq = 3) {
    RdbBytes out;
    return out.length(1).string(RdbBytes{}.id(5, 1)).string(block).length(length).length(5).length(last_seq);
}

}  // namespace

TEST_CASE("rdb values: strings as text, as integers, squeezed") {
    DumpRunner keel;
    CHECK(load(keel, RdbTag::string, RdbBytes{}.string("hello")) == kOk);
    CHECK(keel("GET k") == "$5\r\nhello\r\n");
    CHECK(load(keel, RdbTag::string, RdbBytes{}.byte(0xC1).raw(little(static_cast<std::uint16_t>(-300), 2))) == kOk);
    CHECK(keel("GET k") == "$4\r\n-300\r\n");
    CHECK(keel.encoding("k") == "int");
    // LZF: the letter a, then 15 bytes from one before.
    CHECK(load(keel, RdbTag::string, RdbBytes{}.byte(0xC3).length(5).length(16).raw(Bytes{"\0a\xE0\x06\0", 5})) == kOk);
    CHECK(keel("GET k") == "$16\r\n" + std::string(16, 'a') + "\r\n");
    CHECK(load(keel, RdbTag::string, RdbBytes{}.string(std::string(100'000, 'b'))) == kOk);
    CHECK(keel("STRLEN k") == ":100000\r\n");
}

TEST_CASE("rdb values: lists of all ages") {
    DumpRunner keel;
    const Strings words{"a", "17", "c"};
    const auto reads_back = [&](const char* encoding) {
        CHECK(keel("LRANGE k 0 -1") == bulks(words));
        CHECK(keel.encoding("k") == encoding);
    };
    CHECK(load(keel, RdbTag::list, RdbBytes{}.length(3).string("a").byte(0xC0).byte(17).string("c")) == kOk);
    reads_back("listpack");
    CHECK(load(keel, RdbTag::list_ziplist, RdbBytes{}.string(ziplist({"a", 17, "c"}))) == kOk);
    reads_back("listpack");
    CHECK(load(keel, RdbTag::list_quicklist,
               RdbBytes{}.length(3).string(ziplist({"a"})).string(ziplist({})).string(ziplist({17, "c"}))) == kOk);
    reads_back("quicklist");
    RdbBytes nodes;
    nodes.length(3).length(2).string(listpack({"a"})).length(1).string("17").length(2).string(listpack({"c"}));
    CHECK(load(keel, RdbTag::list_quicklist2, nodes) == kOk);
    reads_back("quicklist");
    CHECK(reason(RdbTag::list_quicklist2, RdbBytes{}.length(1).length(3).string("x")) ==
          "a node of a list is of an unknown kind");
    CHECK(reason(RdbTag::list_quicklist, RdbBytes{}.length(1).string(ziplist({}))) == kEmptyValue.text);
}

TEST_CASE("rdb values: sets of all forms, and the form that the settings ask for") {
    DumpRunner keel;
    CHECK(load(keel, RdbTag::set, RdbBytes{}.length(2).string("a").string("b")) == kOk);
    CHECK(keel("SORT k ALPHA") == bulks({"a", "b"}));
    CHECK(keel.encoding("k") == "listpack");
    CHECK(load(keel, RdbTag::set, RdbBytes{}.length(2).string("2").string("1")) == kOk);
    CHECK(keel.encoding("k") == "intset");
    CHECK(load(keel, RdbTag::set_intset, RdbBytes{}.string(intset({3, -70000, 1}))) == kOk);
    CHECK(keel("SORT k") == bulks({"-70000", "1", "3"}));
    CHECK(load(keel, RdbTag::set_listpack, RdbBytes{}.string(listpack({"x", "12"}))) == kOk);
    CHECK(keel("SMISMEMBER k x 12 y") == "*3\r\n:1\r\n:1\r\n:0\r\n");

    RdbBytes many;
    many.length(600);
    for (int i = 0; i < 600; ++i) many.string("member:" + std::to_string(i));
    CHECK(load(keel, RdbTag::set, many) == kOk);
    CHECK(keel("SCARD k") == ":600\r\n");
    CHECK(keel.encoding("k") == "hashtable");

    CHECK(reason(RdbTag::set, RdbBytes{}.length(2).string("a").string("a")) == kTwice.text);
    CHECK(reason(RdbTag::set_listpack, RdbBytes{}.string(listpack({"a", "b", "a"}))) == kTwice.text);
    RdbBytes twins = many;
    CHECK(reason(RdbTag::set, RdbBytes{}.length(601).raw(Bytes{many}.substr(2)).string("member:7")) == kTwice.text);
    std::string unsorted = intset({1, 2, 3});
    std::swap(unsorted[8], unsorted[10]);
    CHECK(reason(RdbTag::set_intset, RdbBytes{}.string(unsorted)) == "an intset is damaged");
    CHECK(reason(RdbTag::set, RdbBytes{}.length(0)) == kEmptyValue.text);
}

TEST_CASE("rdb values: sorted sets of all forms") {
    DumpRunner keel;
    const auto reads_back = [&] {
        CHECK(keel("ZRANGE k 0 -1 WITHSCORES") == bulks({"low", "-inf", "a", "1.5", "b", "1.5", "top", "3"}));
        CHECK(keel.encoding("k") == "listpack");
    };
    RdbBytes binary;
    binary.length(4).string("top").binary(3).string("b").binary(1.5).string("a").binary(1.5);
    CHECK(load(keel, RdbTag::zset, binary.string("low").binary(-HUGE_VAL)) == kOk);
    reads_back();
    RdbBytes text;
    text.length(4).string("top").string("3").string("low").byte(255).string("a").string("1.5").string("b").string(
        "1.5");
    CHECK(load(keel, RdbTag::zset_text, text) == kOk);
    reads_back();
    CHECK(load(keel, RdbTag::zset_ziplist,
               RdbBytes{}.string(ziplist({"low", "-inf", "a", "1.5", "b", "1.5", "top", 3}))) == kOk);
    reads_back();
    CHECK(load(keel, RdbTag::zset_listpack,
               RdbBytes{}.string(listpack({"low", "-inf", "a", "1.5", "b", "1.5", "top", "3"}))) == kOk);
    reads_back();

    RdbBytes many;
    many.length(300);
    for (int i = 0; i < 300; ++i) many.string("m" + std::to_string(i)).binary(i * 7 % 300);
    CHECK(load(keel, RdbTag::zset, many) == kOk);
    CHECK(keel.encoding("k") == "skiplist");
    CHECK(keel("ZRANK k m3") == ":21\r\n");

    CHECK(reason(RdbTag::zset, RdbBytes{}.length(1).string("a").binary(NAN)) == "a score is not a number");
    CHECK(reason(RdbTag::zset_text, RdbBytes{}.length(1).string("a").byte(253)) == "a score is not a number");
    CHECK(reason(RdbTag::zset_listpack, RdbBytes{}.string(listpack({"a", "x"}))) == "a score is not a number");
    CHECK(reason(RdbTag::zset_listpack, RdbBytes{}.string(listpack({"a", "2", "b", "1"}))) ==
          "the members of a sorted set are not in order");
    CHECK(reason(RdbTag::zset_listpack, RdbBytes{}.string(listpack({"a", "1", "a", "2"}))) == kTwice.text);
    CHECK(reason(RdbTag::zset, RdbBytes{}.length(2).string("a").binary(1).string("a").binary(2)) == kTwice.text);
    CHECK(reason(RdbTag::zset_listpack, RdbBytes{}.string(listpack({"a", "1", "b"}))) == kDamagedListpack.text);
}

TEST_CASE("rdb values: hashes of all ages") {
    DumpRunner keel;
    const auto reads_back = [&] {
        CHECK(keel("HMGET k a b") == bulks({"1", "two"}));
        CHECK(keel("HLEN k") == ":2\r\n");
        CHECK(keel.encoding("k") == "listpack");
    };
    CHECK(load(keel, RdbTag::hash, RdbBytes{}.length(2).string("a").byte(0xC0).byte(1).string("b").string("two")) ==
          kOk);
    reads_back();
    CHECK(load(keel, RdbTag::hash_zipmap, RdbBytes{}.string(zipmap({"a", "1", "b", "two"}))) == kOk);
    reads_back();
    CHECK(load(keel, RdbTag::hash_ziplist, RdbBytes{}.string(ziplist({"a", 1, "b", "two"}))) == kOk);
    reads_back();
    CHECK(load(keel, RdbTag::hash_listpack, RdbBytes{}.string(listpack({"a", "1", "b", "two"}))) == kOk);
    reads_back();
    CHECK(load(keel, RdbTag::hash, RdbBytes{}.length(1).string("a").string(std::string(100, 'v'))) == kOk);
    CHECK(keel.encoding("k") == "hashtable");
    // A zipmap has no limit of its own; the others were written under one, and are taken as they are.
    const std::string long_value(65, 'v');
    CHECK(load(keel, RdbTag::hash_zipmap, RdbBytes{}.string(zipmap({"a", "1", "b", long_value}))) == kOk);
    CHECK(keel.encoding("k") == "hashtable");
    CHECK(keel("HMGET k a b") == bulks({"1", long_value}));
    CHECK(load(keel, RdbTag::hash_zipmap, RdbBytes{}.string(zipmap({"a", "1", long_value, "b"}))) == kOk);
    CHECK(keel.encoding("k") == "hashtable");
    CHECK(load(keel, RdbTag::hash_zipmap, RdbBytes{}.string(zipmap({"a", "1", "b", long_value.substr(1)}))) == kOk);
    CHECK(keel.encoding("k") == "listpack");
    CHECK(load(keel, RdbTag::hash_listpack, RdbBytes{}.string(listpack({"a", "1", "b", long_value}))) == kOk);
    CHECK(keel.encoding("k") == "listpack");
    keel.settings.encodings.hash_max_listpack_entries = 1;
    CHECK(load(keel, RdbTag::hash_zipmap, RdbBytes{}.string(zipmap({"a", "1", "b", "2"}))) == kOk);
    CHECK(keel.encoding("k") == "hashtable");
    CHECK(reason(RdbTag::hash_listpack, RdbBytes{}.string(listpack({"a", "1", "a", "2"}))) == kTwice.text);
    CHECK(reason(RdbTag::hash_ziplist, RdbBytes{}.string(ziplist({"a", 1, "b"}))) == kDamagedZiplist.text);
    CHECK(reason(RdbTag::hash, RdbBytes{}.length(2).string("a").string("1").string("a").string("2")) == kTwice.text);
}

TEST_CASE("rdb values: deadlines of fields, in five ways of writing them") {
    constexpr std::uint64_t kSoon = 1'700'000'100'000;  // the runner's clock stands at 1'700'000'000'000
    const std::string late = std::to_string(kSoon + 500);
    const std::string soon = std::to_string(kSoon);
    DumpRunner keel;
    const auto reads_back = [&](const char* encoding) {
        CHECK(keel("HPEXPIRETIME k FIELDS 3 a b c") == "*3\r\n:" + late + "\r\n:-1\r\n:" + soon + "\r\n");
        CHECK(keel("HMGET k a b c") == bulks({"1", "2", "3"}));
        CHECK(keel.encoding("k") == encoding);
    };
    const std::string packed = listpack({"c", "3", soon, "a", "1", late, "b", "2", "0"});

    RdbBytes timed;
    timed.u64(kSoon).length(3).length(501).string("a").string("1").length(0).string("b").string("2");
    CHECK(load(keel, RdbTag::hash_timed, timed.length(1).string("c").string("3"), 12) == kOk);
    reads_back("listpackex");
    RdbBytes candidate;
    candidate.length(3).length(kSoon + 500).string("a").string("1").length(0).string("b").string("2");
    CHECK(load(keel, RdbTag::hash_timed_rc, candidate.length(kSoon).string("c").string("3"), 12) == kOk);
    reads_back("listpackex");
    CHECK(load(keel, RdbTag::hash_listpack_timed, RdbBytes{}.u64(kSoon).string(packed), 12) == kOk);
    reads_back("listpackex");
    CHECK(load(keel, RdbTag::hash_listpack_timed_rc, RdbBytes{}.string(packed), 12) == kOk);
    reads_back("listpackex");
    RdbBytes valkey;
    valkey.length(3).string("a").string("1").u64(kSoon + 500).string("b").string("2").u64(~std::uint64_t{0});
    CHECK(load(keel, RdbTag::hash_timed_valkey, valkey.string("c").string("3").u64(kSoon), 80) == kOk);
    reads_back("listpackex");
    keel.settings.encodings.hash_max_listpack_entries = 2;
    CHECK(load(keel, RdbTag::hash_listpack_timed_rc, RdbBytes{}.string(packed), 12) == kOk);
    reads_back("hashtable");
    keel.advance_ms(100'000);
    CHECK(keel("HLEN k") == ":2\r\n");

    CHECK(reason(RdbTag::hash_listpack_timed_rc, RdbBytes{}.string(listpack({"a", "1", late, "c", "3", soon}))) ==
          "the fields of a hash are not in the order of their deadlines");
    CHECK(reason(RdbTag::hash_listpack_timed_rc, RdbBytes{}.string(listpack({"a", "1", "x"}))) ==
          "a deadline of a field is out of range");
    CHECK(reason(RdbTag::hash_timed_valkey, RdbBytes{}.length(1).string("a").string("1").u64(std::uint64_t{1} << 48),
                 80) == "a deadline of a field is out of range");
    CHECK(reason(RdbTag::hash_timed,
                 RdbBytes{}.u64(std::uint64_t{1} << 60).length(1).length(1).string("a").string("1")) ==
          "a deadline of a field is out of range");
}

TEST_CASE("rdb values: streams of five ages, with groups") {
    DumpRunner keel;
    const std::string entries =
        "*2\r\n*2\r\n$3\r\n5-1\r\n" + bulks({"f", "one"}) + "*2\r\n$3\r\n5-3\r\n" + bulks({"f", "two"});
    CHECK(load(keel, RdbTag::stream, stream_begin(stream_block()).length(0)) == kOk);
    CHECK(keel("XRANGE k - +") == entries);
    CHECK(keel("XADD k 5-3 f x").find("-ERR") == 0);

    const auto facts = [] { return stream_begin(stream_block()).length(5).length(1).length(4).length(2).length(7); };
    const auto group = [](RdbBytes out, bool times) {
        out.length(1).string("g").length(5).length(1).length(1).length(1).id(5, 1).u64(1000).length(4).length(1);
        out.string("alice").u64(2000);
        if (times) out.u64(3000);
        return out.length(1).id(5, 1);
    };
    CHECK(load(keel, RdbTag::stream2, group(facts(), false)) == kOk);
    CHECK(keel("XPENDING k g - + 10").find("$5\r\nalice\r\n") != std::string::npos);
    CHECK(load(keel, RdbTag::stream3, group(facts(), true)) == kOk);
    CHECK(keel("XPENDING k g - + 10").ends_with(":4\r\n"));
    CHECK(keel("XRANGE k - +") == entries);
    RdbBytes producers;
    producers.length(100).length(50).length(1).string("p").length(1).string("m").length(5).length(1).length(3).length(
        0);
    CHECK(load(keel, RdbTag::stream4, group(facts(), true).raw(producers), 13) == kOk);
    CHECK(load(keel, RdbTag::stream5, group(facts(), true).length(0).raw(producers), 14) == kOk);
    CHECK(keel("XRANGE k - +") == entries);

    CHECK(reason(RdbTag::stream, stream_begin(stream_block(), 3).length(0)) ==
          "a stream's length is not that of its blocks");
    CHECK(reason(RdbTag::stream, stream_begin(stream_block(), 2, 2).length(0)) ==
          "a stream's last id or count of entries contradicts its entries");
    CHECK(reason(RdbTag::stream, stream_begin(listpack({"1", "0", "1"})).length(0)) ==
          "a block of a stream is damaged");
    RdbBytes nobodys = facts();
    nobodys.length(1).string("g").length(5).length(1).length(1).length(1).id(5, 1).u64(1000).length(4).length(0);
    CHECK(reason(RdbTag::stream2, nobodys) == "an entry is pending in a group of a stream, but at no consumer");
    RdbBytes unknown = facts();
    unknown.length(1).string("g").length(5).length(1).length(1).length(0).length(1).string("bob").u64(1).length(1).id(
        5, 1);
    CHECK(reason(RdbTag::stream2, unknown) == "a consumer of a stream holds an entry that its group does not know of");
}

TEST_CASE("rdb values: what keel does not have is refused by its name") {
    // "ReJSON-RL" in six bits a letter, then the version of its format.
    std::uint64_t id = 0;
    const Bytes letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const char c : Bytes{"ReJSON-RL"}) id = id << 6 | letters.find(c);
    CHECK(reason(RdbTag::module, RdbBytes{}.length(id << 10 | 3)) ==
          "a value of the module type 'ReJSON-RL', which keel does not have");
    CHECK(reason(RdbTag::array, {}) == "an array (Redis 8.8), which keel does not have");
    CHECK(reason(static_cast<RdbTag>(8), {}) == "a value of the unknown type 8");
    DumpRunner keel;
    CHECK(load(keel, static_cast<RdbTag>(8), {}) == "-ERR Bad data format\r\n");
}

TEST_CASE("rdb values: huge counts in few bytes take neither time nor memory") {
    const std::uint64_t counts[] = {1 << 20, 1 << 30, std::uint64_t{1} << 40, ~std::uint64_t{0}};
    for (unsigned tag = 0; tag < 28; ++tag) {
        for (const std::uint64_t count : counts) {
            for (const char* rest : {"", "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", "\x02\x61\x02\x61"}) {
                INFO("tag " << tag << ", count " << count);
                CHECK_FALSE(reason(static_cast<RdbTag>(tag), RdbBytes{}.length(count).raw(rest)).empty());
                CHECK_FALSE(reason(static_cast<RdbTag>(tag), RdbBytes{}.u64(1).length(count).raw(rest)).empty());
                CHECK_FALSE(reason(static_cast<RdbTag>(tag), RdbBytes{}.length(1).length(count).raw(rest), 80).empty());
            }
        }
    }
}
