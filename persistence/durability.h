// SPDX-License-Identifier: BSD-3-Clause
//
// Replies that wait for the disk. All that changes data is one stream of bytes with offsets; a reply may be held until
// the disk has the stream up to some offset. Who holds replies (the server's clients) asks here, and is told:
//
//     run a command that wrote ─> hold its reply until reply_offset(), if that is over durable_offset()
//     on_durable(x)            ─> let go what waits for x or less
//     on_not_durable(why)      ─> what is still held becomes an error: the write is in memory, but nobody may be told
//     that
//                                 it is safe
//
// Always true: an offset that was given to on_durable() survives a loss of power.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/result.h"

namespace keel {

class Durability {
  public:
    virtual ~Durability() = default;
    // What a reply to what was written so far has to wait for; none: for nothing (appendfsync is not "always").
    [[nodiscard]] virtual std::optional<std::uint64_t> reply_offset() const = 0;
    // The disk has the stream up to here.
    [[nodiscard]] virtual std::uint64_t durable_offset() const = 0;
};

class DurabilityListener {
  public:
    virtual ~DurabilityListener() = default;
    virtual void on_durable(std::uint64_t offset) = 0;
    // `refusal` is the reply: MISCONF and why.
    virtual void on_not_durable(const Error& refusal) = 0;
};

}  // namespace keel
