// SPDX-License-Identifier: BSD-3-Clause
#include "tools/check_aof/checker.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>

#include "tests/support/fake_disk.h"
#include "tests/support/log_fixture.h"

using namespace keel;
using check_aof::Checker;
using check_aof::Options;

namespace {

constexpr const char* kManifest = "/d/a.aof.manifest";
constexpr const char* kFile = "/d/a.aof.1.incr.aof";

struct Outcome {
    int status;
    std::string text;
};

Outcome check(FakeDisk& disk, Options options, const char* answer = "n\n") {
    std::FILE* const out = std::tmpfile();
    std::FILE* const in = std::tmpfile();
    std::fputs(answer, in);
    std::rewind(in);
    if (options.path.empty()) options.path = kManifest;
    const ManualClock clock;
    Checker checker{disk, clock, options, out, out, in};
    checker.set_judge([](std::span<const Bytes> words) -> Status {
        if (words[0] == "NOSUCH") return Error{"Unknown command 'NOSUCH'"};
        return {};
    });
    Outcome outcome{checker.run(), {}};
    std::rewind(out);
    for (int c = 0; (c = std::fgetc(out)) != EOF;) outcome.text += static_cast<char>(c);
    std::fclose(out);
    std::fclose(in);
    return outcome;
}

std::optional<Options> options(std::initializer_list<const char*> words) {
    std::vector<char*> list;
    for (const char* word : words) list.push_back(const_cast<char*>(word));
    return check_aof::parse_options(static_cast<int>(list.size()), list.data());
}

void put_log(FakeDisk& disk, Bytes bytes) {
    disk.put(kManifest, "file a.aof.1.incr.aof seq 1 type i\n");
    disk.put(kFile, bytes);
}

const std::string kSet = command_text({"SET", "a", "1"});  // 27 bytes

}  // namespace

TEST_CASE("keel-check-aof: what it may be asked") {
    CHECK(options({"f"})->path == "f");
    CHECK(options({"--fix", "f"})->fix);
    CHECK(options({"--json", "--fix", "f"})->json);
    CHECK(options({"--truncate-to-timestamp", "12", "f"})->to_timestamp == 12);
    CHECK_FALSE(options({}));
    CHECK_FALSE(options({"--fix"}));
    CHECK_FALSE(options({"f", "g"}));
    CHECK_FALSE(options({"--truncate-to-timestamp", "x", "f"}));
    CHECK_FALSE(options({"--fix", "--truncate-to-timestamp", "12", "f"}));
    CHECK_FALSE(options({"--other", "f"}));
}

TEST_CASE("keel-check-aof: a good log, in redis-check-aof's words") {
    FakeDisk disk;
    put_log(disk, kSet + kSet);
    const Outcome outcome = check(disk, {});
    CHECK(outcome.status == 0);
    CHECK(outcome.text ==
          "Start checking Multi Part AOF\nStart to check INCR files.\n"
          "AOF analyzed: filename=a.aof.1.incr.aof, size=54, ok_up_to=54, ok_up_to_line=15, diff=0\n"
          "INCR AOF a.aof.1.incr.aof is valid\nAll AOF files and manifest are valid\n");
}

TEST_CASE("keel-check-aof: a cut end is told, and cut off when confirmed") {
    FakeDisk disk;
    put_log(disk, kSet + kSet.substr(0, 20));
    const Outcome told = check(disk, {});
    CHECK(told.status == 1);
    CHECK(told.text.find("AOF analyzed: filename=a.aof.1.incr.aof, size=47, ok_up_to=27, ok_up_to_line=8, diff=20\n"
                         "AOF a.aof.1.incr.aof is not valid. Use the --fix option to try fixing it.\n") !=
          std::string::npos);
    Options fix;
    fix.fix = true;
    CHECK(check(disk, fix, "n\n").text.ends_with("Continue? [y/N]: Aborting...\n"));
    CHECK(disk.bytes_of(kFile).size() == 47);
    CHECK(check(disk, fix, "y\n").status == 0);
    CHECK(disk.bytes_of(kFile) == kSet);
    CHECK(check(disk, {}).status == 0);
}

