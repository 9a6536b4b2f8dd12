// SPDX-License-Identifier: BSD-3-Clause
//
// A member of a big sorted set, with its score, in one allocation of the small heap.
//
//     | length u8 | score f64 | bytes |          up to 253 bytes: length is the length
//     | 254 | u16 | score f64 | bytes |
//     | 255 | u64 | score f64 | bytes |
//
// Always true:
//   1. The text never changes; the score does, in place, so a pointer to a member is good until it is removed.
//   2. The size of the allocation follows from the bytes.
#pragma once

#include <cstdint>

#include "datatypes/encodings/prefetch.h"
#include "datatypes/encodings/small_heap.h"
#include "protocol/base/bytes.h"

namespace keel::zset {

class Member {
  public:
    [[nodiscard]] static Member* make(Bytes text, double score) {
        auto* raw = static_cast<char*>(small_heap().allocate(head_bytes(text.size()) + kScoreBytes + text.size()));
        char* to = raw + write_head(raw, text.size());
        store(to, score);
        if (!text.empty()) std::memcpy(to + kScoreBytes, text.data(), text.size());
        return reinterpret_cast<Member*>(raw);
    }
    static void release(Member* member) noexcept { small_heap().free(member, member->size()); }

    [[nodiscard]] Bytes text() const noexcept {
        const auto first = load<std::uint8_t>(raw());
        if (first < kLength16) [[likely]]
            return {raw() + 1 + kScoreBytes, first};
        return {raw() + head() + kScoreBytes, length()};
    }
    [[nodiscard]] double score() const noexcept { return load<double>(raw() + head()); }
    void set_score(double score) noexcept { store(const_cast<char*>(raw()) + head(), score); }

    [[nodiscard]] std::size_t size() const noexcept { return head() + kScoreBytes + length(); }
    [[nodiscard]] std::size_t allocated_bytes() const noexcept { return SmallHeap::usable(size()); }

    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

  private:
    static constexpr std::size_t kScoreBytes = sizeof(double);
    static constexpr std::uint8_t kLength16 = 254;
    static constexpr std::uint8_t kLength64 = 255;

    [[nodiscard]] static std::size_t head_bytes(std::size_t length) noexcept {
        return length < kLength16 ? 1 : length <= 0xffff ? 3 : 9;
    }
    static std::size_t write_head(char* to, std::size_t length) noexcept {
        if (length < kLength16) {
            store(to, static_cast<std::uint8_t>(length));
        } else if (length <= 0xffff) {
            store(to, kLength16);
            store(to + 1, static_cast<std::uint16_t>(length));
        } else {
            store(to, kLength64);
            store(to + 1, std::uint64_t{length});
        }
        return head_bytes(length);
    }
    [[nodiscard]] const char* raw() const noexcept { return reinterpret_cast<const char*>(this); }
    [[nodiscard]] std::size_t head() const noexcept {
        const auto first = load<std::uint8_t>(raw());
        return first < kLength16 ? 1 : first == kLength16 ? 3 : 9;
    }
    [[nodiscard]] std::size_t length() const noexcept {
        const auto first = load<std::uint8_t>(raw());
        if (first < kLength16) return first;
        return first == kLength16 ? load<std::uint16_t>(raw() + 1) : load<std::uint64_t>(raw() + 1);
    }

    char first_;  // a Member is its bytes; it is never made by a constructor
};

// For Table.
struct MemberTraits {
    using Item = Member;
    static Bytes key(const Member* member) noexcept { return member->text(); }
};

}  // namespace keel::zset
