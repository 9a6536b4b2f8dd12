// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/glob.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace keel {

namespace {

char fold(char c, bool nocase) noexcept { return nocase ? to_lower(c) : c; }

bool in_range(char from, char to, char c, bool nocase) noexcept {
    // Order the ends first and fold after: with `nocase` "[Z-a]" is z down to a, an empty range, as in Redis.
    auto low = static_cast<signed char>(from);
    auto high = static_cast<signed char>(to);
    if (low > high) std::swap(low, high);
    const auto fold_signed = [nocase](signed char s) {
        return static_cast<signed char>(fold(static_cast<char>(s), nocase));
    };
    const signed char byte = fold_signed(static_cast<signed char>(c));
    return fold_signed(low) <= byte && byte <= fold_signed(high);
}

// `at` stands behind a '['; it is moved behind the class.
bool class_takes(Bytes pattern, std::size_t& at, char c, bool nocase) noexcept {
    const bool negated = at < pattern.size() && pattern[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < pattern.size()) {
        const std::size_t left = pattern.size() - at;
        if (left >= 2 && pattern[at] == '\\') {
            found |= pattern[at + 1] == c;
            at += 2;
        } else if (pattern[at] == ']') {
            ++at;
            break;
        } else if (left >= 3 && pattern[at + 1] == '-') {
            found |= in_range(pattern[at], pattern[at + 2], c, nocase);
            at += 3;
        } else {
            found |= fold(pattern[at], nocase) == fold(c, nocase);
            ++at;
        }
    }
    return found != negated;
}

// Does the piece at `at` (anything but a star) take the byte c? Moves `at` behind the piece.
bool piece_takes(Bytes pattern, std::size_t& at, char c, bool nocase) noexcept {
    switch (pattern[at]) {
        case '?': ++at; return true;
        case '[': ++at; return class_takes(pattern, at, c, nocase);
        case '\\':
            if (at + 1 < pattern.size()) ++at;
            [[fallthrough]];
        default: return fold(pattern[at++], nocase) == fold(c, nocase);
    }
}

// By byte: whether it is special.
constexpr auto kSpecial = [] {
    std::array<bool, 256> out{};
    for (const char c : {'*', '?', '[', '\\'}) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

bool is_special(char c) noexcept { return kSpecial[static_cast<unsigned char>(c)]; }

// Behind a star, a piece of plain bytes up to the next star or the end: found in time that is linear in both, where
// trying one place after the other would take their product. False: it is not there, so nothing matches. Moves `at` and
// `pos` behind it; leaves them where they are if the piece is not plain.
bool skip_plain(Bytes pattern, std::size_t& at, Bytes text, std::size_t& pos) noexcept {
    std::size_t end = at;
    while (end < pattern.size() && !is_special(pattern[end])) ++end;
    const Bytes piece = pattern.substr(at, end - at);
    if (end == pattern.size()) {  // it has to be the end of the text
        if (!text.substr(pos).ends_with(piece)) return false;
        at = end;
        pos = text.size();
        return true;
    }
    if (piece.empty() || pattern[end] != '*') return true;
    const void* const found = memmem(text.data() + pos, text.size() - pos, piece.data(), piece.size());
    if (found == nullptr) return false;
    at = end;
    pos = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + piece.size();
    return true;
}

}  // namespace

bool glob_match(Bytes pattern, Bytes text, bool nocase) noexcept {
    // Only the last star seen is ever given more: whatever an earlier one could take instead, the last can too.
    constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t after_star = kNone;  // in the pattern, behind the last star
    std::size_t star_text = 0;       // where the text behind that star's run begins
    std::size_t at = 0;
    std::size_t pos = 0;
    if (!nocase) {
        for (const std::size_t both = std::min(pattern.size(), text.size()); at < both && !is_special(pattern[at]);
             ++at) {
            if (pattern[at] != text[at]) return false;
        }
        pos = at;
    }
    while (pos < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            ++at;
            if (at == pattern.size()) return true;
            if (!nocase && !skip_plain(pattern, at, text, pos)) return false;
            after_star = at;
            star_text = pos;
            continue;
        }
        if (at < pattern.size() && piece_takes(pattern, at, text[pos], nocase)) {
            ++pos;
            continue;
        }
        if (after_star == kNone) return false;
        at = after_star;
        ++star_text;
        if (!nocase && !is_special(pattern[at])) {  // skip to the next place where the rest can begin
            star_text = text.find(pattern[at], star_text);
            if (star_text == Bytes::npos) return false;
        }
        pos = star_text;
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

bool glob_is_literal(Bytes pattern) noexcept {
    for (const char c : pattern) {
        if (is_special(c)) return false;
    }
    return true;
}

}  // namespace keel
