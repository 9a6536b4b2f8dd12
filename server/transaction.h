// SPDX-License-Identifier: BSD-3-Clause
//
// What a session has under way between MULTI or WATCH and EXEC: the commands that wait, the keys it watches, and
// whether either has gone wrong. A session that has neither holds none of this.
//
//     bytes_   | *3 $3 SET $1 k $1 1 | *2 $4 INCR $1 k | ...     requests as they came, in one piece each
//     words_   where each begins and ends
//     items_   each command: its words, what was looked up of it when it was queued
//
// Always true:
//   1. What was queued before an error stays, and runs nowhere: EXEC looks at `aborted` first.
//   2. Once `aborted` or `broken`, nothing more is queued: the client hears QUEUED all the same.
//   3. `flags` has what any of the queued commands has: EXEC passes the gates as all of them.
//
// Not here: who watches which key (server/watches).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/call.h"
#include "server/key_spot.h"

namespace keel {

class CommandQueue {
  public:
    // Copies the request. O(bytes).
    void add(const Call& call);
    [[nodiscard]] std::size_t size() const { return items_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const;
    void clear();
    // The commands in order, and their words, which lie in this queue.
    void unpack(std::vector<Bytes>& words, std::vector<Call>& calls) const;

  private:
    struct Slice {
        std::size_t at;
        std::size_t size;
    };
    struct Item {
        Command* command;
        std::uint64_t first_key_hash;
        std::size_t request_bytes;
        Slice raw;  // of size 0 if it is only there in words
        std::uint32_t first_word;
        std::uint32_t word_count;
        std::uint32_t first_key_at;
    };
    std::string bytes_;
    std::vector<Slice> words_;
    std::vector<Item> items_;
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
    std::uint64_t opened_in = 0;  // turn of the loop
    CommandQueue queue;
    std::vector<WatchedKey> watched;

    void reset();  // keeps the memory
    // CLIENT LIST's multi-mem, and what counts for maxmemory-clients.
    [[nodiscard]] std::size_t memory_bytes() const;
};

}  // namespace keel
