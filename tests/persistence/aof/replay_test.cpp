// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/replay.h"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.h"
#include "tests/support/quiet_log.h"

using namespace keel;
using Fsync = Aof::Fsync;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kManifest = "/srv/logs/a.aof.manifest";
constexpr const char* kOne = "/srv/logs/a.aof.1.incr.aof";

// A log of that one file, as Redis would have written it.
void put_log(FakeDisk& disk, Bytes bytes) {
    disk.put(kManifest, "file a.aof.1.incr.aof seq 1 type i\n");
    disk.put(kOne, bytes);
}

Loaded load_bytes(Bytes bytes, bool load_truncated = true) {
    FakeDisk disk;
    put_log(disk, bytes);
    return load_log(disk, load_truncated);
}

std::string transaction(std::initializer_list<std::string> commands) {
    std::string out = command_text({"MULTI"});
    for (const std::string& command : commands) out += command;
    return out + command_text({"EXEC"});
}

// A small log of ours with all that a log can have: two lives, two segments, transactions, times, seals.
void write_small_log(FakeDisk& disk) {
    for (int number = 0; number < 2; ++number) {
        LogLife life{disk, Fsync::always};
        life.settings.timestamps = true;
        REQUIRE(life.open());
        for (int i = 0; i < 3; ++i) {
            life.set("key" + std::to_string(i), std::string(static_cast<std::size_t>(12 * i), 'x'));
            life.turn(900);
            life.helper.run_all();
        }
        life.log.append(transaction({command_text({"INCR", "n"}), command_text({"APPEND", "s", "\r\n*1\r\n#KEEL"})}), 0,
                        life.now_ms);
        life.turn();
        if (number == 0) {
            REQUIRE(life.log.begin_segment(life.now_ms, [](const Status&) {}));
            life.helper.run_all();
            life.set("in the next file", "1");
        }
        REQUIRE(life.log.close());
    }
}

}  // namespace

