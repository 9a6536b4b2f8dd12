// SPDX-License-Identifier: BSD-3-Clause
//
// A line of text and the words in it: what an inline command and a line of a configuration file share.
//
//     set  "a b\x21"  'it\'s'      three words:  set | a b! | it's
//
// Words are parted by blanks. Inside double quotes \n \r \t \a \b and \xHH stand for bytes, and a backslash
// before anything else stands for that byte; inside single quotes only \' does. A quote may open in the middle of
// a word, but the one that closes it must end the word.
//
// Always true:
//   1. split_words(quoted(bytes)) gives back exactly `bytes`, whatever they are.
//   2. A zero byte outside quotes ends the line, as it does for every peer.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

// Fills `out` with the words of `line` (none for a blank line). False if a quote stays open or is followed by
// more of the word; `out` is then empty. O(size).
[[nodiscard]] bool split_words(Bytes line, std::vector<std::string>& out);

// `bytes` in double quotes, on one line and printable, so that split_words reads them back.
[[nodiscard]] std::string quoted(Bytes bytes);

// The same, appended to `out`.
void append_quoted(std::string& out, Bytes bytes);

}  // namespace keel
