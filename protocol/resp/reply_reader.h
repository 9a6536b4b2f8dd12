// SPDX-License-Identifier: BSD-3-Clause
//
// The client's side of the protocol: bytes of a server in, replies out as small trees. For links to a primary or a
// sentinel, for tools and for tests; all of RESP2, and RESP3 but its streamed strings and containers, which no server
// sends.
//
//     *2\r\n:1\r\n%1\r\n+k\r\n$1\r\nv\r\n    ->    array [ integer 1, map [ simple "k", bulk "v" ] ]
//
//     while (reader.next(input) == ReplyReader::Outcome::complete) {
//         input.remove_prefix(reader.consumed());
//         handle(reader.take());                              // a push may come between two replies
//     }
//     input.remove_prefix(reader.consumed());                 // after incomplete too: what is begun is kept inside
//
// Always true:
//   1. However the input is cut, the same values and the same error come out.
//   2. Between calls at most one unfinished line is left in the input; everything else was taken over.
//   3. Memory is in proportion to the bytes that arrived, never to an announced length.
//
// Not here: the payload of a full synchronization, which is not a reply ($ without a CRLF at its end).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

struct ReplyValue {
    enum class Kind : std::uint8_t {
        null,        // $-1 or _
        null_array,  // *-1
        simple,      // text
        error,       // text, without the '-' or the '!' and its length
        bulk,        // text
        verbatim,    // text, and its three-letter format
        big_number,  // text: its digits
        integer,     // integer
        boolean,     // integer: 0 or 1
        number,      // number
        array,       // elements
        set,         // elements
        map,         // elements: key, value, key, value, ...
        push,        // elements; only between replies
    };

    Kind kind = Kind::null;
    std::int64_t integer = 0;
    double number = 0;
    std::string text;
    std::string format;
    std::vector<ReplyValue> elements;
    std::vector<ReplyValue> attributes;  // key, value, ...: sent before this value (RESP3 '|')

    [[nodiscard]] bool is_error() const noexcept { return kind == Kind::error; }
    [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null || kind == Kind::null_array; }
    bool operator==(const ReplyValue&) const = default;
};

struct ReplyLimits {
    std::size_t max_depth = 64;                                   // containers inside one another
    std::size_t max_line_bytes = 64 * 1024;                       // of a simple string, an error or a number
    std::size_t max_bytes = std::size_t{2} * 1024 * 1024 * 1024;  // memory of one reply
};

class ReplyReader {
  public:
    enum class Outcome { complete, incomplete, error };

    explicit ReplyReader(const ReplyLimits& limits = {}) : limits_(limits) {}

    // Reads on, at most to the end of one reply. `input` begins where the last call's consumed() ended.
    [[nodiscard]] Outcome next(Bytes input);

    // After any outcome: how many bytes of the input are done with.
    [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

    // After complete, once: the reply.
    [[nodiscard]] ReplyValue take() noexcept { return std::move(done_); }

    // After error: what was wrong, and at which byte of the stream. The reader takes no more until reset().
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

    void reset();

  private:
    enum class Step { on, wait, done, wrong };
    // A container whose elements are arriving.
    struct Frame {
        ReplyValue value;
        std::size_t remaining;
        bool attribute;                      // it is itself the attributes of what follows
        std::vector<ReplyValue> attributes;  // came before the next element
    };

    Step step(Bytes rest);
    Step begin(char type, Bytes line);
    Step begin_text(char type, Bytes line);
    Step begin_container(char type, Bytes line);
    Step read_text(Bytes rest);
    Step finish(ReplyValue value);
    Step scalar(ReplyValue::Kind kind, std::int64_t value);
    std::optional<std::size_t> length_of(Bytes line);
    bool charge(std::size_t bytes);
    Step wrong(std::string what);

    ReplyLimits limits_;
    std::vector<Frame> frames_;
    std::vector<ReplyValue> attributes_;  // of the reply to come
    ReplyValue text_;                     // the string that is arriving
    std::size_t missing_ = 0;             // its bytes still to come, CRLF included; 0 when none is arriving
    std::size_t scanned_ = 0;             // no line end in that many bytes
    std::size_t charged_ = 0;             // memory of this reply so far
    std::size_t consumed_ = 0;
    std::uint64_t offset_ = 0;  // in the whole stream, of the first byte of `input`
    ReplyValue done_;
    std::string error_;
};

}  // namespace keel
