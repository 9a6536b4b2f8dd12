// SPDX-License-Identifier: BSD-3-Clause
//
// PFADD PFCOUNT PFMERGE PFDEBUG PFSELFTEST.
#include <catch2/catch.hpp>
#include <string>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kNotOne = "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n";
const std::string kCorrupt = "-INVALIDOBJ Corrupted HLL object detected\r\n";
const std::string kEmpty{"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18};

Strings elements(int from, int to) {
    Strings out;
    for (int i = from; i < to; ++i) out.push_back("e" + std::to_string(i));
    return out;
}

std::string add(CommandRunner& keel, const std::string& key, int from, int to) {
    Strings words{"PFADD", key};
    for (std::string& element : elements(from, to)) words.push_back(std::move(element));
    return keel.run(std::move(words));
}

}  // namespace

TEST_CASE("pfadd: says whether anything is new, and counts what is") {
    CommandRunner keel;
    CHECK(keel("PFADD k a b c") == ":1\r\n");
    CHECK(keel.events() == Strings{"pfadd k"});
    CHECK(keel.dirty() == 4);  // the key and three registers
    CHECK(keel.replicated() == Strings{"PFADD k a b c"});
    CHECK(keel.encoding("k") == "raw");
    CHECK(keel("PFADD k a b c a") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("PFADD k d a") == ":1\r\n");
    CHECK(keel.dirty() == 1);
    CHECK(keel("PFADD k") == ":0\r\n");
    CHECK(keel("PFADD new") == ":1\r\n");
    CHECK(keel("STRLEN new") == ":18\r\n");
    CHECK(keel("PFCOUNT new") == ":0\r\n");
}

TEST_CASE("pfadd: keeps the deadline, also when the value grows out of its entry and turns dense") {
    CommandRunner keel;
    keel("PFADD k a");
    keel("PEXPIREAT k 99999999999999");
    for (int i = 0; i < 3000; i += 50) {
        add(keel, "k", i, i + 50);
        REQUIRE(keel.deadline("k") == 99999999999999);
    }
    CHECK(keel("PFDEBUG ENCODING k") == "+dense\r\n");
    CHECK(keel("STRLEN k") == ":12304\r\n");
    CHECK(add(keel, "k", 0, 3000) == ":0\r\n");
    CHECK(add(keel, "k", 3000, 3050) == ":1\r\n");
}

