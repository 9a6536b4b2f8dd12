// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/list/node.h"

#include <liblzf/lzf.h>

#include <limits>

#include "datatypes/encodings/lzf.h"
#include "datatypes/encodings/small_heap.h"
#include "protocol/base/check.h"

namespace keel::list {

namespace {

constexpr std::size_t kLeastSqueezed = 48;
constexpr std::size_t kLeastSaved = 8;
constexpr std::size_t kHeader = 8;

std::uint32_t raw_bytes(const void* squeezed) { return load_le<std::uint32_t>(static_cast<const char*>(squeezed)); }
std::uint32_t lzf_bytes(const void* squeezed) { return load_le<std::uint32_t>(static_cast<const char*>(squeezed) + 4); }

Bytes bytes_of(const Node& node) { return node.kind == NodeKind::packed ? node.pack().bytes() : node.block().bytes(); }

void unfold(const Node& node, char* to) {
    const std::uint32_t bytes = raw_bytes(node.data);
    const Bytes squeezed{static_cast<const char*>(node.data) + kHeader, lzf_bytes(node.data)};
    KEEL_CHECK(lzf_unfold(squeezed, to, bytes, bytes));
}

}  // namespace

Node plain_node(Bytes text) { return {.data = Block::copy_of(text, text.size()), .count = 1, .kind = NodeKind::plain}; }

Node clone(const Node& node) {
    Node out = node;
    if (node.kind == NodeKind::packed) {
        out.data = Listpack::copy_of(node.pack().bytes()).release();
    } else if (node.kind == NodeKind::plain) {
        out.data = Block::copy_of(node.block().bytes(), node.block().size);
    } else {
        const std::size_t bytes = kHeader + lzf_bytes(node.data);
        out.data = small_heap().allocate(bytes);
        std::memcpy(out.data, node.data, bytes);
    }
    return out;
}

void free_node(const Node& node) noexcept {
    switch (node.kind) {
        case NodeKind::packed: return Listpack::free(node.data);
        case NodeKind::plain: return Block::release(static_cast<Block*>(node.data));
        default: return small_heap().free(node.data, kHeader + lzf_bytes(node.data));
    }
}

std::size_t memory_bytes(const Node& node) {
    switch (node.kind) {
        case NodeKind::packed: return Listpack::allocated_bytes(node.data);
        case NodeKind::plain: return node.block().memory_bytes();
        default: return SmallHeap::usable(kHeader + lzf_bytes(node.data));
    }
}

std::size_t plain_bytes(const Node& node) { return node.squeezed() ? raw_bytes(node.data) : bytes_of(node).size(); }

Bytes squeezed_bytes(const Node& node) { return {static_cast<const char*>(node.data) + kHeader, lzf_bytes(node.data)}; }

void squeeze(Node& node) {
    if (node.squeezed()) return;
    const Bytes raw = bytes_of(node);
    if (raw.size() < kLeastSqueezed || raw.size() > std::numeric_limits<std::uint32_t>::max() / 2) return;
    const std::size_t most = raw.size() - kLeastSaved - 1;
    const auto scratch = std::make_unique_for_overwrite<char[]>(most);
    const unsigned squeezed =
        lzf_compress(raw.data(), static_cast<unsigned>(raw.size()), scratch.get(), static_cast<unsigned>(most));
    if (squeezed == 0) return;
    auto* fresh = static_cast<char*>(small_heap().allocate(kHeader + squeezed));
    store_le(fresh, static_cast<std::uint32_t>(raw.size()));
    store_le(fresh + 4, static_cast<std::uint32_t>(squeezed));
    std::memcpy(fresh + kHeader, scratch.get(), squeezed);
    const NodeKind kind = node.kind == NodeKind::packed ? NodeKind::packed_lzf : NodeKind::plain_lzf;
    free_node(node);
    node.data = fresh;
    node.kind = kind;
}

void unsqueeze(Node& node) {
    if (!node.squeezed()) return;
    const std::size_t bytes = raw_bytes(node.data);
    Node fresh{.count = node.count};
    if (node.kind == NodeKind::plain_lzf) {
        Block* block = Block::make(bytes);
        unfold(node, block->data());
        block->size = bytes;
        fresh.data = block;
        fresh.kind = NodeKind::plain;
    } else {
        const auto scratch = std::make_unique_for_overwrite<char[]>(bytes);
        unfold(node, scratch.get());
        fresh.data = Listpack::copy_of({scratch.get(), bytes}).release();
    }
    free_node(node);
    node = fresh;
}

NodeReader::NodeReader(const Node& node) : plain_(node.kind == NodeKind::plain || node.kind == NodeKind::plain_lzf) {
    if (!node.squeezed()) {
        bytes_ = bytes_of(node);
        return;
    }
    const std::size_t bytes = raw_bytes(node.data);
    unfolded_ = std::make_unique_for_overwrite<char[]>(bytes);
    unfold(node, unfolded_.get());
    bytes_ = {unfolded_.get(), bytes};
}

ListpackItem NodeReader::at(std::size_t offset) const {
    if (plain_) return plain_item();
    return pack().get(pack().at(static_cast<std::int64_t>(offset)));
}

}  // namespace keel::list
