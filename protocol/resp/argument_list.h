// SPDX-License-Identifier: BSD-3-Clause
//
// The arguments of a batch of requests, one behind the other, as views. Requests remember where theirs begin and
// how many they are; the list is emptied when the batch is done and its room is used again.
//
//     SET k v | GET k | MSET a 1 b 2 ...      slots_: | SET | k | v | GET | k | MSET | a | ...
//
// Most views look into a client's input buffer. Those that cannot (a word of an inline request, whose quotes are
// gone; arguments in front of a large one, whose input was given up) look into memory that the list owns.
//
// Always true:
//   1. A view is good until clear(), and as long as the input it was parsed from is neither moved nor freed.
//   2. A LargeBlock that no handler took is freed by clear().
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

// The memory a large argument was read into; a handler may take it and keep the bytes without copying them.
class LargeBlock {
  public:
    // Room for `length` bytes and the CRLF that follows them on the wire, `headroom` bytes into an allocation of
    // malloc's. The headroom is for whoever takes the block: a value may have a header of its own.
    LargeBlock(std::size_t length, std::size_t headroom) : memory_(std::malloc(headroom + length + 2)) {
        if (!memory_) throw std::bad_alloc{};
        bytes_ = static_cast<char*>(memory_.get()) + headroom;
        length_ = length;
    }

    [[nodiscard]] char* bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t length() const noexcept { return length_; }

    // The allocation, from now on the caller's to free().
    [[nodiscard]] void* release() noexcept { return memory_.release(); }

  private:
    struct Free {
        void operator()(void* memory) const noexcept { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
    char* bytes_ = nullptr;
    std::size_t length_ = 0;
};

class ArgumentList {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] Bytes operator[](std::size_t index) const noexcept { return slots_[index]; }
    [[nodiscard]] std::span<const Bytes> view(std::size_t first, std::size_t count) const noexcept {
        return {slots_.data() + first, count};
    }

    // `count` more slots, to be filled by the caller. Ends the life of every span.
    [[nodiscard]] Bytes* extend(std::size_t count) {
        if (slots_.size() - size_ < count) [[unlikely]]
            slots_.resize(2 * (size_ + count) + 64);
        Bytes* const added = slots_.data() + size_;
        size_ += count;
        return added;
    }
    void truncate(std::size_t size) noexcept { size_ = size; }

    // A copy that lives as long as the views.
    [[nodiscard]] Bytes keep(Bytes bytes) {
        kept_.push_back(std::make_unique_for_overwrite<char[]>(bytes.size()));
        if (!bytes.empty()) std::memcpy(kept_.back().get(), bytes.data(), bytes.size());
        return {kept_.back().get(), bytes.size()};
    }
    void keep(std::unique_ptr<char[]> memory) { kept_.push_back(std::move(memory)); }

    // The argument at `index` lies in `block`.
    void adopted(std::size_t index, LargeBlock block) { adopted_.emplace_back(index, std::move(block)); }

    // The block of the argument at `index`, for good; nothing if it has none. The argument's view stays valid as long
    // as the taker keeps the bytes.
    [[nodiscard]] std::optional<LargeBlock> take(std::size_t index) {
        for (auto& [at, block] : adopted_) {  // linear: most batches have none
            if (at != index) continue;
            at = kTaken;
            return std::move(block);
        }
        return std::nullopt;
    }

    void clear() noexcept {
        size_ = 0;
        if (!kept_.empty()) kept_.clear();
        if (!adopted_.empty()) adopted_.clear();
        if (slots_.size() > kMostIdleSlots) [[unlikely]]
            std::vector<Bytes>{}.swap(slots_);
    }

  private:
    static constexpr std::size_t kTaken = ~std::size_t{0};
    static constexpr std::size_t kMostIdleSlots = 16'384;  // a request of a million arguments leaves no trace

    std::vector<Bytes> slots_;  // the first size_ are in use
    std::size_t size_ = 0;
    std::vector<std::unique_ptr<char[]>> kept_;
    std::vector<std::pair<std::size_t, LargeBlock>> adopted_;
};

}  // namespace keel
