// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG POPULATE: many keys at once.
#pragma once

#include "datatypes/keyspace/keyspace.h"

namespace keel {

// Makes keys "prefix:0" to "prefix:count-1" with values "value:0" ..., which are cut or filled up with zero bytes to
// `size` unless that is 0. Keys that are there stay as they are.
void populate(Database& db, std::int64_t count, Bytes prefix, std::int64_t size);

}  // namespace keel
