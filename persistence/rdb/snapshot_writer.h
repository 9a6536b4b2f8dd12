// SPDX-License-Identifier: BSD-3-Clause
//
// A whole file: what stands before, between and behind the values.
//
//     "REDIS0010" | aux fields | libraries | { select | resize | key | key | ... } for each database | end | checksum
//
//     key:  [deadline] [idle or frequency] tag | name | value
//
// Always true: a file is complete only with what finish() wrote.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "conf/settings.h"
#include "datatypes/keyspace/keyspace.h"
#include "persistence/rdb/writer.h"

namespace keel::rdb {

// What is saved, and how.
struct SnapshotContent {
    const Keyspace& keyspace;
    const Settings& settings;
    std::vector<std::pair<std::string, std::string>> facts{};  // aux fields
    std::vector<std::string> libraries{};                      // code of functions
};

// The dialect that the settings ask for; by default the oldest that can hold the data.
[[nodiscard]] RdbDialect dialect_for(const Settings& settings, const Keyspace& keyspace);
// The same for one value.
[[nodiscard]] RdbDialect dialect_for(const Settings& settings, const ValueRef& value);

// Writes all of it. `tell(keys)` is called now and then with the number of keys since the last call, and at the end.
// The error names the key, or is the sink's. O(data).
using KeysWritten = absl::FunctionRef<void(std::uint64_t keys)>;
Status write_snapshot(Writer& out, const SnapshotContent& content, KeysWritten tell);

}  // namespace keel::rdb
