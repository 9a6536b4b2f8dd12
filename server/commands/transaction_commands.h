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
    // `fetched`: what the commands will touch was asked for already.
    void run(Session& session, const CommandQueue& queue, bool fetched);

    Server& server_;
    std::vector<std::unique_ptr<Transaction>> spare_;
    // While EXEC runs: EXEC is not queued, so one is enough.
    std::vector<Bytes> words_;
    std::vector<Call> calls_;
};

}  // namespace keel
