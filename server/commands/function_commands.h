// SPDX-License-Identifier: BSD-3-Clause
//
// FCALL, FCALL_RO, FUNCTION.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class FunctionCommands {
  public:
    explicit FunctionCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status fcall(Context& cx) { return run(cx, false); }
    Status fcall_ro(Context& cx) { return run(cx, true); }
    Status load(Context& cx);
    Status remove(Context& cx);
    Status list(Context& cx);
    Status stats(Context& cx);
    Status flush(Context& cx);
    Status dump(Context& cx);
    Status restore(Context& cx);
    Status kill(Context& cx);

  private:
    Status run(Context& cx, bool read_only);

    Server& server_;
};

}  // namespace keel
