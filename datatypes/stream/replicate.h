// SPDX-License-Identifier: BSD-3-Clause
//
// What groups went through, in words that come out the same wherever they are run: who owns an entry since when is an
// XCLAIM, how far a group has read an XGROUP SETID, a consumer an XGROUP CREATECONSUMER.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

// A group as its commands name it.
struct Named {
    Bytes key;
    Bytes name;
    Group& group;
};

// The id is its consumer's, as the nack tells. If the entry is gone, the same words make it no longer pending.
void replicate_claim(Context& cx, const Named& group, StreamId id, const Nack& nack);
void replicate_position(Context& cx, const Named& group);
void replicate_consumer(Context& cx, const Named& group, Bytes consumer);

void replicate_acknowledged(Context& cx, const Named& group, std::span<const StreamId> ids);
// These entries went, and of them no group has these pending. In words that old servers know: XDEL, XACK.
void replicate_deleted(Context& cx, Bytes key, std::span<const StreamId> ids);
void replicate_forgotten(Context& cx, Bytes key, const Stream& stream, std::span<const StreamId> ids);

// Finds the consumer, or makes it and says so; it has been seen now.
Consumer& see_consumer(Context& cx, const Named& group, Bytes name);

}  // namespace keel::stream
