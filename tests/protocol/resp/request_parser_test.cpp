// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/request_parser.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;

namespace {

using Outcome = RequestParser::Outcome;
using Words = std::vector<std::string>;

// What came out of an input: every request with its raw bytes, and the error, if any.
struct Heard {
    std::vector<Words> requests;
    std::string error;
    bool operator==(const Heard&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Heard& heard) {
    for (const Words& words : heard.requests) {
        out << "[";
        for (const std::string& word : words) out << " '" << word.substr(0, 40) << "'";
        out << " ]";
    }
    return out << " error: " << heard.error;
}

std::string encode(const Words& words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return text;
}

// A client's side of a connection, as server/net has it: bytes arrive in pieces, land in a buffer that moves, or in a
// block of their own when `adopting`.
class Listener {
  public:
    explicit Listener(const RequestLimits& limits = {}, bool adopting = false) : parser_(limits), adopting_(adopting) {}

    void arrive(Bytes piece) {
        while (!piece.empty() && heard.error.empty()) {
            if (const auto room = parser_.wanted(); !room.empty()) {
                const std::size_t n = std::min(room.size(), piece.size());
                std::copy_n(piece.data(), n, room.data());
                parser_.filled(n);
                piece.remove_prefix(n);
            } else {
                buffer_ = std::string{buffer_} + std::string{piece};  // at another address each time
                buffer_.shrink_to_fit();
                piece = {};
            }
            parse();
        }
    }

    Heard heard;
    std::size_t blocks = 0;
    std::size_t waiting() const { return buffer_.size(); }
    RequestParser& parser() { return parser_; }

  private:
    void parse() {
        std::size_t used = 0;
        for (;;) {
            const Outcome outcome = parser_.next(Bytes{buffer_}.substr(used), list_);
            used += parser_.consumed();
            if (outcome == Outcome::incomplete) break;
            if (outcome == Outcome::error) {
                heard.error = parser_.error().text();
                return;
            }
            take(parser_.request());
        }
        buffer_.erase(0, used);
        const auto large = adopting_ ? parser_.large_argument() : std::nullopt;
        if (large) {
            parser_.adopt(LargeBlock{*large, 24}, buffer_);
            buffer_.clear();
        }
    }

    void take(const Request& request) {
        Words words;
        for (const Bytes word : list_.view(request.first, request.count)) words.emplace_back(word);
        if (!request.raw.empty()) REQUIRE(request.raw == encode(words));
        for (std::size_t i = 0; i < request.count; ++i) {
            if (auto block = list_.take(request.first + i)) {
                REQUIRE(block->length() == words[i].size());
                REQUIRE(Bytes{block->bytes(), block->length()} == words[i]);
                REQUIRE(!list_.take(request.first + i));
                ++blocks;
            }
        }
        heard.requests.push_back(std::move(words));
        if (list_.size() > 20) list_.clear();
    }

    RequestParser parser_;
    bool adopting_;
    ArgumentList list_;
    std::string buffer_;
};

Heard whole(Bytes input, const RequestLimits& limits = {}) {
    Listener listener{limits};
    listener.arrive(input);
    return listener.heard;
}

// Cut once at every place, and into single bytes, the outcome is the same.
Heard split_everywhere(Bytes input, const RequestLimits& limits = {}) {
    const Heard expected = whole(input, limits);
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
        Listener listener{limits};
        listener.arrive(input.substr(0, cut));
        listener.arrive(input.substr(cut));
        INFO("cut at " << cut);
        CHECK(listener.heard == expected);
    }
    Listener listener{limits};
    for (std::size_t i = 0; i < input.size(); ++i) listener.arrive(input.substr(i, 1));
    CHECK(listener.heard == expected);
    return expected;
}

Heard requests(std::vector<Words> list) { return {std::move(list), ""}; }

std::string error_of(Bytes input, const RequestLimits& limits = {}) {
    const Heard heard = split_everywhere(input, limits);
    CHECK(heard.requests.empty());
    return heard.error;
}

RequestLimits unauthenticated() {
    RequestLimits limits;
    limits.authenticated = false;
    return limits;
}

}  // namespace

