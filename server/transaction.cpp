// SPDX-License-Identifier: BSD-3-Clause
#include "server/transaction.h"

#include <algorithm>
#include <cstring>

namespace keel {

namespace {
constexpr std::size_t kPieceBytes = std::size_t{16} << 10;
}  // namespace

void CommandQueue::add(const Call& call) {
    keep();  // what came before it
    copy(call);
}

void CommandQueue::keep() {
    for (const Call* call : lent_) copy(*call);
    lent_.clear();
}

// Where so many bytes may be put and stay.
char* CommandQueue::room_for(std::size_t bytes) {
    if (pieces_.empty() || pieces_.back().capacity() - pieces_.back().size() < bytes)
        pieces_.emplace_back().reserve(std::max(bytes, kPieceBytes));
    std::string& piece = pieces_.back();
    const std::size_t at = piece.size();
    piece.resize(at + bytes);
    return piece.data() + at;
}

void CommandQueue::copy(const Call& call) {
    const auto place = [this](Bytes bytes) {
        char* const at = room_for(bytes.size());
        std::memcpy(at, bytes.data(), bytes.size());
        return at;
    };
    Call& queued = calls_.emplace_back(call);
    queued.list = nullptr;
    queued.first_word = words_.size();
    queued.ahead = nullptr;
    queued.stays = false;
    if (call.raw.empty()) [[unlikely]] {
        for (const Bytes word : call.words) words_.emplace_back(place(word), word.size());
        return;
    }
    const char* const raw = place(call.raw);
    queued.raw = {raw, call.raw.size()};
    for (const Bytes word : call.words) words_.emplace_back(raw + (word.data() - call.raw.data()), word.size());
}

std::size_t CommandQueue::memory_bytes() const {
    std::size_t bytes = words_.capacity() * sizeof(Bytes) + calls_.capacity() * sizeof(Call) +
                        lent_.capacity() * sizeof(Call*) + pieces_.capacity() * sizeof(std::string);
    for (const std::string& piece : pieces_) bytes += piece.capacity();
    return bytes;
}

std::span<Call> CommandQueue::kept() {
    for (Call& call : calls_) call.words = std::span<const Bytes>{words_}.subspan(call.first_word, call.words.size());
    return calls_;
}

void CommandQueue::clear() {
    if (pieces_.size() > 1) pieces_.resize(1);
    if (!pieces_.empty()) pieces_.front().clear();
    words_.clear();
    calls_.clear();
    lent_.clear();
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
