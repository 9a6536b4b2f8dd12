// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/edit.h"

#include <algorithm>
#include <array>

#include "datatypes/string/store.h"

namespace keel::string {

namespace {

constexpr std::size_t kMostSlack = 1 << 20;

std::size_t with_slack(std::size_t size) { return size + std::min(size, kMostSlack); }

// Zeroes from `length` up to `offset`, then puts the piece there.
void write_piece(char* text, std::size_t length, std::size_t offset, Bytes piece) {
    if (offset > length) std::memset(text + length, 0, offset - length);
    if (!piece.empty()) std::memcpy(text + offset, piece.data(), piece.size());
}

std::size_t splice_block(Entry* entry, std::size_t offset, Bytes piece) {
    const auto* present = static_cast<const Block*>(entry->payload());
    const std::size_t size = std::max<std::size_t>(present->size, offset + piece.size());
    Block* block = writable_block(*entry, size > present->capacity ? with_slack(size) : present->capacity);
    write_piece(block->data(), block->size, offset, piece);
    block->size = size;
    return size;
}

}  // namespace

std::size_t splice(Context& cx, const Key& key, Entry* existing, std::size_t offset, Bytes piece) {
    if (existing != nullptr && static_cast<StringForm>(existing->form()) == StringForm::heap) {
        return splice_block(existing, offset, piece);
    }
    IntegerText scratch;
    const Bytes text = existing != nullptr ? existing->text(scratch) : Bytes{};
    const std::size_t size = std::max(text.size(), offset + piece.size());
    const UnixMs deadline = existing != nullptr ? existing->deadline() : kNoDeadline;

    std::array<char, kInlineTextMax> room;
    // A string that comes to be may never grow: bitmaps are often made in their full length by their last bit.
    const std::size_t capacity = existing != nullptr ? with_slack(size) : size;
    BlockPtr block{size > room.size() ? Block::make(capacity) : nullptr};
    char* to = block != nullptr ? block->data() : room.data();
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    write_piece(to, text.size(), offset, piece);
    if (block != nullptr) block->size = size;
    store_value(cx, key, existing, block != nullptr ? value_of(std::move(block)) : edited({to, size}), deadline);
    return size;
}

}  // namespace keel::string
