// SPDX-License-Identifier: BSD-3-Clause
//
// One pattern matcher for KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL key patterns.
//
//     *        any run of bytes, also none        ?        any one byte
//     [abc]    one of these                       [^abc]   one byte that is none of these
//     [a-z]    one of a range, either way round   \x       the byte x itself, in classes too
//
// Always true:
//   1. Time is at most pattern times text, memory constant: no pattern is hostile.
//   2. Every pattern means something. A class without its `]` ends with the pattern; a final `\` is itself; in
//      "[a-]" the `]` is the end of the range (and the class goes on). All this is as in Redis.
//   3. Bytes compare as signed, as Redis's ranges do; `nocase` folds ASCII letters, except escaped ones in classes.
//
// One difference on purpose: here "*" matches the empty text, as it should (Redis's matcher denies it and its
// callers work around it).
#pragma once

#include "protocol/base/bytes.h"

namespace keel {

[[nodiscard]] bool glob_match(Bytes pattern, Bytes text, bool nocase = false) noexcept;

// True when the pattern has no special character, so that (case aside) it matches only the text equal to itself.
[[nodiscard]] bool glob_is_literal(Bytes pattern) noexcept;

}  // namespace keel
