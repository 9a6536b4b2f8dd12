// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/reply_reader.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "protocol/base/random.h"
#include "protocol/resp/reply.h"

using namespace keel;

namespace {

using Kind = ReplyValue::Kind;
using Outcome = ReplyReader::Outcome;
using Values = std::vector<ReplyValue>;

ReplyValue text(Kind kind, Bytes bytes) {
    ReplyValue value;
    value.kind = kind;
    value.text = bytes;
    return value;
}
ReplyValue bulk(Bytes bytes) { return text(Kind::bulk, bytes); }
ReplyValue integer(std::int64_t number, Kind kind = Kind::integer) {
    ReplyValue value;
    value.kind = kind;
    value.integer = number;
    return value;
}
ReplyValue number(double number) {
    ReplyValue value;
    value.kind = Kind::number;
    value.number = number;
    return value;
}
ReplyValue null(Kind kind = Kind::null) { return integer(0, kind); }
ReplyValue container(Kind kind, Values elements) {
    ReplyValue value;
    value.kind = kind;
    value.elements = std::move(elements);
    return value;
}

struct Heard {
    Values values;
    std::string error;
    bool operator==(const Heard&) const = default;
};

Heard hear(Bytes input, std::size_t piece, const ReplyLimits& limits = {}) {
    ReplyReader reader{limits};
    Heard heard;
    std::string buffer;
    for (std::size_t at = 0; at < input.size() && heard.error.empty(); at += piece) {
        buffer += input.substr(at, piece);
        for (;;) {
            const Outcome outcome = reader.next(buffer);
            buffer.erase(0, reader.consumed());
            if (outcome == Outcome::complete) heard.values.push_back(reader.take());
            if (outcome == Outcome::error) heard.error = reader.error();
            if (outcome != Outcome::complete) break;
        }
    }
    return heard;
}

// The same in pieces of every size.
Heard hear_all(Bytes input, const ReplyLimits& limits = {}) {
    Heard whole = hear(input, input.size() + 1, limits);
    for (std::size_t piece = 1; piece < input.size(); ++piece) {
        INFO("pieces of " << piece);
        CHECK((hear(input, piece, limits) == whole));
    }
    return whole;
}

ReplyValue one(Bytes input) {
    Heard heard = hear_all(input);
    CHECK(heard.error == "");
    REQUIRE(heard.values.size() == 1);
    return std::move(heard.values.front());
}

std::string error_of(Bytes input, const ReplyLimits& limits = {}) { return hear_all(input, limits).error; }

}  // namespace

TEST_CASE("reply reader: every kind of both protocols, in pieces of every size") {
    CHECK((one("+OK\r\n") == text(Kind::simple, "OK")));
    CHECK((one("+\r\n") == text(Kind::simple, "")));
    CHECK((one("-ERR no\r\n") == text(Kind::error, "ERR no")));
    CHECK((one("!6\r\nE a\r\nb\r\n") == text(Kind::error, "E a\r\nb")));
    CHECK((one(":-12\r\n") == integer(-12)));
    CHECK((one(":+12\r\n") == integer(12)));
    CHECK((one("$0\r\n\r\n") == bulk("")));
    CHECK((one("$4\r\n\r\n+x\r\n") == bulk("\r\n+x")));
    CHECK((one("$-1\r\n") == null()));
    CHECK((one("_\r\n") == null()));
    CHECK((one("*-1\r\n") == null(Kind::null_array)));
    CHECK((one("#t\r\n") == integer(1, Kind::boolean)));
    CHECK((one("#f\r\n") == integer(0, Kind::boolean)));
    CHECK((one(",1.5\r\n") == number(1.5)));
    CHECK((one(",-inf\r\n") == number(-INFINITY)));
    CHECK((one("(-1234567999999999999999999\r\n") == text(Kind::big_number, "-1234567999999999999999999")));
    CHECK((one("*0\r\n") == container(Kind::array, {})));
    CHECK((one("*2\r\n:1\r\n*1\r\n$1\r\na\r\n") ==
           container(Kind::array, {integer(1), container(Kind::array, {bulk("a")})})));
    CHECK((one("%1\r\n+k\r\n%0\r\n") == container(Kind::map, {text(Kind::simple, "k"), container(Kind::map, {})})));
    CHECK((one("~2\r\n:1\r\n:2\r\n") == container(Kind::set, {integer(1), integer(2)})));
    CHECK((one(">2\r\n+message\r\n$1\r\nx\r\n") == container(Kind::push, {text(Kind::simple, "message"), bulk("x")})));
    const ReplyValue verbatim = one("=7\r\ntxt:a\nb\r\n");
    CHECK(verbatim.kind == Kind::verbatim);
    CHECK(verbatim.format == "txt");
    CHECK(verbatim.text == "a\nb");
    Heard nan = hear(",nan\r\n", 1);
    REQUIRE(nan.values.size() == 1);
    CHECK(std::isnan(nan.values[0].number));
}

