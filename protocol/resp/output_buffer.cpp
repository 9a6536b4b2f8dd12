// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/output_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace keel {

namespace {

// Shorter shared bytes are copied when there is room: a chunk and a piece of the scatter list cost more.
constexpr std::size_t kCopyShared = 512;

// A deferred array this short is moved up against its header instead of staying a chunk of its own.
constexpr std::size_t kMoveDeferred = 4096;

// Less room than this behind a deferred mark is not worth sharing the tail's allocation.
constexpr std::size_t kWorthSplitting = 256;

void* allocate_bytes(std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (!memory) throw std::bad_alloc{};
    return memory;
}

}  // namespace

struct OutputBuffer::Chunk {
    Chunk* next;
    char* begin;            // the first pending byte
    char* end;              // one past the last; stale in the tail
    void* allocation;       // what to free with this chunk: null when a later chunk lies in the same allocation
    std::size_t allocated;  // bytes to take off memory_bytes() then
    BlockPtr shared;        // what the bytes belong to, if not to this chunk

    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
};

void OutputBuffer::close_tail() noexcept {
    if (!tail_) return;
    tail_->end = write_;
    closed_ += static_cast<std::size_t>(write_ - floor_);
}

// `chunk` becomes the tail; its bytes so far are begin..end, and there is room up to `limit`.
void OutputBuffer::push_tail(Chunk* chunk, char* limit) noexcept {
    close_tail();
    (tail_ ? tail_->next : head_) = chunk;
    tail_ = chunk;
    floor_ = chunk->begin;
    write_ = chunk->end;
    limit_ = limit;
    ++chunks_;
}

// A chunk with an allocation of `bytes` in all, empty.
OutputBuffer::Chunk* OutputBuffer::allocate(std::size_t bytes) {
    void* memory = allocate_bytes(bytes);
    auto* chunk = new (memory) Chunk{nullptr, nullptr, nullptr, memory, bytes, nullptr};
    chunk->begin = chunk->end = chunk->data();
    allocated_ += bytes;
    return chunk;
}

// Chunks grow from 4 to 32 KiB; more is only taken when more is asked for.
char* OutputBuffer::grow(std::size_t n) {
    const std::size_t usual = chunks_ == 0 ? kFirstChunk : chunks_ == 1 ? 4 * kFirstChunk : kLargestChunk;
    const std::size_t size = std::max(usual, n + sizeof(Chunk));
    Chunk* chunk = allocate(size);
    push_tail(chunk, reinterpret_cast<char*>(chunk) + size);
    return write_;
}

// Whole pages are what the allocator hands out at this size: what is left of the last one takes the next replies.
char* OutputBuffer::reserve_large(std::size_t n) {
    constexpr std::size_t kPage = 4096;
    const std::size_t size = (n + sizeof(Chunk) + kPage - 1) / kPage * kPage;
    Chunk* chunk = allocate(size);
    push_tail(chunk, reinterpret_cast<char*>(chunk) + size);
    return write_;
}

void OutputBuffer::append_slowly(Bytes bytes) {
    if (bytes.size() >= kLarge) {
        std::memcpy(reserve_large(bytes.size()), bytes.data(), bytes.size());
        return commit(bytes.size());
    }
    if (const std::size_t fits = room(); fits > 0) {  // fill the tail to the brim, the rest goes to the next chunk
        std::memcpy(write_, bytes.data(), fits);
        commit(fits);
        bytes.remove_prefix(fits);
    }
    std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
}

void OutputBuffer::append_shared(const SharedChunk& shared) {
    const Bytes bytes = shared.bytes();
    if (bytes.empty()) return;
    // A single short one is shared, so that thousands of subscribers hold no chunk each for it; where others wait
    // already, bytes side by side cost less than a chunk, and a piece of the write, for each.
    if (bytes.size() <= kCopyShared && tail_ != nullptr) return append(bytes);
    append_block(*shared.block_, bytes.size());
}

void OutputBuffer::append_block(Block& block, std::size_t n) {
    Chunk* chunk = allocate(sizeof(Chunk));
    chunk->shared.reset(block.share());
    chunk->begin = block.data();  // read only: the chunk has no room
    chunk->end = chunk->begin + n;
    chunk->allocated += n;
    allocated_ += n;
    push_tail(chunk, chunk->end);
}

