// SPDX-License-Identifier: BSD-3-Clause
//
// What the rest of the server may ask of a stream.
#include <fmt/format.h>

#include "datatypes/stream/families.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

namespace {

const Stream& of(const ValueRef& value) { return *static_cast<const Stream*>(value.payload); }

Bytes encoding_name(const ValueRef&) { return "stream"; }

ValueRef clone(const ValueRef& value) { return {.type = Type::stream, .payload = new Stream{of(value)}}; }

void destroy(const ValueRef& value) noexcept { delete static_cast<Stream*>(value.payload); }

std::size_t memory(const ValueRef& value, std::size_t samples) { return of(value).memory(samples); }

std::size_t free_effort(const ValueRef& value) {
    std::size_t effort = of(value).blocks().size();
    for (const auto& [name, group] : of(value).groups())
        effort += 1 + group->consumers().size() + group->pending().size();
    return effort;
}

std::size_t count(const ValueRef& value) { return static_cast<std::size_t>(of(value).length()); }

// The entries alone, as Redis hashes them: what groups have read is not told.
void digest(const ValueRef& value, DigestSink& sink) {
    const auto tell = [&sink](const ListpackItem& item) {
        std::array<char, 24> scratch{};
        sink.ordered(item.as_text(scratch));
    };
    for (Stream::Walk walk{of(value), kMinId, kMaxId}; walk.next();) {
        sink.ordered(fmt::format("{}.{}", walk.id().ms, walk.id().seq));
        walk.block().each_field(walk.entry(), [&](const ListpackItem& name, const ListpackItem& item) {
            tell(name);
            tell(item);
        });
    }
}

}  // namespace

const TypeOps kOps{
    .type = Type::stream,
    .name = "stream",
    .encoding_name = encoding_name,
    .clone = clone,
    .destroy = destroy,
    .memory = memory,
    .free_effort = free_effort,
    .digest = digest,
    .tag = tag_of,
    .save = save,
    .load = load,
    .count = count,
};

}  // namespace keel::stream
