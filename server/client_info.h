// SPDX-License-Identifier: BSD-3-Clause
//
// A session as one line of text: what CLIENT LIST and INFO answer, and what the log and the crash report say of a
// client.
//
//     id=7 addr=127.0.0.1:50312 laddr=127.0.0.1:6379 fd=12 name= age=3 idle=0 flags=N capa= db=0 ... tot-cmds=2
//
// Always true:
//   1. The fields stand in the order of Redis 7.4, with those of Valkey where Valkey has them; a field is never left
//      out, so that "name=value" pairs parse the same for every client.
//   2. The line has no line break: names and addresses cannot hold one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

class Session;
enum class ClientClass : std::uint8_t;

[[nodiscard]] std::string client_line(const Session& session, std::int64_t now_ms);

// The letters of the flags column, "N" if there is none.
[[nodiscard]] std::string client_flags(const Session& session);

// The words of CLIENT LIST TYPE, in either case; `slave` and `replica` are one.
[[nodiscard]] std::optional<ClientClass> client_class_of(Bytes word);

}  // namespace keel
