// SPDX-License-Identifier: BSD-3-Clause
//
// SLOWLOG: the commands that took long (server/slow_log.h).
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class SlowLogCommands {
  public:
    explicit SlowLogCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status get(Context& cx);
    Status length(Context& cx);
    Status reset(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
