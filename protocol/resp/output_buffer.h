// SPDX-License-Identifier: BSD-3-Clause
//
// What waits to be sent to one client: a chain of chunks, filled at the tail and written out from the head with
// one scatter-gather write. Nothing is allocated until the first reply, and a chunk is freed as soon as its last
// byte was written out, so an idle connection holds nothing.
//
//     head -> | chunk 4 KiB | -> | 16 KiB | -> | one large value | -> | shared block | -> | 32 KiB |   <- tail
//               ^floor (of the first)                                              room here: write_ .. limit_
//
// A chunk and its bytes are one allocation. A value too large for its neighbours gets a chunk of its own size and is
// copied once; a shared block (a message to many, a large string) is not copied at all, its chunk only refers to it.
//
// A deferred length. The header of an array whose length is known only after it was written must stand before it:
// begin_deferred() opens a new chunk inside the room of the tail and leaves a gap in front of its bytes;
// end_deferred() writes the header into that gap, or closes the gap by moving bytes when they are few.
//
//     | bytes before | chunk header | gap of 32 | bytes after ...
//                                          ^ the header goes here, its end touching what follows
//
// Always true:
//   1. The pending bytes are those of all chunks, head to tail, each from `begin` to `end`; the tail's end is
//      write_ (its own `end` is stale).
//   2. bytes() and memory_bytes() are exact after every call; both take constant time.
//   3. A chunk's allocation is freed with the last chunk that lies in it, and chunks are freed in order.
//   4. While a Mark is open nothing is consumed or cleared.
//
// Not here: when to write and how much one client may let wait (server/net).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "protocol/base/block.h"
#include "protocol/base/bytes.h"
#include "protocol/base/check.h"

namespace keel {

// Immutable bytes that many clients' output refers to.
class SharedChunk {
  public:
    explicit SharedChunk(Bytes bytes) : block_(Block::copy_of(bytes, bytes.size())) {}
    SharedChunk(const SharedChunk& other) noexcept : block_(other.block_->share()) {}
    SharedChunk(SharedChunk&& other) noexcept = default;
    SharedChunk& operator=(SharedChunk other) noexcept {
        block_.swap(other.block_);
        return *this;
    }
    ~SharedChunk() = default;

    [[nodiscard]] Bytes bytes() const noexcept { return block_->bytes(); }

  private:
    friend class OutputBuffer;
    BlockPtr block_;
};

class OutputBuffer {
  public:
    static constexpr std::size_t kFirstChunk = 4096;     // bytes of an allocation, its header included
    static constexpr std::size_t kLargestChunk = 32768;  // still served by jemalloc's thread cache
    static constexpr std::size_t kLarge = 16384;         // from here on bytes get a chunk of their own
    static constexpr std::size_t kDeferredRoom = 32;     // the longest header of a deferred length

    OutputBuffer() noexcept = default;
    OutputBuffer(OutputBuffer&& other) noexcept { swap(other); }
    OutputBuffer& operator=(OutputBuffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~OutputBuffer() { clear(); }

    // Room for `n` contiguous bytes at the tail; write at most n of them, then commit() what was written. The room
    // stays valid until the next call of any other member.
    [[nodiscard]] char* reserve(std::size_t n) {
        if (room() >= n) [[likely]]
            return write_;
        return grow(n);
    }
    void commit(std::size_t n) noexcept {
        KEEL_DCHECK(n <= room());
        write_ += n;
    }

    // The same in a chunk of its own of about that size, for bytes of kLarge and more.
    [[nodiscard]] char* reserve_large(std::size_t n);

    // Room left at the tail without another chunk.
    [[nodiscard]] std::size_t room() const noexcept { return static_cast<std::size_t>(limit_ - write_); }

    void append(Bytes bytes) {
        if (room() >= bytes.size()) [[likely]] {
            if (!bytes.empty()) std::memcpy(write_, bytes.data(), bytes.size());
            write_ += bytes.size();
            return;
        }
        append_slowly(bytes);
    }

    // By reference; a short one is copied if it is not the first that waits.
    void append_shared(const SharedChunk& shared);
    // The first `n` bytes behind the block's header, by reference, whatever their number.
    void append_block(Block& block, std::size_t n);

    // Where a deferred header will stand. Marks end in the reverse order of their beginning.
    struct Mark {
        void* before;  // the tail when the mark began
        void* chunk;   // the chunk whose gap is meant
        bool shares;   // both lie in one allocation
    };
    [[nodiscard]] Mark begin_deferred();
    void end_deferred(Mark mark, Bytes header);

    // The first pending bytes as at most `most` pieces; returns how many pieces were filled in.
    [[nodiscard]] std::size_t gather(iovec* pieces, std::size_t most) const noexcept;

    // The first `n` pending bytes were written out.
    void consume(std::size_t n) noexcept;

    void clear() noexcept;

    [[nodiscard]] bool empty() const noexcept { return bytes() == 0; }

    // Pending bytes.
    [[nodiscard]] std::size_t bytes() const noexcept { return closed_ + static_cast<std::size_t>(write_ - floor_); }

    [[nodiscard]] std::size_t chunk_count() const noexcept { return chunks_; }

    // Bytes allocated for this client. A shared block counts in full for each client that refers to it.
    [[nodiscard]] std::size_t memory_bytes() const noexcept { return allocated_; }

    void swap(OutputBuffer& other) noexcept;

  private:
    struct Chunk;

    char* grow(std::size_t n);
    void append_slowly(Bytes bytes);
    void close_tail() noexcept;
    void push_tail(Chunk* chunk, char* limit) noexcept;
    Chunk* allocate(std::size_t bytes);
    void pop_head() noexcept;

    char* write_ = nullptr;   // the end of the pending bytes: the tail is filled from here
    char* limit_ = nullptr;   // up to here
    char* floor_ = nullptr;   // the first pending byte of the tail
    std::size_t closed_ = 0;  // pending bytes in all chunks before the tail
    Chunk* head_ = nullptr;
    Chunk* tail_ = nullptr;
    std::size_t allocated_ = 0;
    std::uint32_t chunks_ = 0;
    std::uint32_t open_marks_ = 0;
};

}  // namespace keel
