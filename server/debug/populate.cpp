// SPDX-License-Identifier: BSD-3-Clause
#include "server/debug/populate.h"

#include <fmt/format.h>

#include "datatypes/string/string_value.h"

namespace keel {

void populate(Database& db, std::int64_t count, Bytes prefix, std::int64_t size) {
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string name = fmt::format("{}:{}", prefix, i);
        const Key key{name};
        Entry* const existing = db.write(key);
        if (existing != nullptr) continue;
        std::string value = fmt::format("value:{}", i);
        if (size != 0) value.resize(static_cast<std::size_t>(size), '\0');
        db.put(key, existing, string::value_of(Bytes{value}), kNoDeadline);
    }
}

}  // namespace keel
