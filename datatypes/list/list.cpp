// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/list/list.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace keel::list {

namespace {

Node empty_pack() { return {.data = Listpack{}.release(), .count = 0, .kind = NodeKind::packed}; }

}  // namespace

List::List(Limits limits) : limits_(limits), single_(empty_pack()) {}

List::List(const ValueRef& value, Limits limits) : limits_(limits) {
    if (static_cast<Form>(value.form) == Form::chain) {
        chain_ = static_cast<Chain*>(value.payload);
    } else {
        single_.data = value.payload;
        single_.count = static_cast<std::uint32_t>(single_.pack().count());
    }
}

// ---- Nodes ----

List::Position List::locate(std::size_t index) const {
    if (chain_ == nullptr) return {0, index};
    if (index < chain_->elements / 2) {
        std::size_t at = 0;
        for (; index >= (*chain_)[at].count; ++at) index -= (*chain_)[at].count;
        return {at, index};
    }
    std::size_t at = chain_->size();
    std::size_t begin = chain_->elements;  // of the node `at`
    while (begin > index) begin -= (*chain_)[--at].count;
    return {at, index - begin};
}

// The node at `at`, not squeezed: to be changed.
Node& List::open(std::size_t at) {
    Node& opened = node(at);
    unsqueeze(opened);
    return opened;
}

// A node was changed: squeezes it if its place says so.
void List::settle(std::size_t at) {
    const std::size_t depth = limits_.depth();
    if (chain_ == nullptr || depth == 0) return;
    if (at >= depth && at + depth < chain_->size()) squeeze((*chain_)[at]);
}

// Nodes came or went: puts those around the borders of the plain ends right.
void List::settle_ends() {
    const std::size_t depth = limits_.depth();
    if (chain_ == nullptr || depth == 0) return;
    const std::size_t size = chain_->size();
    for (std::size_t i = 0; i < std::min(depth, size); ++i) {
        unsqueeze((*chain_)[i]);
        unsqueeze((*chain_)[size - 1 - i]);
    }
    if (size <= depth * 2) return;
    squeeze((*chain_)[depth]);
    squeeze((*chain_)[size - 1 - depth]);
}

void List::become_chain() {
    if (chain_ != nullptr) return;
    auto* chain = new Chain;
    if (single_.count != 0)
        chain->insert(0, single_);
    else
        free_node(single_);
    chain->elements = single_.count;
    chain_ = chain;
}

void List::insert_node(std::size_t at, const Node& node) {
    become_chain();
    chain_->insert(at, node);
    chain_->elements += node.count;
    settle_ends();
}

void List::drop_nodes(std::size_t at, std::size_t count) {
    if (count == 0) return;
    for (std::size_t i = at; i < at + count; ++i) {
        chain_->elements -= (*chain_)[i].count;
        free_node((*chain_)[i]);
    }
    chain_->erase(at, count);
    settle_ends();
}

void List::count(Node& node, std::ptrdiff_t change) {
    node.count += static_cast<std::uint32_t>(change);
    if (chain_ != nullptr) chain_->elements += static_cast<std::size_t>(change);
}

// A list of one listpack takes whatever keeps it within the limit, and is a chain before it takes more.
void List::make_room(std::span<const Bytes> values) {
    if (chain_ != nullptr) return;
    std::size_t more = 0;
    bool large = false;
    for (const Bytes value : values) {
        more += value.size();
        large = large || limits_.is_large(value.size());
    }
    if (large || limits_.exceeded(single_.pack().size_bytes() + more, single_.count + values.size())) become_chain();
}

// Whether the node at `at` is packed (then it is opened) and has room for the value.
bool List::takes(std::size_t at, Bytes value) {
    const NodeKind kind = node(at).kind;
    if (kind == NodeKind::plain || kind == NodeKind::plain_lzf) return false;
    const Node& opened = open(at);
    return fits(opened, opened.pack().size_bytes(), value.size());
}

// ---- Pushing ----

void List::push(End end, std::span<const Bytes> values) {
    make_room(values);
    while (!values.empty()) {
        if (limits_.is_large(values[0].size())) {
            insert_node(end == End::head ? 0 : node_count(), plain_node(values[0]));
            values = values.subspan(1);
        } else {
            values = values.subspan(push_packed(end, values));
        }
    }
}

// Pushes as many as one node takes; returns how many.
std::size_t List::push_packed(End end, std::span<const Bytes> values) {
    const auto edge = [&] { return end == End::head ? 0 : node_count() - 1; };
    if (node_count() == 0 || !takes(edge(), values[0])) insert_node(end == End::head ? 0 : node_count(), empty_pack());
    Node& node = open(edge());
    std::size_t done = 0;
    {
        PackEdit pack{node};
        do {
            if (end == End::head)
                pack->prepend(values[done]);
            else
                pack->append(values[done]);
            count(node, 1);
            ++done;
        } while (done < values.size() && !limits_.is_large(values[done].size()) &&
                 fits(node, pack->size_bytes(), values[done].size()));
    }
    return done;
}

// ---- Changing in the middle ----

// The elements of the node from `offset` on become a node of their own behind it.
void List::split(std::size_t at, std::size_t offset) {
    Node& left = open(at);
    Node right{.data = Listpack::copy_of(left.pack().bytes()).release(),
               .count = left.count - static_cast<std::uint32_t>(offset)};
    {
        PackEdit pack{right};
        pack->erase(pack->first(), offset);
    }
    {
        PackEdit pack{left};
        pack->erase(pack->at(static_cast<std::int64_t>(offset)), right.count);
    }
    count(left, -static_cast<std::ptrdiff_t>(right.count));
    insert_node(at + 1, right);
    settle(at);
}

