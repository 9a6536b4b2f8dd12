// SPDX-License-Identifier: BSD-3-Clause
//
// ACL LOG: who was refused what, the latest first.
//
// Always true:
//   1. A refusal that is like one of the ten latest entries, at most a minute old, counts there and brings that entry
//      to the front.
//   2. There are at most acllog-max-len entries, and what clients said is kept to kMaxText bytes in each: strangers
//      cannot fill the memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "server/acl/selector.h"

namespace keel::acl {

// Where a command was when it was refused. The log calls two of them "multi".
enum class Where : std::uint8_t {
    toplevel,
    multi,  // about to be queued
    exec,   // queued, and its user's rights changed since
    lua,
};

[[nodiscard]] Bytes reason_name(Denied reason);
[[nodiscard]] Bytes where_name(Where where);

class AccessLog {
  public:
    struct Entry {
        Denied reason;
        Where where;
        std::string object;  // the command, key or channel
        std::string user;
        std::string client;  // its line of CLIENT LIST at that time
        std::uint64_t count = 1;
        std::uint64_t id = 0;
        std::int64_t created_ms = 0;
        std::int64_t updated_ms = 0;
    };
    static constexpr std::size_t kMaxText = 1024;

    void add(Entry entry, std::int64_t now_ms, std::uint64_t max_entries);
    void reset() { entries_.clear(); }
    [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }

  private:
    std::deque<Entry> entries_;
    std::uint64_t next_id_ = 0;
};

}  // namespace keel::acl
