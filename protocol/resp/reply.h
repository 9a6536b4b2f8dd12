// SPDX-License-Identifier: BSD-3-Clause
//
// Writes replies to a client's OutputBuffer, in the protocol that the client chose. A handler says what it means
// (a map, a null, a double) and RESP2 or RESP3 bytes come out:
//
//     call           RESP2            RESP3             call            RESP2            RESP3
//     ok()           +OK              +OK               map(n)          *2n              %n
//     integer(7)     :7               :7                set(n)          *n               ~n
//     bulk("ab")     $2 ab            $2 ab             push(n)         *n               >n
//     null()         $-1              _                 number(0.5)     $3 0.5           ,0.5
//     null_array()   *-1              _                 boolean(true)   :1               #t
//     array(n)       *n               *n                big_number(d)   $.. digits       (digits
//     error("E x")   -E x             -E x              verbatim("txt", "ab")  $2 ab     =6 txt:ab
//
// Containers announce their length and the elements follow; when the length is not known before, deferred_array()
// and its sisters hand back a DeferredLength that is told the count afterwards.
//
// Always true:
//   1. Every call writes exactly one whole reply element, or nothing when muted.
//   2. errors_written() and last_error() count errors also when muted.
//   3. A bulk is copied at most once: straight into the chunk it leaves in. A large one that lies in a Block is not
//      copied at all.
//
// Not here: the bytes' way to the socket (output_buffer.h, server/net).
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/number.h"
#include "protocol/base/result.h"
#include "protocol/resp/output_buffer.h"

namespace keel {

// A container whose length is not known yet. end() must be called exactly once, after its elements were written and
// after the end of every container begun inside it. `count` counts elements, or pairs for a map.
class [[nodiscard]] DeferredLength {
  public:
    void end(std::size_t count);

  private:
    friend class Reply;
    OutputBuffer* out_ = nullptr;  // null: muted
    OutputBuffer::Mark mark_{};
    char prefix_ = 0;
    bool doubled_ = false;
};

class Reply {
  public:
    // `out` is lent and outlives the Reply. `protocol` is 2 or 3.
    explicit Reply(OutputBuffer& out, int protocol = 2) noexcept : out_(&out), protocol_(protocol) {}

    [[nodiscard]] int protocol() const noexcept { return protocol_; }
    void set_protocol(int protocol) noexcept { protocol_ = protocol; }

    // CLIENT REPLY OFF and SKIP: what is written while muted is discarded.
    [[nodiscard]] bool muted() const noexcept { return muted_; }
    void set_muted(bool muted) noexcept { muted_ = muted; }

    [[nodiscard]] OutputBuffer& output() noexcept { return *out_; }

    void ok() { put_text("+OK\r\n"); }
    void queued() { put_text("+QUEUED\r\n"); }
    void pong() { put_text("+PONG\r\n"); }
    void simple(Bytes text);  // must not hold CR or LF

    void integer(std::int64_t value) {
        if (static_cast<std::uint64_t>(value) < kShortHeaders) [[likely]]
            return put_header<':'>(value);
        long_header(':', value);
    }

    void bulk(Bytes bytes) {
        if (bytes.size() < kShortHeaders) [[likely]] {
            if (muted_) [[unlikely]]
                return;
            char* const start = out_->reserve(bytes.size() + kShortBulkMore);
            return out_->commit(static_cast<std::size_t>(store_bulk(bytes, start) - start));
        }
        long_bulk('$', {}, bytes);
    }
    void bulk(const char* text) { bulk(Bytes{text}); }
    // The block's bytes, which the reply refers to until they were sent if they are many: Block::shared() then.
    void bulk(Block& block) {
        if (block.size < OutputBuffer::kLarge) return bulk(block.bytes());
        shared_bulk(block);
    }
    template <std::integral T>
    requires(!std::same_as<T, bool>) void bulk(T value) {  // its decimal digits as a bulk
        bulk_digits(static_cast<std::int64_t>(value));
    }

    void null() {
        if (protocol_ == 3)
            put_text("_\r\n");
        else
            put_text("$-1\r\n");
    }
    void null_array() {
        if (protocol_ == 3)
            put_text("_\r\n");
        else
            put_text("*-1\r\n");
    }

    void array(std::size_t count) {
        if (count < kShortHeaders) [[likely]]
            return put_header<'*'>(static_cast<std::int64_t>(count));
        long_header('*', static_cast<std::int64_t>(count));
    }
    void empty_array() { put_text("*0\r\n"); }
    void map(std::size_t pairs) { container(protocol_ == 3 ? '%' : '*', protocol_ == 3 ? pairs : 2 * pairs); }
    void set(std::size_t count) { container(protocol_ == 3 ? '~' : '*', count); }
    void push(std::size_t count) { container(protocol_ == 3 ? '>' : '*', count); }
    void attribute(std::size_t pairs);  // only in RESP3: ask protocol() first

    void number(double value);
    void big_number(Bytes digits);
    void boolean(bool value);
    void verbatim(Bytes format, Bytes text);  // `format` is three characters, "txt" or "mkd"

    // The text begins with its code ("ERR ..."). A text of a user that breaks the line is kept on it.
    void error(const Error& error) { this->error(error.text()); }
    void error(const ErrorText& error) { this->error(error.text); }
    void error(Bytes text);

