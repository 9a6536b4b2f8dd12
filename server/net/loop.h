// SPDX-License-Identifier: BSD-3-Clause
//
// The event loop: Boost.Asio's io_context, run by one thread.
//
//     busy:  clients' turn (their own epoll set, no waiting) -> expiry -> flush -> ... ; Asio is polled every millisecond
//     idle:  Asio waits: for the clients' descriptor, connections, signals, completions, or the next thing that is due
//
// While clients are busy, a turn costs one epoll_wait. Only on the way to sleep is Asio asked to watch the clients'
// descriptor, which costs an epoll_ctl.
//
// Always true:
//   1. Everything runs on the thread that called run().
//   2. Between two turns no request is half run and no output is held back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

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

    // Runs until stop(). The server must be complete.
    void run(Server& server);
    void stop() { stopped_ = true; }

    // Accepts connections; replaced as a whole when bind or port change.
    std::unique_ptr<Listeners> listeners;

  private:
    void turn(Server& server);
    void sleep(Server& server);
    void arm(Server& server);
    void watch_signals(Server& server);

    boost::asio::io_context context_{1};
    std::unique_ptr<StopSignals> signals_;
    // Both belong to others: signals_ and ClientSet.
    std::unique_ptr<boost::asio::posix::stream_descriptor> signalled_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> clients_;
    bool armed_ = false;
    bool stopped_ = false;
    bool due_left_ = false;
    std::int64_t next_cron_us_ = 0;
    std::int64_t next_poll_us_ = 0;
};

}  // namespace keel
