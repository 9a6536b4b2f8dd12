// SPDX-License-Identifier: BSD-3-Clause
//
// MIGRATE: its words, and which keys it means. How keys travel: server/migrations.h.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class MigrateCommands {
  public:
    explicit MigrateCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status migrate(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
