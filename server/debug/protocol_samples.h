// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG PROTOCOL: one reply of each kind the protocol has, for tests of clients.
#pragma once

#include "protocol/base/result.h"
#include "protocol/resp/reply.h"

namespace keel {

// `kind`: string, integer, double, bignum, null, array, set, map, attrib, push, verbatim, true or false, in any case.
Status reply_sample(Reply& reply, Bytes kind);

}  // namespace keel
