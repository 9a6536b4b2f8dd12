// SPDX-License-Identifier: BSD-3-Clause
//
// INFO: the sections a client asks for, as one text.
//
//     INFO                      the usual sections
//     INFO memory clients       these, in the server's order
//     INFO all | everything     all of them; `debug` only by its own name
//
// Always true:
//   1. Sections come in the order of the list in info.cpp, each at most once, whatever was asked for how often.
//   2. A name that is no section adds nothing.
#pragma once

#include <span>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

struct Server;

// `wanted`: names of sections, in any case; none means "default". O(clients + commands).
[[nodiscard]] std::string info_text(const Server& server, std::span<const Bytes> wanted = {});

}  // namespace keel
