// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: entries of a range of ids.
//
//     XRANGE XREVRANGE
#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"

namespace keel::stream {

namespace {

struct Range {
    StreamId from{};
    StreamId to{};
    std::optional<std::int64_t> count;
};

Result<Range> read_range(Args& args, Stream::Walk::Way way) {
    Bytes from = args.next<Bytes>();
    Bytes to = args.next<Bytes>();
    if (way == Stream::Walk::Way::down) std::swap(from, to);
    Range out;
    KEEL_TRY(out.from, read_start(from));
    KEEL_TRY(out.to, read_end(to));
    while (args.more()) {
        if (!args.accept_with_value("COUNT")) return errors::kSyntax;
        out.count = args.next<std::int64_t>();
        KEEL_TRY(args.checked());
    }
    return out;
}

Status range(Context& cx, Stream::Walk::Way way) {
    const Key key = cx.next_key();
    KEEL_TRY(const Range range, read_range(cx.args, way));
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    if (stream == nullptr) {
        cx.reply().empty_array();
        return {};
    }
    if (range.count && *range.count <= 0) {
        cx.reply().null_array();
        return {};
    }
    DeferredLength entries = cx.reply().deferred_array();
    std::size_t shown = 0;
    for (Stream::Walk walk{*stream, range.from, range.to, way}; walk.next();) {
        reply_entry(cx.reply(), walk);
        if (++shown == static_cast<std::uint64_t>(range.count.value_or(0))) break;
    }
    entries.end(shown);
    return {};
}

// XRANGE key start end [COUNT count]
Status xrange(Context& cx) { return range(cx, Stream::Walk::Way::up); }

// XREVRANGE key end start [COUNT count]
Status xrevrange(Context& cx) { return range(cx, Stream::Walk::Way::down); }

// ---- Rows ----

constexpr CommandSpec ranges(Bytes name, Handler run, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(4),
            .flags = Flag::readonly,
            .categories = Category::stream,
            .keys = one_key(Use::read),
            .group = keel::Group::stream,
            .since = "5.0.0",
            .complexity = "O(N) where N is the number of entries returned",
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kRows[] = {
    ranges("xrange", xrange, "Returns the entries of a stream with ids of a range.",
           "key start end [COUNT count:integer]"),
    ranges("xrevrange", xrevrange, "Returns the entries of a stream with ids of a range, the last one first.",
           "key end start [COUNT count:integer]"),
};

}  // namespace

const std::span<const CommandSpec> kRangeCommands{kRows};

}  // namespace keel::stream
