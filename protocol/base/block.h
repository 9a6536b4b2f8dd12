// SPDX-License-Identifier: BSD-3-Clause
//
// A block of bytes with its own small header, in one allocation. It is how a large argument travels: the
// connection reads it straight from the socket into a Block, SET keeps that very Block as the value, and the replies to
// GET refer to it until they were sent.
//
//     | size u64 | capacity u64 | owners u32, free u32 | bytes ... |
//
// Always true:
//   1. size <= capacity; the allocation has room for `capacity` bytes and two more (the CR LF that follows an argument
//      on the wire may be read in the same call, and a reply's is put there).
//   2. The last owner's release() frees it. Owners come to be on the loop's thread only, and may release on any: a
//      block that the loop finds unshared stays so until the loop shares it.
//   3. What is shared does not change: who would change it makes a copy first.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "protocol/base/bytes.h"
#include "protocol/base/check.h"

namespace keel {

struct Block {
    std::uint64_t size;
    std::uint64_t capacity;
    mutable std::uint32_t owners = 1;  // mutable as atomic_ref takes no const

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
    // The same block with room for `capacity` bytes, which must not be less than its size; `block` itself is gone. Not
    // of a shared one.
    [[nodiscard]] static Block* resized(Block* block, std::size_t capacity) {
        KEEL_DCHECK(!block->shared());
        void* raw = std::realloc(static_cast<void*>(block), sizeof(Block) + capacity + 2);
        if (raw == nullptr) throw std::bad_alloc{};
        auto* moved = static_cast<Block*>(raw);
        moved->capacity = capacity;
        return moved;
    }
    // One more owner.
    [[nodiscard]] Block* share() noexcept {
        std::atomic_ref{owners}.fetch_add(1, std::memory_order_relaxed);
        return this;
    }
    [[nodiscard]] bool shared() const noexcept { return std::atomic_ref{owners}.load(std::memory_order_acquire) > 1; }
    // One owner less. Null is fine.
    static void release(Block* block) noexcept {
        if (block == nullptr) return;
        if (block->shared() && std::atomic_ref{block->owners}.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
        std::free(block);
    }
};

struct BlockDeleter {
    void operator()(Block* block) const noexcept { Block::release(block); }
};
using BlockPtr = std::unique_ptr<Block, BlockDeleter>;

}  // namespace keel