TEST_CASE("request parser: multibulk, split anywhere") {
    CHECK(split_everywhere("*1\r\n$4\r\nPING\r\n") == requests({{"PING"}}));
    CHECK(split_everywhere("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n") == requests({{"SET", "k", ""}}));
    CHECK(split_everywhere("*1\r\n$0\r\n\r\n") == requests({{""}}));
    CHECK(split_everywhere("*2\r\n$4\r\n\r\n$1\r\n$3\r\n*1\r\r\n") == requests({{"\r\n$1", "*1\r"}}));
    const Words many(120, "value");
    CHECK(split_everywhere(encode(many)) == requests({many}));
    const Words long_words{std::string(12, 'a'), std::string(123, 'b'), std::string(1234, 'c'),
                           std::string(12345, 'd')};
    CHECK(whole(encode(long_words)) == requests({long_words}));
}

TEST_CASE("request parser: a pipeline, split anywhere") {
    const std::string input =
        encode({"SET", "a", "1"}) + "PING\r\n" + encode({"GET", "a"}) + "*0\r\n\r\n" + encode({"X"});
    CHECK(split_everywhere(input) == requests({{"SET", "a", "1"}, {"PING"}, {"GET", "a"}, {"X"}}));
}

TEST_CASE("request parser: an incomplete request is nothing yet") {
    CHECK(split_everywhere("*2\r\n$3\r\nGET\r\n$1\r\na\r") == requests({}));
    CHECK(split_everywhere("PING") == requests({}));
    CHECK(split_everywhere("*1\r") == requests({}));
    CHECK(split_everywhere("") == requests({}));
}

TEST_CASE("request parser: inline requests, split anywhere") {
    CHECK(split_everywhere("PING\r\nPING\n") == requests({{"PING"}, {"PING"}}));
    CHECK(split_everywhere("  SET  a\t\"b c\\x41\\n\" 'd\\'e'  \r\n") == requests({{"SET", "a", "b cA\n", "d'e"}}));
    CHECK(split_everywhere("PING \"\"\n") == requests({{"PING", ""}}));
    CHECK(split_everywhere("\"\"\n") == requests({{""}}));
    CHECK(split_everywhere("PING\r\r\n") == requests({{"PING"}}));
    CHECK(split_everywhere("$1\r\n") == requests({{"$1"}}));
    CHECK(split_everywhere("a\n*1\r\n$1\r\nb\r\nc\n") == requests({{"a"}, {"b"}, {"c"}}));
}

TEST_CASE("request parser: blank requests are skipped, and their bytes given back") {
    CHECK(split_everywhere("\r\n\n  \r\n*0\r\n*-1\r\n*-5\r\nPING\r\n") == requests({{"PING"}}));
    Listener listener;
    for (int i = 0; i < 1000; ++i) listener.arrive("\r\n*0\r\n");
    CHECK(listener.waiting() == 0);
    listener.arrive("\r\n*1\r\n$4\r\nPI");
    CHECK(listener.waiting() == 10);
    CHECK(listener.parser().consumed() == 2);
}

