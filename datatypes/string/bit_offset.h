// SPDX-License-Identifier: BSD-3-Clause
//
// Places of bits as clients give them.
#pragma once

#include "datatypes/command/context.h"
#include "protocol/base/number.h"

namespace keel::string {

// A place that a string could reach (proto-max-bulk-len; what was decided elsewhere, when it is replayed, is checked
// against the same limit).
[[nodiscard]] inline Result<std::uint64_t> parse_bit_offset(const Context& cx, Bytes word) {
    const auto offset = parse_integer(word);
    if (!offset || *offset < 0 || static_cast<std::uint64_t>(*offset) >> 3 >= cx.settings.clients.max_bulk_bytes)
        return errors::kBitOffset;
    return static_cast<std::uint64_t>(*offset);
}

}  // namespace keel::string
