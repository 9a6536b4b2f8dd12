// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/log.h"

#include <catch2/catch.hpp>

#include "tests/support/log_fixture.h"
#include "tests/support/quiet_log.h"

using namespace keel;
using Fsync = Aof::Fsync;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kFirst = "/srv/logs/a.aof.1.incr.aof";

// What most tests begin with: an open log on a disk of its own.
template <Fsync policy>
struct OpenLog {
    OpenLog() { REQUIRE(life.open()); }
    QuietLog quiet;
    FakeDisk disk;
    LogLife life{disk, policy};
};
using OnAlways = OpenLog<Fsync::always>;
using OnEverysec = OpenLog<Fsync::everysec>;
using OnNo = OpenLog<Fsync::no>;

}  // namespace

TEST_CASE("log: what was appended is written with the turn, and loaded after") {
    const QuietLog quiet;
    FakeDisk disk;
    {
        LogLife life{disk, Fsync::everysec};
        REQUIRE(life.open());
        life.set("a", "1");
        CHECK(disk.bytes_of(kFirst).empty());
        life.turn();
        CHECK(disk.bytes_of(kFirst) == "#KEEL-LOG:1:0:0000000000000000\r\n" + command_text({"SET", "a", "1"}));
        CHECK(life.log.written_offset() == command_text({"SET", "a", "1"}).size());
        life.set("b", "2");
        REQUIRE(life.log.close());
    }
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2"});
    CHECK(manifest_lines(disk) == "file a.aof.1.incr.aof seq 1 type i\n");
}

TEST_CASE("log: another life goes on in the same file, chain and offset with it") {
    const QuietLog quiet;
    FakeDisk disk;
    for (int life_number = 0; life_number < 3; ++life_number) {
        LogLife life{disk, Fsync::always};
        REQUIRE(life.open());
        CHECK(life.log.durable_offset() ==
              static_cast<std::uint64_t>(life_number) * command_text({"SET", "k0", "v"}).size());
        life.set("k" + std::to_string(life_number), "v");
        life.settle();
        if (life_number == 1) REQUIRE(life.log.close());  // the others are just gone
    }
    CHECK(load_log(disk).commands == Strings{"SET k0 v", "SET k1 v", "SET k2 v"});
}

TEST_CASE_METHOD(OnAlways,
                 "log: always is one sync for all writes of a turn, and the next group goes when it is done") {
    const auto syncs = disk.calls(DiskCall::sync);
    for (int i = 0; i < 50; ++i) life.set("k" + std::to_string(i), "v");
    const std::uint64_t wanted = life.log.reply_offset().value();
    CHECK(wanted > 0);
    life.turn();
    CHECK(life.log.durable_offset() == 0);
    CHECK(life.helper.waiting() == 1);
    life.set("later", "v");
    const std::uint64_t wanted_later = life.log.reply_offset().value();
    life.turn();  // the first group is still at the disk
    CHECK(life.log.written_offset() == wanted);
    life.helper.run_one();
    CHECK(life.durability.durable == wanted);
    CHECK(life.helper.waiting() == 1);  // the second group is under way without another turn
    life.helper.run_one();
    CHECK(life.durability.durable == wanted_later);
    CHECK(disk.calls(DiskCall::sync) - syncs == 2);
}

namespace {

// A disk that was seen to be slow.
struct SlowLife {
    explicit SlowLife(std::size_t sync_us = 2000) {
        disk.sync_us = sync_us;
        REQUIRE(life.open());
        put("first");
        life.helper.run_all();
    }
    // One group; where the log ends behind it.
    std::uint64_t put(const std::string& key) {
        life.set(key, "v");
        const std::uint64_t wanted = life.log.reply_offset().value();
        life.turn();
        return wanted;
    }
    FakeDisk disk;
    LogLife life{disk, Fsync::always};
};

}  // namespace

