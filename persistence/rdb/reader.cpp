// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "datatypes/encodings/lzf.h"
#include "persistence/crc64.h"
#include "persistence/rdb/format.h"
#include "protocol/base/number.h"

namespace keel::rdb {

namespace {

constexpr ErrorText kBadLength{"a length has an unknown form"};
constexpr ErrorText kNotLength{"a string stands where a length should"};
constexpr ErrorText kBadEncoding{"a string has an unknown encoding"};
constexpr ErrorText kBadLzf{"a squeezed string is damaged"};

std::uint64_t big(const char* at, unsigned bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0; --bytes) value = value << 8 | static_cast<std::uint8_t>(*at++);
    return value;
}

}  // namespace

Reader::Reader(Bytes memory)
    : at_(memory.data()), end_(memory.data() + memory.size()), summed_(at_), end_offset_(memory.size()) {}

Reader::Reader(ByteSource& source, std::uint64_t bytes)
    : source_(&source), buffer_(std::make_unique_for_overwrite<char[]>(kRoom)), room_(kRoom), beyond_(bytes) {
    at_ = end_ = summed_ = buffer_.get();
}

// ---- The window ----

void Reader::add_to_checksum() {
    if (sums_) checksum_ = crc64({summed_, static_cast<std::size_t>(at_ - summed_)}, checksum_);
    summed_ = at_;
}

std::uint64_t Reader::checksum() {
    add_to_checksum();
    return checksum_;
}

// The window moves to the front of a buffer that has room for so many bytes.
void Reader::make_room(std::size_t bytes) {
    add_to_checksum();
    const std::size_t here = window();
    const std::size_t room = std::max(bytes, kRoom);
    if (room > room_ || (room == kRoom && room_ > kRoom)) {  // a large one is not kept
        auto fresh = std::make_unique_for_overwrite<char[]>(room);
        std::memcpy(fresh.get(), at_, here);
        buffer_ = std::move(fresh);
        room_ = room;
    } else {
        std::memmove(buffer_.get(), at_, here);
    }
    at_ = summed_ = buffer_.get();
    end_ = at_ + here;
}

// Makes the window hold that many bytes.
Status Reader::fill(std::size_t bytes) {
    if (source_ == nullptr || bytes > left()) return kCutShort;
    make_room(bytes);
    while (window() < bytes) {
        const auto room = static_cast<std::size_t>(buffer_.get() + room_ - end_);
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(room, beyond_));
        if (wanted == 0) return kCutShort;
        KEEL_TRY(const std::size_t got, source_->read(const_cast<char*>(end_), wanted));
        if (got == 0) {
            beyond_ = 0;
            return kCutShort;
        }
        end_ += got;
        end_offset_ += got;
        beyond_ -= got;
    }
    return {};
}

Result<bool> Reader::at_end() {
    if (window() > 0) return false;
    if (source_ == nullptr || beyond_ == 0) return true;
    if (const Status more = fill(1); !more && !more.error().is(kCutShort)) return more.error();
    return window() == 0;
}

Result<std::uint8_t> Reader::peek() {
    KEEL_TRY(need(1));
    return static_cast<std::uint8_t>(*at_);
}

Result<Bytes> Reader::raw(std::size_t bytes) {
    KEEL_TRY(need(bytes));
    const Bytes out{at_, bytes};
    at_ += bytes;
    return out;
}

// ---- Words of the format ----

Result<Reader::Head> Reader::head() {
    KEEL_TRY(need(1));
    const auto first = static_cast<std::uint8_t>(*at_);
    if (first < kLength14) [[likely]] {
        ++at_;
        return Head{first, false};
    }
    if (first >= kEncoded) {
        ++at_;
        return Head{first & 63U, true};
    }
    if (first >= kLength32 && first != kLength32 && first != kLength64) return kBadLength;
    const unsigned bytes = first < kLength32 ? 1 : first == kLength32 ? 4 : 8;
    KEEL_TRY(need(1 + bytes));
    std::uint64_t value = big(at_ + 1, bytes);
    if (first < kLength32) value |= std::uint64_t{first & 63U} << 8;
    at_ += 1 + bytes;
    return Head{value, false};
}

Result<std::uint64_t> Reader::length() {
    KEEL_TRY(const Head head, this->head());
    if (head.encoded) return kNotLength;
    return head.value;
}

Result<Bytes> Reader::take(std::uint64_t bytes) {
    if (bytes > left()) return kCutShort;
    return raw(static_cast<std::size_t>(bytes));
}

// A long string goes straight into its block.
Result<BlockPtr> Reader::take_block(std::uint64_t bytes) {
    if (bytes > left()) return kCutShort;
    BlockPtr block{Block::make(static_cast<std::size_t>(bytes))};
    block->size = bytes;
    char* to = block->data();
    while (bytes > 0) {
        KEEL_TRY(need(1));
        const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(window(), bytes));
        std::memcpy(to, at_, here);
        at_ += here;
        to += here;
        bytes -= here;
    }
    return block;
}

Result<Bytes> Reader::string() {
    KEEL_TRY(const Head head, this->head());
    return head.encoded ? encoded(head.value) : take(head.value);
}

Result<Loader::Text> Reader::text(std::size_t most) {
    KEEL_TRY(const Head head, this->head());
    if (!head.encoded && head.value > most) {
        KEEL_TRY(BlockPtr block, take_block(head.value));
        const Bytes view = block->bytes();
        return Text{view, std::move(block)};
    }
    KEEL_TRY(const Bytes view, head.encoded ? encoded(head.value) : take(head.value));
    if (view.size() <= most) return Text{view, nullptr};
    BlockPtr block{Block::copy_of(view, view.size())};
    const Bytes copy = block->bytes();
    return Text{copy, std::move(block)};
}

Result<Bytes> Reader::encoded(std::uint64_t code) {
    if (code == kLzf) return unfold();
    if (code > kInt32) return kBadEncoding;
    const unsigned bytes = 1U << code;
    KEEL_TRY(const Bytes raw, this->raw(bytes));
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(raw[i]);
    const unsigned shift = 64 - 8 * bytes;
    const std::int64_t integer = static_cast<std::int64_t>(value << shift) >> shift;
    return Bytes{digits_, write_integer(digits_, integer)};
}

Result<Bytes> Reader::unfold() {
    KEEL_TRY(const std::uint64_t squeezed, length());
    KEEL_TRY(const std::uint64_t bytes, length());
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    if (squeezed > left()) return kCutShort;
    if (squeezed > kMost || bytes > kMost || bytes == 0) return kBadLzf;
    if (!may_unfold_to(static_cast<std::size_t>(squeezed), bytes)) return kBadLzf;
    KEEL_TRY(const Bytes from, take(squeezed));
    constexpr std::size_t kSpare = 64;  // lets lzf_unfold write more than asked
    if (bytes + kSpare > unfolded_room_ || (unfolded_room_ > kRoom && bytes + kSpare <= kRoom)) {
        unfolded_room_ = std::max<std::size_t>(static_cast<std::size_t>(bytes) + kSpare, 4096);
        unfolded_ = std::make_unique_for_overwrite<char[]>(unfolded_room_);
    }
    if (!lzf_unfold(from, unfolded_.get(), static_cast<std::size_t>(bytes), unfolded_room_)) return kBadLzf;
    return Bytes{unfolded_.get(), static_cast<std::size_t>(bytes)};
}

}  // namespace keel::rdb
