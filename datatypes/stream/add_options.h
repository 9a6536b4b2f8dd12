// SPDX-License-Identifier: BSD-3-Clause
//
// The options that XADD and XTRIM share, and XADD's id.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/stream/references.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

struct AddOptions {
    Trim trim{};
    bool limited = false;      // LIMIT was given
    bool no_mkstream = false;  // XADD
    References references = References::keep;
    bool references_given = false;
    bool id_given = false;  // XADD: not "*"
    NewId id{};
    std::size_t strategy_at = 0;  // where MAXLEN or MINID stands in the request
    std::size_t id_at = 0;        // XADD: where the id stands
};

enum class For : std::uint8_t { xadd, xtrim };

// Reads up to XADD's id (taken), or to the end of XTRIM.
[[nodiscard]] Result<AddOptions> read_add_options(Context& cx, For command);

// Says what was added or trimmed in words that need no clock and no settings, and that old servers know: the id that
// was given; a trim that names exactly what stays, or, where the groups decided, the ids that went.
void replicate_exactly(Context& cx, Bytes key, const AddOptions& options, const Stream& stream, const Trimmed& trimmed);

}  // namespace keel::stream
