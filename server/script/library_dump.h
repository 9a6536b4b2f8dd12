// SPDX-License-Identifier: BSD-3-Clause
//
// The payload of FUNCTION DUMP: what an RDB file says of libraries, with the footer of DUMP.
//
//     | 0xF5 | code as an RDB string | 0xF5 | ... | RDB version u16 LE | CRC-64 u64 LE of all before it |
#pragma once

#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel::script {

[[nodiscard]] std::string dump_libraries(std::span<const Bytes> codes);
// The codes in a payload; from a server of any version up to ours.
[[nodiscard]] Result<std::vector<std::string>> read_libraries(Bytes payload);

}  // namespace keel::script
