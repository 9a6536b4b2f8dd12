// SPDX-License-Identifier: BSD-3-Clause
//
// The n-th call to the disk fails, for every n, every kind of failure and every policy; then power is lost. What was
// promised has to be there, and every state has to load.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "tests/support/log_fixture.h"
#include "tests/support/quiet_log.h"

using namespace keel;
using Fsync = Aof::Fsync;
using Strings = std::vector<std::string>;

namespace {

enum class Crash { none, kill, power };

// A server's life: random writes, turns, a helper that is late, now and then a new segment. Notes what it promised.
class Story {
  public:
    Story(FakeDisk& disk, Fsync fsync, std::uint64_t seed)
        : disk_(disk), life_(disk, fsync), random_(seed), most_turn_ms_(seed % 3 == 0 ? 3000 : 300) {}

    Status open() { return life_.open(); }

    void play(int steps) {
        for (int i = 0; i < steps; ++i) step();
    }
    // The disk is well again: everything gets to it.
    void settle() {
        for (int i = 0; i < 40; ++i) {
            life_.turn(250);
            life_.helper.run_all();
        }
    }
    void die(Crash crash) {
        life_.helper.forget();
        if (crash == Crash::power) disk_.power_loss();
    }

    // How many commands must be there after what happened.
    [[nodiscard]] std::size_t promised(Crash crash) const {
        if (life_.settings.fsync == Fsync::always) return count_up_to(life_.durability.durable);
        // A kill loses nothing that a turn has written, unless a sync failed: then what it was to confirm is in doubt.
        if (crash == Crash::kill && !life_.log.refusal()) return count_up_to(written_);
        return life_.settings.fsync == Fsync::no ? 0 : count_up_to(life_.durability.durable);
    }
    [[nodiscard]] const Strings& commands() const { return commands_; }
    [[nodiscard]] LogLife& life() { return life_; }

  private:
    void step() {
        const std::uint64_t what = random_() % 10;
        if (what < 6 && !life_.log.refusal()) {
            write_some(what);
        } else if (what < 8) {
            const bool well = !life_.log.refusal();
            life_.turn(static_cast<std::int64_t>(random_() % most_turn_ms_));
            if (well && !life_.log.refusal() && life_.log.buffer_bytes() == 0) written_ = life_.log.written_offset();
        } else if (what == 8 && life_.helper.waiting() > 0) {
            if (life_.helper.has_job() && random_() % 2 == 0)
                life_.helper.run_job();
            else
                life_.helper.run_one();
        } else if (random_() % 12 == 0) {
            static_cast<void>(life_.log.begin_segment(life_.now_ms, [](const Status&) {}));
        } else if (random_() % 12 == 0) {
            static_cast<void>(
                life_.log.prepare_segment(life_.now_ms, [this](const Status& ready) { switch_over(ready); }));
        }
    }
    void switch_over(const Status& ready) {
        if (!ready || random_() % 5 == 0) return;
        static_cast<void>(life_.log.begin_segment(life_.now_ms, [](const Status&) {}));
    }
    void write_some(std::uint64_t what) {
        const std::string key = "k" + std::to_string(commands_.size());
        const std::string value(random_() % (what == 0 ? 6000 : 40), 'v');
        life_.set(key, value);
        commands_.push_back("SET " + key + " " + value);
        ends_.push_back(life_.log.appended_offset());
    }
    [[nodiscard]] std::size_t count_up_to(std::uint64_t offset) const {
        return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin());
    }

    FakeDisk& disk_;
    LogLife life_;
    std::mt19937_64 random_;
    std::uint64_t most_turn_ms_;
    Strings commands_;
    std::vector<std::uint64_t> ends_;
    std::uint64_t written_ = 0;
};

bool is_prefix(const Strings& part, const Strings& whole) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

struct Fault {
    std::optional<DiskCall> kind;
    std::uint64_t times;
    int number;
};