TEST_CASE("log: on a slow disk groups are synced beside each other, up to four, each if it is worth it") {
    const QuietLog quiet;
    SlowLife slow;
    LogLife& life = slow.life;
    std::vector<std::uint64_t> wanted;
    for (const char* key : {"a", "b", "c", "d"}) wanted.push_back(slow.put(key));
    CHECK(life.log.written_offset() == wanted.back());
    CHECK(life.helper.waiting() == 4);
    wanted.push_back(slow.put("e"));
    CHECK(life.log.written_offset() == wanted[3]);
    CHECK(life.helper.waiting() == 4);
    for (const std::uint64_t offset : wanted) {
        life.helper.run_one();
        CHECK(life.durability.durable == offset);
    }
    CHECK(life.helper.waiting() == 0);
    // Beside a large group a small one waits.
    for (int i = 0; i < 8; ++i) life.set("k", "v");
    const std::uint64_t large = slow.put("k");
    slow.put("a");
    CHECK(life.log.written_offset() == large);
    CHECK(life.helper.waiting() == 1);
    life.helper.run_all();
    CHECK(life.durability.durable == life.log.appended_offset());
}

TEST_CASE("log: on a quick disk, and beside a sync that takes very long, nothing is synced at the same time") {
    const QuietLog quiet;
    for (const bool quick : {true, false}) {
        SlowLife slow{quick ? std::size_t{0} : std::size_t{2000}};
        LogLife& life = slow.life;
        const std::uint64_t first = slow.put("a");
        life.set("b", "2");
        life.turn(quick ? 1 : 100);
        life.turn();
        CHECK(life.log.written_offset() == first);
        CHECK(life.helper.waiting() == 1);
        life.helper.run_all();
        CHECK(life.durability.durable == life.log.appended_offset());
    }
}

TEST_CASE("log: of two syncs one fails: the other one's good word holds if it came first, and is nothing after") {
    const QuietLog quiet;
    for (const std::uint64_t failing : {1, 2}) {
        SlowLife slow;
        LogLife& life = slow.life;
        const std::uint64_t before = life.durability.durable;
        const std::uint64_t first = slow.put("a");
        slow.put("b");
        REQUIRE(life.helper.waiting() == 2);
        slow.disk.fail(DiskCall::sync, failing, EIO, 1);
        life.helper.run_one();
        CHECK(life.durability.durable == (failing == 1 ? before : first));
        life.helper.run_one();
        CHECK(life.durability.durable == (failing == 1 ? before : first));
        REQUIRE(life.log.refusal());
        life.settle(200);
        CHECK_FALSE(life.log.refusal());
        CHECK(life.durability.durable == life.log.appended_offset());
        slow.disk.power_loss_strict();
        Strings expected{"SET first v", "SELECT 0", "SET a v", "SET b v"};
        if (failing == 2) expected = {"SET first v", "SET a v", "SELECT 0", "SET b v"};
        CHECK(load_log(slow.disk).commands == expected);
    }
}

TEST_CASE("log: what the second of two syncs has to say is heard before the log is closed, or called secure") {
    const QuietLog quiet;
    for (const bool closes : {true, false}) {
        SlowLife slow;
        LogLife& life = slow.life;
        const std::uint64_t first = slow.put("a");
        slow.put("b");
        REQUIRE(life.helper.waiting() == 2);
        life.helper.run_one();
        slow.disk.fail(DiskCall::sync, 1, EIO, 1);
        life.helper.run_job();  // has failed, and the loop does not know; the next sync would be good
        const Status ended = closes ? life.log.close() : life.log.secure(life.now_ms);
        REQUIRE_FALSE(ended);
        CHECK(ended.error().text() == "MISCONF Errors writing to the AOF file: Input/output error");
        CHECK(life.helper.waiting() == 0);
        CHECK(life.durability.durable == first);
    }
}

TEST_CASE("log: where there is no thread for a second sync, groups wait for the first as on a quick disk") {
    SlowLife slow;
    LogLife& life = slow.life;
    life.helper.one_lane = true;
    slow.put("a");
    slow.put("b");
    slow.put("c");
    CHECK(life.helper.waiting() == 1);
    life.helper.run_all();
    life.turn();  // which the end of a sync brings with it
    CHECK(life.helper.waiting() == 1);
    life.helper.run_all();
    CHECK(life.durability.durable == life.log.appended_offset());
}

