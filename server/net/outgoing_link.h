// SPDX-License-Identifier: BSD-3-Clause
//
// A connection that this server opens to another one: bytes out, bytes in, over Asio. Whoever owns it is told that
// there is news and then looks; nothing happens to anybody's data in between.
//
//     connect() -> resolving -> connecting -> open -> ended
//                     `-------------`--------------> ended: error() says why
//
// Always true:
//   1. `news` is called on the loop's thread, at any point where the loop polls Asio, a script that runs for long
//      included: it may note that there is news, no more.
//   2. What was received is kept until it was consumed; above kMostReceived no more is read.
//   3. After its end, or its owner's, nothing is called any more.
//   4. Only a name is looked up in the background; an address is not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/base/bytes.h"

namespace boost::asio {
class io_context;
}

namespace keel {

class ClientSet;

class OutgoingLink {
  public:
    enum class State : std::uint8_t { resolving, connecting, open, ended };
    static constexpr std::size_t kMostReceived = 64 * 1024;

    // Connects; `port` may be anything. `bells`: where the loop waits.
    OutgoingLink(boost::asio::io_context& context, ClientSet& bells, const std::string& host, const std::string& port,
                 std::function<void()> news);
    ~OutgoingLink();
    OutgoingLink(const OutgoingLink&) = delete;
    OutgoingLink& operator=(const OutgoingLink&) = delete;

    [[nodiscard]] State state() const;
    // Whether it ever was open: else it ended while it connected.
    [[nodiscard]] bool was_open() const;
    // Whether it ended before there was an address to connect to.
    [[nodiscard]] bool unresolved() const;
    // Why it ended.
    [[nodiscard]] const std::string& error() const;

    // Sends, when it is open.
    void send(std::string bytes);
    [[nodiscard]] std::size_t unsent() const;
    [[nodiscard]] Bytes received() const;
    void consume(std::size_t bytes);
    // Grows whenever something moved.
    [[nodiscard]] std::uint64_t progress() const;

  private:
    struct Socket;
    std::shared_ptr<Socket> socket_;
};

}  // namespace keel