OutputBuffer::Mark OutputBuffer::begin_deferred() {
    if (!tail_) static_cast<void>(grow(1));
    Chunk* const before = tail_;
    char* const place = write_ + (-reinterpret_cast<std::uintptr_t>(write_) & (alignof(Chunk) - 1));
    constexpr std::size_t kNeeds = sizeof(Chunk) + kDeferredRoom + kWorthSplitting;
    const bool shares = limit_ - place >= static_cast<std::ptrdiff_t>(kNeeds);
    if (shares) {
        // The new chunk lies in the same allocation and takes over freeing it.
        auto* chunk = new (place) Chunk{
            nullptr, nullptr, nullptr, std::exchange(before->allocation, nullptr), std::exchange(before->allocated, 0),
            nullptr};
        chunk->begin = chunk->end = chunk->data() + kDeferredRoom;
        push_tail(chunk, limit_);
    } else {
        static_cast<void>(grow(kDeferredRoom + kWorthSplitting));
        tail_->begin = floor_ = write_ = tail_->data() + kDeferredRoom;
    }
    ++open_marks_;
    return {before, tail_, shares};
}

void OutputBuffer::end_deferred(Mark mark, Bytes header) {
    auto* const before = static_cast<Chunk*>(mark.before);
    auto* const chunk = static_cast<Chunk*>(mark.chunk);
    KEEL_CHECK(open_marks_ > 0 && header.size() <= kDeferredRoom);
    --open_marks_;
    const auto size = static_cast<std::size_t>(write_ - floor_);
    if (chunk != tail_ || !mark.shares || size > kMoveDeferred) {
        std::memcpy(chunk->begin - header.size(), header.data(), header.size());
        chunk->begin -= header.size();
        if (chunk == tail_)
            floor_ = chunk->begin;
        else
            closed_ += header.size();
        return;
    }
    // Few bytes, still the tail: the chunk before gets its allocation back, and the bytes move up to it. The
    // chunk's own header is overwritten here, so what is needed of it was read above or is read first.
    before->allocation = chunk->allocation;
    before->allocated = chunk->allocated;
    before->next = nullptr;
    char* const from = floor_;
    write_ = before->end;
    floor_ = before->begin;
    closed_ -= static_cast<std::size_t>(write_ - floor_);
    tail_ = before;
    --chunks_;
    std::memmove(write_ + header.size(), from, size);
    std::memcpy(write_, header.data(), header.size());
    write_ += header.size() + size;
}

std::size_t OutputBuffer::gather(iovec* pieces, std::size_t most) const noexcept {
    std::size_t count = 0;
    for (Chunk* chunk = head_; chunk && count < most; chunk = chunk->next) {
        char* const end = chunk == tail_ ? write_ : chunk->end;
        if (end == chunk->begin) continue;
        pieces[count++] = {chunk->begin, static_cast<std::size_t>(end - chunk->begin)};
    }
    return count;
}

void OutputBuffer::pop_head() noexcept {
    Chunk* const chunk = head_;
    head_ = chunk->next;
    if (!head_) {
        tail_ = nullptr;
        write_ = limit_ = floor_ = nullptr;
    }
    --chunks_;
    allocated_ -= chunk->allocated;
    void* const allocation = chunk->allocation;
    std::destroy_at(chunk);
    std::free(allocation);
}

void OutputBuffer::consume(std::size_t n) noexcept {
    KEEL_DCHECK(n <= bytes() && open_marks_ == 0);
    while (head_) {
        Chunk* const chunk = head_;
        const bool last = chunk == tail_;
        const auto size = static_cast<std::size_t>((last ? write_ : chunk->end) - chunk->begin);
        if (n < size) {
            chunk->begin += n;
            if (last)
                floor_ = chunk->begin;
            else
                closed_ -= n;
            return;
        }
        n -= size;
        if (!last) closed_ -= size;
        pop_head();
    }
}

void OutputBuffer::clear() noexcept {
    KEEL_DCHECK(open_marks_ == 0);
    while (head_) pop_head();
    closed_ = 0;
}

void OutputBuffer::swap(OutputBuffer& other) noexcept {
    std::swap(write_, other.write_);
    std::swap(limit_, other.limit_);
    std::swap(floor_, other.floor_);
    std::swap(closed_, other.closed_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(allocated_, other.allocated_);
    std::swap(chunks_, other.chunks_);
    std::swap(open_marks_, other.open_marks_);
}

}  // namespace keel
