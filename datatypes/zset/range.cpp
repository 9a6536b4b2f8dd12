// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/range.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "protocol/resp/errors.h"

namespace keel::zset {

namespace {

// As lenient as the peers: blanks in front, nothing at all (0) and numbers out of range (infinity) pass.
std::optional<double> parse_bound(Bytes text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(value)) return value;
    const std::string copy{text};
    char* stopped = nullptr;
    value = std::strtod(copy.c_str(), &stopped);
    if (*stopped != '\0' || std::isnan(value)) return std::nullopt;
    return value;
}

struct ScoreBound {
    double score;
    bool open;
};
std::optional<ScoreBound> parse_score_bound(Bytes word) {
    const bool open = !word.empty() && word[0] == '(';
    const auto score = parse_bound(open ? word.substr(1) : word);
    if (!score) return std::nullopt;
    return ScoreBound{*score, open};
}

std::optional<TextBound> parse_text_bound(Bytes word) {
    if (word.empty()) return std::nullopt;
    const bool alone = word.size() == 1 || word[1] == '\0';
    if (word[0] == '-' && alone) return TextBound{.kind = TextBound::Kind::before_all};
    if (word[0] == '+' && alone) return TextBound{.kind = TextBound::Kind::behind_all};
    if (word[0] != '[' && word[0] != '(') return std::nullopt;
    return TextBound{.text = word.substr(1), .open = word[0] == '('};
}

}  // namespace

bool TextRange::is_empty() const {
    using Kind = TextBound::Kind;
    if (min.kind == Kind::behind_all || max.kind == Kind::before_all) return true;
    if (min.kind != Kind::at || max.kind != Kind::at) return false;
    return min.text > max.text || (min.text == max.text && (min.open || max.open));
}

Result<ScoreRange> parse_score_range(Bytes min, Bytes max) {
    const auto low = parse_score_bound(min);
    const auto high = parse_score_bound(max);
    if (!low || !high) return errors::kMinMaxNotFloat;
    return ScoreRange{low->score, high->score, low->open, high->open};
}

Result<TextRange> parse_text_range(Bytes min, Bytes max) {
    const auto low = parse_text_bound(min);
    const auto high = parse_text_bound(max);
    if (!low || !high) return errors::kMinMaxNotLex;
    return TextRange{*low, *high};
}

Ranks ranks_between(std::int64_t start, std::int64_t stop, std::size_t size) {
    const auto length = static_cast<std::int64_t>(size);
    if (start < 0) start = std::max<std::int64_t>(start + length, 0);
    if (stop < 0) stop += length;
    stop = std::min(stop, length - 1);
    if (start > stop) return {};
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start + 1)};
}

Ranks limited(Limit limit, std::size_t total) {
    if (limit.offset < 0 || static_cast<std::uint64_t>(limit.offset) >= total) return {};
    const auto from = static_cast<std::size_t>(limit.offset);
    std::size_t count = total - from;
    if (limit.count >= 0) count = std::min(count, static_cast<std::size_t>(limit.count));
    return {from, count};
}

}  // namespace keel::zset
