// SPDX-License-Identifier: BSD-3-Clause
//
// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class SnapshotCommands {
  public:
    explicit SnapshotCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status save(Context& cx);
    Status bgsave(Context& cx);
    Status bgrewriteaof(Context& cx);
    Status lastsave(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
