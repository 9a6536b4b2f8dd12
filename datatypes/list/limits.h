// SPDX-License-Identifier: BSD-3-Clause
//
// How much a node of a list may hold (list-max-listpack-size), and how many nodes at either end stay plain
// (list-compress-depth).
//
//     size      -1: 4 KB, -2: 8 KB, -3: 16 KB, -4: 32 KB, -5: 64 KB a node; over 0: so many elements, and 8 KB at most
//
// The figures are those of Redis 7.2, so that OBJECT ENCODING says the same: a small list is one listpack until what is
// pushed would take it past the limit, and again one when it has shrunk to half of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "conf/settings.h"

namespace keel::list {

// DEBUG QUICKLIST-PACKED-THRESHOLD: elements of at least so many bytes get a node of their own; 0: those that are
// larger than a node may be. Of the process, since it is for tests alone.
inline std::size_t packed_threshold = 0;

class Limits {
  public:
    explicit Limits(const Encodings& settings)
        : Limits(settings.list_max_listpack_size, settings.list_compress_depth) {}
    Limits(std::int32_t size, std::int32_t compress_depth)
        : depth_(static_cast<std::size_t>(std::max(compress_depth, 0))) {
        if (size >= 0) {
            most_entries_ = static_cast<std::size_t>(std::max(size, 1));
        } else {
            constexpr std::array<std::size_t, 5> kBytes = {4096, 8192, 16384, 32768, 65536};
            by_bytes_ = true;
            most_bytes_ = kBytes[static_cast<std::size_t>(std::min<std::int64_t>(-std::int64_t{size}, 5)) - 1];
        }
    }

    [[nodiscard]] bool exceeded(std::size_t bytes, std::size_t entries) const {
        return bytes > most_bytes_ || entries > most_entries_;
    }
    // Whether a listpack of so many bytes and entries takes text of that size as one more.
    [[nodiscard]] bool fits(std::size_t bytes, std::size_t entries, std::size_t text_size) const {
        return bytes + entry_bytes(text_size) <= most_bytes_ && entries < most_entries_;
    }
    // Whether one node that holds so much is small enough to be a whole list again.
    [[nodiscard]] bool is_small(std::size_t bytes, std::size_t entries) const {
        return by_bytes_ ? bytes <= most_bytes_ / 2 : entries <= most_entries_ / 2;
    }
    [[nodiscard]] bool is_large(std::size_t text_size) const {
        return packed_threshold != 0 ? text_size >= packed_threshold : text_size > most_bytes_;
    }
    [[nodiscard]] std::size_t depth() const { return depth_; }

  private:
    // What text takes in a listpack, at most.
    static constexpr std::size_t entry_bytes(std::size_t text_size) {
        return text_size + (text_size < 64 ? 2 : text_size < 4096 ? 4 : 10);
    }

    std::size_t most_bytes_ = 8192;
    std::size_t most_entries_ = std::numeric_limits<std::uint32_t>::max();
    std::size_t depth_;
    bool by_bytes_ = false;
};

}  // namespace keel::list
