// SPDX-License-Identifier: BSD-3-Clause
//
// The syncs of a log that are under way. One at a time is enough where the disk is quick (kSlowUs): each costs the
// processor some 0.1 ms, and the larger the groups are that go with one, the better. Where a sync takes milliseconds
// the processor is idle meanwhile, and those who came just too late for one sync would wait for its end and then for
// the next: there up to four run beside each other, each confirming what was written before it began.
//
//     one     |--- A ---|--- B ---|--- A ---|       who waits: up to two syncs
//     four    |--- A ---|
//               |--- B ---|                         one and a quarter
//                  |--- C ---| ...
//
// Always true: each lane syncs through an open file of its own. The system tells an error of writing once to each open
// file, so that none takes from another what it should hear.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "persistence/aof/chain.h"
#include "persistence/aof/helper.h"
#include "persistence/file_system.h"

namespace keel::aof {

class SyncLanes {
  public:
    static constexpr std::uint32_t kSlowUs = 1000;  // a sync that takes so long is worth another beside it,
    static constexpr std::uint32_t kWorthUs = 400;  // and so many as this goes into it
    static constexpr std::int64_t kMostMs = 20;  // beside a sync that takes longer nothing is written: the kernel may
                                                 // hold up a write as long

    struct Done {
        Status status;
        Chain point;                       // what it confirms if it is good ...
        std::shared_ptr<AppendFile> file;  // ... of this file
    };

    explicit SyncLanes(Helper& helper) : helper_(helper) {}

    [[nodiscard]] bool any() const { return running_ > 0; }
    // Whether a sync of `file` may begin beside those that run. `now_ms`: Unix time.
    [[nodiscard]] bool has_room(const std::shared_ptr<AppendFile>& file, std::int64_t now_ms) const;
    // The same, for so many bytes of which a sync is to be worth its price beside others that are `under_way`.
    [[nodiscard]] bool has_room_for(std::uint64_t bytes, std::uint64_t under_way,
                                    const std::shared_ptr<AppendFile>& file, std::int64_t now_ms) const;
    // Begins one on a helper thread; there must be room. Before `done` is called, `failed` is set there if the sync
    // failed. False: there is no thread for it, or the file could not be opened once more; it has to wait for one that
    // runs.
    [[nodiscard]] bool begin(const std::shared_ptr<AppendFile>& file, const Chain& point, std::int64_t now_ms,
                             std::shared_ptr<std::atomic<bool>> failed, std::function<void(Done)> done);
    // The file is not to be synced any more, unless by those that run.
    void close_files();

  private:
    struct Lane {
        std::shared_ptr<AppendFile> file;  // null: it is free
        std::shared_ptr<AppendFile> own;   // `own_of`, opened once more; the first lane has none
        std::weak_ptr<AppendFile> own_of;
        Chain point;
        std::int64_t began_ms = 0;
        std::shared_ptr<std::atomic<std::uint32_t>> took_us = std::make_shared<std::atomic<std::uint32_t>>(0);
    };

    [[nodiscard]] std::size_t wanted() const;
    [[nodiscard]] std::size_t free_lane() const;
    void ended(std::size_t lane, Status status, const std::function<void(Done)>& done);

    Helper& helper_;
    std::array<Lane, Helper::kLanes> lanes_;
    std::size_t running_ = 0;
    std::uint32_t typical_us_ = 0;  // that a sync takes; 0: none has ended
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace keel::aof