TEST_CASE("keel-check-aof: half a transaction, and MULTI where none may be") {
    FakeDisk disk;
    const std::string multi = command_text({"MULTI"});
    put_log(disk, kSet + multi + kSet);
    CHECK(check(disk, {}).text.find("Reached EOF before reading EXEC for MULTI") != std::string::npos);
    put_log(disk, kSet + multi + multi + kSet);
    const Outcome nested = check(disk, {});
    CHECK(nested.text.find("Unexpected MULTI in AOF /d/a.aof.1.incr.aof") != std::string::npos);
    CHECK(nested.text.find("ok_up_to=27") != std::string::npos);
    put_log(disk, kSet + command_text({"EXEC"}));
    CHECK(check(disk, {}).text.find("Unexpected EXEC in AOF") != std::string::npos);
}

TEST_CASE("keel-check-aof: damage between seals is found, and the fix keeps what is sealed before it") {
    FakeDisk disk;
    {
        LogLife life{disk, Aof::Fsync::always};
        REQUIRE(life.open());
        for (const char* key : {"one", "two", "six"}) {
            life.set(key, "value");
            life.turn();
            life.helper.run_all();
        }
        REQUIRE(life.log.close());
    }
    Options options;
    options.path = "/srv/logs/a.aof.manifest";
    CHECK(check(disk, options).text.find("3 seals, the last one at ") != std::string::npos);
    std::string bytes = disk.bytes_of("/srv/logs/a.aof.1.incr.aof");
    bytes[bytes.find("two")] = 'T';
    disk.put("/srv/logs/a.aof.1.incr.aof", bytes);
    const Outcome told = check(disk, options);
    CHECK(told.status == 1);
    CHECK(told.text.find(": the checksum does not match\n") != std::string::npos);
    options.fix = true;
    REQUIRE(check(disk, options, "y\n").status == 0);
    CHECK(load_log(disk).commands == std::vector<std::string>{"SET one value"});
}

TEST_CASE("keel-check-aof: back to a moment, from the last file only") {
    FakeDisk disk;
    put_log(disk, "#TS:100\r\n" + kSet + "#TS:200\r\n" + kSet);
    Options options;
    options.to_timestamp = 50;
    CHECK(check(disk, options).text.find("has nothing before timestamp 50, aborting...") != std::string::npos);
    options.to_timestamp = 300;
    CHECK(check(disk, options).text.find("Truncate nothing in AOF a.aof.1.incr.aof to timestamp 300\n") !=
          std::string::npos);
    disk.put(kManifest, "file a.aof.1.incr.aof seq 1 type i\nfile b seq 2 type i\n");
    disk.put("/d/b", "");
    options.to_timestamp = 100;
    CHECK(check(disk, options).text.find("because it is not the last file.") != std::string::npos);
    put_log(disk, disk.bytes_of(kFile));
    CHECK(check(disk, options).status == 0);
    CHECK(disk.bytes_of(kFile) == "#TS:100\r\n" + kSet);
}

TEST_CASE("keel-check-aof: findings for a program") {
    FakeDisk disk;
    put_log(disk, "#TS:100\r\n" + kSet + "SET");
    Options options;
    options.json = true;
    const Outcome outcome = check(disk, options);
    CHECK(outcome.status == 1);
    CHECK(outcome.text ==
          "{\n  \"valid\": false,\n  \"manifest\": \"/d/a.aof.manifest\",\n  \"files\": [\n"
          "    {\"name\": \"a.aof.1.incr.aof\", \"type\": \"incr\", \"status\": \"invalid\", \"size\": 39, "
          "\"ok_up_to\": 36, "
          "\"commands\": 1, \"seals\": 0, \"sealed_up_to\": 0, \"first_timestamp\": 100, \"last_timestamp\": 100, "
          "\"databases\": 1, \"databases_at\": 0, "
          "\"problem\": \"a command begins with '*', not with byte 0x53\", \"problem_at\": 36}\n  ]\n}\n");
    disk.put(kManifest, "file x\n");
    CHECK(check(disk, options).text.find("\"problem\": \"\\u000a*** FATAL AOF MANIFEST FILE ERROR ***") !=
          std::string::npos);
    options.json = false;
    options.path = "/none";
    CHECK(check(disk, options).text.find("Cannot open file: ") != std::string::npos);
}

