// SPDX-License-Identifier: BSD-3-Clause
//
// LPOS: where in a list an element stands.
#include "datatypes/list/search.h"

#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"
#include "protocol/base/number.h"

namespace keel::list {

namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

struct Search {
    std::size_t skip = 0;  // matches to pass over
    bool from_tail = false;
    bool counted = false;          // reply with a list of indices
    std::size_t most = 1;          // matches to report
    std::size_t looked_at = kAll;  // elements to look at
};

// A number from 0 on, where 0 means no limit.
Result<std::size_t> read_limit(Bytes word, const ErrorText& otherwise) {
    const auto number = parse_integer(word);
    if (!number || *number < 0) return otherwise;
    return *number == 0 ? kAll : static_cast<std::size_t>(*number);
}

Result<Search> read_search(Args& args) {
    Search out;
    while (args.more()) {
        if (args.accept_with_value("RANK")) {
            const auto rank = parse_integer(args.next<Bytes>());
            if (!rank) return errors::kNotInteger;
            if (*rank == std::numeric_limits<std::int64_t>::min()) return errors::kOutOfLongRange;
            if (*rank == 0) return errors::kRankZero;
            out.from_tail = *rank < 0;
            out.skip = static_cast<std::size_t>(out.from_tail ? -*rank : *rank) - 1;
        } else if (args.accept_with_value("COUNT")) {
            KEEL_TRY(out.most, read_limit(args.next<Bytes>(), errors::kCountNegative));
            out.counted = true;
        } else if (args.accept_with_value("MAXLEN")) {
            KEEL_TRY(out.looked_at, read_limit(args.next<Bytes>(), errors::kMaxlenNegative));
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

// found(index) for each match that is to be reported, in the order of the search.
template <typename F>
void search(const List& list, Bytes value, Search search, F&& found) {
    const Wanted wanted{value};
    const std::size_t length = list.count();
    std::size_t looked_at = 0;
    const auto visit = [&](const ListpackItem& item) {
        const std::size_t index = search.from_tail ? length - 1 - looked_at : looked_at;
        ++looked_at;
        if (wanted.matches(item)) {
            if (search.skip > 0) {
                --search.skip;
            } else {
                found(index);
                if (--search.most == 0) return false;
            }
        }
        return looked_at < search.looked_at;
    };
    if (search.from_tail)
        list.visit_back(length - 1, visit);
    else
        list.visit(0, visit);
}

// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
Status lpos(Context& cx) {
    const Key key = cx.next_key();
    const Bytes value = cx.args.next<Bytes>();
    KEEL_TRY(const Search wanted, read_search(cx.args));
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::list));
    Reply& reply = cx.reply();
    if (wanted.counted) {
        DeferredLength indices = reply.deferred_array();
        std::size_t matches = 0;
        if (entry != nullptr) {
            search(list_of(cx, entry), value, wanted, [&](std::size_t index) {
                reply.integer(static_cast<std::int64_t>(index));
                ++matches;
            });
        }
        indices.end(matches);
        return {};
    }
    std::optional<std::size_t> first;
    if (entry != nullptr) search(list_of(cx, entry), value, wanted, [&](std::size_t index) { first = index; });
    if (first)
        reply.integer(static_cast<std::int64_t>(*first));
    else
        reply.null();
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "lpos",
     .run = lpos,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::list,
     .keys = one_key(Use::read),
     .group = Group::list,
     .since = "6.0.6",
     .complexity = "O(N) where N is the number of elements looked at: all, or up to MAXLEN",
     .summary = "Returns the index of an element, or the indices of several that are equal to it.",
     .syntax = "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]"},
};

}  // namespace

const std::span<const CommandSpec> kSearchCommands{kRows};

}  // namespace keel::list
