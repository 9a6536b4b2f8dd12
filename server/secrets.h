// SPDX-License-Identifier: BSD-3-Clause
//
// The words of a request as others may see them, in logs and crash reports: those are read by more people than
// passwords are for.
#pragma once

#include <vector>

#include "server/call.h"

namespace keel {

// "(redacted)" stands for passwords of AUTH, HELLO and CONFIG SET, and for all that ACL is told about users.
[[nodiscard]] std::vector<Bytes> without_secrets(const Call& call);

}  // namespace keel
