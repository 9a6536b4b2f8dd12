// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/rewrite.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "tests/support/log_fixture.h"
#include "tests/support/quiet_log.h"

using namespace keel;
using Fsync = Aof::Fsync;
using Strings = std::vector<std::string>;
using aof::ChildEnd;

namespace {

// A child that does its work when the test says so, with the data as it was when it was forked.
class FakeChild final : public aof::Child {
  public:
    Result<int> start(std::function<Status(int)> work) override {
        if (no_fork) return Error{std::string{"fork: Resource temporarily unavailable"}};
        work_ = std::move(work);
        return ++pid;
    }
    void stop(int) override { stopped = true; }
    bool run() { return work_(pid).has_value(); }

    int pid = 100;
    bool no_fork = false;
    bool stopped = false;

  private:
    std::function<Status(int)> work_;
};

// A server whose data are keys with a count: every command is INCR, so one too many or too few shows.
struct Counting {
    explicit Counting(FakeDisk& on, Fsync fsync = Fsync::always) : life(on, fsync) {
        life.settings.enabled = true;
        life.settings.rdb_preamble = false;
    }
    void incr(const std::string& key) {
        life.log.append(command_text({"INCR", key}), 0, life.now_ms);
        ++counts[key];
    }
    Status start() {
        if (!rewrite.running()) forked = counts;  // a log that begins forks at once, one that is on at the switch
        return rewrite.start(life.now_ms);
    }
    // Up to the moment at which the child is there.
    Status start_child() {
        const Status started = start();
        if (started && rewrite.preparing()) life.helper.run_one();
        return started;
    }
    Status write(AppendFile& to) {
        aof::BaseWriter base{to, 7};
        base.timestamp(1'700'000'000);
        for (const auto& [key, count] : forked) {
            for (int i = 0; i < count; ++i) base.write(command_text({"INCR", key}));
        }
        return base.finish();
    }
    void child_ends(bool good = true) {
        const int pid = rewrite.child();
        const bool done = good && child.run();
        rewrite.on_child_done(pid, done ? ChildEnd::good : ChildEnd::failed, life.now_ms);
    }
    void all_turns() {
        for (int i = 0; i < 30; ++i) {
            life.settle(100);
            static_cast<void>(rewrite.due(life.now_ms));
        }
    }

    LogLife life;
    std::map<std::string, int> counts;
    std::map<std::string, int> forked;
    FakeChild child;
    aof::Rewrite rewrite{life.log, life.settings, child, [this](AppendFile& to) { return write(to); },
                         [this] { forked = counts; }};
};

// What many tests begin with: a server with an open log on a disk of its own.
template <Fsync policy>
struct OpenServer {
    OpenServer() { REQUIRE(server.life.open()); }
    QuietLog quiet;
    FakeDisk disk;
    Counting server{disk, policy};
};
using OnAlways = OpenServer<Fsync::always>;
using OnEverysec = OpenServer<Fsync::everysec>;

std::map<std::string, int> counted(const Loaded& loaded) {
    std::map<std::string, int> out;
    for (const std::string& command : loaded.commands) {
        if (command.starts_with("INCR ")) ++out[command.substr(5)];
    }
    return out;
}

}  // namespace

TEST_CASE_METHOD(OnAlways, "rewrite: base, what came meanwhile, and no history left") {
    for (int i = 0; i < 3; ++i) server.incr("a");
    server.life.settle();
    REQUIRE(server.start());
    CHECK(server.rewrite.preparing());
    CHECK(server.rewrite.child() == 0);
    server.incr("a");  // in the base and in the old file
    server.life.turn();
    server.life.helper.run_one();
    CHECK(server.rewrite.preparing());  // the end of a sync is waited for
    server.life.helper.run_one();
    CHECK_FALSE(server.rewrite.preparing());
    CHECK(server.rewrite.child() != 0);
    CHECK(server.rewrite.start(0).error().text() == "Background append only file rewriting already in progress");
    server.incr("a");
    server.child_ends();
    CHECK(server.rewrite.running());  // the old file is not synced yet
    server.incr("b");
    server.all_turns();
    CHECK_FALSE(server.rewrite.running());
    CHECK(server.rewrite.last_good());
    CHECK(server.life.log.durable_offset() == server.life.log.appended_offset());
    disk.power_loss_strict();
    CHECK(manifest_lines(disk) == "file a.aof.1.base.aof seq 1 type b\nfile a.aof.2.incr.aof seq 2 type i\n");
    CHECK(disk.names().size() == 3);
    CHECK(counted(load_log(disk)) == server.counts);
}

TEST_CASE("rewrite: a base that lost its end at a seal is refused") {
    const QuietLog quiet;
    FakeDisk disk;
    auto file = disk.create("/srv/logs/base");
    aof::BaseWriter base{**file};
    for (int i = 0; i < 5000; ++i) base.write(command_text({"INCR", "a"}));
    REQUIRE(base.finish());
    disk.put("/srv/logs/a.aof.manifest", "file base seq 1 type b\n");
    CHECK(load_log(disk).commands.size() == 5000);
    const std::string whole = disk.bytes_of("/srv/logs/base");
    const std::size_t seal = whole.rfind("#KEEL:");
    disk.put("/srv/logs/base", whole.substr(0, whole.find('\n', seal) + 1));
    CHECK(load_log(disk).error.find("is damaged: the end of the file is missing") != std::string::npos);
}

TEST_CASE("rewrite: whatever call fails and wherever power is lost, nothing is lost and nothing counted twice") {
    const QuietLog quiet;
    int good = 0;
    int bad = 0;
    for (std::uint64_t nth = 1; nth < 70; ++nth) {
        for (const auto kind :
             {std::optional<DiskCall>{}, std::optional{DiskCall::sync}, std::optional{DiskCall::rename},
              std::optional{DiskCall::sync_folder}, std::optional{DiskCall::remove}}) {
            for (const bool settle : {false, true}) {
                FakeDisk disk{nth};
                Counting server{disk};
                REQUIRE(server.life.open());
                std::mt19937_64 random{nth};
                disk.fail(kind, nth, EIO, nth % 3 + 1);
                for (int round = 0; round < 3; ++round) {
                    for (int i = 0; i < 5; ++i) {
                        if (!server.life.log.refusal())
                            server.incr(std::string(1, static_cast<char>('a' + random() % 3)));
                        if (random() % 2 == 0) server.life.turn();
                    }
                    const bool started = server.start().has_value();
                    if (started || server.rewrite.running()) {
                        for (std::uint64_t i = random() % 4; i > 0; --i) server.life.turn();
                        if (!server.life.log.refusal()) server.incr("before");
                        for (std::uint64_t i = random() % 4; i > 0 && server.life.helper.waiting() > 0; --i)
                            server.life.helper.run_one();
                        if (!server.life.log.refusal()) server.incr("meanwhile");
                        if (random() % 2 == 0) server.life.helper.run_all();
                        if (server.rewrite.child() != 0) server.child_ends(random() % 4 != 0);
                    }
                    if (random() % 2 == 0) server.all_turns();
                }
                if (settle) {
                    disk.heal();
                    server.all_turns();
                    CHECK_FALSE(server.life.log.refusal());
                }
                (server.rewrite.last_good() ? good : bad) += 1;
                const std::uint64_t promised = server.life.durability.durable;
                const bool all = promised == server.life.log.appended_offset();
                if (settle) CHECK(all);
                disk.heal();
                server.life.helper.forget();
                disk.power_loss();
                INFO("nth " << nth << " kind " << (kind ? static_cast<int>(*kind) : -1) << " settled " << settle);
                const Loaded after = load_log(disk);
                REQUIRE(after.error == "");
                const auto found = counted(after);
                if (all) CHECK(found == server.counts);
                for (const auto& [key, count] : found) CHECK(count <= server.counts[key]);
            }
        }
    }
    CHECK(good > 50);
    CHECK(bad > 50);
}

TEST_CASE_METHOD(OnAlways, "rewrite: no fork, a child that fails: the old log goes on") {
    server.incr("a");
    server.child.no_fork = true;
    REQUIRE(server.start());
    server.life.helper.run_one();
    CHECK_FALSE(server.rewrite.running());
    CHECK_FALSE(server.rewrite.last_good());
    server.all_turns();
    server.child.no_fork = false;
    REQUIRE(server.start_child());
    server.incr("a");
    server.child_ends(false);
    server.all_turns();
    CHECK(server.rewrite.consecutive_failures() == 2);
    CHECK(counted(load_log(disk)) == server.counts);
    REQUIRE(server.start_child());
    server.rewrite.cancel();
    CHECK(server.child.stopped);
    server.rewrite.on_child_done(server.rewrite.child(), ChildEnd::stopped, server.life.now_ms);
    CHECK(server.rewrite.consecutive_failures() == 2);  // on purpose
    server.all_turns();
    REQUIRE(server.start());
    server.rewrite.cancel();  // before there is a child
    server.all_turns();
    CHECK_FALSE(server.rewrite.running());
    CHECK(server.rewrite.child() == 0);
    CHECK(server.rewrite.consecutive_failures() == 2);
    server.incr("a");
    server.all_turns();
    CHECK(counted(load_log(disk)) == server.counts);
}

TEST_CASE("rewrite: growth starts it, failures pause it") {
    const QuietLog quiet;
    FakeDisk disk;
    Counting server{disk, Fsync::no};
    server.life.settings.rewrite_min_bytes = 1000;
    REQUIRE(server.life.open());
    auto due = [&] { return server.rewrite.due(server.life.now_ms); };
    CHECK_FALSE(due());
    for (int i = 0; i < 100; ++i) server.incr("key");
    server.life.turn();
    CHECK(due());
    REQUIRE(server.start_child());
    server.child_ends();
    server.all_turns();
    CHECK(server.rewrite.last_good());
    CHECK_FALSE(due());  // not grown by a hundred percent since
    for (int i = 0; i < 150; ++i) server.incr("key");
    server.life.turn();
    CHECK(due());
    server.life.settings.rewrite_percentage = 0;
    CHECK_FALSE(due());
    server.life.settings.rewrite_percentage = 100;
    for (int i = 0; i < 3; ++i) {
        CHECK(due());
        REQUIRE(server.start_child());
        server.child_ends(false);
        server.life.helper.run_all();
        server.life.turn();
    }
    for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
        CHECK_FALSE(due());
        server.life.now_ms += minutes * 60'000 - 1;
        CHECK_FALSE(due());
        server.life.now_ms += 1;
        CHECK(due());
        REQUIRE(server.start_child());
        server.child_ends(false);
        server.life.helper.run_all();
    }
    CHECK_FALSE(due());
    server.life.now_ms -= 3'600'000;  // the clock is set back
    CHECK(due());
    server.rewrite.schedule();  // a user may
    CHECK(due());
}

