// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes received from a client whose requests did not run yet: filled at the end, taken from the front in small steps.
//
//     | taken, no longer needed | waiting ... | room being read into |
//       ^bytes_.begin()           ^at_
//
// Always true:
//   1. What was taken stays where it was until it makes up half of the whole: taking all of n bytes in any steps moves
//      less than n.
//   2. Empty means that no memory is held.
#pragma once

#include <cstddef>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/check.h"

namespace keel {

class PendingInput {
  public:
    [[nodiscard]] Bytes bytes() const { return Bytes{bytes_}.substr(at_); }
    [[nodiscard]] std::size_t size() const { return bytes_.size() - at_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t capacity() const { return empty() ? 0 : bytes_.capacity(); }

    void append(Bytes more) { bytes_.append(more); }

    // Room for `n` bytes at the end, of which filled() keeps the first `got`.
    [[nodiscard]] char* room(std::size_t n) {
        room_ = n;
        bytes_.resize(bytes_.size() + n);
        return bytes_.data() + bytes_.size() - n;
    }
    void filled(std::size_t got) {
        KEEL_DCHECK(got <= room_);
        bytes_.resize(bytes_.size() - room_ + got);
        room_ = 0;
        if (empty()) clear();
    }

    // The first `n` bytes are done with.
    void take(std::size_t n) {
        KEEL_DCHECK(n <= size());
        at_ += n;
        if (empty()) return clear();
        if (at_ < kWorthMoving || at_ < size()) return;
        bytes_.erase(0, at_);
        at_ = 0;
    }

    // `first` is to come before what waits; mostly it was taken before, and there is room for it.
    void put_back(Bytes first) {
        if (first.size() > at_) {
            bytes_.insert(at_, first.size() - at_, '\0');
            at_ = first.size();
        }
        at_ -= first.size();
        bytes_.replace(at_, first.size(), first);
    }

    void clear() {
        std::string{}.swap(bytes_);
        at_ = 0;
    }

  private:
    static constexpr std::size_t kWorthMoving = 16 * 1024;

    std::string bytes_;
    std::size_t at_ = 0;
    std::size_t room_ = 0;
};

}  // namespace keel
