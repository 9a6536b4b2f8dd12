// SPDX-License-Identifier: BSD-3-Clause
//
// Encodes a request as multibulk: what a client sends, and what goes to the log and to replicas when a command is not
// passed on in the client's own words.
//
//     append_request(out, {{"SET", "k", "v"}});      *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

// Appends the encoding to `out`, with one growth of it at most. O(bytes).
void append_request(std::string& out, std::span<const Bytes> words);
inline void append_request(std::string& out, std::initializer_list<Bytes> words) {
    append_request(out, std::span{words.begin(), words.size()});
}

// How many bytes the encoding takes.
[[nodiscard]] std::size_t request_bytes(std::span<const Bytes> words) noexcept;

}  // namespace keel
