// SPDX-License-Identifier: BSD-3-Clause
#include "tools/check_rdb/checker.h"

#include <catch2/catch.hpp>

#include <cstdio>

#include "tests/support/fake_disk.h"
#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::test;
using check_rdb::Checker;
using check_rdb::Options;

namespace {

constexpr const char* kFile = "/d/dump.rdb";

struct Outcome {
    int status;
    std::string text;
    [[nodiscard]] bool says(Bytes words) const { return text.find(words) != std::string::npos; }
};

Outcome check(Bytes file, Options options = {}) {
    FakeDisk disk;
    disk.put(kFile, file);
    if (options.path.empty()) options.path = kFile;
    std::FILE* const out = std::tmpfile();
    const ManualClock clock;
    Checker checker{disk, clock, options, out, out};
    Outcome outcome{checker.run(), {}};
    std::rewind(out);
    for (int c = 0; (c = std::fgetc(out)) != EOF;) outcome.text += static_cast<char>(c);
    std::fclose(out);
    return outcome;
}

std::optional<Options> options(std::initializer_list<const char*> words) {
    std::vector<char*> list;
    for (const char* word : words) list.push_back(const_cast<char*>(word));
    return check_rdb::parse_options(static_cast<int>(list.size()), list.data());
}

// Two databases (the second beyond what a server has unless told), strings in their three forms, a list, a library.
RdbBytes sample() {
    RdbBytes file{"REDIS0011"};
    file.byte(0xFA).string("redis-ver").string("7.2.4");
    file.byte(0xF5).string("#!lua name=one\n-- code");
    file.byte(0xFE).length(0).byte(0xFB).length(3).length(1);
    file.byte(0).string("plain").string("hello");
    file.byte(0xFC).u64(1000).byte(0).string("number").byte(0xC0).byte(7);
    file.byte(0).string("squeezed").byte(0xC3).length(5).length(100);
    file.raw(std::string{0, 'a', static_cast<char>(0xE0), 90, 0});
    file.byte(0xFE).length(99);
    file.byte(1).string("list\xFF").length(3).string("a").string("b").string("c");
    return file;
}

}  // namespace

TEST_CASE("keel-check-rdb: what it may be asked") {
    CHECK(options({"f"})->path == "f");
    CHECK(options({"f"})->biggest == 10);
    CHECK(options({"--json", "--biggest", "3", "f"})->biggest == 3);
    CHECK(options({"--help"})->help);
    CHECK_FALSE(options({}));
    CHECK_FALSE(options({"--biggest", "x", "f"}));
    CHECK_FALSE(options({"--biggest", "-1", "f"}));
    CHECK_FALSE(options({"f", "g"}));
    CHECK_FALSE(options({"--other", "f"}));
    CHECK(check("", {.help = true}).text == check_rdb::kUsage);
}

TEST_CASE("keel-check-rdb: a good file, added up") {
    const Outcome outcome = check(sample().file());
    INFO(outcome.text);
    CHECK(outcome.status == 0);
    CHECK(
        outcome.text.starts_with("[offset 0] Checking RDB file /d/dump.rdb\n[offset 132] Checksum OK\n"
                                 "[offset 132] \\o/ RDB looks OK! \\o/\n"
                                 "[info] 4 keys read\n[info] 1 expires\n[info] 1 already expired\n"));
    CHECK(outcome.says("[info] AUX redis-ver = \"7.2.4\"\n"));
    CHECK(outcome.says("[info] library of functions \"one\", 22 bytes\n"));
    CHECK(outcome.says("\n0                   3            1              3              42\n"));
    CHECK(outcome.says("\n99                  1            0              3              14\n"));
    CHECK(outcome.says("\nstring   integer                     1            1              1              10\n"));
    CHECK(outcome.says("\nlist     linkedlist                  1            0              3              14\n"));
    // Sorted by size, the earlier first.
    CHECK(
        outcome.says("             19              1        0  string   squeezed         \"squeezed\"\n"
                     "             14              3       99  list     linkedlist       \"list\\xff\"\n"
                     "             13              1        0  string   plain            \"plain\"\n"));
    CHECK_FALSE(check(sample().file(), {.biggest = 1}).says("\"plain\""));
    CHECK_FALSE(check(sample().file(), {.biggest = 0}).says("biggest"));
}

TEST_CASE("keel-check-rdb: for a program") {
    const Outcome outcome = check(sample().file(), {.json = true, .biggest = 2});
    CHECK(outcome.status == 0);
    CHECK(outcome.text ==
          R"({
  "valid": true,
  "file": "/d/dump.rdb",
  "size": 132,
  "version": 11,
  "checksum": "matches",
  "aux": {"redis-ver": "7.2.4"},
  "functions": [
    {"name": "one", "bytes": 22}
  ],
  "keys": 4, "expiring": 1, "elements": 6, "bytes": 56, "expired": 1, "empty": 0,
  "databases": [
    {"database": 0, "keys": 3, "expiring": 1, "elements": 3, "bytes": 42},
    {"database": 99, "keys": 1, "expiring": 0, "elements": 3, "bytes": 14}
  ],
  "types": [
    {"type": "string", "encoding": "integer", "keys": 1, "expiring": 1, "elements": 1, "bytes": 10},
    {"type": "string", "encoding": "plain", "keys": 1, "expiring": 0, "elements": 1, "bytes": 13},
    {"type": "string", "encoding": "squeezed", "keys": 1, "expiring": 0, "elements": 1, "bytes": 19},
    {"type": "list", "encoding": "linkedlist", "keys": 1, "expiring": 0, "elements": 3, "bytes": 14}
  ],
  "biggest": [
    {"key": "squeezed", "database": 0, "type": "string", "encoding": "squeezed", "elements": 1, "bytes": 19, "deadline_ms": null},
    {"key": "list\u00ff", "database": 99, "type": "list", "encoding": "linkedlist", "elements": 3, "bytes": 14, "deadline_ms": null}
  ]
}
)");
}