TEST_CASE("reply reader: attributes belong to the value behind them") {
    const ReplyValue top = one("|1\r\n+ttl\r\n:3\r\n*2\r\n|1\r\n+a\r\n:1\r\n:7\r\n:8\r\n");
    CHECK((top.attributes == Values{text(Kind::simple, "ttl"), integer(3)}));
    REQUIRE(top.elements.size() == 2);
    CHECK((top.elements[0].attributes == Values{text(Kind::simple, "a"), integer(1)}));
    CHECK(top.elements[0].integer == 7);
    CHECK(top.elements[1].attributes.empty());
    CHECK(one("|0\r\n:1\r\n").attributes.empty());
}

TEST_CASE("reply reader: several replies, pushes between them") {
    const Heard heard = hear_all("+OK\r\n>1\r\n:1\r\n$2\r\nab\r\n*1\r\n:1\r\n:2");
    CHECK(heard.error == "");
    CHECK((heard.values == Values{text(Kind::simple, "OK"), container(Kind::push, {integer(1)}), bulk("ab"),
                                  container(Kind::array, {integer(1)})}));
}

TEST_CASE("reply reader: what is no reply is refused, with its place") {
    CHECK(error_of("?\r\n") == "bad reply at byte 0: type byte 0x3f");
    CHECK(error_of("+OK\r\nGET / HTTP/1.1\r\n") == "bad reply at byte 5: type byte 0x47");
    CHECK(error_of(":a\r\n") == "bad reply at byte 0: not an integer");
    CHECK(error_of(":+-1\r\n") == "bad reply at byte 0: not an integer");
    CHECK(error_of(",x\r\n") == "bad reply at byte 0: not a number");
    CHECK(error_of("(1a\r\n") == "bad reply at byte 0: not a big number");
    CHECK(error_of("(-\r\n") == "bad reply at byte 0: not a big number");
    CHECK(error_of("#x\r\n") == "bad reply at byte 0: neither true nor false");
    CHECK(error_of("_x\r\n") == "bad reply at byte 0: null with a text");
    CHECK(error_of("$-2\r\n") == "bad reply at byte 0: not a length");
    CHECK(error_of("$?\r\n") == "bad reply at byte 0: not a length");
    CHECK(error_of("*9223372036854775807\r\n") == "bad reply at byte 0: not a length");
    CHECK(error_of("%-1\r\n") == "bad reply at byte 0: not a length");
    CHECK(error_of("=3\r\ntxt\r\n") == "bad reply at byte 0: a verbatim string without its format");
    CHECK(error_of("=5\r\ntxt-a\r\n") == "bad reply at byte 9: a verbatim string without its format");
    CHECK(error_of("$1\r\nabc\r\n") == "bad reply at byte 5: a string not closed by CRLF");
    CHECK(error_of("+a\rb\r\n") == "bad reply at byte 0: CR without LF");
    CHECK(error_of("\r\n") == "bad reply at byte 0: an empty line");
    CHECK(error_of("*1\r\n>1\r\n:1\r\n") == "bad reply at byte 4: a push inside a reply");
}

