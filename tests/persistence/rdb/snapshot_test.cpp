// SPDX-License-Identifier: BSD-3-Clause
//
// Whole files: out and in, damage, what opcodes say, and a disk that fails.
#include <catch2/catch.hpp>

#include "persistence/rdb/snapshot_file.h"
#include "persistence/rdb/snapshot_loader.h"
#include "tests/support/dump_runner.h"
#include "tests/support/fake_disk.h"
#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::rdb;
using namespace keel::test;

namespace {

class Libraries final : public LibrarySink {
  public:
    Status add_library(Bytes code) override {
        codes.emplace_back(code);
        return {};
    }
    Strings codes;
};

std::string snapshot_of(DumpRunner& keel, std::vector<std::string> libraries = {}) {
    Writer out{{}};
    const SnapshotContent content{keel.keyspace, keel.settings, {{"redis-ver", "7.4.0"}}, std::move(libraries)};
    REQUIRE(write_snapshot(out, content, [](std::uint64_t) {}));
    return std::string{out.bytes()};
}

// Loads into an emptied keyspace; the reason if that fails.
std::string load(DumpRunner& keel, Bytes file, LoadOptions options = {}, Libraries* libraries = nullptr) {
    Libraries none;
    if (!options.replace) keel.keyspace.clear(false);
    Reader in{file};
    SnapshotLoader loader{in, keel.keyspace, libraries != nullptr ? *libraries : none, keel.settings, options};
    for (;;) {
        const auto done = loader.step(64);
        if (!done) return std::string{done.error().text()};
        if (*done) return {};
    }
}

std::string digest_of_all(const DumpRunner& keel) { return digest_of(keel.keyspace).hex(); }

void fill(DumpRunner& keel) {
    keel("SET text hello");
    keel("SET number 12 PXAT 1800000000000");
    keel("RPUSH list a b c");
    keel("SADD set a b 17");
    keel("SADD numbers 1 2 3");
    keel("ZADD zset 1 a 2.5 b");
    keel("HSET hash f v g w");
    keel("XADD stream 1-1 f v");
    for (int i = 0; i < 100; ++i) keel("SET key:" + std::to_string(i) + " " + std::to_string(i * i));
    keel("COPY text other DB 3");
}

// A file of Redis' opening words.
RdbBytes begin(Bytes magic = "REDIS0011") { return RdbBytes{magic}; }

}  // namespace

TEST_CASE("snapshot: everything comes back, from memory and from small blocks") {
    DumpRunner keel;
    fill(keel);
    const std::string before = digest_of_all(keel);
    const std::string file = snapshot_of(keel, {"#!lua name=one\n-- code"});
    CHECK(file.starts_with("REDIS0010"));
    DumpRunner other;
    Libraries libraries;
    CHECK(load(other, file, {}, &libraries).empty());
    CHECK(digest_of_all(other) == before);
    CHECK(libraries.codes == Strings{"#!lua name=one\n-- code"});
    CHECK(other.deadline("number") == 1'800'000'000'000);
}

