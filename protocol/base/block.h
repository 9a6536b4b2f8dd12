// SPDX-License-Identifier: BSD-3-Clause
//
// A block of bytes with its own small header, in one allocation. It is how a large argument travels: the
// connection reads it straight from the socket into a Block, SET keeps that very Block as the value.
//
//     | size u64 | capacity u64 | bytes ... |
//
// Always true: size <= capacity; the allocation has room for `capacity` bytes and two more (the CR LF that
// follows an argument on the wire may be read in the same call).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "protocol/base/bytes.h"

namespace keel {

struct Block {
    std::uint64_t size;
    std::uint64_t capacity;

    [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    [[nodiscard]] Bytes bytes() const noexcept { return {data(), size}; }
    [[nodiscard]] std::size_t memory_bytes() const noexcept { return sizeof(Block) + capacity + 2; }

    // Bytes are not initialised; size is 0.
    [[nodiscard]] static Block* make(std::size_t capacity) {
        void* raw = std::malloc(sizeof(Block) + capacity + 2);
        if (raw == nullptr) throw std::bad_alloc{};
        return new (raw) Block{0, capacity};
    }
    [[nodiscard]] static Block* copy_of(Bytes bytes, std::size_t capacity) {
        Block* block = make(capacity);
        if (!bytes.empty()) std::memcpy(block->data(), bytes.data(), bytes.size());
        block->size = bytes.size();
        return block;
    }
    // The same block with room for `capacity` bytes, which must not be less than its size; `block` itself is gone.
    [[nodiscard]] static Block* resized(Block* block, std::size_t capacity) {
        void* raw = std::realloc(static_cast<void*>(block), sizeof(Block) + capacity + 2);
        if (raw == nullptr) throw std::bad_alloc{};
        auto* moved = static_cast<Block*>(raw);
        moved->capacity = capacity;
        return moved;
    }
    static void release(Block* block) noexcept { std::free(block); }
};

struct BlockDeleter {
    void operator()(Block* block) const noexcept { Block::release(block); }
};
using BlockPtr = std::unique_ptr<Block, BlockDeleter>;

}  // namespace keel
