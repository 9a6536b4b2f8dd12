// SPDX-License-Identifier: BSD-3-Clause
//
// MEMORY: what a key takes, what the server takes, what to think of it.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class MemoryCommands {
  public:
    explicit MemoryCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status usage(Context& cx);
    Status stats(Context& cx);
    Status doctor(Context& cx);
    Status purge(Context& cx);
    Status malloc_stats(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
