// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/stream_id.h"

#include "protocol/base/number.h"

namespace keel::stream {

namespace {

constexpr std::size_t kLongestId = 127;

Bytes until_nul(Bytes text) { return text.substr(0, text.find('\0')); }

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What C's strtoull takes, but for plain negative numbers.
std::optional<std::uint64_t> parse_part(Bytes text) noexcept {
    if (const auto plain = parse_unsigned(text)) return plain;
    if (parse_integer(text)) return std::nullopt;
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    bool negative = false;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    if (text.empty()) return std::nullopt;
    while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
    const auto number = parse_unsigned(text);
    if (!number) return std::nullopt;
    return negative ? 0 - *number : *number;
}

}  // namespace

IdText::IdText(StreamId id) noexcept {
    size_ = write_unsigned(text_.data(), id.ms);
    text_[size_++] = '-';
    size_ += write_unsigned(text_.data() + size_, id.seq);
}

std::optional<NewId> parse_new_id(Bytes word) noexcept {
    if (word.size() > kLongestId) return std::nullopt;
    const Bytes text = until_nul(word);
    const std::size_t dash = text.find('-');
    const auto ms = parse_part(text.substr(0, dash));
    if (!ms) return std::nullopt;
    if (dash == Bytes::npos) return NewId{{*ms, 0}};
    const Bytes rest = text.substr(dash + 1);
    if (rest == "*") return NewId{{*ms, 0}, false};
    const auto seq = parse_part(rest);
    if (!seq) return std::nullopt;
    return NewId{{*ms, *seq}};
}

std::optional<StreamId> parse_id(Bytes word, std::uint64_t missing_seq) noexcept {
    const auto parsed = parse_new_id(word);
    if (!parsed || !parsed->seq_given) return std::nullopt;
    if (until_nul(word).find('-') == Bytes::npos) return StreamId{parsed->id.ms, missing_seq};
    return parsed->id;
}

std::optional<StreamId> parse_bound(Bytes word, std::uint64_t missing_seq) noexcept {
    if (word == "-") return kMinId;
    if (word == "+") return kMaxId;
    return parse_id(word, missing_seq);
}

}  // namespace keel::stream