TEST_CASE("keel-check-aof: what a start refuses is not valid, and not cut either") {
    FakeDisk disk;
    put_log(disk, kSet + command_text({"NOSUCH", "x"}) + kSet + command_text({"NOSUCH"}));
    Options options;
    const Outcome told = check(disk, options);
    CHECK(told.status == 1);
    CHECK(told.text.find(
              "diff=0\n0x              1b: A start ends here: Unknown command 'NOSUCH' reading the append only "
              "file a.aof.1.incr.aof (command 'NOSUCH' at offset 27)\nAOF a.aof.1.incr.aof is not valid. Its "
              "form is good, there is nothing to cut: a server that knows the command loads it.\n") !=
          std::string::npos);
    const std::string before = disk.bytes_of(kFile);
    options.fix = true;
    CHECK(check(disk, options, "y\n").status == 1);
    CHECK(disk.bytes_of(kFile) == before);
    // A bad end behind it is cut, and the log is not valid for that; one before it, and it is.
    disk.put(kFile, before + "x");
    CHECK(check(disk, options, "y\n").status == 1);
    CHECK(disk.bytes_of(kFile) == before);
    put_log(disk, kSet + command_text({"MULTI"}) + command_text({"NOSUCH", "x"}));
    CHECK(check(disk, options, "y\n").status == 0);
    CHECK(disk.bytes_of(kFile) == kSet);
    options = {};
    options.json = true;
    disk.put(kFile, before);
    CHECK(check(disk, options).text.find("\"status\": \"invalid\"") != std::string::npos);
    CHECK(check(disk, options).text.find("\"refusal_at\": 27}") != std::string::npos);
}

TEST_CASE("keel-check-aof: how many databases a log needs") {
    FakeDisk disk;
    put_log(disk, command_text({"SELECT", "15"}) + kSet);
    CHECK(check(disk, {}).text.find("databases") == std::string::npos);
    put_log(disk, kSet + command_text({"select", "99"}) + kSet + command_text({"SELECT", "3"}));
    const Outcome many = check(disk, {});
    CHECK(many.status == 0);
    CHECK(many.text.find("0x              1b: SELECT 99: a start with fewer than 100 databases ends here (16 if "
                         "`databases` does not say so)\nINCR AOF a.aof.1.incr.aof is valid\n") != std::string::npos);
    Options options;
    options.json = true;
    CHECK(check(disk, options).text.find("\"databases\": 100, \"databases_at\": 27}") != std::string::npos);
    for (const char* index : {"x", "-1", "2147483647", "99999999999999999999"}) {
        put_log(disk, kSet + command_text({"SELECT", index}));
        const Outcome refused = check(disk, {});
        CHECK(refused.status == 1);
        CHECK(refused.text.find("A start ends here: Can't SELECT the database \"" + std::string{index} +
                                "\" reading") != std::string::npos);
    }
}

TEST_CASE("keel-check-aof: of a folder it finds the manifest, in it or in a folder of it") {
    FakeDisk disk;
    put_log(disk, kSet);
    Options options;
    options.path = "/d";
    const Outcome found = check(disk, options);
    CHECK(found.status == 0);
    CHECK(
        found.text.starts_with("The folder /d holds the manifest /d/a.aof.manifest\nStart checking Multi Part AOF\n"));
    options.json = true;
    CHECK(check(disk, options).text.find("\"manifest\": \"/d/a.aof.manifest\"") != std::string::npos);
    options.json = false;
    disk.put("/d/temp-b.aof.manifest", "");
    CHECK(check(disk, options).status == 0);
    disk.put("/d/b.aof.manifest", "file b seq 1 type i\n");
    const Outcome several = check(disk, options);
    CHECK(several.status == 1);
    CHECK(several.text ==
          "The folder /d holds the manifests of several AOFs, name one: /d/a.aof.manifest, /d/b.aof.manifest\n");
    disk.put("/none/dump.rdb", "REDIS");
    options.path = "/none";
    const Outcome none = check(disk, options);
    CHECK(none.status == 1);
    CHECK(none.text == "The folder /none holds no manifest of an AOF\n");
    disk.put("/none/logs/a.aof.2.base.rdb", "REDIS");
    REQUIRE(disk.make_folder("/none/logs"));
    options.path = "/none/logs";
    const Outcome alone = check(disk, options);
    CHECK(alone.status == 1);
    CHECK(alone.text.find("holds no manifest of an AOF, though files of one: /none/logs/a.aof.2.base.rdb. Put the") !=
          std::string::npos);
}

TEST_CASE("keel-check-aof: an RDB part is not called valid when nobody read it") {
    FakeDisk disk;
    put_log(disk, kSet);
    disk.put(kManifest, "file base seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n");
    disk.put("/d/base", "REDIS0010...");
    const Outcome outcome = check(disk, {});
    CHECK(outcome.text.find("Start to check BASE AOF (RDB format).\nThe RDB part of base was not checked\n") !=
          std::string::npos);
    CHECK(outcome.text.find("All AOF files and manifest are valid") == std::string::npos);
}
