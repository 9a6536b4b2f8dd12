// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/writer.h"

#include <liblzf/lzf.h>

#include <algorithm>
#include <limits>

#include "datatypes/encodings/listpack.h"
#include "persistence/crc64.h"
#include "persistence/rdb/format.h"
#include "protocol/base/number.h"

namespace keel::rdb {

namespace {

constexpr std::size_t kIntegerText = 11;    // longer text is no integer of 32 bits
constexpr std::size_t kLeastSqueezed = 21;  // shorter text is left as it is
constexpr std::size_t kLeastSaved = 4;

bool is_int32(std::int64_t value) { return value == static_cast<std::int32_t>(value); }

}  // namespace

Writer::Writer(Options options, std::size_t room)
    : options_(options), buffer_(std::make_unique_for_overwrite<char[]>(room)), room_(room) {}

Writer::Writer(Options options, ByteSink& sink) : Writer(options, kRoom) { sink_ = &sink; }

// ---- The buffer ----

// Room for so many bytes, which count as written.
char* Writer::claim(std::size_t bytes) {
    if (room_ - used_ < bytes) [[unlikely]]
        grow(bytes);
    char* const at = buffer_.get() + used_;
    used_ += bytes;
    return at;
}

void Writer::grow(std::size_t more) {
    if (sink_ != nullptr) flush();
    if (room_ - used_ >= more) return;
    const std::size_t room = std::max(room_ * 2, used_ + more);
    auto fresh = std::make_unique_for_overwrite<char[]>(room);
    std::copy_n(buffer_.get(), used_, fresh.get());
    buffer_ = std::move(fresh);
    room_ = room;
}

void Writer::add_to_checksum() {
    if (options_.checksum) checksum_ = crc64({buffer_.get() + summed_, used_ - summed_}, checksum_);
    summed_ = used_;
}

std::uint64_t Writer::checksum() {
    add_to_checksum();
    return checksum_;
}

void Writer::hand_over(Bytes bytes) {
    flushed_ += bytes.size();
    if (status_ && !bytes.empty()) status_ = sink_->write(bytes);
}

void Writer::flush() {
    if (sink_ == nullptr) return;
    add_to_checksum();
    hand_over({buffer_.get(), used_});
    used_ = 0;
    summed_ = 0;
}

void Writer::raw(Bytes bytes) {
    if (sink_ != nullptr && bytes.size() >= kRoom) {
        flush();
        if (options_.checksum) checksum_ = crc64(bytes, checksum_);
        return hand_over(bytes);
    }
    copy_short(claim(bytes.size()), bytes);
}

// ---- Words of the format ----

// A first byte, then so many bytes of the value, the highest first.
void Writer::put_head(std::uint8_t kind, std::uint64_t value, unsigned bytes) {
    char* at = claim(1 + bytes);
    *at++ = static_cast<char>(kind);
    for (; bytes > 0; --bytes) *at++ = static_cast<char>(value >> (8 * (bytes - 1)));
}

void Writer::length(std::uint64_t value) {
    if (value < 64)
        *claim(1) = static_cast<char>(kLength6 | value);
    else if (value < 16384)
        put_head(static_cast<std::uint8_t>(kLength14 | value >> 8), value & 255, 1);
    else if (value <= std::numeric_limits<std::uint32_t>::max())
        put_head(kLength32, value, 4);
    else
        put_head(kLength64, value, 8);
}

void Writer::integer_string(std::int64_t integer) {
    if (!is_int32(integer)) {
        char digits[kIntegerChars];
        const std::size_t size = write_integer(digits, integer);
        length(size);
        return raw({digits, size});
    }
    const unsigned code = integer == static_cast<std::int8_t>(integer)    ? kInt8
                          : integer == static_cast<std::int16_t>(integer) ? kInt16
                                                                          : kInt32;
    const unsigned bytes = 1U << code;
    char* at = claim(1 + bytes);
    *at++ = static_cast<char>(kEncoded | code);
    for (unsigned i = 0; i < bytes; ++i) *at++ = static_cast<char>(integer >> (8 * i));
}

void Writer::string(Bytes text) {
    if (text.size() <= kIntegerText) {
        if (const auto integer = listpack_integer(text); integer && is_int32(*integer)) return integer_string(*integer);
    } else if (options_.squeeze && text.size() >= kLeastSqueezed && put_squeezed(text)) {
        return;
    }
    length(text.size());
    raw(text);
}

bool Writer::put_squeezed(Bytes text) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max() / 2) return false;
    const std::size_t most = text.size() - kLeastSaved;
    if (most > squeezed_room_) {
        squeezed_room_ = std::max<std::size_t>(most, 4096);
        squeezed_ = std::make_unique_for_overwrite<char[]>(squeezed_room_);
    }
    const unsigned bytes =
        lzf_compress(text.data(), static_cast<unsigned>(text.size()), squeezed_.get(), static_cast<unsigned>(most));
    if (bytes == 0) return false;
    squeezed_string({squeezed_.get(), bytes}, text.size());
    if (squeezed_room_ > kRoom) {  // not kept for one large string
        squeezed_.reset();
        squeezed_room_ = 0;
    }
    return true;
}

void Writer::squeezed_string(Bytes lzf, std::size_t bytes) {
    *claim(1) = static_cast<char>(kEncoded | kLzf);
    length(lzf.size());
    length(bytes);
    raw(lzf);
}

}  // namespace keel::rdb
