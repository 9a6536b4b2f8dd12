// SPDX-License-Identifier: BSD-3-Clause
//
// CONFIG: ask for settings, change them, keep them in the file, start the statistics anew.
//
// Not here: what a setting may be (conf/), what follows from a change (server/setting_hooks.h).
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class ConfigCommands {
  public:
    explicit ConfigCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status get(Context& cx);
    Status set(Context& cx);
    Status rewrite(Context& cx);
    Status reset_statistics(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
