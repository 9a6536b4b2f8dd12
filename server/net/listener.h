// SPDX-License-Identifier: BSD-3-Clause
//
// Takes new connections: one acceptor for each address of `bind`, on `port` and on `tls-port`, one for the unix socket.
//
// Always true:
//   1. A set of listeners is opened as a whole: if an address that is not optional cannot be had, none is.
//   2. Over maxclients, or from outside in protected mode, a connection is told why and closed.
//   3. A connection that waits to be accepted survives a change of `bind`: where its address is kept, the new set has
//      the old socket, and who waits at a socket that goes is accepted before.
//   4. With TLS a connection is handed on before its handshake, which is part of reading it (tls_channel.h).
//   5. An old set listens until the new one does as a whole, even where their addresses overlap.
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
    // Opens what `network` says, and the same addresses for TLS on `tls_port` (0: none). The error names the address
    // and the reason, as Redis words it. Sockets of `previous` (may be null) that listen on the same address are
    // shared, and others of the same port may stand beside them; it stays usable, but no longer owns its unix socket's
    // path once this has succeeded.
    static Result<std::unique_ptr<Listeners>> open(boost::asio::io_context& context, const Network& network,
                                                   int tls_port = 0, Listeners* previous = nullptr);
    ~Listeners();

    // Begins to accept; the server must outlive this.
    void start(Server& server);
    // Accepts what waits, and takes its bells off: those of sockets that another set shares would ring on. To be called
    // before a set goes.
    void stop(Server& server);
    // "127.0.0.1:6379" of the first, for the process title; empty if there is none.
    [[nodiscard]] std::string first_address() const;
    // For INFO listener0: "name=tcp,bind=127.0.0.1,port=6379", also with name=tls and name=unix.
    [[nodiscard]] std::vector<std::string> descriptions() const;

  private:
    struct Listener;
    struct SharedPorts;
    struct Port {
        int number;
        bool tls;
    };
    explicit Listeners(boost::asio::io_context& context);
    Status open_all_tcp(const Network& network, Port port, const Listeners* previous);
    Status open_tcp(const std::string& address, Port port, const Listeners* previous);
    Status open_unix(const Network& network, Listeners* previous);
    [[nodiscard]] int shared_socket(const std::string& address, int port) const;
    [[nodiscard]] bool holds_port(int port) const;
    void share_ports(bool share) const;
    Status listen_all(int backlog) const;

    boost::asio::io_context& context_;
    // Shared with the waits that are under way, which may outlive the set by a turn.
    std::vector<std::shared_ptr<Listener>> listeners_;
};

}  // namespace keel
