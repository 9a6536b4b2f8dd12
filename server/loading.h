// SPDX-License-Identifier: BSD-3-Clause
//
// While data is loaded at the start: how far it is, and the turns of the loop in between, in which clients are heard.
// They get LOADING for all but commands flagged so (the dispatcher's gate asks active()).
//
//     begin(bytes) ─> go_on(so far) ─> go_on(...) ─> end()
//                       `─ a turn of the loop, now and then a line in the log
//
// Always true:
//   1. While it is active nothing goes by itself (no expiry, no eviction), nothing is saved, logged or rewritten.
//   2. An end of the process that is asked for meanwhile saves nothing: half of the data must not replace all.
#pragma once

#include <cstdint>

#include "protocol/base/clock.h"
#include "protocol/base/result.h"

namespace keel {

struct Server;

class Loading {
  public:
    explicit Loading(Server& server) : server_(server) {}

    // Of a load that leaves clients without an answer (DEBUG RELOAD) nothing needs to be told.
    void begin(std::uint64_t total_bytes);
    void end() { active_ = false; }
    // Between two steps of a load: lets clients be served, if this is one that was begun. An error: the process is to
    // end, and the load with it.
    Status go_on(std::uint64_t loaded_bytes);

    // What the file says of the memory that its data took where it was written; 0: it does not.
    void note_memory(std::uint64_t bytes) { memory_bytes_ = bytes; }

    [[nodiscard]] bool active() const { return active_; }
    [[nodiscard]] std::int64_t started_s() const { return started_s_; }  // Unix time
    [[nodiscard]] std::uint64_t total_bytes() const { return total_bytes_; }
    [[nodiscard]] std::uint64_t loaded_bytes() const { return loaded_bytes_; }
    [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }
    [[nodiscard]] double percent() const;
    // Guessed from the time it took so far; at least 1 while nothing can be said.
    [[nodiscard]] std::int64_t left_s() const;

  private:
    Server& server_;
    bool active_ = false;
    std::int64_t started_s_ = 0;
    std::int64_t said_us_ = 0;
    std::uint64_t total_bytes_ = 0;
    std::uint64_t loaded_bytes_ = 0;
    std::uint64_t memory_bytes_ = 0;
};

// Active as long as it lives.
class LoadingScope {
  public:
    LoadingScope(Loading& loading, std::uint64_t total_bytes) : loading_(loading) { loading_.begin(total_bytes); }
    ~LoadingScope() { loading_.end(); }
    LoadingScope(const LoadingScope&) = delete;
    LoadingScope& operator=(const LoadingScope&) = delete;

  private:
    Loading& loading_;
};

}  // namespace keel
