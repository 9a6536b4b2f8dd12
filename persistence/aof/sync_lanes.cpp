// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/sync_lanes.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "persistence/aof/elapsed.h"
#include "protocol/base/check.h"

namespace keel::aof {

namespace {

std::uint32_t us_since(std::chrono::steady_clock::time_point began) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    return static_cast<std::uint32_t>(
        std::min<std::int64_t>(us.count(), std::numeric_limits<std::uint32_t>::max() / 4));
}

}  // namespace

std::size_t SyncLanes::wanted() const {
    if (typical_us_ < kSlowUs) return 1;
    return std::clamp<std::size_t>(typical_us_ / kWorthUs, 1, lanes_.size());
}

std::size_t SyncLanes::free_lane() const {
    const auto free = [](const Lane& lane) { return lane.file == nullptr; };
    return static_cast<std::size_t>(std::find_if(lanes_.begin(), lanes_.end(), free) - lanes_.begin());
}

bool SyncLanes::has_room(const std::shared_ptr<AppendFile>& file, std::int64_t now_ms) const {
    if (running_ == 0) return true;
    if (running_ >= wanted()) return false;
    return std::all_of(lanes_.begin(), lanes_.end(), [&](const Lane& lane) {
        return lane.file == nullptr || (lane.file == file && !passed(lane.began_ms, kMostMs, now_ms));
    });
}

bool SyncLanes::has_room_for(std::uint64_t bytes, std::uint64_t under_way, const std::shared_ptr<AppendFile>& file,
                             std::int64_t now_ms) const {
    return has_room(file, now_ms) && (running_ == 0 || bytes >= (bytes + under_way) / wanted());
}

bool SyncLanes::begin(const std::shared_ptr<AppendFile>& file, const Chain& point, std::int64_t now_ms,
                      std::shared_ptr<std::atomic<bool>> failed, std::function<void(Done)> done) {
    const std::size_t number = free_lane();
    KEEL_CHECK(number < lanes_.size());
    Lane& lane = lanes_[number];
    if (!helper_.ready(number)) return false;
    if (number > 0 && lane.own_of.lock() != file) {
        auto reopened = file->reopen();
        if (!reopened) return false;
        lane.own = *std::move(reopened);
        lane.own_of = file;
    }
    ++running_;
    lane.file = file;
    lane.point = point;
    lane.began_ms = now_ms;
    helper_.run(
        [through = number > 0 ? lane.own : file, failed = std::move(failed), took = lane.took_us] {
            const auto began = std::chrono::steady_clock::now();
            Status synced = through->sync();
            took->store(us_since(began));
            if (!synced) failed->store(true);
            return synced;
        },
        [this, number, alive = std::weak_ptr<char>(alive_), done = std::move(done)](Status status) {
            if (alive.lock()) ended(number, std::move(status), done);
        },
        number);
    return true;
}

void SyncLanes::ended(std::size_t number, Status status, const std::function<void(Done)>& done) {
    Lane& lane = lanes_[number];
    --running_;
    const std::uint32_t took = lane.took_us->load();
    typical_us_ = typical_us_ == 0 ? took : (3 * typical_us_ + took) / 4;
    done({std::move(status), lane.point, std::exchange(lane.file, nullptr)});
}

void SyncLanes::close_files() {
    for (Lane& lane : lanes_) {
        lane.own.reset();
        lane.own_of.reset();
    }
}

}  // namespace keel::aof
