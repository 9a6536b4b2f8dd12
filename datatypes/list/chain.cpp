// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/list/chain.h"

#include <algorithm>

#include "datatypes/encodings/small_heap.h"

namespace keel::list {

namespace {
constexpr std::size_t kLeastSlots = 4;
}

Chain::~Chain() {
    for (std::size_t i = 0; i < size_; ++i) free_node((*this)[i]);
    if (ring_ != nullptr) small_heap().free(ring_, slots_ * sizeof(Node));
}

Chain* Chain::clone() const {
    auto* out = new Chain;
    out->resize(std::max(size_, kLeastSlots));
    for (std::size_t i = 0; i < size_; ++i) out->ring_[i] = list::clone((*this)[i]);
    out->size_ = size_;
    out->elements = elements;
    return out;
}

std::size_t Chain::ring_bytes() const { return ring_ == nullptr ? 0 : SmallHeap::usable(slots_ * sizeof(Node)); }

// The nodes lie in order from slot 0 afterwards.
void Chain::resize(std::size_t slots) {
    auto* fresh = static_cast<Node*>(small_heap().allocate(slots * sizeof(Node)));
    const std::size_t straight = std::min(size_, slots_ - head_);
    if (size_ != 0) {
        std::copy_n(ring_ + head_, straight, fresh);
        std::copy_n(ring_, size_ - straight, fresh + straight);
    }
    if (ring_ != nullptr) small_heap().free(ring_, slots_ * sizeof(Node));
    ring_ = fresh;
    slots_ = slots;
    head_ = 0;
}

// Nodes `from` to `from + count` go to `to`, one place further or nearer at a time: the ring may end in between.
void Chain::move(std::size_t from, std::size_t to, std::size_t count) {
    if (from < to) {
        for (std::size_t i = count; i-- > 0;) (*this)[to + i] = (*this)[from + i];
    } else {
        for (std::size_t i = 0; i < count; ++i) (*this)[to + i] = (*this)[from + i];
    }
}

void Chain::insert(std::size_t at, const Node& node) {
    // Half as much again: between a sixth and a third of the slots are idle on average.
    if (size_ == slots_) resize(std::max(slots_ + slots_ / 2, kLeastSlots));
    ++size_;
    if (at < size_ / 2) {
        head_ = head_ == 0 ? slots_ - 1 : head_ - 1;
        move(1, 0, at);
    } else {
        move(at, at + 1, size_ - 1 - at);
    }
    (*this)[at] = node;
}

void Chain::erase(std::size_t at, std::size_t count) {
    const std::size_t behind = size_ - at - count;
    if (at < behind) {
        move(0, count, at);
        head_ = slot(count);
    } else {
        move(at + count, at, behind);
    }
    size_ -= count;
    if (slots_ > kLeastSlots && size_ < slots_ / 4) resize(std::max(size_ * 3 / 2, kLeastSlots));
}

}  // namespace keel::list
