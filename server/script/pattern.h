// SPDX-License-Identifier: BSD-3-Clause
//
// Lua's patterns, as string.find, match, gmatch and gsub know them. Our own matcher, because the library's cannot be
// interrupted: a pattern that tries many ways to match goes on for hours, and nobody else is answered meanwhile.
//
//     pattern  ->  item item item ...       item: one character or class, perhaps repeated (* + - ?), a position, a
//                                           bracket that begins or ends a capture, %b, %f, a capture once more (%1)
//
// Always true:
//   1. What matches, what is captured and which error a pattern gets is what Lua 5.1 says of it; a pattern ends at its
//      first zero byte, as there.
//   2. Each try of an item is a step for Vm::step(): others are answered, and a script can be killed, while it matches.
//   3. It calls itself at most kMostDepth deep, whatever the pattern.
#pragma once

#include <array>
#include <cstddef>

#include "server/script/lua.h"
#include "server/script/vm.h"

namespace keel::script {

class Matcher {
  public:
    static constexpr std::size_t kNone = Bytes::npos;

    // Both are Lua strings that stay where they are; the pattern without the anchor ('^') before it.
    Matcher(lua_State* lua, Bytes subject, Bytes pattern)
        : lua_(lua), vm_(Vm::of(lua)), subject_(subject), pattern_(pattern.substr(0, pattern.find('\0'))) {}

    // Where the match that begins at this place of the subject ends; kNone: none does. Raises an error for a pattern
    // that is none.
    std::size_t match_at(std::size_t begin);

    // Puts all captures of that match on the stack, or the whole of it if there are none and `whole`; how many.
    int push_captures(std::size_t begin, std::size_t end, bool whole);
    // One of them, from 0; the first of a pattern that has none is the whole.
    void push_capture(int index, std::size_t begin, std::size_t end);

  private:
    static constexpr int kMostCaptures = 32;
    static constexpr int kMostDepth = 1000;
    static constexpr std::size_t kOpen = Bytes::npos;          // a capture's size before its closing bracket
    static constexpr std::size_t kPosition = Bytes::npos - 1;  // of "()": only where it is

    struct Capture {
        std::size_t begin;
        std::size_t size;
    };

    std::size_t match(std::size_t at, std::size_t item);
    std::size_t match_repeated(std::size_t at, std::size_t item, std::size_t item_end);
    std::size_t most_first(std::size_t at, std::size_t item, std::size_t item_end);
    std::size_t least_first(std::size_t at, std::size_t item, std::size_t item_end);
    std::size_t open_capture(std::size_t at, std::size_t item);
    std::size_t close_capture(std::size_t at, std::size_t item);
    std::size_t match_balanced(std::size_t at, std::size_t item);
    std::size_t match_again(std::size_t at, unsigned char digit);
    bool at_frontier(std::size_t at, std::size_t set, std::size_t set_end) const;

    [[nodiscard]] std::size_t end_of_item(std::size_t item) const;
    [[nodiscard]] bool one_matches(std::size_t at, std::size_t item, std::size_t item_end) const;
    [[nodiscard]] bool in_set(unsigned char c, std::size_t set, std::size_t set_end) const;
    [[nodiscard]] char pattern_at(std::size_t at) const { return at < pattern_.size() ? pattern_[at] : '\0'; }
    [[nodiscard]] char subject_at(std::size_t at) const { return at < subject_.size() ? subject_[at] : '\0'; }

    lua_State* lua_;
    Vm& vm_;
    Bytes subject_;
    Bytes pattern_;
    int depth_ = 0;
    int captures_ = 0;
    std::array<Capture, kMostCaptures> capture_;
};

// find, match, gmatch, gfind, gsub and rep into the table at the top of the stack.
void set_string_functions(lua_State* lua);

}  // namespace keel::script