TEST_CASE("log: a new file begins when all syncs of the old one are done") {
    const QuietLog quiet;
    SlowLife slow;
    LogLife& life = slow.life;
    std::string outcome;
    slow.put("a");
    slow.put("b");
    REQUIRE(life.log.prepare_segment(life.now_ms, [&](const Status& ready) {
        REQUIRE(ready);
        CHECK_FALSE(life.log.sync_pending());
        REQUIRE(life.log.begin_segment(life.now_ms, [&](const Status& s) { outcome = s ? "good" : s.error().text(); }));
    }));
    for (int i = 0; i < 20 && outcome.empty(); ++i) {
        slow.put("k" + std::to_string(i));
        life.helper.run_one();
    }
    CHECK(outcome == "good");
    life.helper.run_all();
    CHECK(life.durability.durable == life.log.appended_offset());
    for (const char* key : {"x", "y", "z"}) slow.put(key);
    CHECK(life.helper.waiting() == 3);
    life.helper.run_all();
    CHECK(life.durability.durable == life.log.appended_offset());
    CHECK(life.log.current_seq() == 2);
}

TEST_CASE("log: everysec and no hold no reply; everysec syncs once a second, no never") {
    const QuietLog quiet;
    FakeDisk disk;
    for (const Fsync policy : {Fsync::everysec, Fsync::no}) {
        LogLife life{disk, policy};
        REQUIRE(life.open());
        const auto syncs = disk.calls(DiskCall::sync);
        for (int ms = 0; ms < 5000; ms += 10) {
            life.set("k", "v");
            CHECK_FALSE(life.log.reply_offset());
            life.settle(10);
        }
        CHECK(disk.calls(DiskCall::sync) - syncs == (policy == Fsync::no ? 0 : 5));
        // An idle log is synced once more, and then left alone.
        life.settle(1000, 5);
        CHECK(disk.calls(DiskCall::sync) - syncs <= (policy == Fsync::no ? 0 : 6));
        if (policy == Fsync::everysec) CHECK(life.log.durable_offset() == life.log.appended_offset());
    }
}

TEST_CASE("log: no-appendfsync-on-rewrite: no sync and no waiting while a child is at work") {
    const QuietLog quiet;
    FakeDisk disk;
    LogLife life{disk, Fsync::always};
    life.settings.no_fsync_on_rewrite = true;
    REQUIRE(life.open());
    life.log.set_child_active(true);
    life.set("a", "1");
    CHECK_FALSE(life.log.reply_offset());
    life.turn();
    CHECK(life.helper.waiting() == 0);
    life.log.set_child_active(false);
    life.settle();
    CHECK(life.log.durable_offset() == life.log.appended_offset());
}

TEST_CASE_METHOD(OnEverysec, "log: under everysec a write waits two seconds for a sync, no longer") {
    life.set("a", "1");
    life.turn(1000);
    REQUIRE(life.log.sync_pending());
    life.set("b", "2");
    life.turn(1);
    life.turn(1900);
    CHECK(life.log.buffer_bytes() > 0);
    CHECK(life.log.delayed_syncs() == 0);
    life.turn(100);
    CHECK(life.log.buffer_bytes() == 0);
    CHECK(life.log.delayed_syncs() == 1);
    life.helper.run_all();
    // A sync that ends lets go at once what waited for it.
    life.turn(1000);
    REQUIRE(life.log.sync_pending());
    life.set("c", "3");
    life.turn();
    CHECK(life.log.buffer_bytes() > 0);
    life.helper.run_all();
    CHECK(life.log.buffer_bytes() == 0);
}

TEST_CASE("log: a full disk refuses writes in Redis' words, and takes them again when there is room") {
    const QuietLog quiet;
    for (const Fsync policy : {Fsync::always, Fsync::everysec, Fsync::no}) {
        FakeDisk disk;
        LogLife life{disk, policy};
        REQUIRE(life.open());
        life.set("a", "1");
        life.settle();
        const std::string before = disk.bytes_of(kFirst);
        disk.room = 10;
        life.set("b", "2");
        life.settle();
        REQUIRE(life.log.refusal());
        CHECK(life.log.refusal()->text() == "MISCONF Errors writing to the AOF file: No space left on device");
        CHECK(life.durability.errors.size() == 1);
        CHECK(disk.bytes_of(kFirst) == before);  // the part that went in was cut off
        if (policy == Fsync::always) CHECK(life.log.durable_offset() == command_text({"SET", "a", "1"}).size());
        for (int i = 0; i < 20; ++i) life.turn(100);
        CHECK(life.log.refusal());
        disk.room.reset();
        life.settle(100, 12);
        CHECK_FALSE(life.log.refusal());
        life.set("c", "3");
        life.settle();
        CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3"});
    }
}