void List::insert(std::size_t index, Bytes value) {
    if (index == 0) return push(End::head, value);
    if (index == count()) return push(End::tail, value);
    make_room(std::span{&value, 1});
    auto [at, offset] = locate(index);
    const bool large = limits_.is_large(value.size());
    if (!large && takes(at, value)) {
        Node& node = open(at);
        PackEdit pack{node};
        pack->insert(pack->at(static_cast<std::int64_t>(offset)), value);
        count(node, 1);
    } else {
        if (offset > 0) split(at++, offset);
        // Now it belongs between two nodes: into the one before, the one behind, or a new one.
        if (!large && at > 0 && takes(at - 1, value)) {
            Node& node = open(--at);
            PackEdit pack{node};
            pack->append(value);
            count(node, 1);
        } else if (!large && takes(at, value)) {
            Node& node = open(at);
            PackEdit pack{node};
            pack->prepend(value);
            count(node, 1);
        } else {
            insert_node(at, large ? plain_node(value) : empty_pack());
            if (!large) {
                Node& node = open(at);
                PackEdit pack{node};
                pack->append(value);
                count(node, 1);
            }
        }
        // A node that was only looked at for room may be open still.
        if (at > 0) settle(at - 1);
        if (at + 1 < node_count()) settle(at + 1);
    }
    settle(at);
}

void List::set(std::size_t index, Bytes value) {
    make_room(std::span{&value, 1});
    const auto [at, offset] = locate(index);
    const NodeKind kind = node(at).kind;
    const bool packed = kind == NodeKind::packed || kind == NodeKind::packed_lzf;
    if (packed && !limits_.is_large(value.size())) {
        Node& node = open(at);
        const auto place = node.pack().at(static_cast<std::int64_t>(offset));
        const std::size_t left = node.pack().size_bytes() - ListpackView::entry_bytes(place);
        if (chain_ == nullptr || limits_.fits(left, node.count - 1, value.size())) {
            {
                PackEdit pack{node};
                pack->replace(pack->at(static_cast<std::int64_t>(offset)), value);
            }
            return settle(at);
        }
    }
    become_chain();
    erase(index, 1);
    insert(index, value);
}

void List::erase(std::size_t index, std::size_t count) {
    if (count == 0) return;
    auto [at, offset] = locate(index);
    while (count > 0) {
        if (chain_ != nullptr && offset == 0 && count >= node(at).count) {
            std::size_t whole = 0;
            for (; at + whole < node_count() && count >= node(at + whole).count; ++whole)
                count -= node(at + whole).count;
            drop_nodes(at, whole);
            continue;
        }
        Node& node = open(at);
        const std::size_t here = std::min<std::size_t>(node.count - offset, count);
        {
            PackEdit pack{node};
            pack->erase(pack->at(static_cast<std::int64_t>(offset)), here);
        }
        this->count(node, -static_cast<std::ptrdiff_t>(here));
        settle(at);
        count -= here;
        ++at;
        offset = 0;
    }
}

// ---- Removing by value ----

std::size_t List::remove(Bytes value, std::size_t most, End from) {
    std::size_t removed = 0;
    std::size_t left = node_count();  // nodes not looked at yet
    std::size_t at = 0;
    while (left > 0 && removed < most) {
        --left;
        const std::size_t here = from == End::head ? at : left;
        removed += remove_in(here, value, most - removed, from);
        if (chain_ != nullptr && node(here).count == 0)
            drop_nodes(here, 1);
        else
            ++at;
    }
    return removed;
}

std::size_t List::remove_in(std::size_t at, Bytes value, std::size_t most, End from) {
    {
        // Most nodes hold no such element: then a squeezed one stays as it is.
        const NodeReader reader{node(at)};
        if (reader.plain()) {
            if (reader.plain_item().text != value) return 0;
            count(node(at), -1);  // an empty node, which the caller drops
            return 1;
        }
        if (reader.pack().find(reader.pack().first(), value) == nullptr) return 0;
    }
    Node& node = open(at);
    std::size_t removed = 0;
    {
        PackEdit pack{node};
        auto place = from == End::head ? pack->find(pack->first(), value) : pack->last();
        while (place != nullptr && removed < most) {
            if (from == End::head) {
                place = pack->find(pack->erase(place), value);
                ++removed;
            } else if (pack->get(place) == value) {
                const auto behind = pack->erase(place);
                place = pack->prev(behind != nullptr ? behind : pack->end());
                ++removed;
            } else {
                place = pack->prev(place);
            }
        }
    }
    count(node, -static_cast<std::ptrdiff_t>(removed));
    if (node.count != 0) settle(at);
    return removed;
}

// ---- Form ----

void List::shrink() {
    if (chain_ == nullptr || chain_->size() != 1) return;
    Node& node = (*chain_)[0];
    if (node.kind == NodeKind::plain || node.kind == NodeKind::plain_lzf) return;
    unsqueeze(node);
    if (!limits_.is_small(node.pack().size_bytes(), node.count)) return;
    single_ = node;
    chain_->erase(0, 1);
    delete chain_;
    chain_ = nullptr;
}

}  // namespace keel::list
