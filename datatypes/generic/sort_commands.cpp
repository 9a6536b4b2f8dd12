// SPDX-License-Identifier: BSD-3-Clause
//
// SORT and SORT_RO: the elements of a list, set or sorted set in order, or what they stand for.
//
// BY and GET read keys that the request does not name: the row says so with a key spec of which nothing is known.
#include "datatypes/generic/families.h"
#include "datatypes/generic/sort.h"

namespace keel::generic {

namespace {

enum class Dialect : std::uint8_t { may_store, read_only };

// ---- Reading the request ----

// In cluster mode the keys of a pattern may lie on other nodes. Nor are they among the keys that access rules check.
Status read_by(Context& cx, SortRequest& out) {
    out.by.emplace(cx.args.next<Bytes>());
    if (!out.by->varies())
        out.unordered = true;  // for good, whatever BY comes behind it
    else if (cx.settings.cluster.enabled)
        return errors::kSortByInCluster;
    else if (!cx.caller->reads_all_keys(*cx.command, cx.args.words()))
        return errors::kSortByDenied;
    return {};
}

Status read_get(Context& cx, SortRequest& out) {
    const Pattern& get = out.gets.emplace_back(cx.args.next<Bytes>());
    if (cx.settings.cluster.enabled && !get.is_element()) return errors::kSortGetInCluster;
    if (!cx.caller->reads_all_keys(*cx.command, cx.args.words())) return errors::kSortGetDenied;
    return {};
}

Status read_limit(Args& args, SortRequest& out) {
    out.offset = args.next<std::int64_t>();
    out.count = args.next<std::int64_t>();
    return args.checked();
}

Result<SortRequest> read_request(Context& cx, Dialect dialect) {
    SortRequest out;
    Args& args = cx.args;
    while (args.more()) {
        if (args.accept("ASC")) {
            out.descending = false;
        } else if (args.accept("DESC")) {
            out.descending = true;
        } else if (args.accept("ALPHA")) {
            out.alpha = true;
        } else if (args.left() >= 3 && args.accept("LIMIT")) {
            KEEL_TRY(read_limit(args, out));
        } else if (dialect == Dialect::may_store && args.accept_with_value("STORE")) {
            out.destination = args.next<Bytes>();
        } else if (args.accept_with_value("BY")) {
            KEEL_TRY(read_by(cx, out));
        } else if (args.accept_with_value("GET")) {
            KEEL_TRY(read_get(cx, out));
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

// ---- Answering ----

void show(Context& cx, const SortRequest& request, std::span<Item> items) {
    Reply& reply = cx.reply();
    if (request.gets.empty()) {
        reply.array(items.size());
        for (const Item& item : items) reply.bulk(item.element->bytes());
        return;
    }
    reply.array(items.size() * request.gets.size());
    look_up(cx, request.gets, items, [&reply](Item&, std::optional<Bytes> found) {
        if (found)
            reply.bulk(*found);
        else
            reply.null();
    });
}

// What is to be stored: elements, or what they stand for; nothing becomes an empty text.
std::vector<Bytes> results(Context& cx, const SortRequest& request, std::span<Item> items, TextPool& texts) {
    std::vector<Bytes> out;
    out.reserve(items.size() * std::max<std::size_t>(request.gets.size(), 1));
    if (request.gets.empty()) {
        for (const Item& item : items) out.push_back(item.element->bytes());
    } else {
        look_up(cx, request.gets, items,
                [&](Item&, std::optional<Bytes> found) { out.push_back(texts.add(found.value_or(Bytes{}))->bytes()); });
    }
    return out;
}

void store(Context& cx, const Key& destination, std::span<const Bytes> elements) {
    Entry* existing = cx.write(destination);
    if (!elements.empty()) {
        const ValueRef list = type_ops(Type::list).make(elements, cx.settings.encodings);
        cx.db().put(destination, existing, list, kNoDeadline);
        if (existing == nullptr) cx.appeared(destination.text);
        cx.changed(destination.text, events::kSortStore);
        cx.effects.count(elements.size() - 1);
    } else if (existing != nullptr) {
        cx.db().erase(destination, existing, cx.keyspace.lazy_overwrite);
        cx.changed(destination.text, events::kDel);
    }
    cx.reply().integer(static_cast<std::int64_t>(elements.size()));
}

Status answer(Context& cx, Dialect dialect) {
    const Key key = cx.next_key();
    KEEL_TRY(const SortRequest request, read_request(cx, dialect));

    const Entry* entry = cx.read(key);
    if (entry != nullptr && type_ops(entry->type()).each == nullptr) return errors::kWrongType;
    Sorting sorting;
    std::span<Item> items;
    if (entry != nullptr) {
        KEEL_TRY(items, sorting.run(cx, request, entry->value()));
    }

    if (request.destination)
        store(cx, Key{*request.destination}, results(cx, request, items, sorting.texts()));
    else
        show(cx, request, items);
    return {};
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]
Status sort(Context& cx) { return answer(cx, Dialect::may_store); }

// SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA]
Status sort_ro(Context& cx) { return answer(cx, Dialect::read_only); }

// ---- Rows ----

Status keys_of_sort(std::span<const Bytes> words, KeyList& out) {
    out.add(1, Use::read);
    std::size_t destination = 0;  // the last one counts
    for (std::size_t at = 2; at < words.size(); ++at) {
        if (equal_nocase(words[at], "LIMIT"))
            at += 2;
        else if (equal_nocase(words[at], "BY") || equal_nocase(words[at], "GET"))
            at += 1;
        else if (equal_nocase(words[at], "STORE") && at + 1 < words.size())
            destination = at + 1;
    }
    if (destination != 0) out.add(destination, Use::ow | Use::update);
    return {};
}

Status keys_of_sort_ro(std::span<const Bytes>, KeyList& out) {
    out.add(1, Use::read);
    return {};
}

constexpr KeySpecs kRead =
    one_key(Use::read) +
    one_key(Use::read, 0).noted("BY and GET read keys whose names are made from the elements: no request tells them");
constexpr Category kSorted = Category::set | Category::sortedset | Category::list | Category::dangerous;
constexpr Bytes kComplexity =
    "O(N+M*log(M)) where N is the number of elements and M the number of those shown; O(M) when they are not sorted";

constexpr CommandSpec kRows[] = {
    {.name = "sort",
     .run = sort,
     .arity = at_least(2),
     .flags = Flag::write | Flag::denyoom,
     .categories = kSorted,
     .keys = kRead +
             one_key(Use::ow | Use::update, 0).noted("the key of STORE, which may stand anywhere among the options"),
     .find_keys = keys_of_sort,
     .since = "1.0.0",
     .complexity = kComplexity,
     .summary = "Shows or stores the elements of a list, set or sorted set in order.",
     .syntax = "key [BY pattern:pattern] [LIMIT offset:integer count:integer] "
               "[GET pattern:pattern [GET pattern:pattern ...]] order=[ASC|DESC] sorting=[ALPHA] "
               "[STORE destination:key]"},
    {.name = "sort_ro",
     .run = sort_ro,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = kSorted,
     .keys = kRead,
     .find_keys = keys_of_sort_ro,
     .since = "7.0.0",
     .complexity = kComplexity,
     .summary = "Shows the elements of a list, set or sorted set in order.",
     .syntax = "key [BY pattern:pattern] [LIMIT offset:integer count:integer] "
               "[GET pattern:pattern [GET pattern:pattern ...]] order=[ASC|DESC] sorting=[ALPHA]"},
};

}  // namespace

const std::span<const CommandSpec> kSortCommands{kRows};

}  // namespace keel::generic