TEST_CASE("keel-check-rdb: every cut and every flipped bit is found") {
    const std::string good = sample().file();
    for (std::size_t size = 0; size < good.size(); ++size) {
        INFO("cut at " << size);
        CHECK(check(good.substr(0, size)).status == 1);
    }
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
        INFO("bit " << bit);
        CHECK(check(bad).status == 1);
    }
}

TEST_CASE("keel-check-rdb: the first damage, with its place, key and reason") {
    std::string bad = sample().file();
    bad[bad.size() - 1] = static_cast<char>(bad[bad.size() - 1] ^ 1);
    CHECK(check(bad).says("--- RDB ERROR DETECTED ---\n[offset 123] the checksum is wrong: the file was damaged\n"));

    RdbBytes intset{"REDIS0011"};
    intset.byte(0).string("before").string("v").byte(0xFE).length(2);
    intset.byte(11).string("numbers").string(little(2, 4) + little(2, 4) + little(5, 2) + little(4, 2));
    const Outcome outcome = check(intset.file());
    INFO(outcome.text);
    CHECK(outcome.status == 1);
    CHECK(outcome.says("[offset 21] "));
    CHECK(outcome.says("[additional info] Reading key \"numbers\" of database 2\n"));
    CHECK(outcome.says("[info] 1 keys read\n"));
    const Outcome json = check(intset.file(), {.json = true});
    CHECK(json.says(R"("problem": {"offset": 21, "read_up_to": 43, "reason": ")"));
    CHECK(json.says(R"(", "key": "numbers", "database": 2},)"));

    CHECK(check(RdbBytes{"REDIS0011"}.byte(7).string("m").length(0x9EE9DDB7B9DD4401).file())
              .says("a value of the module type"));
    CHECK(check("no snapshot").says("this is no RDB file"));
    CHECK(check("x", {.path = "/none"}).says("Cannot open file: "));
    CHECK(check("x", {.path = "/none"}).status == 1);
}

TEST_CASE("keel-check-rdb: a key that is there twice, which no server loads") {
    RdbBytes file{"REDIS0011"};
    file.byte(0).string("k").string("1").byte(0xFE).length(1).byte(0).string("k").string("2");
    CHECK(check(file.file()).status == 0);  // in two databases
    file.byte(0).string("k").string("3");
    const Outcome outcome = check(file.file());
    CHECK(outcome.status == 1);
    CHECK(outcome.says("[offset 21] the key is there twice\n[additional info] Reading key \"k\"\n"));
    FakeDisk disk;
    disk.put(kFile, file.file());
    const auto next = check_rdb::check_beginning(**disk.open_read(kFile));
    REQUIRE_FALSE(next);
    CHECK(next.error().text() == "at byte 21, key \"k\" of database 1: the key is there twice");
    RdbBytes apart{"REDIS0011"};
    apart.byte(0).string("k").string("1").byte(0).string("l").string("1").byte(0).string("k").string("2");
    disk.put(kFile, apart.file());
    const auto later = check_rdb::check_beginning(**disk.open_read(kFile));
    REQUIRE_FALSE(later);
    CHECK(later.error().text() == "at byte 19, key \"k\": the key is there twice");
}

TEST_CASE("keel-check-rdb: zeros where a disk lost the rest are read no further than to the second key of them") {
    const std::string good{Bytes{RdbBytes{"REDIS0011"}.byte(0).string("k").string("1")}};
    const Outcome outcome = check(good + std::string(4 << 20, '\0'));
    CHECK(outcome.status == 1);
    CHECK(outcome.says("[offset 17] the key is there twice\n"));
    CHECK(outcome.says("[info] 3 keys read\n"));
    CHECK(check("").says("[offset 0] this is no RDB file: it is empty\n"));
}

TEST_CASE("keel-check-rdb: files without a checksum, and the beginning of a log") {
    CHECK(check(RdbBytes{"REDIS0004"}.byte(0).string("k").string("v").byte(0xFF)).says("have no checksum"));
    CHECK(check(RdbBytes{"REDIS0011"}.byte(0xFF).u64(0)).says("saved with checksum disabled"));
    FakeDisk disk;
    const std::string rdb = sample().file();
    disk.put(kFile, rdb + "*1\r\n$4\r\nPING\r\n");
    CHECK(check_rdb::check_beginning(**disk.open_read(kFile)).value_or(0) == rdb.size());
    disk.put(kFile, rdb.substr(0, rdb.size() - 1));
    CHECK_FALSE(check_rdb::check_beginning(**disk.open_read(kFile)));
}
