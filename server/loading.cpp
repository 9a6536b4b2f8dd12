// SPDX-License-Identifier: BSD-3-Clause
#include "server/loading.h"

#include <algorithm>

#include "protocol/base/log.h"
#include "server/info/info_text.h"
#include "server/net/loop.h"
#include "server/server.h"

namespace keel {

namespace {
constexpr std::int64_t kSayEveryUs = 5'000'000;
constexpr ErrorText kEnding{"The server ends while it loads its data"};
}  // namespace

void Loading::begin(std::uint64_t total_bytes) {
    active_ = true;
    started_s_ = server_.clock.wall_ms() / 1000;
    said_us_ = server_.clock.steady_us();
    total_bytes_ = total_bytes;
    loaded_bytes_ = memory_bytes_ = 0;
}

Status Loading::go_on(std::uint64_t loaded_bytes) {
    if (!active_) return {};
    loaded_bytes_ = std::min(loaded_bytes, total_bytes_);
    if (const std::int64_t now_us = server_.clock.steady_us(); now_us - said_us_ >= kSayEveryUs) {
        said_us_ = now_us;
        log_notice("Loading: {:.2f}% of {} MB are in memory, about {} seconds to go", percent(), total_bytes_ >> 20,
                   left_s());
    }
    if (!server_.loop->serve_meanwhile(server_)) return kEnding;
    return {};
}

double Loading::percent() const {
    return 100 * share(static_cast<double>(loaded_bytes_), static_cast<double>(total_bytes_));
}

std::int64_t Loading::left_s() const {
    const std::int64_t took_s = server_.clock.wall_ms() / 1000 - started_s_;
    if (took_s <= 0) return 1;
    const double left = static_cast<double>(total_bytes_ - loaded_bytes_);
    return static_cast<std::int64_t>(static_cast<double>(took_s) * left / static_cast<double>(loaded_bytes_ + 1));
}

}  // namespace keel
