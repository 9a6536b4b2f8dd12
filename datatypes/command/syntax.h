// SPDX-License-Identifier: BSD-3-Clause
//
// The argument grammar of a command: the text in its row's `.syntax`, and the tree that COMMAND DOCS shows and
// from which redis-cli draws its hints.
//
//     value [NX|XX] [GET] [EX seconds:integer|PX milliseconds:integer|KEEPTTL]
//
//     notation                        means
//     name, name:type                 a word that the user fills in. Types: string (the default), key, integer,
//                                     double, unix-time, pattern. `key` is a key and `numkeys` an integer by itself.
//     TOKEN                           a keyword: whatever does not begin with a lower-case letter ("NX", "~", "*").
//                                     "" is the empty word.
//     TOKEN name, TOKEN (group)       one argument, introduced by its keyword
//     [a b]                           optional, all or nothing
//     (a b)                           a group
//     a|b c                           one of; binds loosest, and stands only inside [] or ()
//     name [name ...]                 the name once or more; so too `key value [key value ...]`
//     [TOKEN x [TOKEN x ...]]         each further x with its keyword; [TOKEN x [x ...]]: the keyword once
//     name=[..], name=(..)            gives the group a name (else it is called after what it holds)
//
// Always true:
//   1. Groups are `oneof` (alternatives) or `block` (in sequence); only they have `arguments`.
//   2. A group in which a keyword is followed by two or more plain values carries the keyword itself: the block
//      [LIMIT offset count] has the token LIMIT and the arguments offset and count.
//   3. Words that a request must have at least, and may have at most, follow from the tree (word_count).
//
// Not here: how the tree is sent to clients (server/commands/command_info).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "datatypes/command/spec.h"
#include "protocol/base/result.h"

namespace keel {

struct Argument {
    enum class Type : std::uint8_t { string, integer, real, key, pattern, unix_time, pure_token, oneof, block };

    std::string name = {};
    Type type = Type::string;
    std::string token = {};
    int key_spec_index = -1;  // of the command's key specs; -1: it is no key, or one that no spec tells of
    bool optional = false;
    bool multiple = false;        // may come more than once
    bool multiple_token = false;  // and each time with its token
    std::vector<Argument> arguments = {};

    bool operator==(const Argument&) const = default;
};

// As COMMAND DOCS writes the type: "string", "pure-token", ...
Bytes type_name(Argument::Type type);

// The tree of a grammar. The error tells what is wrong and at which byte. O(size).
Result<std::vector<Argument>> parse_syntax(Bytes text);

// The tree of a row's grammar, with the indices of its key specs.
Result<std::vector<Argument>> arguments_of(const CommandSpec& spec);

struct WordCount {
    static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();
    std::size_t least = 0;
    std::size_t most = 0;
};
WordCount word_count(const std::vector<Argument>& arguments);

}  // namespace keel
