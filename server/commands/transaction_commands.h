// SPDX-License-Identifier: BSD-3-Clause
//
// MULTI, EXEC, DISCARD, WATCH, UNWATCH. How commands come to be queued: server/dispatch.
#pragma once

#include <memory>
#include <vector>

#include "datatypes/command/context.h"
#include "server/transaction.h"

namespace keel {

class Session;
struct Server;

class TransactionCommands {
  public:
    explicit TransactionCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status multi(Context& cx);
    Status exec(Context& cx);
    Status discard(Context& cx);
    Status watch(Context& cx);
    Status unwatch(Context& cx);

  private:
    std::unique_ptr<Transaction> fresh();
    void put_away(std::unique_ptr<Transaction> transaction);
    void run(Session& session, CommandQueue& queue);
    void run(Session& session, Call& call);

    Server& server_;
    std::vector<std::unique_ptr<Transaction>> spare_;
};

}  // namespace keel
