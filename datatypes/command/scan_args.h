// SPDX-License-Identifier: BSD-3-Clause
//
// The arguments that SCAN, HSCAN, SSCAN and ZSCAN share: the cursor, and the options behind it.
#pragma once

#include <optional>

#include "datatypes/command/args.h"

namespace keel {

struct ScanOptions {
    std::int64_t count = 10;       // at least 1: how many elements to look at, roughly
    std::optional<Bytes> pattern;  // none: everything matches
    std::optional<Bytes> type;     // SCAN only; none: every type
    bool no_values = false;        // HSCAN only

    [[nodiscard]] bool matches(Bytes name) const;
};

// What one command of the family knows beyond MATCH and COUNT.
struct ScanDialect {
    bool type = false;
    bool no_values = false;
};

// The cursor that an earlier reply gave, or 0.
Result<std::uint64_t> parse_cursor(Bytes word);

// Reads the options up to the end of the request.
Result<ScanOptions> read_scan_options(Args& args, ScanDialect dialect = {});

}  // namespace keel
