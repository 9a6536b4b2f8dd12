// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/generic/sort_texts.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace keel::generic {

namespace {

constexpr std::size_t kLargestChunkBytes = 1 << 20;

}  // namespace

char* TextPool::take(std::size_t bytes) {
    bytes = (bytes + alignof(Text) - 1) / alignof(Text) * alignof(Text);
    if (bytes > left_) {
        const std::size_t chunk_bytes = std::max(bytes, next_chunk_bytes_);
        chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes));
        at_ = chunks_.back().get();
        left_ = chunk_bytes;
        next_chunk_bytes_ = std::min(next_chunk_bytes_ * 2, kLargestChunkBytes);
    }
    left_ -= bytes;
    return std::exchange(at_, at_ + bytes);
}

const Text* TextPool::add(Bytes bytes) {
    char* at = take(sizeof(Text) + bytes.size() + 1);
    auto* text = new (at) Text{bytes.size(), added_++};
    at += sizeof(Text);
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at[bytes.size()] = '\0';
    return text;
}

const Text* TextPool::add_collated(const Text& text) {
    const std::size_t size = std::strxfrm(nullptr, text.c_str(), 0);
    char* at = take(sizeof(Text) + size + 1);
    auto* collated = new (at) Text{size, added_++};
    std::strxfrm(at + sizeof(Text), text.c_str(), size + 1);
    return collated;
}

}  // namespace keel::generic
