// SPDX-License-Identifier: BSD-3-Clause
//
// Texts in the JSON that tools print.
#pragma once

#include <fmt/format.h>

#include <string>

#include "protocol/base/bytes.h"

namespace keel {

// `text` in quotes. Bytes beyond printable ASCII are escaped one by one (\u00ff for 0xff), so that those of a key that
// is no UTF-8 can be told from the JSON.
[[nodiscard]] inline std::string json_text(Bytes text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out += '"';
}

}  // namespace keel