TEST_CASE("pfadd: sparse up to hll-sparse-max-bytes") {
    CommandRunner keel;
    keel.settings.encodings.hll_sparse_max_bytes = 0;
    keel("PFADD k");
    CHECK(keel("PFDEBUG ENCODING k") == "+sparse\r\n");
    keel("PFADD k a");
    CHECK(keel("PFDEBUG ENCODING k") == "+dense\r\n");
    keel.settings.encodings.hll_sparse_max_bytes = UINT64_MAX >> 1;
    add(keel, "wide", 0, 20'000);
    CHECK(keel("PFDEBUG ENCODING wide") == "+sparse\r\n");
    add(keel, "k", 0, 20'000);
    CHECK(keel("PFCOUNT wide") != ":0\r\n");
}

TEST_CASE("pfcount: keeps what it reckoned, a change without an event") {
    CommandRunner keel;
    keel("PFADD k a b c");
    CHECK(keel("PFCOUNT k") == ":3\r\n");
    CHECK(keel.dirty() == 1);
    CHECK(keel.touched() == Strings{"k"});
    CHECK(keel.replicated() == Strings{"PFCOUNT k"});
    CHECK(keel.effects.changes()[0].event.kind == NotifyFlag{});
    CHECK(keel("PFCOUNT k") == ":3\r\n");
    CHECK(keel.dirty() == 0);
    keel("PFADD k d");
    CHECK(keel("PFCOUNT k") == ":4\r\n");
    CHECK(keel("PFCOUNT none") == ":0\r\n");
}

TEST_CASE("pfcount: of several keys together, none of them changed") {
    CommandRunner keel;
    keel("PFADD a 1 2 3");
    keel("PFADD b 3 4");
    CHECK(keel("PFCOUNT a b none") == ":4\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("PFCOUNT none none") == ":0\r\n");
}

TEST_CASE("pfmerge: the destination joins in") {
    CommandRunner keel;
    keel("PFADD a 1 2 3");
    keel("PFADD b 3 4");
    CHECK(keel("PFMERGE d a b none") == kOk);
    CHECK(keel.events() == Strings{"pfadd d"});
    CHECK(keel.dirty() == 1);
    CHECK(keel("PFCOUNT d") == ":4\r\n");
    CHECK(keel("PFDEBUG ENCODING d") == "+sparse\r\n");
    keel("PFADD e 5");
    CHECK(keel("PFMERGE e d") == kOk);
    CHECK(keel("PFCOUNT e") == ":5\r\n");
    CHECK(keel("PFMERGE none") == kOk);
    CHECK(keel("PFCOUNT none") == ":0\r\n");
    CHECK(keel("PFMERGE a") == kOk);
}

TEST_CASE("pfmerge: dense if one of them is") {
    CommandRunner keel;
    add(keel, "big", 0, 3000);
    keel("PFADD d x");
    keel("EXPIRE d 100");
    CHECK(keel("PFMERGE d big") == kOk);
    CHECK(keel("PFDEBUG ENCODING d") == "+dense\r\n");
    CHECK(keel.deadline("d") != kNoDeadline);
    CHECK(keel("PFMERGE d2 d") == kOk);
    CHECK(keel("PFCOUNT d2") == keel("PFCOUNT d"));
    CHECK(keel("GET d2") == keel("GET d"));
}

TEST_CASE("pfdebug: registers, runs, the encoding") {
    CommandRunner keel;
    keel("PFADD k a");
    CHECK(keel("PFDEBUG decode k") == bulk("Z:12711 v:2,1 Z:3672"));
    CHECK(keel("PFDEBUG ENCODING k") == "+sparse\r\n");
    CHECK(keel("PFDEBUG TODENSE k") == ":1\r\n");
    CHECK(keel.dirty() == 1);
    CHECK(keel("PFDEBUG TODENSE k") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("PFDEBUG DECODE k") == "-ERR HLL encoding is not sparse\r\n");
    keel("PFADD s a");
    CHECK(keel("PFDEBUG GETREG s").substr(0, 12) == "*16384\r\n:0\r\n");
    CHECK(keel.dirty() == 1);
    CHECK(keel("PFDEBUG ENCODING s") == "+dense\r\n");
    CHECK(keel("PFDEBUG GETREG none") == "-ERR The specified key does not exist\r\n");
    CHECK(keel.run({"PFDEBUG", std::string("a\0b", 3), "s"}) == "-ERR Unknown PFDEBUG subcommand 'a'\r\n");
    CHECK(keel("PFDEBUG NOSUCH s") == "-ERR Unknown PFDEBUG subcommand 'NOSUCH'\r\n");
}

TEST_CASE("pfselftest: passes") {
    CommandRunner keel;
    CHECK(keel("PFSELFTEST") == kOk);
}

TEST_CASE("hyperloglog commands: a string that is none is refused") {
    CommandRunner keel;
    keel("SET text HYLL");
    keel("SET integer 12");
    keel("SET long \"HYLX\\x01...........................\"");
    keel("PFADD good a");
    for (const char* key : {"text", "integer", "long"}) {
        CAPTURE(key);
        const std::string k = key;
        CHECK(keel("PFADD " + k + " a") == kNotOne);
        CHECK(keel("PFCOUNT " + k) == kNotOne);
        CHECK(keel("PFCOUNT good " + k) == kNotOne);
        CHECK(keel("PFMERGE d good " + k) == kNotOne);
        CHECK(keel("PFMERGE " + k + " good") == kNotOne);
        CHECK(keel("PFDEBUG ENCODING " + k) == kNotOne);
    }
    CHECK(keel("EXISTS d") == ":0\r\n");
    keel.hold_other_type("other");
    CHECK(keel("PFADD other a") == kWrongTypeError);
    CHECK(keel("PFCOUNT other") == kWrongTypeError);
    CHECK(keel("PFMERGE d other") == kWrongTypeError);
    CHECK(keel("PFDEBUG ENCODING other") == kWrongTypeError);
}

TEST_CASE("hyperloglog commands: a corrupt value is refused and stays as it was") {
    CommandRunner keel;
    std::string corrupt = kEmpty;
    corrupt[15] = '\x80';
    corrupt[16] = '\x60';  // half of the registers are missing
    keel.run({"SET", "k", corrupt});
    keel("PFADD good a");
    CHECK(add(keel, "k", 0, 200) == kCorrupt);  // the first few elements would have fitted
    CHECK(keel("PFCOUNT k") == kCorrupt);
    CHECK(keel("PFCOUNT k good") == kCorrupt);
    CHECK(keel("PFMERGE d good k") == kCorrupt);
    CHECK(keel("PFMERGE k good") == kCorrupt);
    CHECK(keel("PFDEBUG GETREG k") == kCorrupt);
    CHECK(keel("PFDEBUG TODENSE k") == kCorrupt);
    CHECK(keel("GET k") == bulk(corrupt));
    CHECK(keel("EXISTS d") == ":0\r\n");
}

TEST_CASE("hyperloglog commands: bytes that a client set are one like any other") {
    CommandRunner keel;
    keel.run({"SET", "k", kEmpty});
    CHECK(keel("PFCOUNT k") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("PFADD k a") == ":1\r\n");
    add(keel, "big", 0, 3000);
    const std::string reply = keel("GET big");
    keel.run({"SET", "copy", reply.substr(reply.find('\n') + 1, 12304)});
    CHECK(keel("PFCOUNT copy") == keel("PFCOUNT big"));
    CHECK(add(keel, "copy", 0, 3000) == ":0\r\n");
}

TEST_CASE("hyperloglog commands: a run that is cut ends there") {
    CommandRunner keel;
    keel.run({"SET", "k", kEmpty.substr(0, 17)});
    CHECK(keel("PFADD k a") == kCorrupt);
    CHECK(keel("PFDEBUG DECODE k") == kCorrupt);
    CHECK(keel("PFMERGE d k") == kCorrupt);
    CHECK(keel("GET k") == bulk(kEmpty.substr(0, 17)));
}

TEST_CASE("hyperloglog commands: what was set is a raw string once it was opened to be changed") {
    CommandRunner keel;
    for (const char* command : {"PFCOUNT k", "PFADD k", "PFDEBUG ENCODING k"}) {
        CAPTURE(command);
        keel.run({"SET", "k", kEmpty});
        keel("PFCOUNT k other");
        CHECK(keel.encoding("k") == "embstr");
        keel(command);
        CHECK(keel.encoding("k") == "raw");
        CHECK(keel("GET k") == bulk(kEmpty));
    }
}
