// SPDX-License-Identifier: BSD-3-Clause
//
// A list value, taken up to be looked at or changed.
//
//     form        payload                                   OBJECT ENCODING
//     listpack    one listpack: the whole list               listpack
//     chain       Chain: a ring of nodes (chain.h, node.h)   quicklist
//
// To the code here both are nodes in a row; a listpack is a row of one. A change may give the value another form and
// payload: whoever changes a list puts them back into its entry.
//
//     List list{entry->value(), limits};
//     list.push(End::tail, values);
//     entry->set_payload(list.form(), list.payload());
//
// Always true:
//   1. A List owns nothing: it is dropped without harm once its payload stands in an entry.
//   2. An index counts from 0 at the head and is in range (callers check).
//   3. Views of elements end with the next change.
//   4. With a compress depth d, the first and last d nodes are not squeezed; those between them are where it pays.
//   5. Elements are found from the nearer end, by the counts of nodes.
//
// Not here: limits (limits.h), commands.
#pragma once

#include <span>

#include "datatypes/core/type.h"
#include "datatypes/list/chain.h"
#include "datatypes/list/limits.h"

namespace keel::list {

enum class Form : std::uint8_t { listpack = 0, chain = 1 };
enum class End : std::uint8_t { head, tail };

class List {
  public:
    explicit List(Limits limits);  // new and empty: a payload that must find an entry
    List(const ValueRef& value, Limits limits);

    [[nodiscard]] std::uint8_t form() const {
        return static_cast<std::uint8_t>(chain_ == nullptr ? Form::listpack : Form::chain);
    }
    [[nodiscard]] void* payload() const { return chain_ == nullptr ? single_.data : chain_; }
    [[nodiscard]] ValueRef value() const { return {.type = Type::list, .form = form(), .payload = payload()}; }

    [[nodiscard]] std::size_t count() const { return chain_ == nullptr ? single_.count : chain_->elements; }
    [[nodiscard]] bool empty() const { return count() == 0; }
    [[nodiscard]] std::size_t node_count() const { return chain_ == nullptr ? 1 : chain_->size(); }
    [[nodiscard]] const Node& node(std::size_t at) const { return chain_ == nullptr ? single_ : (*chain_)[at]; }

    // ---- Looking ----

    // visit(const ListpackItem&) -> bool for the element at `from` and those behind it (before it); false ends the
    // walk.
    template <typename F>
    void visit(std::size_t from, F&& visit) const;
    template <typename F>
    void visit_back(std::size_t from, F&& visit) const;
    // look(const ListpackItem&) for the one element at `index`.
    template <typename F>
    void look_at(std::size_t index, F&& look) const {
        const Position at = locate(index);
        const NodeReader reader{node(at.node)};
        look(reader.at(at.offset));
    }

    // ---- Changing; values must not lie in this list ----

    // Pushes one after the other: at the head the last value comes to stand first.
    void push(End end, std::span<const Bytes> values);
    void push(End end, Bytes value) { push(end, std::span{&value, 1}); }
    // `value` becomes the element at `index`, which may be count().
    void insert(std::size_t index, Bytes value);
    void set(std::size_t index, Bytes value);
    // Erases `count` elements from `index` on.
    void erase(std::size_t index, std::size_t count);
    // Erases up to `most` elements that equal `value`, the nearest to that end first. Returns how many.
    std::size_t remove(Bytes value, std::size_t most, End from);
    // To be called after elements went: a short list becomes one listpack again.
    void shrink();

  private:
    struct Position {
        std::size_t node;
        std::size_t offset;
    };
    [[nodiscard]] Position locate(std::size_t index) const;
    [[nodiscard]] Node& node(std::size_t at) { return chain_ == nullptr ? single_ : (*chain_)[at]; }
    [[nodiscard]] bool fits(const Node& node, std::size_t pack_bytes, std::size_t text_size) const {
        return chain_ == nullptr || limits_.fits(pack_bytes, node.count, text_size);
    }
    [[nodiscard]] bool takes(std::size_t at, Bytes value);
    Node& open(std::size_t at);
    void settle(std::size_t at);
    void settle_ends();
    void make_room(std::span<const Bytes> values);
    void become_chain();
    void insert_node(std::size_t at, const Node& node);
    void drop_nodes(std::size_t at, std::size_t count);
    void count(Node& node, std::ptrdiff_t change);
    std::size_t push_packed(End end, std::span<const Bytes> values);
    void split(std::size_t at, std::size_t offset);
    std::size_t remove_in(std::size_t at, Bytes value, std::size_t most, End from);

    Limits limits_;
    Chain* chain_ = nullptr;
    Node single_;
};

// serde.cpp
Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect);
void save(const ValueRef& value, RdbTag tag, Saver& out);
Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings);

template <typename F>
void List::visit(std::size_t from, F&& visit) const {
    if (from >= count()) return;
    Position at = locate(from);
    for (; at.node < node_count(); ++at.node, at.offset = 0) {
        const NodeReader reader{node(at.node)};
        if (reader.plain()) {
            if (!visit(reader.plain_item())) return;
            continue;
        }
        const ListpackView pack = reader.pack();
        auto place = at.offset == 0 ? pack.first() : pack.at(static_cast<std::int64_t>(at.offset));
        for (; place != nullptr; place = pack.next(place)) {
            if (!visit(pack.get(place))) return;
        }
    }
}

template <typename F>
void List::visit_back(std::size_t from, F&& visit) const {
    if (from >= count()) return;
    Position at = locate(from);
    for (bool first = true;; first = false, --at.node) {
        const NodeReader reader{node(at.node)};
        if (reader.plain()) {
            if (!visit(reader.plain_item())) return;
        } else {
            const ListpackView pack = reader.pack();
            auto place = first ? pack.at(static_cast<std::int64_t>(at.offset)) : pack.last();
            for (; place != nullptr; place = pack.prev(place)) {
                if (!visit(pack.get(place))) return;
            }
        }
        if (at.node == 0) return;
    }
}

}  // namespace keel::list