constexpr Fault kFaults[] = {
    {std::nullopt, 1, EIO},          {std::nullopt, 7, ENOSPC},     {DiskCall::sync, 1, EIO},
    {DiskCall::sync, 4, EIO},        {DiskCall::append, 2, ENOSPC}, {DiskCall::truncate, 3, EIO},
    {DiskCall::rename, 2, EIO},      {DiskCall::create, 2, ENOSPC}, {DiskCall::sync_folder, 2, EIO},
    {DiskCall::append, 100000, EIO}, {DiskCall::sync, 100000, EIO},
};

// One life with one fault and one end; what is on the disk after is checked.
void one_story(Fsync fsync, const Fault& fault, std::uint64_t nth, Crash crash, std::uint64_t seed) {
    INFO("policy " << static_cast<int>(fsync) << " fault " << (fault.kind ? static_cast<int>(*fault.kind) : -1) << " x"
                   << fault.times << " nth " << nth << " crash " << static_cast<int>(crash) << " seed " << seed);
    FakeDisk disk{seed};
    if (nth % 5 == 0) disk.shorten(nth % 17 + 1, nth % 60 + 1);
    Story story{disk, fsync, seed};
    disk.fail(fault.kind, nth, fault.number, fault.times);
    std::size_t promised = 0;
    const bool opened = story.open().has_value();
    if (opened) {
        story.play(120);
        if (crash == Crash::none) {
            disk.heal();
            story.settle();
            if (!story.life().log.needs_rewrite()) {
                CHECK_FALSE(story.life().log.refusal());
                if (fsync != Fsync::no) {
                    CHECK(story.life().log.durable_offset() == story.life().log.appended_offset());
                    promised = story.commands().size();
                }
            }
        } else {
            promised = story.promised(crash);
        }
    }
    disk.heal();
    story.die(crash == Crash::none ? Crash::power : crash);
    Loaded after = load_log(disk);
    REQUIRE(after.error == "");
    std::erase(after.commands, "SELECT 0");  // a file that a recovery began
    CHECK(is_prefix(after.commands, story.commands()));
    CHECK(after.commands.size() >= promised);
    // And a server that starts with it goes on.
    LogLife next{disk, fsync};
    REQUIRE(next.open());
    next.set("next", "life");
    next.turn(1500);
    next.helper.run_all();
    Strings expected = after.commands;
    expected.emplace_back("SET next life");
    Loaded last = load_log(disk);
    std::erase(last.commands, "SELECT 0");
    CHECK(last.commands == expected);
}

}  // namespace

TEST_CASE("log faults: whatever call fails and wherever power is lost, what was promised is there") {
    const QuietLog quiet;
    std::uint64_t seed = 0;
    for (const Fsync fsync : {Fsync::always, Fsync::everysec, Fsync::no}) {
        for (const Fault& fault : kFaults) {
            for (std::uint64_t nth = 1; nth < 60; nth += nth < 20 ? 1 : 3) {
                for (const Crash crash : {Crash::none, Crash::kill, Crash::power})
                    one_story(fsync, fault, nth, crash, ++seed);
            }
        }
    }
}

TEST_CASE("log faults: everysec loses at most the last second to a loss of power") {
    const QuietLog quiet;
    for (std::uint64_t seed = 1; seed < 300; ++seed) {
        FakeDisk disk{seed};
        LogLife life{disk, Fsync::everysec};
        REQUIRE(life.open());
        std::mt19937_64 random{seed};
        std::vector<std::int64_t> times;
        const int turns = static_cast<int>(random() % 400);
        for (int i = 0; i < turns; ++i) {
            life.set("k" + std::to_string(times.size()), std::string(random() % 3000, 'v'));
            times.push_back(life.now_ms);
            life.turn(static_cast<std::int64_t>(random() % 50));
            life.helper.run_all();
        }
        disk.power_loss();
        const Loaded after = load_log(disk);
        REQUIRE(after.error == "");
        for (std::size_t i = after.commands.size(); i < times.size(); ++i) CHECK(life.now_ms - times[i] <= 1050);
    }
}
