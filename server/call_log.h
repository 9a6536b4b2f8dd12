// SPDX-License-Identifier: BSD-3-Clause
//
// Commands worth a second look, the newest first: those that took long (commandlog-execution-slower-than), that were
// large themselves (commandlog-request-larger-than), and whose replies were (commandlog-reply-larger-than).
//
// Always true: an entry holds at most 32 words of at most 128 bytes each (then "... (N more ...)"), so that a
// log's size is bounded whatever clients send.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

class CallLog {
  public:
    struct Entry {
        std::uint64_t id;
        std::int64_t time_s;   // Unix time
        std::uint64_t figure;  // microseconds or bytes, whatever the log is about
        std::vector<std::string> words;
        std::string peer;
        std::string client_name;
    };

    void add(std::span<const Bytes> words, std::uint64_t figure, std::int64_t now_s, Bytes peer, Bytes client_name,
             std::uint64_t max_entries);
    void reset() { entries_.clear(); }
    void trim(std::uint64_t max_entries) {
        while (entries_.size() > max_entries) entries_.pop_back();
    }
    [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }

  private:
    std::deque<Entry> entries_;
    std::uint64_t next_id_ = 0;
};

struct CallLogs {
    CallLog slow;
    CallLog large_request;
    CallLog large_reply;

    // By the name that COMMANDLOG gives it; null if it gives none.
    [[nodiscard]] CallLog* find(Bytes name);
};

}  // namespace keel
