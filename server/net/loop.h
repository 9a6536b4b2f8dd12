// SPDX-License-Identifier: BSD-3-Clause
//
// The event loop, run by one thread: the clients' epoll set, in which it waits, and Boost.Asio's io_context for all
// else (new connections, signals, completions, timers that need not be exact).
//
//     wait in the clients' set -> [a bell rang: Asio polled] -> clients' turn -> flush -> [expiry -> flush] -> [cron] -> ...
//
// What Asio watches has a bell in the clients' set (ClientSet::add_bell), so that waiting there misses nothing. While
// clients are busy a turn costs one epoll_wait, and Asio is polled when a bell rings, or every millisecond. Waiting in
// Asio, with the clients' set as one descriptor in it, cost four system calls a turn where one does: a sixth of the CPU
// of a GET by itself.
//
// Always true:
//   1. Everything runs on the thread that called run().
//   2. Between two turns no request is half run and no output is held back.
//   3. As long as a poll found something to do in Asio, the next turn does not wait.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

#include "server/net/tls_context.h"

namespace keel {

struct Server;
class Listeners;
class StopSignals;

class Loop {
  public:
    Loop();
    ~Loop();

    boost::asio::io_context& context() { return context_; }
    // From any thread: makes the loop run `work` soon.
    void post(std::function<void()> work);

    // Signals are heard from now on. Before run() and serve_meanwhile(), once; the server must be complete.
    void begin(Server& server);
    // Runs until stop().
    void run(Server& server);
    // One turn, without waiting, in the middle of a long work at the start. False: the process is to end.
    bool serve_meanwhile(Server& server);
    void stop() { stopped_ = true; }
    [[nodiscard]] bool stopped() const { return stopped_; }
    // Asio's part of a turn, in the middle of another one: new connections, signals. The next turn polls again.
    void poll_inside();

    // Accepts connections; replaced as a whole when bind or a port change.
    std::unique_ptr<Listeners> listeners;
    // What those of the TLS port are made with.
    TlsContext tls;

  private:
    void turn(Server& server, bool may_wait);
    [[nodiscard]] int wait_ms(Server& server) const;
    void note_times(Server& server, std::uint64_t started, std::uint64_t commands_before) const;
    void poll_asio();
    void watch_signals(Server& server);

    boost::asio::io_context context_{1};
    int posted_;  // an eventfd: work was posted
    std::unique_ptr<StopSignals> signals_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> signalled_;  // the descriptor belongs to signals_
    bool stopped_ = false;
    bool due_left_ = false;
    bool asio_busy_ = true;  // the last poll found something; there may be more
    std::int64_t next_cron_us_ = 0;
    std::int64_t next_poll_us_ = 0;
};

}  // namespace keel
