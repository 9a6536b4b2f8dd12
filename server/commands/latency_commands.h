// SPDX-License-Identifier: BSD-3-Clause
//
// LATENCY: events that took long (server/latency_monitor.h), and how long commands take.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class LatencyCommands {
  public:
    explicit LatencyCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status latest(Context& cx);
    Status history(Context& cx);
    Status graph(Context& cx);
    Status doctor(Context& cx);
    Status reset(Context& cx);
    Status histogram(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
