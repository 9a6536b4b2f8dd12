// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/log.h"
#include "server/cycle_clock.h"
#include "server/net/listener.h"
#include "server/server.h"
#include "server/signals.h"

namespace keel {

namespace asio = boost::asio;

namespace {
constexpr std::int64_t kAsioEveryUs = 1000;  // how long Asio's timers may wait while clients are busy
constexpr std::int64_t kExpireUs = 250;      // a turn's share for due keys: whoever asks meanwhile waits so long
}  // namespace

Loop::Loop() : posted_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { KEEL_CHECK(posted_ >= 0); }

Loop::~Loop() {
    // They belong to the context, which ends after this; a start that is given up comes here with them open.
    listeners.reset();
    if (signalled_) signalled_->release();
    ::close(posted_);
}

void Loop::post(std::function<void()> work) {
    asio::post(context_, std::move(work));
    // Never read: a bell rings for each write, and 2^64 - 1 of them do not happen.
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(posted_, &one, sizeof(one));
}

void Loop::begin(Server& server) {
    signals_ = std::make_unique<StopSignals>();
    signalled_ = std::make_unique<asio::posix::stream_descriptor>(context_, signals_->descriptor());
    server.clients.add_bell(signals_->descriptor());
    server.clients.add_bell(posted_);
    watch_signals(server);
    next_cron_us_ = server.clock.steady_us();
}

void Loop::run(Server& server) {
    while (!stopped_) turn(server, true);
}

bool Loop::serve_meanwhile(Server& server) {
    turn(server, false);
    return !stopped_;
}

void Loop::turn(Server& server, bool may_wait) {
    const bool at_once = !may_wait || due_left_ || asio_busy_ || server.clients.has_more();
    const bool rang = server.clients.wait(at_once ? 0 : wait_ms(server));
    // Connections first: whoever was accepted before a request came is there when it runs.
    if (rang || asio_busy_) poll_asio();
    const std::uint64_t started = CycleClock::ticks();
    const std::uint64_t commands_before = server.stats.commands;
    const std::int64_t now_ms = server.clock.wall_ms();
    server.keyspace.set_now(now_ms);
    server.end_pause_in_time();
    const std::size_t served = server.clients.turn(now_ms);
    if (stopped_) return;  // what was saved is what there is: nothing changes any more
    server.settle();
    server.append_log.write();  // before replies leave
    server.clients.flush();
    if (stopped_) return;
    due_left_ = false;
    if (server.has_due()) {  // after the replies: they don't wait for it
        due_left_ = server.expire(kExpireUs);
        server.settle();
        server.append_log.write();
        server.clients.flush();
    }

    const std::int64_t now_us = server.clock.steady_us();
    if (now_us >= next_cron_us_ && !server.cron_paused) {
        server.cron();
        server.settle();
        server.append_log.write();
        server.clients.flush();
        next_cron_us_ = now_us + 1'000'000 / server.settings.process.hz;
    }
    if (served > 0) note_times(server, started, commands_before);
    if (now_us >= next_poll_us_) {
        poll_asio();
        next_poll_us_ = now_us + kAsioEveryUs;
    }
}

// Until the cron or whatever else is due without any input.
int Loop::wait_ms(Server& server) const {
    const std::int64_t until_cron_us = next_cron_us_ - server.clock.steady_us();
    const std::int64_t cron_ms = server.cron_paused ? 100 : std::max<std::int64_t>(until_cron_us / 1000, 0);
    return static_cast<int>(std::min<std::int64_t>(cron_ms, server.idle_ms()));
}

void Loop::note_times(Server& server, std::uint64_t started, std::uint64_t commands_before) const {
    LoopTimes& times = server.stats.loop;
    ++times.cycles;
    const std::uint64_t took = CycleClock::ns(CycleClock::ticks() - started);
    times.turn_ns += took;
    times.longest_ns = std::max(times.longest_ns, took);
    // CONFIG RESETSTAT may have begun anew in the middle of this turn.
    const std::uint64_t commands = server.stats.commands;
    times.most_commands = std::max(times.most_commands, commands - std::min(commands, commands_before));
}

void Loop::poll_asio() {
    asio_busy_ = context_.poll() > 0;
    context_.restart();
}

void Loop::poll_inside() {
    poll_asio();
    asio_busy_ = true;
}

void Loop::watch_signals(Server& server) {
    signalled_->async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, &server](const boost::system::error_code& error) {
                               if (error) return;
                               while (const auto signal = signals_->take()) server.on_signal(*signal);
                               watch_signals(server);
                           });
}

}  // namespace keel
