// SPDX-License-Identifier: BSD-3-Clause
//
// COMMANDLOG: commands that took long, or were large, or had large replies (server/call_log.h); SLOWLOG, its older name
// for the first of these.
#pragma once

#include "datatypes/command/context.h"
#include "server/call_log.h"

namespace keel {

struct Server;

class CallLogCommands {
  public:
    explicit CallLogCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status slow_get(Context& cx);
    Status slow_length(Context& cx);
    Status slow_reset(Context& cx);
    Status get(Context& cx);
    Status length(Context& cx);
    Status reset(Context& cx);

  private:
    Result<CallLog*> next_log(Context& cx);

    Server& server_;
};

}  // namespace keel
