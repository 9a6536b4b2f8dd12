// SPDX-License-Identifier: BSD-3-Clause
#include "server/transaction.h"

namespace keel {

void CommandQueue::add(const Call& call) {
    Item& item = items_.emplace_back();
    item.command = call.command;
    item.first_key_hash = call.first_key_hash;
    item.first_key_at = call.first_key_at;
    item.request_bytes = call.request_bytes;
    item.first_word = static_cast<std::uint32_t>(words_.size());
    item.word_count = static_cast<std::uint32_t>(call.words.size());
    if (!call.raw.empty()) [[likely]] {
        const std::size_t at = bytes_.size();
        item.raw = {at, call.raw.size()};
        bytes_ += call.raw;
        for (const Bytes word : call.words)
            words_.push_back({at + static_cast<std::size_t>(word.data() - call.raw.data()), word.size()});
        return;
    }
    for (const Bytes word : call.words) {
        words_.push_back({bytes_.size(), word.size()});
        bytes_ += word;
    }
}

std::size_t CommandQueue::memory_bytes() const {
    return bytes_.capacity() + words_.capacity() * sizeof(Slice) + items_.capacity() * sizeof(Item);
}

void CommandQueue::unpack(std::vector<Bytes>& words, std::vector<Call>& calls) const {
    words.clear();
    calls.clear();
    for (const Slice& slice : words_) words.push_back(Bytes{bytes_}.substr(slice.at, slice.size));
    for (const Item& item : items_) {
        Call& call = calls.emplace_back();
        call.words = std::span{words}.subspan(item.first_word, item.word_count);
        call.command = item.command;
        call.first_key_hash = item.first_key_hash;
        call.first_key_at = item.first_key_at;
        call.request_bytes = item.request_bytes;
        call.raw = Bytes{bytes_}.substr(item.raw.at, item.raw.size);
    }
}

void CommandQueue::clear() {
    bytes_.clear();
    words_.clear();
    items_.clear();
}

void Transaction::reset() {
    open = aborted = broken = false;
    flags = Flag::none;
    queue.clear();
    watched.clear();
}

std::size_t Transaction::memory_bytes() const {
    std::size_t bytes = sizeof(Transaction) + queue.memory_bytes() + watched.capacity() * sizeof(WatchedKey);
    for (const WatchedKey& key : watched) bytes += key.spot.key.capacity();
    return bytes;
}

}  // namespace keel
