// SPDX-License-Identifier: BSD-3-Clause
//
// Popping from the first of several lists that holds something; the blocking forms wait until one does.
//
//     BLPOP BRPOP LMPOP BLMPOP
//
// Log and replicas get what was done to the one list: LPOP or RPOP, with a count for LMPOP and BLMPOP.
#include <algorithm>

#include "datatypes/list/families.h"
#include "datatypes/list/handler.h"
#include "protocol/base/number.h"

namespace keel::list {

namespace {

struct Found {
    Key key;
    Entry* entry;
};

// The first key that exists; WRONGTYPE if that is no list.
Result<std::optional<Found>> first_list(Context& cx, std::span<const Bytes> keys) {
    for (const Bytes word : keys) {
        const Key key{word};
        Entry* entry = cx.write(key);
        if (entry == nullptr) continue;
        KEEL_TRY(expect_type(entry, Type::list));
        return std::optional{Found{key, entry}};
    }
    return std::optional<Found>{};
}

Bytes pop_word(End end) { return end == End::head ? "LPOP" : "RPOP"; }

// ---- BLPOP, BRPOP ----

Status pop_or_wait(Context& cx, End end) {
    const std::span<const Bytes> words = cx.args.rest();
    const std::span<const Bytes> keys = words.first(words.size() - 1);
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(words.back()));
    KEEL_TRY(const std::optional<Found> found, first_list(cx, keys));
    if (!found) return cx.wait({.keys = keys, .type = Type::list, .timeout_ms = timeout_ms});

    cx.reply().array(2);
    cx.reply().bulk(found->key.text);
    pop_values(cx, found->key, found->entry, end, 1, false);
    cx.effects.replicate_as(cx.db().index(), {pop_word(end), found->key.text});
    return {};
}

// BLPOP key [key ...] timeout, BRPOP key [key ...] timeout
Status blpop(Context& cx) { return pop_or_wait(cx, End::head); }
Status brpop(Context& cx) { return pop_or_wait(cx, End::tail); }

// ---- LMPOP, BLMPOP ----

struct MultiPop {
    std::span<const Bytes> keys;
    End end = End::head;
    std::int64_t count = 1;
};

// numkeys key [key ...] LEFT | RIGHT [COUNT count]
Result<MultiPop> read_multi_pop(Args& args) {
    MultiPop out;
    const auto keys = parse_integer(args.next<Bytes>());
    if (!keys || *keys <= 0) return errors::kNumkeysNotPositive;
    if (static_cast<std::uint64_t>(*keys) >= args.left()) return errors::kSyntax;
    out.keys = args.words().subspan(args.position(), static_cast<std::size_t>(*keys));
    args.skip(out.keys.size());
    KEEL_TRY(out.end, read_end(args));
    if (args.accept_with_value("COUNT")) {
        const auto count = parse_integer(args.next<Bytes>());
        if (!count || *count <= 0) return errors::kCountNotPositive;
        out.count = *count;
    }
    KEEL_TRY(args.done());
    return out;
}

void apply_multi_pop(Context& cx, const Found& found, const MultiPop& request) {
    const auto count = std::min(static_cast<std::size_t>(request.count), list_of(cx, found.entry).count());
    cx.reply().array(2);
    cx.reply().bulk(found.key.text);
    pop_values(cx, found.key, found.entry, request.end, count, true);
    std::array<char, 24> scratch;
    const Bytes count_word{scratch.data(), write_integer(scratch.data(), static_cast<std::int64_t>(count))};
    cx.effects.replicate_as(cx.db().index(), {pop_word(request.end), found.key.text, count_word});
}

// LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]
Status lmpop(Context& cx) {
    KEEL_TRY(const MultiPop request, read_multi_pop(cx.args));
    KEEL_TRY(const std::optional<Found> found, first_list(cx, request.keys));
    if (found)
        apply_multi_pop(cx, *found, request);
    else
        cx.reply().null_array();
    return {};
}

// BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]
Status blmpop(Context& cx) {
    const Bytes timeout = cx.args.next<Bytes>();
    KEEL_TRY(const MultiPop request, read_multi_pop(cx.args));
    KEEL_TRY(const std::int64_t timeout_ms, parse_timeout_seconds(timeout));
    KEEL_TRY(const std::optional<Found> found, first_list(cx, request.keys));
    if (!found) return cx.wait({.keys = request.keys, .type = Type::list, .timeout_ms = timeout_ms});
    apply_multi_pop(cx, *found, request);
    return {};
}

// ---- Rows ----

constexpr Use kPops = Use::rw | Use::access | Use::erase;

constexpr CommandSpec blocking_pop_row(Bytes name, Handler run, Bytes summary) {
    return {.name = name,
            .run = run,
            .arity = at_least(3),
            .flags = Flag::write | Flag::blocking,
            .categories = Category::list,
            .keys = key_range(kPops, 1, -2),
            .group = Group::list,
            .since = "2.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = summary,
            .syntax = "key [key ...] timeout:double"};
}

constexpr CommandSpec kRows[] = {
    blocking_pop_row("blpop", blpop,
                     "Takes the first element of the first list that has one, and waits until one does."),
    blocking_pop_row("brpop", brpop,
                     "Takes the last element of the first list that has one, and waits until one does."),
    {.name = "lmpop",
     .run = lmpop,
     .arity = at_least(4),
     .flags = Flag::write,
     .categories = Category::list,
     .keys = counted_keys(kPops, 1),
     .group = Group::list,
     .since = "7.0.0",
     .complexity = "O(N+M) where N is the number of keys and M the number of elements returned",
     .summary = "Takes elements from the first list that has any.",
     .syntax = "numkeys key [key ...] where=(LEFT|RIGHT) [COUNT count:integer]"},
    {.name = "blmpop",
     .run = blmpop,
     .arity = at_least(5),
     .flags = Flag::write | Flag::blocking,
     .categories = Category::list,
     .keys = counted_keys(kPops, 2),
     .group = Group::list,
     .since = "7.0.0",
     .complexity = "O(N+M) where N is the number of keys and M the number of elements returned",
     .summary = "Takes elements from the first list that has any, and waits until one does.",
     .syntax = "timeout:double numkeys key [key ...] where=(LEFT|RIGHT) [COUNT count:integer]"},
};

}  // namespace

const std::span<const CommandSpec> kMultiCommands{kRows};

}  // namespace keel::list