TEST_CASE("rewrite: switched on live, the log is on when its first base is there") {
    const QuietLog quiet;
    FakeDisk disk;
    Counting server{disk};
    server.incr("a");  // in memory, in no log
    server.counts["a"] = 1;
    REQUIRE(server.start());
    CHECK(server.life.log.mode() == aof::Log::Mode::waiting);
    server.incr("b");
    server.child_ends(false);
    CHECK_FALSE(server.rewrite.due(server.life.now_ms));
    CHECK(server.rewrite.due(server.life.now_ms + 1000));  // tried again
    REQUIRE(server.start());
    server.incr("b");
    server.child_ends();
    server.all_turns();
    CHECK(server.life.log.mode() == aof::Log::Mode::on);
    server.incr("a");
    server.all_turns();
    disk.power_loss_strict();
    CHECK(counted(load_log(disk)) == server.counts);
}

namespace {

enum class Crash { kill, power, strict_power };

// From the nth change on the disk does nothing more, while the log begins; then the process is gone. Whether it came
// so far. `off`: only a base is made, as for a log that is off, and at the start for a log that is new.
bool crash_while_it_begins(std::uint64_t nth, Crash crash, bool earlier, bool off) {
    INFO("nth " << nth << " crash " << static_cast<int>(crash) << " an earlier log " << earlier << " off " << off);
    FakeDisk disk{nth};
    std::map<std::string, int> old;
    if (earlier) {
        Counting before{disk};
        REQUIRE(before.life.open());
        before.incr("old");
        REQUIRE(before.life.log.close());
        old = before.counts;
    }
    Counting server{disk};
    server.life.settings.enabled = !off;
    server.life.log.set_manifest(load_log(disk).manifest);
    server.counts = old;
    ++server.counts["in no log"];
    const auto calls = disk.changing_calls();
    disk.fail(std::nullopt, nth, EIO, 1'000'000);
    if (server.start()) {
        server.incr("meanwhile");
        server.life.turn();
        server.child_ends();
        server.life.helper.run_all();
    }
    const bool came_so_far = disk.changing_calls() - calls >= nth;
    const bool on = server.life.log.mode() == aof::Log::Mode::on;
    const auto promised = on && server.life.log.durable_offset() == server.life.log.appended_offset() ? server.counts
                          : on                                                                        ? server.forked
                                                                                                      : old;
    disk.heal();
    server.life.helper.forget();
    if (crash == Crash::power) disk.power_loss();
    if (crash == Crash::strict_power) disk.power_loss_strict();
    // As a start does (server/append_log).
    if (const auto manifest = test_folder(disk).load(); manifest && manifest->empty())
        REQUIRE(test_folder(disk).refuse_orphans());
    test_folder(disk).remove_temporaries();
    const Loaded after = load_log(disk);
    REQUIRE(after.error == "");
    if (after.manifest.empty()) REQUIRE(test_folder(disk).refuse_orphans());
    const auto found = counted(after);
    CHECK((found == old || found == server.forked || found == server.counts));
    CHECK(found.size() >= promised.size());
    // The next life goes on, and leaves nothing of it behind, though its base has another suffix.
    Counting next{disk};
    next.life.settings.rdb_preamble = !server.life.settings.rdb_preamble;
    next.counts = found;
    REQUIRE(next.life.open());
    next.incr("next");
    REQUIRE(next.start_child());
    next.child_ends();
    next.all_turns();
    CHECK(next.rewrite.last_good());
    CHECK(counted(load_log(disk)) == next.counts);
    CHECK(disk.names().size() == 3);  // manifest, base, incremental file
    return came_so_far;
}

}  // namespace