TEST_CASE("replay: a file of Redis loads as Redis loads it") {
    const QuietLog quiet;
    const std::string set = command_text({"SET", "a", "1"});
    CHECK(load_bytes("").commands.empty());
    CHECK(load_bytes("#TS:1700000000\r\n" + command_text({"SELECT", "0"}) + set).commands ==
          Strings{"SELECT 0", "SET a 1"});
    CHECK(load_bytes("# any note\n" + set + "#\r\n#x\r\n" + set).commands == Strings{"SET a 1", "SET a 1"});
    CHECK(load_bytes(transaction({set, set})).commands == Strings{"SET a 1", "SET a 1"});
    const std::string large(700'000, 'v');
    CHECK(load_bytes(set + command_text({"SET", "large", large}) + set).commands ==
          Strings{"SET a 1", "SET large " + large, "SET a 1"});
}

TEST_CASE("replay: slices, progress and the files' order") {
    const QuietLog quiet;
    FakeDisk disk;
    disk.put(kManifest, "file b seq 1 type b\nfile i1 seq 1 type i\nfile i2 seq 5 type i\n");
    std::string base;
    for (int i = 0; i < 1000; ++i) base += command_text({"SET", "k" + std::to_string(i), "v"});
    disk.put("/srv/logs/b", base);
    disk.put("/srv/logs/i1", command_text({"SET", "a", "1"}));
    disk.put("/srv/logs/i2", command_text({"SET", "b", "2"}));
    NotingApplier applier;
    const ManualClock clock;
    const aof::Folder folder = test_folder(disk);
    aof::Replay replay{folder, *folder.load(), true, applier, {}, clock};
    std::uint64_t loaded = 0;
    int slices = 0;
    for (;; ++slices) {
        const auto done = replay.step(5000);
        REQUIRE(done);
        CHECK(replay.loaded_bytes() >= loaded);
        loaded = replay.loaded_bytes();
        if (*done) break;
        CHECK(applier.seen.size() < 1002);
    }
    CHECK(slices >= 4);
    CHECK(loaded == replay.total_bytes());
    CHECK(replay.commands() == 1002);
    CHECK(applier.seen[999] == "SET k999 v");
    CHECK(applier.seen[1001] == "SET b 2");
}

TEST_CASE("replay: refusals name the file, the offset and the reason") {
    const QuietLog quiet;
    const std::string set = command_text({"SET", "a", "1"});  // 27 bytes
    const auto bad = [&](const std::string& tail) { return load_bytes(set + tail).error; };
    const std::string start =
        "Bad file format reading the append only file a.aof.1.incr.aof: make a backup of your AOF file, then use "
        "keel-check-aof --fix <filename.manifest> (at offset 27: ";
    CHECK(bad("SET a 1\r\n") == start + "a command begins with '*', not with byte 0x53; good up to offset 27)");
    CHECK(bad("*0\r\n" + set) == start + "a command without words; good up to offset 27)");
    CHECK(bad("*-1\r\n") == start + "a command without words; good up to offset 27)");
    CHECK(bad("*1\r\n:1\r\n") != "");
    CHECK(bad("*1\r\n$-1\r\n") != "");
    CHECK(bad("*1\r\n$3\r\nGETxx" + set) != "");
    CHECK(bad(std::string("\0\0\0\0", 4)) != "");
    CHECK(bad("#TS:abc\r\n") != "");
    CHECK(bad("#KEEL-NEW:1\r\n") != "");

    FakeDisk disk;
    put_log(disk, set + command_text({"FOO", "x"}));
    CHECK(load_log(disk, true, "FOO").error ==
          "Unknown command 'FOO' reading the append only file a.aof.1.incr.aof (command 'FOO' at offset 27)");
    disk.put(kManifest, "file a.aof.1.incr.aof seq 1 type i\nfile none seq 2 type i\n");
    CHECK(load_log(disk).error == "The append log file none doesn't exist: it is named in /srv/logs/a.aof.manifest");
    disk.put("/srv/logs/none", "REDIS0011....");
    CHECK(load_log(disk).error ==
          "Error reading the RDB base file none, AOF loading aborted: it begins with an RDB part, which cannot be read "
          "here");
}

TEST_CASE("replay: a declared length is believed as far as the file goes") {
    const QuietLog quiet;
    const std::string set = command_text({"SET", "a", "1"});
    for (const std::string tail :
         {"*1\r\n$999999999999\r\nabc", "*2147483647\r\n$1\r\na\r\n", "*3\r\n$3\r\nSET\r\n$536870912\r\n"}) {
        const Loaded loaded = load_bytes(set + tail);
        CHECK(loaded.error == "");
        CHECK(loaded.truncated);
        CHECK(loaded.commands == Strings{"SET a 1"});
    }
    CHECK(load_bytes(set + "*2147483648\r\n$1\r\na\r\n").error != "");
}

TEST_CASE("replay: cut at any byte, the commands up to there load, and no half transaction") {
    const QuietLog quiet;
    FakeDisk whole;
    write_small_log(whole);
    const Strings all = load_log(whole).commands;
    CHECK(all.size() == 11);
    const std::string last = whole.bytes_of("/srv/logs/a.aof.2.incr.aof");
    const std::string first = whole.bytes_of(kOne);
    for (std::size_t size = 0; size <= last.size(); ++size) {
        FakeDisk disk;
        for (const std::string& name : whole.names()) disk.put(name, whole.bytes_of(name));
        disk.put("/srv/logs/a.aof.2.incr.aof", Bytes{last}.substr(0, size));
        const Loaded strict = load_log(disk, false);
        const Loaded loaded = load_log(disk);
        REQUIRE(loaded.error == "");
        CHECK(loaded.truncated == !strict.error.empty());
        if (!strict.error.empty())
            CHECK(strict.error.starts_with("Unexpected end of file reading the append only file a.aof.2"));
        REQUIRE(loaded.commands.size() <= all.size());
        CHECK(std::equal(loaded.commands.begin(), loaded.commands.end(), all.begin()));
        const bool halved = !loaded.commands.empty() && loaded.commands.back() == "INCR n";
        CHECK_FALSE(halved);
        // It was cut on the disk: the next start finds nothing to cut, and the log goes on.
        LogLife next{disk, Fsync::always};
        REQUIRE(next.open());
        next.set("z", "1");
        REQUIRE(next.log.close());
        const Loaded again = load_log(disk, false);
        CHECK(again.error == "");
        CHECK(again.commands.size() == loaded.commands.size() + 1);
    }
    // A file that another one follows must be whole.
    for (std::size_t size = 0; size < first.size(); ++size) {
        FakeDisk disk;
        for (const std::string& name : whole.names()) disk.put(name, whole.bytes_of(name));
        disk.put(kOne, Bytes{first}.substr(0, size));
        const Loaded loaded = load_log(disk);
        // Nothing but the last seal is gone: no data is.
        if (size == first.rfind("#KEEL:"))
            CHECK(loaded.commands == all);
        else
            CHECK(loaded.error != "");
    }
}

TEST_CASE("replay: any byte of a small log changed: the same data, or refused") {
    const QuietLog quiet;
    FakeDisk whole;
    write_small_log(whole);
    const Strings all = load_log(whole).commands;
    std::size_t same = 0;
    std::size_t refused = 0;
    for (const std::string& name : whole.names()) {
        if (name == kManifest) continue;
        const std::string bytes = whole.bytes_of(name);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (const int mask : {0x01, 0x10, 0x40, 0xff}) {
                FakeDisk disk;
                for (const std::string& other : whole.names()) disk.put(other, whole.bytes_of(other));
                std::string damaged = bytes;
                damaged[at] = static_cast<char>(damaged[at] ^ mask);
                disk.put(name, damaged);
                const Loaded loaded = load_log(disk);
                INFO(name << " byte " << at << " mask " << mask);
                if (!loaded.error.empty()) {
                    ++refused;
                    continue;
                }
                ++same;
                CHECK(loaded.commands == all);
            }
        }
    }
    CHECK(refused > 100 * same);
}

