// SPDX-License-Identifier: BSD-3-Clause
//
// What keel calls itself.
#pragma once

#include "protocol/base/bytes.h"

namespace keel {

inline constexpr Bytes kKeelVersion = "0.1.0";
// The newest Redis whose core commands keel means to have in full: what clients decide by.
inline constexpr Bytes kRedisVersion = "7.4.0";

}  // namespace keel