    [[nodiscard]] DeferredLength deferred_array() { return defer('*', false); }
    [[nodiscard]] DeferredLength deferred_map() { return defer(protocol_ == 3 ? '%' : '*', protocol_ != 3); }
    [[nodiscard]] DeferredLength deferred_set() { return defer(protocol_ == 3 ? '~' : '*', false); }
    [[nodiscard]] DeferredLength deferred_push() { return defer(protocol_ == 3 ? '>' : '*', false); }

    // Whole replies, encoded elsewhere.
    void raw(Bytes encoded) {
        if (!muted_) out_->append(encoded);
    }
    void raw(const SharedChunk& encoded) {
        if (!muted_) out_->append_shared(encoded);
    }

    // How many errors were written, and the text of the last one (empty if none).
    [[nodiscard]] std::uint64_t errors_written() const noexcept { return errors_written_; }
    [[nodiscard]] Bytes last_error() const noexcept { return last_error_; }

  private:
    friend class BulkRun;
    // Headers of small numbers are looked up: the text "?12\r\n" in the low bytes of a word, its length in the top one.
    static constexpr std::size_t kShortHeaders = 256;
    using HeaderTable = std::array<std::uint64_t, kShortHeaders>;
    static const HeaderTable kHeaders;

    // Writes 8 bytes, of which the header is the first ones; returns how many.
    static std::size_t store_header(char prefix, std::size_t value, char* to) noexcept {
        const std::uint64_t word = kHeaders[value];
        store_le(to, word | static_cast<std::uint8_t>(prefix));
        return word >> 56;
    }
    // A short bulk takes at most 7 bytes before its text and 2 behind; one more because a header is stored as a word
    // of 8.
    static constexpr std::size_t kShortBulkMore = 10;
    // Writes a short bulk; returns its end.
    [[gnu::always_inline]] static char* store_bulk(Bytes bytes, char* to) noexcept {
        to += store_header('$', bytes.size(), to);
        copy_short(to, bytes);
        to += bytes.size();
        std::memcpy(to, "\r\n", 2);
        return to + 2;
    }
    static Bytes digits_of(std::int64_t value, char (&digits)[kIntegerChars]) noexcept {
        const std::size_t size = write_integer(digits, value);
        if (size > sizeof digits) __builtin_unreachable();  // else GCC warns of a copy of 32 bytes
        return {digits, size};
    }
    template <char kPrefix>
    void put_header(std::int64_t value) {
        if (muted_) [[unlikely]]
            return;
        out_->commit(store_header(kPrefix, static_cast<std::size_t>(value), out_->reserve(8)));
    }
    template <std::size_t kSize>
    void put_text(const char (&text)[kSize]) {
        if (muted_) [[unlikely]]
            return;
        std::memcpy(out_->reserve(kSize - 1), text, kSize - 1);
        out_->commit(kSize - 1);
    }
    void container(char prefix, std::size_t count) { long_header(prefix, static_cast<std::int64_t>(count)); }
    void long_header(char prefix, std::int64_t value);
    void bulk_digits(std::int64_t value);
    void long_bulk(char prefix, Bytes before, Bytes bytes);
    void shared_bulk(Block& block);
    void line(char prefix, Bytes text);
    DeferredLength defer(char prefix, bool doubled);

    OutputBuffer* out_;
    int protocol_;
    bool muted_ = false;
    std::uint64_t errors_written_ = 0;
    std::string last_error_;
};

// Many bulks in a row. What is looked up for each of Reply's bulks is looked up once, and where the next byte goes
// stays in a register. While a run lives nothing else writes to its reply.
class BulkRun {
  public:
    explicit BulkRun(Reply& reply) noexcept : reply_(reply), room_(room_of(reply)) {}
    BulkRun(const BulkRun&) = delete;
    BulkRun& operator=(const BulkRun&) = delete;
    ~BulkRun() { reply_.out_->commit(static_cast<std::size_t>(room_.to - room_.start)); }

    [[gnu::always_inline]] void bulk(Bytes bytes) {
        const auto left = static_cast<std::size_t>(room_.end - room_.to);
        if (bytes.size() < Reply::kShortHeaders && bytes.size() + Reply::kShortBulkMore <= left) [[likely]]
            room_.to = Reply::store_bulk(bytes, room_.to);
        else
            room_ = bulk_elsewhere(reply_, room_, bytes);
    }
    template <std::integral T>
    requires(!std::same_as<T, bool>) void bulk(T value) {
        char digits[kIntegerChars];
        bulk(Reply::digits_of(static_cast<std::int64_t>(value), digits));
    }

  private:
    struct Room {
        char* start;  // of what the buffer does not know yet
        char* to;
        char* end;
    };
    // A muted reply has none: all goes the long way, which drops it.
    static Room room_of(Reply& reply) {
        char* const at = reply.out_->reserve(0);
        return {at, at, reply.muted_ ? at : at + reply.out_->room()};
    }
    static Room bulk_elsewhere(Reply& reply, Room room, Bytes bytes);

    Reply& reply_;
    Room room_;
};

inline constexpr Reply::HeaderTable Reply::kHeaders = [] {
    HeaderTable table{};
    for (std::size_t n = 0; n < kShortHeaders; ++n) {
        std::uint64_t word = 0;
        unsigned at = 8;  // the first byte is the prefix's
        const auto put = [&](std::uint64_t c) {
            word |= c << at;
            at += 8;
        };
        if (n >= 100) put('0' + n / 100);
        if (n >= 10) put('0' + n / 10 % 10);
        put('0' + n % 10);
        put('\r');
        put('\n');
        table[n] = word | std::uint64_t{at / 8} << 56;
    }
    return table;
}();

}  // namespace keel
