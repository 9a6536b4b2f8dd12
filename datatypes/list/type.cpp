// SPDX-License-Identifier: BSD-3-Clause
//
// What the rest of the server may ask of a list.
#include <algorithm>

#include "datatypes/list/families.h"
#include "datatypes/list/list.h"

namespace keel::list {

namespace {

// Looking needs no limits.
List view(const ValueRef& value) { return List{value, Limits{-2, 0}}; }

bool is_chain(const ValueRef& value) { return static_cast<Form>(value.form) == Form::chain; }
const Chain& chain_of(const ValueRef& value) { return *static_cast<const Chain*>(value.payload); }

Bytes encoding_name(const ValueRef& value) { return is_chain(value) ? "quicklist" : "listpack"; }

ValueRef clone(const ValueRef& value) {
    ValueRef out = value;
    if (is_chain(value))
        out.payload = chain_of(value).clone();
    else
        out.payload = Listpack::copy_of(ListpackView{value.payload}.bytes()).release();
    return out;
}

void destroy(const ValueRef& value) noexcept {
    if (is_chain(value))
        delete static_cast<Chain*>(value.payload);
    else
        Listpack::free(value.payload);
}

std::size_t memory(const ValueRef& value, std::size_t samples) {
    if (!is_chain(value)) return Listpack::allocated_bytes(value.payload);
    const Chain& chain = chain_of(value);
    const std::size_t looked_at = samples == 0 ? chain.size() : std::min(samples, chain.size());
    std::size_t nodes = 0;
    for (std::size_t i = 0; i < looked_at; ++i) nodes += memory_bytes(chain[i]);
    return sizeof(Chain) + chain.ring_bytes() + (looked_at == 0 ? 0 : nodes * chain.size() / looked_at);
}

std::size_t free_effort(const ValueRef& value) { return is_chain(value) ? chain_of(value).size() : 1; }

void digest(const ValueRef& value, DigestSink& sink) {
    std::array<char, 24> scratch;
    view(value).visit(0, [&](const ListpackItem& item) {
        sink.ordered(item.as_text(scratch));
        return true;
    });
}

std::size_t count(const ValueRef& value) { return view(value).count(); }

void each(const ValueRef& value, MemberVisitor visit) {
    std::array<char, 24> scratch;
    view(value).visit(0, [&](const ListpackItem& item) { return visit(item.as_text(scratch), 1); });
}

void walk(const ValueRef& value, std::size_t skip, bool backwards, MemberVisitor visit) {
    const List list = view(value);
    if (skip >= list.count()) return;
    std::array<char, 24> scratch;
    const auto show = [&](const ListpackItem& item) { return visit(item.as_text(scratch), 1); };
    if (backwards)
        list.visit_back(list.count() - 1 - skip, show);
    else
        list.visit(skip, show);
}

ValueRef make(std::span<const Bytes> members, const Encodings& settings) {
    List list{Limits{settings}};
    list.push(End::tail, members);
    return list.value();
}

}  // namespace

std::optional<ChainFigures> chain_figures(const ValueRef& value) {
    if (value.type != Type::list || !is_chain(value)) return std::nullopt;
    const Chain& chain = chain_of(value);
    ChainFigures out{.nodes = chain.size(), .elements = chain.elements};
    for (std::size_t i = 0; i < chain.size(); ++i) out.plain_bytes += plain_bytes(chain[i]);
    return out;
}

const TypeOps kOps = {.type = Type::list,
                      .name = "list",
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
                      .each = each,
                      .walk = walk,
                      .make = make};

}  // namespace keel::list
