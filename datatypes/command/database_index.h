// SPDX-License-Identifier: BSD-3-Clause
//
// A database's number as an argument: read as a number of 32 bits, then asked for.
#pragma once

#include <limits>
#include <optional>

#include "datatypes/keyspace/keyspace.h"
#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel {

inline constexpr ErrorText kNotInInt{"ERR value is out of range, value must between -2147483648 and 2147483647"};

// A number of 32 bits; whether there is such a database is not asked yet.
inline Result<int> parse_database_index(Bytes word) {
    const auto number = parse_integer(word);
    if (!number) return errors::kNotInteger;
    if (*number < std::numeric_limits<int>::min() || *number > std::numeric_limits<int>::max()) return kNotInInt;
    return static_cast<int>(*number);
}

inline bool has_database(const Keyspace& keyspace, int index) { return index >= 0 && index < keyspace.count(); }

}  // namespace keel