TEST_CASE("rewrite: a crash at any step of a log that begins leaves a folder that the next start takes") {
    const QuietLog quiet;
    for (const Crash crash : {Crash::kill, Crash::power, Crash::strict_power}) {
        for (const bool earlier : {false, true}) {
            for (const bool off : {false, true}) {
                std::uint64_t steps = 1;
                while (crash_while_it_begins(steps, crash, earlier, off)) ++steps;
                CHECK(steps > 10);
            }
        }
    }
}

TEST_CASE("rewrite: a log that could not begin at the last step begins at the next try, and nothing is left over") {
    const QuietLog quiet;
    for (std::uint64_t nth = 1;; ++nth) {
        INFO("nth " << nth);
        FakeDisk disk{nth};
        Counting server{disk};
        server.counts["a"] = 1;
        REQUIRE(server.start());
        const auto calls = disk.changing_calls();
        disk.fail(std::nullopt, nth, EIO, 1);
        server.incr("b");
        server.child_ends();
        server.all_turns();
        const bool came_so_far = disk.changing_calls() - calls >= nth;
        if (!server.rewrite.last_good()) {
            REQUIRE(server.start());
            server.incr("c");
            server.child_ends();
            server.all_turns();
        }
        CHECK(server.life.log.mode() == aof::Log::Mode::on);
        CHECK(counted(load_log(disk)) == server.counts);
        CHECK(disk.names().size() == load_log(disk).manifest.files().size() + 1);
        if (!came_so_far) break;
    }
}

