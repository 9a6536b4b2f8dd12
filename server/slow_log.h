// SPDX-License-Identifier: BSD-3-Clause
//
// The last commands that took longer than slowlog-log-slower-than, the newest first.
//
// Always true: an entry holds at most 32 words of at most 128 bytes each (then "... (N more ...)"), so that the
// log's size is bounded whatever clients send.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

class SlowLog {
  public:
    struct Entry {
        std::uint64_t id;
        std::int64_t time_s;  // Unix time
        std::int64_t took_us;
        std::vector<std::string> words;
        std::string peer;
        std::string client_name;
    };

    void add(std::span<const Bytes> words, std::int64_t took_us, std::int64_t now_s, Bytes peer, Bytes client_name,
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

}  // namespace keel