TEST_CASE_METHOD(OnEverysec, "log: a short write that cannot be cut off is cut before anything follows it") {
    life.set("a", "1");
    life.turn();
    const std::string before = disk.bytes_of(kFirst);
    disk.shorten(1, 5);
    disk.fail(DiskCall::append, 2, ENOSPC, 3);
    disk.fail(DiskCall::truncate, 1, EIO, 1);
    life.set("b", "2");
    life.turn();
    CHECK(life.log.refusal());
    CHECK(disk.bytes_of(kFirst) == before + command_text({"SET", "b", "2"}).substr(0, 5));
    CHECK(load_log(disk, true).commands ==
          Strings{"SET a 1"});  // what a crash now would bring back; this cuts the file
    for (int i = 0; i < 20; ++i) life.turn(200);
    CHECK_FALSE(life.log.refusal());
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2"});
}

TEST_CASE_METHOD(OnAlways,
                 "log: after a failed sync the file is cut at its last durable byte and another one goes on") {
    life.set("a", "1");
    life.settle();
    disk.fail(DiskCall::sync, 1, EIO, 1);
    life.set("b", "2");
    const std::uint64_t wanted = life.log.reply_offset().value();
    life.settle();
    CHECK(life.durability.durable < wanted);
    REQUIRE(life.log.refusal());
    CHECK(life.log.refusal()->text() == "MISCONF Errors writing to the AOF file: Input/output error");
    life.log.append(command_text({"DEL", "x"}), 0, life.now_ms);  // a key that expired meanwhile
    life.settle(200);
    CHECK_FALSE(life.log.refusal());
    life.helper.run_all();
    CHECK(life.durability.durable == life.log.appended_offset());
    CHECK(life.log.current_seq() == 2);
    disk.power_loss_strict();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SELECT 0", "SET b 2", "DEL x"});
    CHECK(load_log(disk).manifest.incremental().size() == 2);
}

TEST_CASE_METHOD(OnNo, "log: when what was written is not kept, a failed sync leaves a hole, and a rewrite closes it") {
    life.set("a", "1");
    life.turn();
    disk.fail(DiskCall::sync, 1, EIO, 1);
    std::string outcome;
    REQUIRE(life.log.begin_segment(life.now_ms, [&](const Status& s) { outcome = s ? "good" : s.error().text(); }));
    life.helper.run_all();
    CHECK(outcome == "Can't sync /srv/logs/a.aof.1.incr.aof: Input/output error");
    REQUIRE(life.log.needs_rewrite());
    life.settle(500, 20);
    CHECK(life.log.refusal());
    // What the rewrite does (rewrite.h): a file for what comes from now on, and a base with all before.
    REQUIRE(life.log.open_waiting(life.log.manifest()));
    life.set("b", "2");
    life.turn();
    disk.put("/srv/logs/temp-base", command_text({"SET", "a", "1"}));
    life.log.install_base("/srv/logs/temp-base", false, 0, false,
                          [&](const Status& s) { outcome = s ? "good" : "bad"; });
    CHECK(life.log.refusal());
    life.helper.run_all();
    CHECK(outcome == "good");
    CHECK_FALSE(life.log.refusal());
    CHECK_FALSE(life.log.needs_rewrite());
    life.set("c", "3");
    life.turn();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3"});
}

TEST_CASE_METHOD(OnEverysec,
                 "log: effects go to the old file until the new one is there, and the switch needs one sync") {
    life.set("a", "1");
    life.turn();
    std::string outcome;
    REQUIRE(life.log.prepare_segment(life.now_ms, [&](const Status& ready) {
        REQUIRE(ready);
        life.set("c", "3");  // the last one of the old file
        REQUIRE(life.log.begin_segment(life.now_ms, [&](const Status& s) { outcome = s ? "good" : s.error().text(); }));
    }));
    CHECK(life.log.busy());
    life.set("b", "2");
    life.turn();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2"});
    life.helper.run_one();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3"});
    life.set("d", "4");
    life.turn();
    CHECK(life.helper.waiting() == 1);
    CHECK(outcome.empty());
    life.helper.run_one();
    CHECK(outcome == "good");
    CHECK(life.log.current_seq() == 2);
    CHECK(disk.bytes_of("/srv/logs/a.aof.2.incr.aof").find(command_text({"SET", "d", "4"})) != std::string::npos);
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3", "SET d 4"});
}