TEST_CASE("rewrite: one that heals is tried every second, however often it failed, and says so now and then") {
    const QuietLog quiet;
    for (const bool hole : {true, false}) {
        FakeDisk disk;
        Counting server{disk, Fsync::no};
        if (hole) {
            REQUIRE(server.life.open());
            server.incr("a");
            server.life.turn();
            REQUIRE(server.start_child());
            disk.fail(DiskCall::sync, 1);  // of the old file
            server.all_turns();
            server.rewrite.on_child_done(server.rewrite.child(), ChildEnd::stopped, server.life.now_ms);
            REQUIRE(server.life.log.needs_rewrite());
        }
        disk.fail(DiskCall::create, 1, ENOSPC, 1'000'000);
        int tries = 0;
        int loud = 0;
        for (int i = 0; i < 1200; ++i) {  // two minutes
            server.life.settle(100);
            if (!server.rewrite.due(server.life.now_ms)) continue;
            ++tries;
            CHECK_FALSE(server.rewrite.start(server.life.now_ms, false));
            loud += server.rewrite.loud() ? 1 : 0;
        }
        CHECK(tries >= 118);
        CHECK(tries <= 121);
        CHECK(loud >= 4);
        CHECK(loud <= 5);
        disk.heal();
        server.life.turn(1000);
        REQUIRE(server.rewrite.due(server.life.now_ms));
        REQUIRE(server.start());
        server.child_ends();
        server.all_turns();
        CHECK(server.life.log.mode() == aof::Log::Mode::on);
        CHECK_FALSE(server.life.log.refusal());
        CHECK_FALSE(server.life.log.needs_rewrite());
        CHECK(server.rewrite.consecutive_failures() == 0);
        CHECK(counted(load_log(disk)) == server.counts);
    }
}

