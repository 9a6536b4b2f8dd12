// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/scan_args.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "protocol/base/glob.h"
#include "protocol/resp/errors.h"

namespace keel {

bool ScanOptions::matches(Bytes name) const { return !pattern || glob_match(*pattern, name); }

// As lenient as the peers, whose cursors go through strtoul: a sign and leading zeros pass.
Result<std::uint64_t> parse_cursor(Bytes word) {
    const std::string text{word};
    char* end = nullptr;
    errno = 0;
    const std::uint64_t cursor = std::strtoull(text.c_str(), &end, 10);
    const bool blank_first = !text.empty() && std::isspace(static_cast<unsigned char>(text[0])) != 0;
    if (blank_first || *end != '\0' || errno == ERANGE) return errors::kInvalidCursor;
    return cursor;
}

Result<ScanOptions> read_scan_options(Args& args, ScanDialect dialect) {
    ScanOptions out;
    while (args.more()) {
        if (args.accept_with_value("COUNT")) {
            out.count = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            if (out.count < 1) return errors::kSyntax;
        } else if (args.accept_with_value("MATCH")) {
            out.pattern = args.next<Bytes>();
            if (out.pattern == "*") out.pattern.reset();
        } else if (dialect.type && args.accept_with_value("TYPE")) {
            out.type = args.next<Bytes>();
        } else if (dialect.no_values && args.accept("NOVALUES")) {
            out.no_values = true;
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

}  // namespace keel
