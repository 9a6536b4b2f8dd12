// SPDX-License-Identifier: BSD-3-Clause
//
// Takes new connections: one acceptor for each address of `bind`, one for the unix socket.
//
// Always true:
//   1. A set of listeners is opened as a whole: if an address that is not optional cannot be had, none is.
//   2. Over maxclients, or from outside in protected mode, a connection is told why and closed.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "protocol/base/result.h"

namespace keel {

struct Server;

class Listeners {
  public:
    // Opens what `network` says. The error names the address and the reason, as Redis words it.
    static Result<std::unique_ptr<Listeners>> open(boost::asio::io_context& context, const Network& network);
    ~Listeners();

    // Begins to accept; the server must outlive this.
    void start(Server& server);
    // "127.0.0.1:6379" of the first, for the process title; empty if there is none.
    [[nodiscard]] std::string first_address() const;
    // For INFO listener0: "name=tcp,bind=127.0.0.1,port=6379".
    [[nodiscard]] std::vector<std::string> descriptions() const;

  private:
    struct Listener;
    explicit Listeners(boost::asio::io_context& context);
    Status open_tcp(const std::string& address, const Network& network);
    Status open_unix(const Network& network);
    void accept(Server& server, Listener& listener);
    void accepted(Server& server, const Listener& listener, int fd);

    boost::asio::io_context& context_;
    std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace keel