TEST_CASE("log: a switch that waits for a slow disk has replies wait after two seconds, whatever the policy") {
    const QuietLog quiet;
    for (const Fsync policy : {Fsync::everysec, Fsync::no}) {
        FakeDisk disk;
        LogLife life{disk, policy};
        REQUIRE(life.open());
        life.set("a", "1");
        life.turn();
        REQUIRE(life.log.begin_segment(life.now_ms, [](const Status&) {}));
        life.set("b", "2");
        life.turn(1900);
        CHECK_FALSE(life.log.reply_offset());
        life.turn(100);
        life.set("c", "3");
        CHECK(life.log.reply_offset() == life.log.appended_offset());
        const std::uint64_t wanted = life.log.reply_offset().value();
        life.turn(5000);
        CHECK(life.durability.durable < wanted);
        life.helper.run_all();
        CHECK_FALSE(life.log.reply_offset());
        CHECK(life.log.written_offset() == wanted);
        CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3"});
    }
}

TEST_CASE_METHOD(OnAlways, "log: a new file that was prepared and is not used leaves the old one in force") {
    int told = 0;
    for (int i = 0; i < 2; ++i) {
        REQUIRE(life.log.prepare_segment(life.now_ms, [&](const Status& ready) { told += ready ? 1 : 100; }));
        CHECK_FALSE(life.log.prepare_segment(life.now_ms, [](const Status&) {}).has_value());
        life.helper.run_all();
        life.set("k", std::to_string(i));
        life.settle();
    }
    CHECK(told == 2);
    CHECK(life.log.current_seq() == 1);
    disk.power_loss_strict();
    CHECK(load_log(disk).commands == Strings{"SET k 0", "SET k 1"});
}

TEST_CASE("log: the time stands in the file as Redis writes it, and is no part of the stream") {
    const QuietLog quiet;
    FakeDisk disk;
    LogLife life{disk, Fsync::everysec};
    life.settings.timestamps = true;
    REQUIRE(life.open());
    life.set("a", "1");
    life.set("b", "2");
    life.now_ms += 1000;
    life.set("c", "3");
    life.turn();
    const std::string start = "#KEEL-LOG:1:0:0000000000000000\r\n";
    CHECK(disk.bytes_of(kFirst).starts_with(start + "#TS:1700000000\r\n" + command_text({"SET", "a", "1"}) +
                                            command_text({"SET", "b", "2"}) + "#TS:1700000001\r\n" +
                                            command_text({"SET", "c", "3"})));
    CHECK(life.log.written_offset() == 3 * command_text({"SET", "a", "1"}).size());
}

TEST_CASE("log: a switched-on log begins beside the old one and takes its place with the first base") {
    const QuietLog quiet;
    FakeDisk disk;
    {
        LogLife old{disk, Fsync::everysec};
        REQUIRE(old.open());
        old.set("old", "x");
        REQUIRE(old.log.close());
    }
    LogLife life{disk, Fsync::always};
    REQUIRE(life.log.open_waiting(*test_folder(disk).load()));
    CHECK(life.log.mode() == aof::Log::Mode::waiting);
    life.set("b", "2");
    CHECK_FALSE(life.log.reply_offset());  // nothing is promised yet
    life.turn();
    CHECK(load_log(disk).commands == Strings{"SET old x"});
    disk.put("/srv/logs/temp-base", command_text({"SET", "a", "1"}));
    bool installed = false;
    life.log.install_base("/srv/logs/temp-base", false, 0, false, [&](const Status& s) { installed = s.has_value(); });
    life.set("c", "3");
    life.settle();
    CHECK(installed);
    CHECK(life.log.mode() == aof::Log::Mode::on);
    life.set("d", "4");
    life.settle();
    CHECK(life.log.durable_offset() == life.log.appended_offset());
    disk.power_loss_strict();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3", "SET d 4"});
    CHECK(disk.names() ==
          Strings{"/srv/logs/a.aof.1.base.aof", "/srv/logs/a.aof.2.incr.aof", "/srv/logs/a.aof.manifest"});
}

