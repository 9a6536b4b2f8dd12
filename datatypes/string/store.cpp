// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

// The block of a heap string if the text fits it without wasting more than a quarter, and nobody else reads it; else
// null.
Block* fitting_block(const Entry* entry, std::size_t size) {
    if (entry == nullptr || !entry->is_string() || static_cast<StringForm>(entry->form()) != StringForm::heap)
        return nullptr;
    auto* block = static_cast<Block*>(entry->payload());
    const bool fits = size <= block->capacity && size >= block->capacity - block->capacity / 4;
    return fits && !block->shared() ? block : nullptr;
}

ValueRef large_value(Context& cx, Entry* existing, std::size_t word, Blocks blocks) {
    const Bytes text = cx.args.words()[word];
    if (blocks == Blocks::take) {
        if (BlockPtr taken = cx.take_block(word)) return value_of(std::move(taken));
    }
    Block* present = fitting_block(existing, text.size());
    if (present == nullptr) return value_of(BlockPtr{Block::copy_of(text, text.size())});
    std::memcpy(present->data(), text.data(), text.size());
    present->size = text.size();
    return value_of(BlockPtr{present});  // the payload that is there: the entry keeps it
}

}  // namespace

Entry* store_word(Context& cx, const Key& key, Entry* existing, std::size_t word, UnixMs deadline, Blocks blocks) {
    const Bytes text = cx.args.words()[word];
    if (text.size() <= kInlineTextMax) [[likely]]
        return store_value(cx, key, existing, value_of(text), deadline);
    return store_value(cx, key, existing, large_value(cx, existing, word, blocks), deadline);
}

}  // namespace keel::string
