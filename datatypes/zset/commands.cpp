// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: adding members and changing scores.
//
//     ZADD ZINCRBY
//
// What the words say is read here; what they do is in add.h. Both are replicated as they came: what they do depends on
// nothing but the data.
#include <absl/container/inlined_vector.h>

#include "datatypes/zset/add.h"
#include "datatypes/zset/families.h"

namespace keel::zset {

namespace {

void read_options(Args& args, AddOptions& options) {
    for (;;) {
        if (args.accept("NX"))
            options.nx = true;
        else if (args.accept("XX"))
            options.xx = true;
        else if (args.accept("CH"))
            options.ch = true;
        else if (args.accept("INCR"))
            options.incr = true;
        else if (args.accept("GT"))
            options.gt = true;
        else if (args.accept("LT"))
            options.lt = true;
        else
            return;
    }
}

Status check_options(const AddOptions& options, std::size_t words) {
    if (words == 0 || words % 2 != 0) return errors::kSyntax;
    if (options.nx && options.xx) return errors::kXxAndNx;
    if ((options.nx && (options.gt || options.lt)) || (options.gt && options.lt)) return errors::kGtLtNx;
    if (options.incr && words > 2) return errors::kIncrOnePair;
    return {};
}

Status add(Context& cx, AddOptions options) {
    const Key key = cx.next_key();
    read_options(cx.args, options);
    KEEL_TRY(check_options(options, cx.args.left()));
    const std::size_t first = cx.args.position();
    absl::InlinedVector<double, 16> scores;
    while (cx.args.more()) {
        scores.push_back(cx.args.next<double>());
        cx.args.skip(1);
    }
    KEEL_TRY(cx.args.done());
    return add_members(cx, key, options, scores, cx.args.words().subspan(first), 2);
}

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
Status zadd(Context& cx) { return add(cx, {}); }

// ZINCRBY key increment member
Status zincrby(Context& cx) { return add(cx, {.incr = true}); }

constexpr CommandSpec kRows[] = {
    {.name = "zadd",
     .run = zadd,
     .arity = at_least(4),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::rw | Use::update),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(log(N)) for each member, where N is the size of the sorted set",
     .summary = "Adds members with scores to a sorted set, or gives new scores to members that are there. The key is "
                "made if there is none.",
     .syntax = "key condition=[NX|XX] comparison=[GT|LT] [CH] [INCR] score:double member [score:double member ...]"},
    {.name = "zincrby",
     .run = zincrby,
     .arity = exactly(4),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::sortedset,
     .keys = one_key(Use::change),
     .group = Group::sorted_set,
     .since = "1.2.0",
     .complexity = "O(log(N)) where N is the size of the sorted set",
     .summary = "Adds a number to the score of a member of a sorted set, which is made if it is not there.",
     .syntax = "key increment:integer member"},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::zset
