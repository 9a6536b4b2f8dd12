// SPDX-License-Identifier: BSD-3-Clause
//
// What a session has under way between MULTI or WATCH and EXEC: the commands that wait, the keys it watches, and
// whether either has gone wrong. A session that has neither holds none of this.
//
//     pieces_  | *3 $3 SET $1 k $1 1 | *2 $4 INCR $1 k | ...     requests as they came, in pieces that stay where they
//     are words_   views into them calls_   each command: what was looked up of it when it was queued lent_    those
//     behind them that still lie in the batch they came in
//
// Most transactions come whole in one batch: their commands then run from where they lie, and are never copied.
//
// Always true:
//   1. What was queued before an error stays, and runs nowhere: EXEC looks at `aborted` first.
//   2. Once `aborted` or `broken`, nothing more is queued: the client hears QUEUED all the same.
//   3. `flags` has what any of the queued commands has: EXEC passes the gates as all of them.
//
// Not here: who watches which key (server/watches).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/call.h"
#include "server/key_spot.h"

namespace keel {

class CommandQueue {
  public:
    // Copies the request. O(bytes), whatever is queued already.
    void add(const Call& call);
    // The request stays where it is until keep() is called.
    void lend(Call& call) { lent_.push_back(&call); }
    [[nodiscard]] bool has_lent() const { return !lent_.empty(); }
    // Copies what was lent.
    void keep();
    [[nodiscard]] std::size_t size() const { return calls_.size() + lent_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const;
    void clear();
    // The commands in order: first those that were copied ...
    [[nodiscard]] std::span<Call> kept();
    // ... then those that were lent.
    [[nodiscard]] std::span<Call* const> lent() const { return lent_; }

  private:
    void copy(const Call& call);
    [[nodiscard]] char* room_for(std::size_t bytes);

    std::vector<std::string> pieces_;  // filled up to their capacity at most
    std::vector<Bytes> words_;
    std::vector<Call> calls_;  // `first_word` says where their words begin in words_
    std::vector<Call*> lent_;
};

struct WatchedKey {
    KeptKeySpot spot;
    bool existed;  // when it was first watched
};

struct Transaction {
    bool open = false;     // between MULTI and EXEC
    bool aborted = false;  // a command could not be queued
    bool broken = false;   // a watched key changed
    Flag flags = Flag::none;
    CommandQueue queue;
    std::vector<WatchedKey> watched;

    void reset();  // keeps the memory
    // CLIENT LIST's multi-mem, and what counts for maxmemory-clients.
    [[nodiscard]] std::size_t memory_bytes() const;
};

}  // namespace keel
