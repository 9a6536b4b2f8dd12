// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/loop.h"

#include <boost/asio/post.hpp>
#include <unistd.h>

#include <chrono>

#include "protocol/base/log.h"
#include "server/cycle_clock.h"
#include "server/net/listener.h"
#include "server/server.h"
#include "server/signals.h"

namespace keel {

namespace asio = boost::asio;

namespace {
constexpr std::int64_t kAsioEveryUs = 1000;      // how long a busy loop leaves connections and signals waiting
constexpr std::int64_t kExpireBusyUs = 250;      // a turn's share for due keys while clients wait
constexpr std::int64_t kExpireIdleUs = 2000;     // when none does
constexpr std::size_t kBusy = 4;                 // a turn with so many clients is likely followed by another at once
}  // namespace

Loop::Loop() = default;

Loop::~Loop() {
    if (clients_) clients_->release();
    if (signalled_) signalled_->release();
}

void Loop::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

void Loop::run(Server& server) {
    clients_ = std::make_unique<asio::posix::stream_descriptor>(context_, server.clients.descriptor());
    signals_ = std::make_unique<StopSignals>();
    signalled_ = std::make_unique<asio::posix::stream_descriptor>(context_, signals_->descriptor());
    watch_signals(server);
    next_cron_us_ = server.clock.steady_us();
    while (!stopped_) turn(server);
}

void Loop::turn(Server& server) {
    const std::uint64_t started = CycleClock::ticks();
    const std::uint64_t commands_before = server.stats.commands;
    server.keyspace.set_now(server.clock.wall_ms());
    server.end_pause_in_time();
    const std::size_t served = server.clients.turn();
    due_left_ = server.expire(served > 0 ? kExpireBusyUs : kExpireIdleUs);
    server.clients.flush();

    const std::int64_t now_us = server.clock.steady_us();
    if (now_us >= next_cron_us_ && !server.cron_paused) {
        server.cron();
        server.clients.flush();
        next_cron_us_ = now_us + 1'000'000 / server.settings.process.hz;
    }
    if (served > 0) {
        LoopTimes& times = server.stats.loop;
        ++times.cycles;
        const std::uint64_t took = CycleClock::ns(CycleClock::ticks() - started);
        times.turn_ns += took;
        times.longest_ns = std::max(times.longest_ns, took);
        // CONFIG RESETSTAT may have begun anew in the middle of this turn.
        const std::uint64_t commands = server.stats.commands;
        times.most_commands = std::max(times.most_commands, commands - std::min(commands, commands_before));
    }
    if (served < kBusy && !due_left_ && !stopped_) return sleep(server);
    if (now_us < next_poll_us_) return;
    context_.poll();
    context_.restart();
    next_poll_us_ = now_us + kAsioEveryUs;
}

void Loop::sleep(Server& server) {
    arm(server);
    const std::int64_t until_cron_us = next_cron_us_ - server.clock.steady_us();
    const std::int64_t cron_ms = server.cron_paused ? 100 : std::max<std::int64_t>(until_cron_us / 1000, 0);
    const int wait_ms = static_cast<int>(std::min<std::int64_t>(cron_ms, server.idle_ms()));
    if (server.clients.has_resumed()) context_.poll();
    else context_.run_one_for(std::chrono::milliseconds(wait_ms));
    context_.poll();
    context_.restart();
    next_poll_us_ = server.clock.steady_us() + kAsioEveryUs;
}

// Asks to be woken by the clients' descriptor, if that is not under way.
void Loop::arm(Server&) {
    if (armed_) return;
    armed_ = true;
    clients_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code&) { armed_ = false; });
}

void Loop::watch_signals(Server& server) {
    signalled_->async_wait(asio::posix::stream_descriptor::wait_read, [this, &server](const boost::system::error_code& error) {
        if (error) return;
        while (const auto signal = signals_->take()) server.on_signal(*signal);
        watch_signals(server);
    });
}

}  // namespace keel
