// SPDX-License-Identifier: BSD-3-Clause
//
// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
#include <algorithm>
#include <limits>

#include "datatypes/command/context.h"
#include "datatypes/string/families.h"
#include "datatypes/string/lcs.h"

namespace keel::string {

namespace {

constexpr ErrorText kNotStrings{"ERR The specified keys must contain string values"};
constexpr ErrorText kLengthAndIndexes{"ERR If you want both the length and indexes, please just use IDX."};
constexpr ErrorText kTooLong{"ERR String too long for LCS"};
constexpr ErrorText kTooMuch{"ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"};

struct LcsOptions {
    bool length = false;
    bool ranges = false;
    bool with_sizes = false;
    std::int64_t smallest = 0;  // ranges below are left out of the reply
};

Result<LcsOptions> parse_options(Args& args) {
    LcsOptions out;
    while (args.more()) {
        if (args.accept("IDX"))
            out.ranges = true;
        else if (args.accept("LEN"))
            out.length = true;
        else if (args.accept("WITHMATCHLEN"))
            out.with_sizes = true;
        else if (args.accept_with_value("MINMATCHLEN"))
            out.smallest = args.next<std::int64_t>();
        else
            break;
    }
    KEEL_TRY(args.done());  // a word that is no option is left over
    if (out.length && out.ranges) return kLengthAndIndexes;
    return out;
}

// The limit is that of the peers' table, four bytes a cell, though ours takes less: it bounds the time as well.
Status check_size(const Context& cx, Bytes a, Bytes b) {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
    if (a.size() >= kMost || b.size() >= kMost) return kTooLong;
    const std::uint64_t cells = (std::uint64_t{a.size()} + 1) * (std::uint64_t{b.size()} + 1);
    if (cells > cx.settings.clients.max_bulk_bytes / 4) return kTooMuch;
    return {};
}

void reply_ranges(Reply& reply, std::span<const SharedRange> ranges, const LcsOptions& options) {
    reply.map(2);
    reply.bulk("matches");
    std::size_t shown = 0;
    std::uint32_t length = 0;
    DeferredLength matches = reply.deferred_array();
    for (const SharedRange& range : ranges) {
        length += range.size();
        if (range.size() < options.smallest) continue;
        reply.array(options.with_sizes ? 3 : 2);
        reply.array(2);
        reply.integer(range.a_first);
        reply.integer(range.a_last);
        reply.array(2);
        reply.integer(range.b_first);
        reply.integer(range.b_last);
        if (options.with_sizes) reply.integer(range.size());
        ++shown;
    }
    matches.end(shown);
    reply.bulk("len");
    reply.integer(length);
}

std::string text_of(Bytes a, std::span<const SharedRange> ranges) {
    std::string out;
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) out += a.substr(range->a_first, range->size());
    return out;
}

Status lcs(Context& cx) {
    const Key first = cx.next_key();
    const Key second = cx.next_key();
    const Entry* a_entry = cx.read(first);
    const Entry* b_entry = cx.read(second);
    for (const Entry* entry : {a_entry, b_entry}) {
        if (entry != nullptr && !entry->is_string()) return kNotStrings;
    }
    KEEL_TRY(const LcsOptions options, parse_options(cx.args));
    IntegerText a_scratch;
    IntegerText b_scratch;
    const Bytes a = a_entry != nullptr ? a_entry->text(a_scratch) : Bytes{};
    const Bytes b = b_entry != nullptr ? b_entry->text(b_scratch) : Bytes{};
    KEEL_TRY(check_size(cx, a, b));

    if (options.length) {
        cx.reply().integer(lcs_length(a, b));
        return {};
    }
    const std::vector<SharedRange> ranges = lcs_ranges(a, b);
    if (options.ranges)
        reply_ranges(cx.reply(), ranges, options);
    else
        cx.reply().bulk(Bytes{text_of(a, ranges)});
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "lcs",
     .run = lcs,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::string,
     .keys = key_range(Use::read, 1, 1),
     .group = Group::string,
     .since = "7.0.0",
     .complexity = "O(N*M) where N and M are the lengths of the two strings",
     .summary = "Returns the longest subsequence that the strings at two keys share, its length, or where it lies.",
     .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]"},
};

}  // namespace

const std::span<const CommandSpec> kLcsCommands{kRows};

}  // namespace keel::string
