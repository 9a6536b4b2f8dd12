// SPDX-License-Identifier: BSD-3-Clause
//
// The door through which a command waits for keys: BLPOP, BLMOVE, BZPOPMIN, XREAD BLOCK and their kin.
//
// A command that finds nothing hands in what it waits for and returns without a reply. Its session is parked, its words
// are kept. When one of the keys changes into something of the wanted type, the command is run again from the start, in
// the order in which those who wait for that key came; it either answers (then the wait is over) or asks to wait again
// (then it keeps its place and its time). There is no second way to serve a waiter, so what a blocked command does is
// what the command does.
//
//     const Entry* entry = cx.write(key);
//     ...
//     if (nothing) return cx.wait({.keys = keys, .type = Type::list, .timeout_ms = timeout});
//
// Always true:
//   1. Inside MULTI and scripts (Caller::deny_blocking), and where there is no Blocker, a command does not wait: wait()
//      writes `on_timeout` at once.
//   2. A waiter is woken only by a key that exists, with the wanted type; with `also_when_gone`, also by one that was
//      removed or changed its type (XREADGROUP, which then answers with an error).
//   3. A timeout counts from the first call.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datatypes/core/type.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

struct Context;

// What is answered at once where nobody may wait. (When the time of a waiter is over, it is the null array for all.)
enum class TimeoutReply : std::uint8_t { null_array, null };

struct Wait {
    std::span<const Bytes> keys{};  // views that are good during the call
    Type type = Type::list;
    std::int64_t timeout_ms = 0;  // 0: without end
    TimeoutReply on_timeout = TimeoutReply::null_array;
    bool also_when_gone = false;
    // The words to run again with, when they are not those of the request (XREAD with $ has looked it up). Empty: the
    // request's.
    std::vector<std::string> instead{};
};

class Blocker {
  public:
    virtual ~Blocker() = default;
    // Parks the caller of `cx`.
    virtual void wait(Context& cx, Wait wait) = 0;
};

// Reads a timeout in seconds, fractions allowed: milliseconds, rounded up. Errors: "ERR timeout is not a float or out
// of range", "ERR timeout is negative", "ERR timeout is out of range". Source: the replies of Redis 7.
Result<std::int64_t> parse_timeout_seconds(Bytes word);
// The same in whole milliseconds (XREAD BLOCK): "ERR timeout is not an integer or out of range", "ERR timeout is
// negative".
Result<std::int64_t> parse_timeout_ms(Bytes word);

}  // namespace keel
