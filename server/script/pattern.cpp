// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/pattern.h"

#include <cctype>
#include <cstring>

namespace keel::script {

namespace {

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

// %a and its like; any other character behind the % stands for itself.
bool in_class(unsigned char c, unsigned char letter) {
    bool is = false;
    switch (std::tolower(letter)) {
        case 'a': is = std::isalpha(c) != 0; break;
        case 'c': is = std::iscntrl(c) != 0; break;
        case 'd': is = std::isdigit(c) != 0; break;
        case 'l': is = std::islower(c) != 0; break;
        case 'p': is = std::ispunct(c) != 0; break;
        case 's': is = std::isspace(c) != 0; break;
        case 'u': is = std::isupper(c) != 0; break;
        case 'w': is = std::isalnum(c) != 0; break;
        case 'x': is = std::isxdigit(c) != 0; break;
        case 'z': is = c == 0; break;
        default: return letter == c;
    }
    return is != (std::isupper(letter) != 0);
}

}  // namespace

// ---- The pattern ----

// Behind the one character or class that stands at `item`.
std::size_t Matcher::end_of_item(std::size_t item) const {
    if (pattern_[item] == '%') {
        if (item + 1 == pattern_.size()) luaL_error(lua_, "malformed pattern (ends with '%%')");
        return item + 2;
    }
    if (pattern_[item] != '[') return item + 1;
    std::size_t at = item + 1;
    if (pattern_at(at) == '^') ++at;
    do {  // a ] in the first place is one of the set
        if (at >= pattern_.size()) luaL_error(lua_, "malformed pattern (missing ']')");
        at += pattern_[at] == '%' && at + 1 < pattern_.size() ? 2 : 1;
    } while (pattern_at(at) != ']');
    vm_.step(lua_, (at - item) / 8);
    return at + 1;
}

// `set_end` is behind the ].
bool Matcher::in_set(unsigned char c, std::size_t set, std::size_t set_end) const {
    vm_.step(lua_, (set_end - set) / 8);
    const std::size_t last = set_end - 1;
    std::size_t at = set + 1;
    const bool negated = pattern_[at] == '^';
    if (negated) ++at;
    while (at < last) {
        if (pattern_[at] == '%') {
            if (in_class(c, byte_of(pattern_at(at + 1)))) return !negated;
            at += 2;
        } else if (at + 2 < last && pattern_[at + 1] == '-') {
            if (byte_of(pattern_[at]) <= c && c <= byte_of(pattern_[at + 2])) return !negated;
            at += 3;
        } else {
            if (byte_of(pattern_[at]) == c) return !negated;
            ++at;
        }
    }
    return negated;
}

bool Matcher::one_matches(std::size_t at, std::size_t item, std::size_t item_end) const {
    if (at >= subject_.size()) return false;
    const unsigned char c = byte_of(subject_[at]);
    switch (pattern_[item]) {
        case '.': return true;
        case '%': return in_class(c, byte_of(pattern_[item + 1]));
        case '[': return in_set(c, item, item_end);
        default: return byte_of(pattern_[item]) == c;
    }
}

// ---- Matching ----

std::size_t Matcher::match_at(std::size_t begin) {
    captures_ = 0;
    depth_ = 0;
    return match(begin, 0);
}

// From here on, and from this item on.
std::size_t Matcher::match(std::size_t at, std::size_t item) {
    if (++depth_ > kMostDepth) luaL_error(lua_, "pattern too complex");
    std::size_t end = kNone;
    for (;;) {
        vm_.step(lua_);
        if (item == pattern_.size()) {
            end = at;
            break;
        }
        const char kind = pattern_[item];
        const char next = pattern_at(item + 1);
        if (kind == '(') {
            end = open_capture(at, item);
            break;
        }
        if (kind == ')') {
            end = close_capture(at, item);
            break;
        }
        if (kind == '$' && item + 1 == pattern_.size()) {
            end = at == subject_.size() ? at : kNone;
            break;
        }
        if (kind == '%' && (next == 'b' || std::isdigit(byte_of(next)) != 0)) {
            at = next == 'b' ? match_balanced(at, item) : match_again(at, byte_of(next));
            if (at == kNone) break;
            item += next == 'b' ? 4 : 2;
            continue;
        }
        if (kind == '%' && next == 'f') {
            if (pattern_at(item + 2) != '[') luaL_error(lua_, "missing '[' after '%%f' in pattern");
            const std::size_t set_end = end_of_item(item + 2);
            if (!at_frontier(at, item + 2, set_end)) break;
            item = set_end;
            continue;
        }
        const std::size_t item_end = end_of_item(item);
        const char repeat = pattern_at(item_end);
        if (repeat == '*' || repeat == '+' || repeat == '-') {
            end = match_repeated(at, item, item_end);
            break;
        }
        const bool one = one_matches(at, item, item_end);
        if (repeat == '?') {
            if (one && (end = match(at + 1, item_end + 1)) != kNone) break;
            item = item_end + 1;
            continue;
        }
        if (!one) break;
        ++at;
        item = item_end;
    }
    --depth_;
    return end;
}

std::size_t Matcher::match_repeated(std::size_t at, std::size_t item, std::size_t item_end) {
    switch (pattern_[item_end]) {
        case '-': return least_first(at, item, item_end);
        case '+': return one_matches(at, item, item_end) ? most_first(at + 1, item, item_end) : kNone;
        default: return most_first(at, item, item_end);
    }
}

std::size_t Matcher::most_first(std::size_t at, std::size_t item, std::size_t item_end) {
    std::size_t last = at;
    for (; one_matches(last, item, item_end); ++last) vm_.step(lua_);
    for (;; --last) {
        if (const std::size_t end = match(last, item_end + 1); end != kNone) return end;
        if (last == at) return kNone;
    }
}

std::size_t Matcher::least_first(std::size_t at, std::size_t item, std::size_t item_end) {
    for (;; ++at) {
        if (const std::size_t end = match(at, item_end + 1); end != kNone) return end;
        if (!one_matches(at, item, item_end)) return kNone;
    }
}

std::size_t Matcher::open_capture(std::size_t at, std::size_t item) {
    if (captures_ == kMostCaptures) luaL_error(lua_, "too many captures");
    const bool position = pattern_at(item + 1) == ')';
    capture_[static_cast<std::size_t>(captures_++)] = {at, position ? kPosition : kOpen};
    const std::size_t end = match(at, item + (position ? 2 : 1));
    if (end == kNone) --captures_;
    return end;
}

std::size_t Matcher::close_capture(std::size_t at, std::size_t item) {
    int open = captures_ - 1;
    while (open >= 0 && capture_[static_cast<std::size_t>(open)].size != kOpen) --open;
    if (open < 0) luaL_error(lua_, "invalid pattern capture");
    Capture& capture = capture_[static_cast<std::size_t>(open)];
    capture.size = at - capture.begin;
    const std::size_t end = match(at, item + 1);
    if (end == kNone) capture.size = kOpen;
    return end;
}

// %bxy: from an x to the y that closes it.
std::size_t Matcher::match_balanced(std::size_t at, std::size_t item) {
    if (item + 3 >= pattern_.size()) luaL_error(lua_, "unbalanced pattern");
    const char opens = pattern_[item + 2];
    const char closes = pattern_[item + 3];
    if (subject_at(at) != opens) return kNone;
    std::size_t depth = 1;
    while (++at < subject_.size()) {
        vm_.step(lua_);
        if (subject_[at] == closes) {
            if (--depth == 0) return at + 1;
        } else if (subject_[at] == opens) {
            ++depth;
        }
    }
    return kNone;
}

// %1: what a capture holds, once more. One that is a position is never there again.
std::size_t Matcher::match_again(std::size_t at, unsigned char digit) {
    const int index = digit - '1';
    if (index < 0 || index >= captures_ || capture_[static_cast<std::size_t>(index)].size == kOpen)
        luaL_error(lua_, "invalid capture index");
    const Capture& capture = capture_[static_cast<std::size_t>(index)];
    if (capture.size > subject_.size() - at) return kNone;
    vm_.step(lua_, capture.size / 64);
    const bool same = std::memcmp(subject_.data() + capture.begin, subject_.data() + at, capture.size) == 0;
    return same ? at + capture.size : kNone;
}

// %f[set]: where a run of characters in the set begins; before and behind the subject stands a zero.
bool Matcher::at_frontier(std::size_t at, std::size_t set, std::size_t set_end) const {
    const unsigned char before = at == 0 ? '\0' : byte_of(subject_[at - 1]);
    return !in_set(before, set, set_end) && in_set(byte_of(subject_at(at)), set, set_end);
}

// ---- Captures ----

void Matcher::push_capture(int index, std::size_t begin, std::size_t end) {
    if (index >= captures_) {
        if (index != 0) luaL_error(lua_, "invalid capture index");
        return push_bytes(lua_, subject_.substr(begin, end - begin));
    }
    const Capture& capture = capture_[static_cast<std::size_t>(index)];
    if (capture.size == kOpen) luaL_error(lua_, "unfinished capture");
    if (capture.size == kPosition) return lua_pushinteger(lua_, static_cast<lua_Integer>(capture.begin + 1));
    push_bytes(lua_, subject_.substr(capture.begin, capture.size));
}

int Matcher::push_captures(std::size_t begin, std::size_t end, bool whole) {
    const int count = captures_ == 0 && whole ? 1 : captures_;
    luaL_checkstack(lua_, count, "too many captures");
    for (int i = 0; i < count; ++i) push_capture(i, begin, end);
    return count;
}

}  // namespace keel::script
