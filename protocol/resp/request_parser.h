// SPDX-License-Identifier: BSD-3-Clause
//
// Finds the requests in what a client sends. Two forms:
//
//     *2\r\n$3\r\nGET\r\n$3\r\nkey\r\n       multibulk: counts and lengths first, any bytes inside
//     GET key\r\n                            inline: words of a line, quotes as in protocol/base/words.h
//
// The parser owns no buffer. Each call of next() is given the input from the first byte that no finished request has
// used; the bytes may have moved since the last call, and more may stand behind them. What was learned about a request
// that has not arrived in full is kept as offsets, so pieces of any size cost linear time in all.
//
//     while (list_has_room) {
//         switch (parser.next(input, list)) {
//             case Outcome::complete:   batch.push_back(parser.request()); break;
//             case Outcome::incomplete: want_more = true; break;
//             case Outcome::error:      failed = true; break;      // answer parser.error() after the batch, then close
//         }
//         input.remove_prefix(parser.consumed());                  // after incomplete too: blank requests are skipped
//     }
//
// A large argument (32 KiB and more) that has not arrived in full need not pass through the input buffer. After
// `incomplete` the caller may hand in a block and read straight into it:
//
//     if (auto length = parser.large_argument()) {
//         parser.adopt(LargeBlock{*length, headroom}, input);      // copies what has arrived of this request
//         input = {};                                              // all of it: the buffer is free
//     }
//     ...
//     if (auto room = parser.wanted(); !room.empty()) parser.filled(read(socket, room));
//     else input = (the usual buffer, read from the socket);
//     parser.next(input, list);                                    // also with an empty input: it may be complete now
//
// The handler of such a request can take the block out of the ArgumentList and keep it as the value.
//
// Always true:
//   1. However the input is cut, the same requests and the same error come out.
//   2. What comes out of multibulk has one encoding: lengths without sign or leading zero, and every CRLF in place
//      (Redis looks at neither byte after a bulk). So `raw` can be logged and sent to replicas as it came.
//   3. Memory held for an incomplete request is in proportion to the bytes that arrived, not to the announced count.
//
// While a client is not authenticated the caller takes one request at a time, or the limits that AUTH lifts would be
// applied to what follows it in the same packet.
//
// Not here: reading, and the bound on the input buffer's size (server/net).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/resp/argument_list.h"

namespace keel {

struct RequestLimits {
    std::size_t max_bulk_bytes = 512 * 1024 * 1024;  // proto-max-bulk-len
    std::size_t max_arguments = 0x7fffffff;
    std::size_t max_line_bytes = 64 * 1024;  // an inline request, or the line of a count or length
    bool authenticated = true;               // false: at most 10 arguments of at most 16 KiB
};

// One request: arguments [first, first + count) of the list it was parsed into.
struct Request {
    std::size_t first = 0;
    std::size_t count = 0;
    Bytes raw;  // its multibulk encoding inside the input; empty if it came otherwise (inline, or with a large block)
};

class RequestParser {
  public:
    enum class Outcome { complete, incomplete, error };

    static constexpr std::size_t kLargeArgument = 32 * 1024;
    static constexpr std::size_t kUnauthenticatedArguments = 10;
    static constexpr std::size_t kUnauthenticatedBulk = 16 * 1024;

    explicit RequestParser(const RequestLimits& limits = {}) : limits_(limits) {}

    // Limits apply from the next count or length on.
    [[nodiscard]] RequestLimits& limits() noexcept { return limits_; }

    // Appends the arguments of the next request to `out`, or nothing if it is not complete or wrong.
    [[nodiscard]] Outcome next(Bytes input, ArgumentList& out) {
        if (stage_ == Stage::start) [[likely]] {
            if (parse_plain(input, out)) [[likely]]
                return Outcome::complete;
        }
        return parse_any(input, out);
    }

    // After complete: the request. After any outcome: how many bytes of the input are done with.
    [[nodiscard]] const Request& request() const noexcept { return request_; }
    [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

    // After error: the reply. The parser takes no more input until reset().
    [[nodiscard]] const Error& error() const noexcept { return *error_; }

    // After incomplete: the length of the argument under way, when it is large and no block was adopted for it.
    [[nodiscard]] std::optional<std::size_t> large_argument() const noexcept;

    // The argument under way goes to `block`, which has its length; `input` is what the last next() was given, less
    // what it consumed.
    void adopt(LargeBlock block, Bytes input);

    // Where the next bytes from the client belong: the rest of the adopted block; empty when that is full.
    [[nodiscard]] std::span<char> wanted() noexcept;
    void filled(std::size_t bytes) noexcept;

    // Ready for another client.
    void reset();

    // Bytes allocated for the request under way.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    enum class Stage : std::uint8_t { start, words, count, header, body, block, failed };
    enum class Step : std::uint8_t { on, wait, done, wrong };
    // An argument of the request under way: `size` bytes at `at` of the input, or at `kept`.
    struct Piece {
        const char* kept;
        std::size_t at;
        std::size_t size;
    };
    struct Adopted {
        std::size_t argument;
        LargeBlock block;
    };
    // What a few requests in a million need, allocated when first needed.
    struct Extras {
        std::vector<std::unique_ptr<char[]>> kept;
        std::vector<Adopted> adopted;
        std::size_t kept_bytes = 0;
        std::size_t filled = 0;  // of the last adopted block, CRLF included
    };

    bool parse_plain(Bytes input, ArgumentList& out);
    Outcome parse_any(Bytes input, ArgumentList& out);
    Step step(Bytes input, ArgumentList& out);
    Step step_start(Bytes input);
    Step step_words(Bytes input, ArgumentList& out);
    Step step_count(Bytes input);
    Step step_header(Bytes input);
    Step step_body(Bytes input);
    Step step_block();
    Step argument_done();
    Step find_line(Bytes input, char last, const ErrorText& too_long, Bytes& line);
    Step read_number(Bytes input, const ErrorText& too_long, const ErrorText& invalid, std::int64_t& value);
    Step fail(Error error);
    void finish(Bytes input, ArgumentList& out);
    void start_over() noexcept;

    RequestLimits limits_;
    Stage stage_ = Stage::start;
    std::size_t at_ = 0;         // where parsing goes on, from the first byte of the request under way
    std::size_t scanned_ = 0;    // no line end was found in that many bytes from at_ on
    std::size_t remaining_ = 0;  // arguments still to come
    std::size_t bulk_ = 0;       // length of the one under way
    std::vector<Piece> pieces_;
    std::unique_ptr<Extras> extras_;
    std::size_t consumed_ = 0;
    Request request_;
    std::optional<Error> error_;
};

}  // namespace keel