TEST_CASE("replay: what redis-server did to a log of ours between two lives of ours") {
    const QuietLog quiet;
    FakeDisk disk;
    write_small_log(disk);
    const std::string path = "/srv/logs/a.aof.2.incr.aof";
    const std::string ours = disk.bytes_of(path);
    Strings all = load_log(disk).commands;

    SECTION("it appended") {
        disk.put(path, ours + command_text({"SELECT", "0"}) + command_text({"SET", "theirs", "1"}));
        all.insert(all.end(), {"SELECT 0", "SET theirs 1"});
    }
    SECTION("it cut a torn end off, our last seal with it, and appended") {
        const std::size_t seal = ours.rfind("#KEEL:");
        disk.put(path, ours.substr(0, seal) + command_text({"SET", "theirs", "1"}));
        all.insert(all.end(), {"SET theirs 1"});
    }
    SECTION("it began a file of its own") {
        disk.put(kManifest, disk.bytes_of(kManifest) + "file a.aof.3.incr.aof seq 3 type i\n");
        disk.put("/srv/logs/a.aof.3.incr.aof", command_text({"SELECT", "0"}) + command_text({"SET", "theirs", "1"}));
        all.insert(all.end(), {"SELECT 0", "SET theirs 1"});
    }
    CHECK(load_log(disk).commands == all);
    {
        LogLife life{disk, Fsync::always};
        REQUIRE(life.open());
        life.set("ours", "again");
        REQUIRE(life.log.close());
    }
    all.emplace_back("SET ours again");
    CHECK(load_log(disk).commands == all);
    // What they wrote is covered by our seal, too.
    const std::string last =
        *test_folder(disk).load() == aof::Manifest{} ? "" : load_log(disk).manifest.incremental().back().name;
    std::string damaged = disk.bytes_of("/srv/logs/" + last);
    damaged[damaged.find("theirs")] = 'T';
    disk.put("/srv/logs/" + last, damaged);
    CHECK(load_log(disk).error.find("is damaged: the checksum does not match") != std::string::npos);
}

TEST_CASE("replay: a whole file of ours cannot be missing, nor the end of one at a seal") {
    const QuietLog quiet;
    FakeDisk disk;
    write_small_log(disk);
    const std::string first = disk.bytes_of(kOne);
    const std::size_t seal = first.rfind("#KEEL:", first.rfind("#KEEL:") - 1);
    disk.put(kOne, first.substr(0, first.find('\n', seal) + 1));
    CHECK(load_log(disk).error.find("something between them is missing") != std::string::npos);
    disk.put(kOne, "");
    CHECK(load_log(disk).error.find("something between them is missing") != std::string::npos);
}

TEST_CASE("replay: a value that looks like a seal is a value") {
    const QuietLog quiet;
    FakeDisk disk;
    LogLife life{disk, Fsync::always};
    REQUIRE(life.open());
    life.set("a", "\r\n#KEEL:20:0:0123456789abcdef\r\n");
    REQUIRE(life.log.close());
    const std::string bytes = disk.bytes_of(kOne);
    CHECK(load_log(disk).commands.size() == 1);
    // Cut within it: a torn write as any other, since the line does not say where it stands.
    disk.put(kOne, bytes.substr(0, bytes.find("cdef") + 6));
    const Loaded loaded = load_log(disk);
    CHECK(loaded.error == "");
    CHECK(loaded.truncated);
}
