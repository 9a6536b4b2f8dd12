// SPDX-License-Identifier: BSD-3-Clause
//
// Lists in files (core/serde.h):
//
//     list              count | element | ...
//     list_ziplist      the ziplist, as a string
//     list_quicklist    count | ziplist | ...
//     list_quicklist2   count | 1, element | 2, listpack | ...     1: an element that is a node of its own
//
// Nodes come in as they are, whatever limits they were made under.
#include <memory>

#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/list/list.h"

namespace keel::list {

namespace {

constexpr ErrorText kBadContainer{"a node of a list is of an unknown kind"};
constexpr std::uint64_t kPlain = 1;
constexpr std::uint64_t kPacked = 2;

// A list on its way in: nodes one behind the other.
class ListLoader {
  public:
    explicit ListLoader(const Encodings& settings) : limits_(settings), chain_(std::make_unique<Chain>()) {}

    void add_pack(Listpack list) {
        close();
        const auto count = static_cast<std::uint32_t>(list.count());
        add_node({.data = list.release(), .count = count, .kind = NodeKind::packed});
    }
    void add_plain(Loader::Text text) {
        close();
        Block* block = text.block ? text.block.release() : Block::copy_of(text.view, text.view.size());
        add_node({.data = block, .count = 1, .kind = NodeKind::plain});
    }
    void add_element(Bytes text) {
        if (limits_.is_large(text.size())) {
            close();
            return add_node(plain_node(text));
        }
        if (!limits_.fits(open_.size_bytes(), open_count_, text.size())) close();
        open_.append(text);
        ++open_count_;
    }

    Result<ValueRef> finish() {
        close();
        if (chain_->elements == 0) return kEmptyValue;
        if (Node& only = (*chain_)[0]; chain_->size() == 1 && only.kind == NodeKind::packed) {
            if (!limits_.exceeded(only.pack().size_bytes(), only.count)) {
                void* const data = only.data;
                chain_->erase(0, 1);
                return ValueRef{.type = Type::list, .payload = data};
            }
        }
        const std::size_t depth = limits_.depth();
        for (std::size_t i = depth; depth != 0 && i + depth < chain_->size(); ++i) squeeze((*chain_)[i]);
        return ValueRef{
            .type = Type::list, .form = static_cast<std::uint8_t>(Form::chain), .payload = chain_.release()};
    }

  private:
    void add_node(const Node& node) {
        chain_->insert(chain_->size(), node);
        chain_->elements += node.count;
    }
    // What add_element() gathered becomes a node.
    void close() {
        if (open_count_ == 0) return;
        add_node({.data = open_.release(), .count = open_count_, .kind = NodeKind::packed});
        open_ = Listpack{};
        open_count_ = 0;
    }

    Limits limits_;
    std::unique_ptr<Chain> chain_;
    Listpack open_;
    std::uint32_t open_count_ = 0;
};

// A node without elements is passed over: old servers wrote them.
Status add_pack(ListLoader& list, Result<Listpack> pack) {
    if (pack) {
        list.add_pack(*std::move(pack));
        return {};
    }
    return pack.error().is(kEmptyValue) ? Status{} : Status{std::move(pack).error()};
}

Status load_node(RdbTag tag, Loader& in, ListLoader& list) {
    if (tag == RdbTag::list) {
        KEEL_TRY(const Bytes element, in.string());
        list.add_element(element);
        return {};
    }
    if (tag == RdbTag::list_quicklist) return add_pack(list, load_ziplist(in, 1));
    KEEL_TRY(const std::uint64_t container, in.length());
    if (container == kPacked) return add_pack(list, load_listpack(in, 1));
    if (container != kPlain) return kBadContainer;
    KEEL_TRY(Loader::Text element, in.text(0));
    list.add_plain(std::move(element));
    return {};
}

void save_node(const Node& node, Saver& out) {
    const bool plain = node.kind == NodeKind::plain || node.kind == NodeKind::plain_lzf;
    out.length(plain ? kPlain : kPacked);
    if (node.squeezed()) return out.squeezed_string(squeezed_bytes(node), plain_bytes(node));
    out.string(plain ? node.block().bytes() : node.pack().bytes());
}

}  // namespace

Result<RdbTag> tag_of(const ValueRef&, const RdbDialect&) { return RdbTag::list_quicklist2; }

void save(const ValueRef& value, RdbTag, Saver& out) {
    const List list{value, Limits{-2, 0}};
    out.length(list.node_count());
    for (std::size_t i = 0; i < list.node_count(); ++i) save_node(list.node(i), out);
}

Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings) {
    ListLoader list{settings};
    if (tag == RdbTag::list_ziplist) {
        KEEL_TRY(Listpack pack, load_ziplist(in, 1));
        list.add_pack(std::move(pack));
        return list.finish();
    }
    KEEL_TRY(const std::uint64_t nodes, in.count(1));
    for (std::uint64_t i = 0; i < nodes; ++i) KEEL_TRY(load_node(tag, in, list));
    return list.finish();
}

}  // namespace keel::list
