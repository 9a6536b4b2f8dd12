// SPDX-License-Identifier: BSD-3-Clause
//
// A snapshot in the background: a forked child writes the file while the parent goes on. The child sees the data of the
// moment of the fork; what both share is copied only as the parent changes it.
//
//     Idle -start-> Running -poll: the child said that it was done, and went-> Idle (saved)
//                      |----poll: the child died, or said that it failed-----> Idle (failed)
//                      `----cancel: it is killed-----------------------------> Idle (cancelled)
//
//     child ── pipe ──> parent:   keys written so far, bytes copied so far; now and then, and at the end
//
// Always true:
//   1. At most one child runs, and none outlives the parent.
//   2. A temporary file of a child that ended badly is removed.
//   3. saved means: the file is under its name, synced, and so is the folder.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "persistence/child_process.h"
#include "persistence/file_system.h"
#include "persistence/rdb/snapshot_writer.h"

namespace keel {

class SnapshotChild {
  public:
    enum class Outcome : std::uint8_t { saved, failed, cancelled };

    struct Figures {
        std::uint64_t keys_written = 0;  // by the child that runs
        std::uint64_t keys_total = 0;
        std::uint64_t copied_bytes = 0;  // by the child that runs, as it last said
        std::uint64_t copied_peak = 0;
        std::uint64_t last_copied_bytes = 0;  // by the one before
        std::int64_t copied_told_us = 0;      // when
    };

    SnapshotChild(FileSystem& files, const Clock& clock) : files_(files), clock_(clock), child_(clock) {}
    ~SnapshotChild() { cancel(); }
    SnapshotChild(const SnapshotChild&) = delete;
    SnapshotChild& operator=(const SnapshotChild&) = delete;

    // Forks. `in_child` runs first there. The error is the system's.
    Status start(const rdb::SnapshotContent& content, const std::string& path, const std::function<void()>& in_child);
    // To be called now and then: hears what the child says. An outcome if it has ended.
    std::optional<Outcome> poll();
    // Kills the child, if one runs. Waits for its end, which is at once unless the disk holds it: then for a second.
    void cancel();

    [[nodiscard]] bool running() const { return child_.running(); }
    [[nodiscard]] pid_t pid() const { return child_.pid(); }
    [[nodiscard]] std::int64_t started_us() const { return started_us_; }
    [[nodiscard]] const Figures& figures() const { return figures_; }
    [[nodiscard]] const ChildProcess::Figures& forks() const { return child_.figures(); }

  private:
    void hear();
    void end();
    void warn_of_silence();

    FileSystem& files_;
    const Clock& clock_;
    ChildProcess child_;
    std::string temporary_;
    std::int64_t started_us_ = 0;
    std::int64_t heard_us_ = 0;  // when it last said something, or we last complained
    Figures figures_;
};

}  // namespace keel
