// SPDX-License-Identifier: BSD-3-Clause
//
// A log on a fake disk, with a helper thread that runs when the test says so, and what a client would know of it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "persistence/aof/log.h"
#include "persistence/aof/replay.h"
#include "tests/support/fake_disk.h"
#include "tests/support/log_text.h"

namespace keel {

class ManualHelper final : public aof::Helper {
  public:
    // A system that gives one thread and no other.
    bool one_lane = false;
    [[nodiscard]] Status ready(std::size_t lane) override {
        if (one_lane && lane > 0) return Error{"no thread"};
        return {};
    }
    // Of all lanes in the order they were given.
    void run(std::function<Status()> job, std::function<void(Status)> done, std::size_t) override {
        jobs_.push_back({std::move(job), std::move(done)});
    }
    void drain() override { run_all(); }
    // Runs what waits, and what comes of it.
    void run_all() {
        while (waiting() > 0) run_one();
    }
    void run_one() {
        if (outcomes_.empty()) run_job();
        tell_one();
    }
    // The two halves: the disk does its work, and later the loop hears of it.
    void run_job() {
        Task task = std::move(jobs_.front());
        jobs_.pop_front();
        Status status = task.job();
        outcomes_.push_back({std::move(status), std::move(task.done)});
    }
    void tell_one() {
        Outcome outcome = std::move(outcomes_.front());
        outcomes_.pop_front();
        outcome.done(std::move(outcome.status));
    }
    [[nodiscard]] std::size_t waiting() const { return jobs_.size() + outcomes_.size(); }
    [[nodiscard]] bool has_job() const { return !jobs_.empty(); }
    void forget() {
        jobs_.clear();
        outcomes_.clear();
    }

  private:
    struct Task {
        std::function<Status()> job;
        std::function<void(Status)> done;
    };
    struct Outcome {
        Status status;
        std::function<void(Status)> done;
    };
    std::deque<Task> jobs_;
    std::deque<Outcome> outcomes_;
};

class NotedDurability final : public DurabilityListener {
  public:
    std::uint64_t durable = 0;
    std::vector<std::string> errors;
    void on_durable(std::uint64_t offset) override { durable = offset; }
    void on_not_durable(const Error& refusal) override { errors.emplace_back(refusal.text()); }
};

// What was loaded, or why not.
struct Loaded {
    std::vector<std::string> commands;
    std::string error;
    aof::Manifest manifest;
    aof::Chain chain;
    bool truncated = false;
};

inline aof::Folder test_folder(FileSystem& disk) { return aof::Folder{disk, "/srv", "logs", "a.aof"}; }

// What the manifest says, without its checksum.
inline std::string manifest_lines(const FakeDisk& disk) {
    const std::string text = disk.bytes_of("/srv/logs/a.aof.manifest");
    return text.substr(0, text.find('#'));
}

inline Loaded load_log(FileSystem& disk, bool load_truncated = true, const std::string& refuse = {}) {
    Loaded out;
    const aof::Folder folder = test_folder(disk);
    auto manifest = folder.load();
    if (!manifest) {
        out.error = std::string{manifest.error().text()};
        return out;
    }
    out.manifest = *manifest;
    NotingApplier applier;
    applier.refuse = refuse;
    const ManualClock clock;
    aof::Replay replay{folder, out.manifest, load_truncated, applier, {}, clock};
    for (;;) {
        const auto done = replay.step(1000);
        if (!done) {
            out.error = std::string{done.error().text()};
            return out;
        }
        if (*done) break;
    }
    out.commands = applier.seen;
    out.chain = replay.chain();
    out.truncated = replay.truncated();
    return out;
}

// One life of a server that logs; the disk outlives it.
struct LogLife {
    explicit LogLife(FakeDisk& on, Aof::Fsync fsync) : disk(on) { settings.fsync = fsync; }

    Status open() {
        const Loaded before = load_log(disk);
        if (!before.error.empty()) return Error{before.error};
        return log.open(before.manifest, before.chain, now_ms);
    }
    void set(const std::string& key, const std::string& value) {
        log.append(command_text({"SET", key, value}), 0, now_ms);
    }
    void turn(std::int64_t ms = 1) {
        now_ms += ms;
        log.write(now_ms);
    }
    // Turns, after each of which the disk does all that it was asked for.
    void settle(std::int64_t ms = 1, int turns = 1) {
        for (int i = 0; i < turns; ++i) {
            turn(ms);
            helper.run_all();
        }
    }

    FakeDisk& disk;
    Aof settings;
    ManualHelper helper;
    NotedDurability durability;
    std::int64_t now_ms = 1'700'000'000'000;
    aof::Log log{test_folder(disk), settings, helper, durability};
};

}  // namespace keel
