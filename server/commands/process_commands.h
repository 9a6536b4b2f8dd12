// SPDX-License-Identifier: BSD-3-Clause
//
// SHUTDOWN: the end of the process, asked for by a client.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class ProcessCommands {
  public:
    explicit ProcessCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status shutdown(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