TEST_CASE("request parser: every error has Redis's text") {
    CHECK(error_of("*abc\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*01\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*+1\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("* 1\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*-0\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*2147483648\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*-99999999999999999999\r\n") == "ERR Protocol error: invalid multibulk length");
    CHECK(error_of("*1\r\n:4\r\nPING\r\n") == "ERR Protocol error: expected '$', got ':'");
    CHECK(error_of("*1\r\n\r\n") == "ERR Protocol error: expected '$', got ' '");
    CHECK(error_of("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n") == "ERR Protocol error: expected '$', got 'f'");
    CHECK(error_of("*1\r\n$-1\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("*1\r\n$04\r\nPING\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("*1\r\n$\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("*1\r\n$4 \r\nPING\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("*1\r\n$536870913\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("*1\r\n$99999999999999999999\r\n") == "ERR Protocol error: invalid bulk length");
    CHECK(error_of("PING \"a\r\n") == "ERR Protocol error: unbalanced quotes in request");
    CHECK(error_of("PING 'a'b\r\n") == "ERR Protocol error: unbalanced quotes in request");
}

TEST_CASE("request parser: a CRLF out of place is an error, so that raw bytes have one form") {
    CHECK(error_of("*1\rx$4\r\nPING\r\n") == "ERR Protocol error: invalid CRLF in request");
    CHECK(error_of("*1\r\n$4\rxPING\r\n") == "ERR Protocol error: invalid CRLF in request");
    CHECK(error_of("*1\r\n$4\r\nPINGxx") == "ERR Protocol error: invalid CRLF in request");
    CHECK(error_of("*1\r\n$4\r\nPING\rx") == "ERR Protocol error: invalid CRLF in request");
}

TEST_CASE("request parser: an error comes after the requests before it, and stays") {
    const Heard heard = split_everywhere("*1\r\n$4\r\nPING\r\nPING\r\n*x\r\nPING\r\n");
    CHECK(heard.requests.size() == 2);
    CHECK(heard.error == "ERR Protocol error: invalid multibulk length");
    RequestParser parser;
    ArgumentList list;
    CHECK(parser.next("*x\r\n", list) == Outcome::error);
    CHECK(parser.next("PING\r\n", list) == Outcome::error);
    CHECK(list.size() == 0);
    parser.reset();
    CHECK(parser.next("PING\r\n", list) == Outcome::complete);
}

TEST_CASE("request parser: lines that never end") {
    const std::string ones(70'000, '1');
    const auto error = [](const std::string& input) {
        const Heard expected = whole(input);
        Listener listener;
        for (std::size_t i = 0; i < input.size(); i += 777) listener.arrive(Bytes{input}.substr(i, 777));
        CHECK(listener.heard == expected);
        return expected.error;
    };
    CHECK(error(ones) == "ERR Protocol error: too big inline request");
    CHECK(error("*" + ones) == "ERR Protocol error: too big mbulk count string");
    CHECK(error("*1\r\n$" + ones) == "ERR Protocol error: too big bulk count string");
    CHECK(error(ones.substr(0, 65'537)) == "ERR Protocol error: too big inline request");
    CHECK(error(ones.substr(0, 65'537) + "\r\n") == "ERR Protocol error: too big inline request");
    CHECK(error(ones.substr(0, 65'536)) == "");
    CHECK(error("*" + ones.substr(0, 65'535)) == "");
    CHECK(error("*" + ones.substr(0, 65'536)) == "ERR Protocol error: too big mbulk count string");
    CHECK(whole(ones.substr(0, 65'535) + "\r\n") == requests({{ones.substr(0, 65'535)}}));
}

TEST_CASE("request parser: limits before authentication") {
    const Words ten(10, "x");
    CHECK(split_everywhere(encode(ten), unauthenticated()) == requests({ten}));
    CHECK(error_of(encode(Words(11, "x")), unauthenticated()) ==
          "ERR Protocol error: unauthenticated multibulk length");
    CHECK(error_of("*2147483648\r\n", unauthenticated()) == "ERR Protocol error: invalid multibulk length");
    const Words largest{std::string(16'384, 'x')};
    CHECK(whole(encode(largest), unauthenticated()) == requests({largest}));
    CHECK(error_of("*1\r\n$16385\r\n", unauthenticated()) == "ERR Protocol error: unauthenticated bulk length");
    CHECK(error_of("*1\r\n$536870913\r\n", unauthenticated()) == "ERR Protocol error: invalid bulk length");
    CHECK(split_everywhere("a b c d e f g h i j k l\n", unauthenticated()).requests.front().size() == 12);
}

TEST_CASE("request parser: limits of the configuration, on short requests too") {
    RequestLimits limits;
    limits.max_bulk_bytes = 5;
    limits.max_arguments = 2;
    CHECK(split_everywhere(encode({"12345", "1"}), limits) == requests({{"12345", "1"}}));
    CHECK(error_of(encode({"123456"}), limits) == "ERR Protocol error: invalid bulk length");
    CHECK(error_of(encode({"1", "2", "3"}), limits) == "ERR Protocol error: invalid multibulk length");
}

TEST_CASE("request parser: an announced count costs no memory") {
    RequestParser parser;
    ArgumentList list;
    CHECK(parser.next("*2147483647\r\n$1\r\na\r\n", list) == Outcome::incomplete);
    CHECK(parser.memory_bytes() < 4096);
    CHECK(list.size() == 0);
}

TEST_CASE("request parser: a million arguments in pieces take linear time and leave no room behind") {
    const Words many(1'000'000, "abc");
    const std::string input = encode(many);
    Listener listener;
    RequestParser& parser = listener.parser();
    ArgumentList list;
    std::size_t size = 0;
    Outcome outcome = Outcome::incomplete;
    while (outcome == Outcome::incomplete) {  // the buffer grows in place here: it is the parser that is timed
        size = std::min(size + 16'384, input.size());
        outcome = parser.next(Bytes{input}.substr(0, size), list);
    }
    REQUIRE(outcome == Outcome::complete);
    CHECK(parser.request().count == many.size());
    CHECK(parser.request().raw.size() == input.size());
    CHECK(list[999'999] == "abc");
    CHECK(parser.memory_bytes() == 0);
}

TEST_CASE("request parser: a large argument goes to a block of its own") {
    const std::string large(100'000, 'L');
    const std::string input = encode({"SET", "key", large, "EX", "10"}) + encode({"GET", "key"});
    const Heard expected = requests({{"SET", "key", large, "EX", "10"}, {"GET", "key"}});
    CHECK(whole(input) == expected);  // arrived in full: no block needed
    for (std::size_t piece : {1'000UL, 16'384UL, 99'999UL, 100'030UL, 100'031UL, 100'032UL, 100'033UL, 100'034UL}) {
        INFO("pieces of " << piece);
        Listener listener{{}, true};
        for (std::size_t i = 0; i < input.size(); i += piece) listener.arrive(Bytes{input}.substr(i, piece));
        CHECK(listener.heard == expected);
        CHECK(listener.blocks <= 1);
        if (piece < 100'000) CHECK(listener.blocks == 1);
    }
    // Cut at every byte around the beginning and the end of the large argument.
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
        if (cut > 60 && cut < 100'000) continue;
        Listener listener{{}, true};
        listener.arrive(Bytes{input}.substr(0, cut));
        listener.arrive(Bytes{input}.substr(cut));
        INFO("cut at " << cut);
        CHECK(listener.heard == expected);
    }
}

TEST_CASE("request parser: several large arguments in one request") {
    const std::string large(40'000, 'L');
    const std::string small(30, 's');
    const Words words{"MSET", small, large, small, large + large, "k", "v", small, large};
    const std::string input = encode(words) + "PING\r\n";
    Listener listener{{}, true};
    for (std::size_t i = 0; i < input.size(); i += 5'000) listener.arrive(Bytes{input}.substr(i, 5'000));
    CHECK(listener.heard == requests({words, {"PING"}}));
    CHECK(listener.blocks == 3);
}

TEST_CASE("request parser: a block is checked for its CRLF, and dropped with the parser") {
    const std::string large(40'000, 'L');
    Listener listener{{}, true};
    listener.arrive("*1\r\n$40000\r\nL");
    CHECK(listener.parser().memory_bytes() > 40'000);
    CHECK(listener.parser().wanted().size() == 40'001);
    listener.arrive(Bytes{large}.substr(1));
    listener.arrive("\r");
    CHECK(listener.heard == requests({}));
    listener.arrive("\r");
    CHECK(listener.heard.error == "ERR Protocol error: invalid CRLF in request");
}

TEST_CASE("request parser: random requests, cut at random, come out as they went in") {
    const std::uint64_t seed = std::random_device{}();
    INFO("seed " << seed);
    Random random{seed};
    for (int round = 0; round < 80; ++round) {
        Heard expected;
        std::string input;
        for (std::uint64_t n = random.below(30); n > 0; --n) {
            Words words;
            const std::uint64_t count = 1 + random.below(random.below(10) == 0 ? 300 : 6);
            const bool large = count < 6 && random.below(10) == 0;
            for (std::uint64_t i = 0; i < count; ++i) {
                std::string word(random.below(large ? 90'000 : random.below(4) == 0 ? 200 : 12), ' ');
                for (char& c : word) c = static_cast<char>(random.below(256));
                words.push_back(std::move(word));
            }
            if (random.below(8) == 0) input += random.below(2) == 0 ? "\r\n" : "*0\r\n";
            if (random.below(8) == 0) {
                input += "inline 'a b' c\r\n";
                expected.requests.push_back({"inline", "a b", "c"});
            }
            input += encode(words);
            expected.requests.push_back(std::move(words));
        }
        Listener listener{{}, random.below(2) == 0};
        // Long inputs in not too many pieces: the Listener copies its buffer for each.
        const std::uint64_t most = std::max(std::uint64_t{1} << (1 + random.below(18)), input.size() / 200);
        for (std::size_t at = 0; at < input.size();) {
            const std::size_t piece = 1 + random.below(most);
            listener.arrive(Bytes{input}.substr(at, piece));
            at += piece;
        }
        REQUIRE(listener.heard == expected);
    }
}