TEST_CASE("log: what a failed write left in a beginning log is cut off before its base is installed") {
    const QuietLog quiet;
    FakeDisk disk;
    LogLife life{disk, Fsync::everysec};
    REQUIRE(life.log.open_waiting(*test_folder(disk).load()));
    life.set("b", "2");
    life.turn();
    disk.shorten(1, 5);
    disk.fail(DiskCall::append, 2, ENOSPC, 1);
    disk.fail(DiskCall::truncate, 1, EIO, 2);
    life.set("c", "3");
    life.turn();
    REQUIRE(life.log.refusal());
    disk.put("/srv/logs/temp-base", command_text({"SET", "a", "1"}));
    std::string outcome;
    const auto note = [&](const Status& s) { outcome = s ? "good" : s.error().text(); };
    life.log.install_base("/srv/logs/temp-base", false, 0, false, note);
    life.helper.run_all();
    CHECK(outcome == "MISCONF Errors writing to the AOF file: Input/output error");
    life.log.install_base("/srv/logs/temp-base", false, 0, false, note);
    life.helper.run_all();
    CHECK(outcome == "good");
    disk.power_loss_strict();
    CHECK(load_log(disk).commands == Strings{"SET a 1", "SET b 2", "SET c 3"});
}

TEST_CASE("log: when its last write fails, what was written before is synced all the same, and the failure told") {
    const QuietLog quiet;
    FakeDisk disk;
    {
        LogLife life{disk, Fsync::everysec};
        REQUIRE(life.open());
        life.set("a", "1");
        life.turn();
        disk.fail(DiskCall::append, 1, ENOSPC, 1);  // of the seal
        const Status closed = life.log.close();
        REQUIRE_FALSE(closed);
        CHECK(closed.error().text() == "MISCONF Errors writing to the AOF file: No space left on device");
        CHECK(life.durability.durable == command_text({"SET", "a", "1"}).size());
    }
    disk.power_loss_strict();
    CHECK(load_log(disk).commands == Strings{"SET a 1"});
    LogLife life{disk, Fsync::everysec};
    REQUIRE(life.open());
    life.set("b", "2");
    life.turn();
    disk.fail(DiskCall::sync, 1);
    const Status closed = life.log.close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error().text() == "Can't sync /srv/logs/a.aof.1.incr.aof: Input/output error");
}

TEST_CASE_METHOD(
    OnEverysec,
    "log: a clock that is set back by an hour holds up neither syncs and seals nor the way out of a failure") {
    constexpr std::int64_t kHourMs = 3'600'000;
    life.set("a", "1");
    life.settle(-kHourMs);
    CHECK(life.log.durable_offset() == life.log.appended_offset());
    const auto syncs = disk.calls(DiskCall::sync);
    for (int ms = 0; ms < 3000; ms += 10) {
        life.set("b", "2");
        life.settle(10);
    }
    CHECK(disk.calls(DiskCall::sync) - syncs == 3);  // a second is one again
    disk.fail(DiskCall::append, 1, ENOSPC);
    life.set("c", "3");
    life.turn();
    REQUIRE(life.log.refusal());
    life.turn(-kHourMs);
    CHECK_FALSE(life.log.refusal());
    life.turn(-kHourMs);
    life.settings.fsync = Fsync::no;
    life.set("d", "4");
    life.turn(-kHourMs);
    CHECK(disk.bytes_of(kFirst).ends_with("\r\n"));
    CHECK(disk.bytes_of(kFirst).rfind("#KEEL:") > disk.bytes_of(kFirst).rfind("SET"));
}

TEST_CASE_METHOD(OnEverysec, "log: the file that a recovery begins selects the database that was selected there") {
    life.log.append(command_text({"SELECT", "3"}) + command_text({"SET", "a", "1"}), 3, life.now_ms);
    life.settle(1000);
    disk.fail(DiskCall::sync, 1);
    life.log.append(command_text({"SET", "b", "2"}), 3, life.now_ms);
    life.turn();
    life.log.append(command_text({"SELECT", "4"}) + command_text({"SET", "c", "3"}), 4, life.now_ms);
    life.settle(1000);
    REQUIRE(life.log.refusal());
    const std::uint64_t appended = life.log.appended_offset();
    life.settle(100);
    CHECK(life.log.appended_offset() == appended);
    CHECK(life.log.durable_offset() == appended);
    disk.power_loss_strict();
    CHECK(disk.bytes_of("/srv/logs/a.aof.2.incr.aof")
              .find(command_text({"SELECT", "3"}) + command_text({"SET", "b", "2"})) != std::string::npos);
    CHECK(load_log(disk).commands == Strings{"SELECT 3", "SET a 1", "SELECT 3", "SET b 2", "SELECT 4", "SET c 3"});
}
