// SPDX-License-Identifier: BSD-3-Clause
//
// The request parser on hostile input: whole, and cut into pieces whose sizes are taken from the input itself, with
// and without large arguments going to blocks of their own. All must hear the same requests and the same error, and
// what came as multibulk must have one encoding.
//
//     | flags | piece sizes ... (up to 8 bytes) | the bytes of a client |
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/resp/request_parser.h"
#include "protocol/resp/request_writer.h"

using namespace keel;

namespace {

using Outcome = RequestParser::Outcome;

struct Heard {
    std::vector<std::vector<std::string>> requests;
    std::string error;
    bool operator==(const Heard&) const = default;
};

class Listener {
  public:
    Listener(const RequestLimits& limits, bool adopting) : parser_(limits), adopting_(adopting) {}

    void arrive(Bytes piece) {
        while (!piece.empty() && heard.error.empty()) {
            if (const auto room = parser_.wanted(); !room.empty()) {
                const std::size_t n = std::min(room.size(), piece.size());
                std::copy_n(piece.data(), n, room.data());
                parser_.filled(n);
                piece.remove_prefix(n);
            } else {
                buffer_.insert(buffer_.end(), piece.begin(), piece.end());
                buffer_.shrink_to_fit();  // moves, so that a view kept too long is seen
                piece = {};
            }
            parse();
        }
    }

    Heard heard;

  private:
    void parse() {
        std::size_t used = 0;
        for (;;) {
            const Bytes input = Bytes{buffer_.data(), buffer_.size()}.substr(used);
            const Outcome outcome = parser_.next(input, list_);
            KEEL_CHECK(parser_.consumed() <= input.size());
            used += parser_.consumed();
            if (outcome == Outcome::error) heard.error = parser_.error().text();
            if (outcome != Outcome::complete) break;
            take(parser_.request());
        }
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used));
        // Announced lengths are believed here, as the server does: the block is only touched where bytes arrive.
        const auto large = adopting_ ? parser_.large_argument() : std::nullopt;
        if (!large) return;
        parser_.adopt(LargeBlock{*large, 0}, Bytes{buffer_.data(), buffer_.size()});
        buffer_.clear();
    }

    void take(const Request& request) {
        const auto words = list_.view(request.first, request.count);
        if (!request.raw.empty()) {
            std::string again;
            append_request(again, words);
            KEEL_CHECK(again == request.raw);
        }
        heard.requests.emplace_back(words.begin(), words.end());
        list_.clear();
    }

    RequestParser parser_;
    bool adopting_;
    ArgumentList list_;
    std::vector<char> buffer_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 9) return 0;
    RequestLimits limits;
    limits.max_bulk_bytes = 256 * 1024;
    limits.authenticated = (data[0] & 1) != 0;
    if ((data[0] & 2) != 0) limits.max_line_bytes = 20;
    const std::uint8_t* const sizes = data + 1;
    const Bytes input{reinterpret_cast<const char*>(data + 9), size - 9};

    Listener whole{limits, false};
    whole.arrive(input);
    for (const bool adopting : {false, true}) {
        Listener cut{limits, adopting};
        for (std::size_t at = 0, i = 0; at < input.size(); ++i) {
            const std::size_t piece = 1 + sizes[i % 8];
            cut.arrive(input.substr(at, piece));
            at += piece;
        }
        KEEL_CHECK(cut.heard == whole.heard);
    }
    return 0;
}