TEST_CASE("snapshot: the version is the oldest that can hold the data") {
    DumpRunner keel;
    fill(keel);
    CHECK(snapshot_of(keel).starts_with("REDIS0010"));
    keel("HPEXPIREAT hash 1800000000000 FIELDS 1 f");
    CHECK(snapshot_of(keel).starts_with("REDIS0012"));
    keel.settings.snapshot.compatible_with = Snapshot::CompatibleWith::valkey9;
    const std::string valkey = snapshot_of(keel);
    CHECK(valkey.starts_with("VALKEY080"));
    const std::string before = digest_of_all(keel);
    CHECK(load(keel, valkey).empty());
    CHECK(digest_of_all(keel) == before);
    CHECK(keel("HPEXPIRETIME hash FIELDS 1 f") == "*1\r\n:1800000000000\r\n");

    keel.settings.snapshot.compatible_with = Snapshot::CompatibleWith::redis70;
    Writer out{{}};
    const SnapshotContent content{keel.keyspace, keel.settings};
    const Status refused = write_snapshot(out, content, [](std::uint64_t) {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text() == "key \"hash\": fields with deadlines cannot be told to redis-7.0 and redis-7.2");
}

TEST_CASE("snapshot: keys that are due are not loaded, and deadlines in seconds are old ones") {
    DumpRunner keel;
    const std::string file = begin()
                                 .byte(252)
                                 .u64(1000)
                                 .byte(0)
                                 .string("due")
                                 .string("v")
                                 .byte(253)
                                 .raw(little(1'800'000'000, 4))
                                 .byte(0)
                                 .string("later")
                                 .string("v")
                                 .byte(0)
                                 .string("plain")
                                 .string("v")
                                 .file();
    CHECK(load(keel, file).empty());
    CHECK(keel("DBSIZE") == ":2\r\n");
    CHECK(keel.deadline("later") == 1'800'000'000'000);
    CHECK(keel.deadline("plain") == kNoDeadline);
    CHECK(load(keel, file, {.drop_due = false}).empty());
    CHECK(keel("DBSIZE") == ":3\r\n");
}

TEST_CASE("snapshot: ages are kept as the policy needs them") {
    DumpRunner keel;
    const std::string file = begin()
                                 .byte(248)
                                 .length(500)
                                 .byte(0)
                                 .string("old")
                                 .string("v")
                                 .byte(249)
                                 .byte(77)
                                 .byte(0)
                                 .string("used")
                                 .string("v")
                                 .file();
    CHECK(load(keel, file).empty());
    CHECK(keel("OBJECT IDLETIME old") == ":500\r\n");
    CHECK(keel("OBJECT IDLETIME used") == ":0\r\n");
    keel.settings.memory.policy = EvictionPolicy::allkeys_lru;
    const std::string again = snapshot_of(keel);
    CHECK(load(keel, again).empty());
    CHECK(keel("OBJECT IDLETIME old") == ":500\r\n");
    keel.settings.memory.policy = EvictionPolicy::allkeys_lfu;
    keel.keyspace.ages.set_policy(true, 10, 1);
    CHECK(load(keel, file).empty());
    CHECK(keel("OBJECT FREQ used") == ":77\r\n");
    CHECK(load(keel, snapshot_of(keel)).empty());
    CHECK(keel("OBJECT FREQ used") == ":77\r\n");
}

TEST_CASE("snapshot: what concerns clusters is passed over, modules are named") {
    DumpRunner keel;
    CHECK(load(keel, begin("REDIS0012")
                         .byte(254)
                         .length(0)
                         .byte(244)
                         .length(5)
                         .length(1)
                         .length(0)
                         .byte(0)
                         .string("k")
                         .string("v")
                         .file())
              .empty());
    CHECK(keel("GET k") == "$1\r\nv\r\n");
    CHECK(load(keel, begin("VALKEY080")
                         .byte(243)
                         .string("job")
                         .length(2)
                         .length(1)
                         .length(2)
                         .length(7)
                         .length(9)
                         .byte(0)
                         .string("k")
                         .string("w")
                         .file())
              .empty());
    CHECK(keel("GET k") == "$1\r\nw\r\n");
    CHECK(load(keel, begin("REDIS0013").byte(243).length(1).file()) ==
          "at byte 9: a module keeps something of its own at a key, which keel cannot read");
    CHECK(load(keel, begin().byte(247).length(std::uint64_t{0x40} << 10).file()) ==
          "at byte 9: data of the module 'AAAAAAABA', which keel cannot read");
}

TEST_CASE("snapshot: errors name the offset, the key and the reason") {
    DumpRunner keel;
    CHECK(load(keel, "RADIS0011") == "at byte 0: this is no RDB file: it begins with neither REDIS nor VALKEY");
    CHECK(load(keel, "") == "at byte 0: this is no RDB file: it is empty");
    CHECK(load(keel, begin("REDIS0017").file()) == "at byte 0: version 17 of the format is newer than keel knows");
    CHECK(load(keel, begin("REDIS0017").file(), {.any_version = true}).empty());
    CHECK(load(keel, begin().byte(2).string("bad \"key\"").length(2).string("a").string("a").file()) ==
          "at byte 9, key \"bad \\\"key\\\"\" of database 0: a member is there twice");
    CHECK(load(keel, begin().byte(254).length(99).file()) ==
          "at byte 9: more databases than the parameter `databases` allows");
    CHECK(load(keel, begin().byte(0).string("k").string("v").byte(0).string("k").string("w").file()) ==
          "at byte 19, key \"k\" of database 0: the key is there twice");
    CHECK(load(keel, begin().file() + "x") == "at byte 9: bytes follow behind the end");
    CHECK(load(keel, begin().file() + "x", {.more_may_follow = true}).empty());
}

TEST_CASE("snapshot: collections without members are passed over") {
    DumpRunner keel;
    CHECK(load(keel, begin().byte(2).string("empty").length(0).byte(0).string("k").string("v").file()).empty());
    CHECK(keel("DBSIZE") == ":1\r\n");
}

TEST_CASE("snapshot: a file that is cut anywhere is refused") {
    DumpRunner keel;
    fill(keel);
    const std::string file = snapshot_of(keel);
    for (std::size_t size = 0; size < file.size(); ++size) {
        INFO("cut to " << size << " of " << file.size());
        CHECK_FALSE(load(keel, Bytes{file}.substr(0, size)).empty());
    }
}

TEST_CASE("snapshot: a flipped bit anywhere is refused") {
    DumpRunner keel;
    fill(keel);
    const std::string before = digest_of_all(keel);
    std::string file = snapshot_of(keel);
    for (std::size_t at = 0; at < file.size(); ++at) {
        for (unsigned bit = at % 2; bit < 8; bit += 2) {
            file[at] = static_cast<char>(file[at] ^ (1U << bit));
            INFO("byte " << at << ", bit " << bit);
            if (load(keel, file).empty()) CHECK(digest_of_all(keel) == before);
            file[at] = static_cast<char>(file[at] ^ (1U << bit));
        }
    }
    CHECK(load(keel, file).empty());
    CHECK(digest_of_all(keel) == before);
}

TEST_CASE("snapshot: keys of the file take the place of those that are there, if that is wanted") {
    DumpRunner keel;
    keel("SET a old");
    keel("SET b stays");
    const std::string file = begin().byte(0).string("a").string("new").file();
    CHECK(load(keel, file, {.replace = true}).empty());
    CHECK(keel("MGET a b") == "*2\r\n$3\r\nnew\r\n$5\r\nstays\r\n");
}

TEST_CASE("snapshot: whatever call to the disk fails, a whole file stays under the name") {
    DumpRunner keel;
    fill(keel);
    const SnapshotContent content{keel.keyspace, keel.settings};
    const auto nobody = [](std::uint64_t) {};
    const std::string path = "/data/dump.rdb";
    for (std::uint64_t nth = 1;; ++nth) {
        FakeDisk disk{nth};
        REQUIRE(disk.make_folder("/data"));
        disk.put(path, "what was there");
        const std::uint64_t before = disk.changing_calls();
        disk.fail(std::nullopt, nth);
        const auto saved = save_snapshot(disk, path, temporary_for(path, 7), content, nobody);
        const bool failed = disk.changing_calls() - before >= nth;
        INFO("call " << nth);
        CHECK(saved.has_value() != failed);
        if (failed) CHECK(saved.error().text().find("/data") != std::string::npos);
        disk.heal();
        disk.power_loss();
        const std::string left = disk.bytes_of(path);
        if (left != "what was there") CHECK(load(keel, left).empty());
        if (saved) CHECK(left != "what was there");
        if (!failed) break;
        keel.keyspace.clear(false);
        fill(keel);
    }
}
