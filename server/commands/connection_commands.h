// SPDX-License-Identifier: BSD-3-Clause
//
// Commands about the connection itself: greeting, authentication, the database in use, the end.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class ConnectionCommands {
  public:
    explicit ConnectionCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status ping(Context& cx);
    Status echo(Context& cx);
    Status select(Context& cx);
    Status auth(Context& cx);
    Status hello(Context& cx);
    Status quit(Context& cx);
    Status reset(Context& cx);

  private:
    Status authenticate(Context& cx, Bytes user, Bytes password);

    Server& server_;
};

}  // namespace keel
