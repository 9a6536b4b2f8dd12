// SPDX-License-Identifier: BSD-3-Clause
//
// The id of a stream's entry, "<ms>-<seq>": two numbers of 64 bits, ordered as one of 128.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"

namespace keel::stream {

inline constexpr std::uint64_t kMaxPart = std::numeric_limits<std::uint64_t>::max();

struct StreamId {
    std::uint64_t ms = 0;
    std::uint64_t seq = 0;

    auto operator<=>(const StreamId&) const = default;
    [[nodiscard]] bool is_zero() const { return ms == 0 && seq == 0; }

    // The neighbours; none beyond the ends.
    [[nodiscard]] std::optional<StreamId> next() const {
        if (seq != kMaxPart) return StreamId{ms, seq + 1};
        if (ms != kMaxPart) return StreamId{ms + 1, 0};
        return std::nullopt;
    }
    [[nodiscard]] std::optional<StreamId> prev() const {
        if (seq != 0) return StreamId{ms, seq - 1};
        if (ms != 0) return StreamId{ms - 1, kMaxPart};
        return std::nullopt;
    }
};

inline constexpr StreamId kMinId{};
inline constexpr StreamId kMaxId{kMaxPart, kMaxPart};

// An id as text, in a buffer of its own.
class IdText {
  public:
    explicit IdText(StreamId id) noexcept;
    operator Bytes() const noexcept { return {text_.data(), size_}; }  // NOLINT: it is the text
    [[nodiscard]] std::string str() const { return std::string{Bytes{*this}}; }

  private:
    std::array<char, 48> text_;
    std::size_t size_;
};

// An id as clients write it: "ms-seq", or "ms" alone, whose seq is then `missing_seq`. Numbers are read as Redis reads
// them, which is generous: blanks and a sign in front, leading zeros; the text ends at a NUL.
[[nodiscard]] std::optional<StreamId> parse_id(Bytes word, std::uint64_t missing_seq) noexcept;

// The same with "-" and "+", the ends of all ids.
[[nodiscard]] std::optional<StreamId> parse_bound(Bytes word, std::uint64_t missing_seq) noexcept;

// As XADD takes it: "ms-*" leaves the seq to the stream.
struct NewId {
    StreamId id{};
    bool seq_given = true;
};
[[nodiscard]] std::optional<NewId> parse_new_id(Bytes word) noexcept;

}  // namespace keel::stream
