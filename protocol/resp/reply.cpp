// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/reply.h"

#include "protocol/base/check.h"
#include "protocol/base/number.h"

namespace keel {

namespace {

// A prefix, the digits, CRLF. `to` has room for kHeaderBytes.
constexpr std::size_t kHeaderBytes = 1 + kIntegerChars + 2;
static_assert(kHeaderBytes <= OutputBuffer::kDeferredRoom);

std::size_t write_header(char* to, char prefix, std::int64_t value) {
    to[0] = prefix;
    const std::size_t end = 1 + write_integer(to + 1, value);
    std::memcpy(to + end, "\r\n", 2);
    return end + 2;
}

}  // namespace

void Reply::long_header(char prefix, std::int64_t value) {
    if (muted_) return;
    out_->commit(write_header(out_->reserve(kHeaderBytes), prefix, value));
}

// The CRLF stands in the two bytes that each block has to spare; other replies that refer to it have put the same
// there.
void Reply::shared_bulk(Block& block) {
    if (muted_) return;
    long_header('$', static_cast<std::int64_t>(block.size));
    std::memcpy(block.data() + block.size, "\r\n", 2);
    out_->append_block(block, block.size + 2);
}

// prefix, length, CRLF, `before`, `bytes`, CRLF. `before` is short.
void Reply::long_bulk(char prefix, Bytes before, Bytes bytes) {
    if (muted_) return;
    const std::size_t size = before.size() + bytes.size();
    const std::size_t most = kHeaderBytes + size + 2;
    if (out_->room() < most && most < OutputBuffer::kLarge) {  // across two chunks
        long_header(prefix, static_cast<std::int64_t>(size));
        out_->append(before);
        out_->append(bytes);
        out_->append("\r\n");
        return;
    }
    char* const start = out_->room() < most ? out_->reserve_large(most) : out_->reserve(most);
    char* to = start + write_header(start, prefix, static_cast<std::int64_t>(size));
    for (const Bytes part : {before, bytes, Bytes{"\r\n"}}) {
        if (!part.empty()) std::memcpy(to, part.data(), part.size());
        to += part.size();
    }
    out_->commit(static_cast<std::size_t>(to - start));
}

void Reply::line(char prefix, Bytes text) {
    if (muted_) return;
    char* const start = out_->reserve(text.size() + 3);
    char* to = start;
    *to++ = prefix;
    for (const char c : text) *to++ = c == '\r' || c == '\n' ? ' ' : c;
    std::memcpy(to, "\r\n", 2);
    out_->commit(text.size() + 3);
}

void Reply::simple(Bytes text) { line('+', text); }

void Reply::error(Bytes text) {
    ++errors_written_;
    last_error_.assign(text);
    line('-', text);
}

void Reply::bulk_digits(std::int64_t value) {
    char digits[kIntegerChars];
    bulk(digits_of(value, digits));
}

BulkRun::Room BulkRun::bulk_elsewhere(Reply& reply, Room room, Bytes bytes) {
    reply.out_->commit(static_cast<std::size_t>(room.to - room.start));
    reply.bulk(bytes);
    return room_of(reply);
}

void Reply::attribute(std::size_t pairs) {
    KEEL_DCHECK(protocol_ == 3);
    long_header('|', static_cast<std::int64_t>(pairs));
}

void Reply::number(double value) {
    char digits[kDoubleChars];
    const Bytes text{digits, write_double(digits, value)};
    if (protocol_ == 3)
        line(',', text);
    else
        bulk(text);
}

void Reply::big_number(Bytes digits) {
    if (protocol_ == 3)
        line('(', digits);
    else
        bulk(digits);
}

void Reply::boolean(bool value) {
    if (protocol_ != 3) return integer(value ? 1 : 0);
    if (value)
        put_text("#t\r\n");
    else
        put_text("#f\r\n");
}

void Reply::verbatim(Bytes format, Bytes text) {
    KEEL_DCHECK(format.size() == 3);
    if (protocol_ != 3) return bulk(text);
    const char before[] = {format[0], format[1], format[2], ':'};
    long_bulk('=', Bytes{before, sizeof before}, text);
}

DeferredLength Reply::defer(char prefix, bool doubled) {
    DeferredLength length;
    if (muted_) return length;
    length.out_ = out_;
    length.mark_ = out_->begin_deferred();
    length.prefix_ = prefix;
    length.doubled_ = doubled;
    return length;
}

void DeferredLength::end(std::size_t count) {
    if (!out_) return;
    char header[kHeaderBytes];
    const auto elements = static_cast<std::int64_t>(doubled_ ? 2 * count : count);
    std::exchange(out_, nullptr)->end_deferred(mark_, Bytes{header, write_header(header, prefix_, elements)});
}

}  // namespace keel
