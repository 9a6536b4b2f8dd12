// SPDX-License-Identifier: BSD-3-Clause
//
// Commands that look at the server as a whole: INFO, TIME, MONITOR, LOLWUT.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class ObservationCommands {
  public:
    explicit ObservationCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status info(Context& cx);
    Status time(Context& cx);
    Status monitor(Context& cx);
    Status lolwut(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
