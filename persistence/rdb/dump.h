// SPDX-License-Identifier: BSD-3-Clause
//
// One value as DUMP gives it and RESTORE takes it:
//
//     | tag u8 | value | version of the format u16 | CRC-64 of all before it u64 |
#pragma once

#include <string>

#include "conf/settings.h"
#include "datatypes/core/type.h"

namespace keel::rdb {

// The payload, in the dialect that the settings ask for. An error if that cannot hold the value. O(value).
[[nodiscard]] Result<std::string> dump_value(const ValueRef& value, const Settings& settings);

// Whether the footer is one of ours or of those we read: an error that clients know if not. O(payload).
[[nodiscard]] Status check_footer(Bytes payload, const Settings& settings, bool check_sum);

// The value in a payload whose footer was checked; the payload of the value is the caller's, text views are good
// as long as `scratch` (which may be anything before). The error is the reason, for the log.
[[nodiscard]] Result<ValueRef> restore_value(Bytes payload, const Settings& settings, std::string& scratch);

}  // namespace keel::rdb