TEST_CASE("rewrite: with the log off it makes a base, and all incremental files are history") {
    const QuietLog quiet;
    FakeDisk disk;
    {
        Counting before{disk};
        REQUIRE(before.life.open());
        before.incr("old");
        REQUIRE(before.life.log.close());
    }
    Counting server{disk};
    server.life.settings.enabled = false;
    server.life.log.set_manifest(load_log(disk).manifest);
    server.counts["now"] = 2;
    REQUIRE(server.start());
    server.child_ends();
    server.all_turns();
    CHECK(counted(load_log(disk)) == server.counts);
    CHECK(server.life.log.mode() == aof::Log::Mode::off);
    CHECK(manifest_lines(disk) == "file a.aof.1.base.aof seq 1 type b\n");
}

TEST_CASE_METHOD(OnAlways, "rewrite: a child that was told to stop is waited for before another one starts") {
    server.incr("a");
    server.all_turns();
    REQUIRE(server.start_child());
    disk.fail(DiskCall::sync, 1);
    server.life.helper.run_all();  // the old file could not be synced
    CHECK(server.child.stopped);
    server.all_turns();
    CHECK_FALSE(server.rewrite.running());
    server.rewrite.schedule();
    CHECK_FALSE(server.rewrite.due(server.life.now_ms));
    CHECK_FALSE(server.rewrite.start(server.life.now_ms).has_value());
    server.rewrite.on_child_done(server.rewrite.child(), ChildEnd::stopped, server.life.now_ms);
    CHECK(server.rewrite.due(server.life.now_ms));
    REQUIRE(server.start_child());
    server.child_ends();
    server.all_turns();
    CHECK(server.rewrite.last_good());
    CHECK(counted(load_log(disk)) == server.counts);
}

TEST_CASE_METHOD(OnAlways, "rewrite: a new file that cannot be made ends it before there is a child") {
    server.incr("a");
    server.all_turns();
    disk.fail(DiskCall::create, 1);
    REQUIRE(server.start());
    server.incr("a");
    server.all_turns();
    CHECK_FALSE(server.rewrite.running());
    CHECK_FALSE(server.rewrite.last_good());
    CHECK(server.rewrite.child() == 0);
    CHECK_FALSE(server.life.log.refusal());
    disk.power_loss_strict();
    CHECK(counted(load_log(disk)) == server.counts);
}

TEST_CASE_METHOD(OnEverysec,
                 "rewrite: while a slow disk makes the new file, what is written is in the old one with its turn") {
    REQUIRE(server.start());
    for (int i = 0; i < 80; ++i) {  // eight seconds, in which the disk answers nothing
        server.incr("a");
        server.life.turn(100);
        static_cast<void>(server.rewrite.due(server.life.now_ms));
        // The process may be killed at any time; up to two seconds wait for the sync that waits for the disk.
        CHECK(counted(load_log(disk))["a"] >= server.counts["a"] - 20);
    }
    CHECK(server.life.log.delayed_syncs() > 0);
    server.life.helper.run_all();
    CHECK(server.rewrite.child() != 0);
    server.child_ends();
    server.all_turns();
    CHECK(server.rewrite.last_good());
    disk.power_loss_strict();
    CHECK(counted(load_log(disk)) == server.counts);
}
