// SPDX-License-Identifier: BSD-3-Clause
//
// Runs the commands of an append-only log: the Applier of the server. A session of its own speaks them, which no client
// sees.
//
//     log ─> batch ─> looked up, keys fetched ahead ─> Dispatcher::replay ─> keyspace
//                        `─ MULTI ... EXEC: kept until EXEC, then run
//
// Always true:
//   1. Nobody is asked whether a command may run, nobody is told what it did: no gates, no statistics, no events, no
//      log; its session may do everything. A due key is there (DueKeys::show).
//   2. A transaction whose EXEC does not come runs nothing.
//   3. Commands are found by the names they were made with, whatever rename-command says now, and else by the new ones.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "datatypes/command/applier.h"
#include "server/session.h"

namespace keel {

struct Server;

class LogApplier final : public Applier {
  public:
    explicit LogApplier(Server& server);
    ~LogApplier() override;
    LogApplier(const LogApplier&) = delete;
    LogApplier& operator=(const LogApplier&) = delete;

    void reset() override;
    [[nodiscard]] Outcome apply(ArgumentList& words, std::span<const Request> batch) override;
    // What apply() says of such a command before it runs it: whether it is known, about data, and has so many words.
    [[nodiscard]] Status accepts(std::span<const Bytes> words) const;

  private:
    void resolve(Call& call) const;
    [[nodiscard]] static Status check(const Call& call);
    Status take(Call& call);
    Status run(Call& call);
    Status run_queue();

    Server& server_;
    Session session_;
    bool queueing_ = false;
    CommandQueue queue_;
    std::vector<Call> calls_;                            // of the batch
    std::unordered_map<std::string, Command*> renamed_;  // by the names they were made with, in small letters
};

}  // namespace keel
