// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT: about the connection that asks (ID, INFO, names, REPLY, NO-EVICT ...), about all of them (LIST, KILL, PAUSE,
// UNBLOCK), and client-side caching (client_tracking.cpp).
//
// Not here: the text of a client's line (server/client_info.h), who is meant by LIST and KILL
// (server/client_filter.h), how a pause holds requests back (server/dispatch.cpp).
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class ClientCommands {
  public:
    explicit ClientCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status id(Context& cx);
    Status info(Context& cx);
    Status list(Context& cx);
    Status kill(Context& cx);
    Status set_name(Context& cx);
    Status get_name(Context& cx);
    Status set_info(Context& cx);
    Status capabilities(Context& cx);
    Status reply(Context& cx);
    Status no_evict(Context& cx);
    Status no_touch(Context& cx);
    Status get_redirection(Context& cx);
    Status tracking(Context& cx);
    Status caching(Context& cx);
    Status tracking_info(Context& cx);
    Status pause(Context& cx);
    Status unpause(Context& cx);
    Status unblock(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