TEST_CASE("reply reader: limits") {
    ReplyLimits limits;
    limits.max_depth = 3;
    CHECK(error_of("*1\r\n*1\r\n*1\r\n:1\r\n", limits) == "");
    CHECK(error_of("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", limits) == "bad reply at byte 12: containers nested too deep");
    limits.max_line_bytes = 5;
    CHECK(error_of("+1234\r\n", limits) == "");
    CHECK(error_of("+12345\r\n", limits) == "bad reply at byte 0: a line too long");
    CHECK(error_of("+12345678", limits) == "bad reply at byte 0: a line too long");
    limits.max_bytes = 1000;
    CHECK(error_of("$1001\r\n", limits) == "bad reply at byte 0: a reply too large");
    CHECK(error_of("*99\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits).ends_with("a reply too large"));
    CHECK(error_of(":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits) == "");
}

TEST_CASE("reply reader: after reset it reads on") {
    ReplyReader reader;
    CHECK(reader.next("?\r\n") == Outcome::error);
    CHECK(reader.next(":1\r\n") == Outcome::error);
    reader.reset();
    CHECK(reader.next(":1\r\n") == Outcome::complete);
    CHECK(reader.take().integer == 1);
}

namespace {

// A random reply, written and as it must be read.
ReplyValue write_random(Reply& reply, Random& random, int depth) {
    const bool resp3 = reply.protocol() == 3;
    const auto n = static_cast<std::int64_t>(random.next());
    std::string noise(random.below(random.below(5) == 0 ? 40'000 : 30), ' ');
    for (char& c : noise) c = static_cast<char>(random.below(256));
    const auto children = [&](std::size_t count) {
        Values values;
        for (std::size_t i = 0; i < count; ++i) values.push_back(write_random(reply, random, depth - 1));
        return values;
    };
    const std::size_t count = random.below(5);
    switch (random.below(depth > 0 ? 13 : 9)) {
        case 0: return reply.ok(), text(Kind::simple, "OK");
        case 1: return reply.integer(n), integer(n);
        case 2: return reply.integer(n & 1023), integer(n & 1023);
        case 3: return reply.bulk(noise), bulk(noise);
        case 4: return reply.null(), null();
        case 5: return reply.null_array(), null(resp3 ? Kind::null : Kind::null_array);
        case 6: return reply.error(Bytes{"ERR x"}), text(Kind::error, "ERR x");
        case 7: return reply.number(0.25), resp3 ? number(0.25) : bulk("0.25");
        case 8: {
            reply.verbatim("txt", noise);
            ReplyValue value = text(resp3 ? Kind::verbatim : Kind::bulk, noise);
            if (resp3) value.format = "txt";
            return value;
        }
        case 9: return reply.array(count), container(Kind::array, children(count));
        case 10: return reply.map(count), container(resp3 ? Kind::map : Kind::array, children(2 * count));
        case 11: {
            auto length = reply.deferred_set();
            Values values = children(count);
            length.end(count);
            return container(resp3 ? Kind::set : Kind::array, std::move(values));
        }
        default: {
            auto length = reply.deferred_map();
            Values values = children(2 * count);
            length.end(count);
            return container(resp3 ? Kind::map : Kind::array, std::move(values));
        }
    }
}

}  // namespace

TEST_CASE("reply reader: reads what Reply writes, at random, in both protocols") {
    const std::uint64_t seed = std::random_device{}();
    INFO("seed " << seed);
    Random random{seed};
    for (int round = 0; round < 100; ++round) {
        OutputBuffer out;
        Reply reply{out, random.below(2) == 0 ? 2 : 3};
        Values expected;
        for (int i = 0; i < 10; ++i) expected.push_back(write_random(reply, random, 4));
        std::vector<iovec> pieces(out.chunk_count());
        std::string input;
        pieces.resize(out.gather(pieces.data(), pieces.size()));
        for (const iovec& piece : pieces) input.append(static_cast<char*>(piece.iov_base), piece.iov_len);
        const Heard heard = hear(input, 1 + random.below(random.below(2) == 0 ? 50'000 : input.size() / 100 + 100));
        REQUIRE(heard.error == "");
        REQUIRE((heard.values == expected));
    }
}
