// SPDX-License-Identifier: BSD-3-Clause
//
// A node of a list: some elements in one allocation.
//
//     packed       a listpack
//     plain        one element that is too large for a listpack, as a Block
//     packed_lzf   either of them, squeezed:  | bytes u32 | squeezed bytes u32 | LZF data |
//     plain_lzf
//
// Always true:
//   1. A node holds at least one element, except while a list is being changed; a plain one holds exactly one.
//   2. A node is squeezed only if it has at least 48 bytes and that saves more than 8.
//
// Nodes are handles: they copy like a pointer, and whoever keeps them (chain.h, list.h) frees them.
#pragma once

#include <memory>

#include "datatypes/encodings/listpack.h"
#include "protocol/base/block.h"

namespace keel::list {

enum class NodeKind : std::uint8_t { packed, plain, packed_lzf, plain_lzf };

struct Node {
    void* data = nullptr;
    std::uint32_t count = 0;
    NodeKind kind = NodeKind::packed;

    [[nodiscard]] bool squeezed() const { return kind == NodeKind::packed_lzf || kind == NodeKind::plain_lzf; }
    [[nodiscard]] ListpackView pack() const { return ListpackView{data}; }                 // of a packed one
    [[nodiscard]] const Block& block() const { return *static_cast<const Block*>(data); }  // of a plain one
};

[[nodiscard]] Node plain_node(Bytes text);
[[nodiscard]] Node clone(const Node& node);
void free_node(const Node& node) noexcept;
[[nodiscard]] std::size_t memory_bytes(const Node& node);
// Bytes of the listpack or the element, as they are or were before squeezing.
[[nodiscard]] std::size_t plain_bytes(const Node& node);

// Of a squeezed node: the LZF data.
[[nodiscard]] Bytes squeezed_bytes(const Node& node);

// Squeezes the node if that is worth it.
void squeeze(Node& node);
// Makes a squeezed node what it was.
void unsqueeze(Node& node);

// Takes the listpack of a packed node up for changes, and puts it back.
class PackEdit {
  public:
    explicit PackEdit(Node& node) : node_(node), pack_(Listpack::adopt(node.data)) {}
    ~PackEdit() { node_.data = pack_.release(); }
    PackEdit(const PackEdit&) = delete;
    PackEdit& operator=(const PackEdit&) = delete;
    Listpack* operator->() { return &pack_; }
    Listpack& operator*() { return pack_; }

  private:
    Node& node_;
    Listpack pack_;
};

// Looks into a node of any kind; a squeezed one is unfolded into memory of the reader.
class NodeReader {
  public:
    explicit NodeReader(const Node& node);

    [[nodiscard]] bool plain() const { return plain_; }
    [[nodiscard]] ListpackItem plain_item() const { return {.text = bytes_}; }
    [[nodiscard]] ListpackView pack() const { return ListpackView{bytes_.data()}; }
    [[nodiscard]] ListpackItem at(std::size_t offset) const;

  private:
    bool plain_;
    Bytes bytes_;
    std::unique_ptr<char[]> unfolded_;
};

}  // namespace keel::list
