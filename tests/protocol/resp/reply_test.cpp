// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/reply.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "protocol/resp/errors.h"

using namespace keel;

namespace {

std::string pending(const OutputBuffer& out) {
    std::vector<iovec> pieces(out.chunk_count());
    const std::size_t count = out.gather(pieces.data(), pieces.size());
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all.append(static_cast<char*>(pieces[i].iov_base), pieces[i].iov_len);
    return all;
}

// The bytes that `write` makes in a protocol.
template <typename Write>
std::string bytes_of(int protocol, Write write) {
    OutputBuffer out;
    Reply reply{out, protocol};
    write(reply);
    return pending(out);
}

#define CHECK_BOTH(call, resp2, resp3)                         \
    do {                                                       \
        CHECK(bytes_of(2, [](Reply& r) { r.call; }) == resp2); \
        CHECK(bytes_of(3, [](Reply& r) { r.call; }) == resp3); \
    } while (false)

}  // namespace

TEST_CASE("reply: what is alike in both protocols") {
    CHECK_BOTH(ok(), "+OK\r\n", "+OK\r\n");
    CHECK_BOTH(queued(), "+QUEUED\r\n", "+QUEUED\r\n");
    CHECK_BOTH(pong(), "+PONG\r\n", "+PONG\r\n");
    CHECK_BOTH(simple("none"), "+none\r\n", "+none\r\n");
    CHECK_BOTH(integer(0), ":0\r\n", ":0\r\n");
    CHECK_BOTH(integer(-1), ":-1\r\n", ":-1\r\n");
    CHECK_BOTH(integer(255), ":255\r\n", ":255\r\n");
    CHECK_BOTH(integer(256), ":256\r\n", ":256\r\n");
    CHECK_BOTH(integer(std::numeric_limits<std::int64_t>::min()), ":-9223372036854775808\r\n",
               ":-9223372036854775808\r\n");
    CHECK_BOTH(bulk(""), "$0\r\n\r\n", "$0\r\n\r\n");
    CHECK_BOTH(bulk(Bytes{}), "$0\r\n\r\n", "$0\r\n\r\n");
    CHECK_BOTH(bulk("a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n");
    CHECK_BOTH(bulk(-12), "$3\r\n-12\r\n", "$3\r\n-12\r\n");
    CHECK_BOTH(array(0), "*0\r\n", "*0\r\n");
    CHECK_BOTH(array(12), "*12\r\n", "*12\r\n");
    CHECK_BOTH(array(1'000'000), "*1000000\r\n", "*1000000\r\n");
    CHECK_BOTH(empty_array(), "*0\r\n", "*0\r\n");
    CHECK_BOTH(raw(Bytes{":1\r\n"}), ":1\r\n", ":1\r\n");
}

TEST_CASE("reply: what RESP3 says better") {
    CHECK_BOTH(null(), "$-1\r\n", "_\r\n");
    CHECK_BOTH(null_array(), "*-1\r\n", "_\r\n");
    CHECK_BOTH(map(3), "*6\r\n", "%3\r\n");
    CHECK_BOTH(set(3), "*3\r\n", "~3\r\n");
    CHECK_BOTH(push(3), "*3\r\n", ">3\r\n");
    CHECK_BOTH(boolean(true), ":1\r\n", "#t\r\n");
    CHECK_BOTH(boolean(false), ":0\r\n", "#f\r\n");
    CHECK_BOTH(number(0.5), "$3\r\n0.5\r\n", ",0.5\r\n");
    CHECK_BOTH(number(-3), "$2\r\n-3\r\n", ",-3\r\n");
    CHECK_BOTH(number(INFINITY), "$3\r\ninf\r\n", ",inf\r\n");
    CHECK_BOTH(number(-INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
    CHECK_BOTH(number(NAN), "$3\r\nnan\r\n", ",nan\r\n");
    CHECK_BOTH(big_number("1234567999999999999"), "$19\r\n1234567999999999999\r\n", "(1234567999999999999\r\n");
    CHECK_BOTH(verbatim("txt", "ab"), "$2\r\nab\r\n", "=6\r\ntxt:ab\r\n");
    CHECK(bytes_of(3, [](Reply& r) { r.attribute(1); }) == "|1\r\n");
}

TEST_CASE("reply: small headers are looked up, and every one is right") {
    for (std::size_t n = 0; n < 1200; ++n) {
        const std::string text = std::to_string(n) + "\r\n";
        const std::string value(n, 'v');
        CHECK(bytes_of(2, [&](Reply& r) { r.integer(static_cast<std::int64_t>(n)); }) == ":" + text);
        CHECK(bytes_of(2, [&](Reply& r) { r.array(n); }) == "*" + text);
        CHECK(bytes_of(2, [&](Reply& r) { r.bulk(value); }) == "$" + text + value + "\r\n");
    }
}

TEST_CASE("reply: bulks of every size, at every fill of the chunk") {
    for (const std::size_t size : {10UL, 255UL, 256UL, 5000UL, 16'000UL, 16'384UL, 40'000UL, 1'000'000UL}) {
        const std::string value(size, 'v');
        const std::string encoded = "$" + std::to_string(size) + "\r\n" + value + "\r\n";
        OutputBuffer out;
        Reply reply{out};
        std::string expected;
        for (int i = 0; i < 30; ++i) {
            reply.bulk(value);
            reply.ok();
            expected += encoded + "+OK\r\n";
        }
        CHECK(pending(out) == expected);
        CHECK(out.memory_bytes() < expected.size() * 5 / 4 + OutputBuffer::kLargestChunk);
    }
}

TEST_CASE("reply: an error is one line, is counted, and the last one is kept") {
    OutputBuffer out;
    Reply reply{out};
    CHECK(reply.errors_written() == 0);
    reply.error(errors::kSyntax);
    reply.error(Error{std::string{"MYCODE two\r\nlines"}});
    reply.error(Bytes{"ALONE"});
    CHECK(pending(out) == "-ERR syntax error\r\n-MYCODE two  lines\r\n-ALONE\r\n");
    CHECK(reply.errors_written() == 3);
    CHECK(reply.last_error() == "ALONE");
    reply.error(errors::kWrongType);
    CHECK(reply.last_error() == errors::kWrongType.text);
}

TEST_CASE("reply: muted, nothing is written, errors still count") {
    const std::string large(300, 'x');
    const auto all = [&](Reply& r) {
        r.ok();
        r.simple("x");
        r.integer(1);
        r.integer(1000);
        r.bulk("a");
        r.bulk(large);
        r.bulk(7);
        r.null();
        r.null_array();
        r.array(1);
        r.array(1000);
        r.map(1);
        r.set(1);
        r.push(1);
        r.number(1.5);
        r.big_number("1");
        r.boolean(true);
        r.verbatim("txt", "x");
        r.raw(Bytes{"x"});
        r.raw(SharedChunk{"x"});
        r.error(errors::kSyntax);
        auto list = r.deferred_array();
        r.bulk("a");
        list.end(1);
    };
    for (const int protocol : {2, 3}) {
        OutputBuffer out;
        Reply reply{out, protocol};
        reply.set_muted(true);
        all(reply);
        CHECK(out.bytes() == 0);
        CHECK(out.memory_bytes() == 0);
        CHECK(reply.errors_written() == 1);
        reply.set_muted(false);
        all(reply);
        CHECK(out.bytes() > 0);
        CHECK(reply.errors_written() == 2);
    }
}

TEST_CASE("reply: lengths told afterwards") {
    const auto nested = [](Reply& r) {
        auto list = r.deferred_array();
        r.integer(1);
        auto map = r.deferred_map();
        r.bulk("k");
        r.bulk("v");
        map.end(1);
        auto set = r.deferred_set();
        set.end(0);
        auto push = r.deferred_push();
        push.end(0);
        list.end(4);
    };
    CHECK(bytes_of(2, nested) == "*4\r\n:1\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n*0\r\n*0\r\n");
    CHECK(bytes_of(3, nested) == "*4\r\n:1\r\n%1\r\n$1\r\nk\r\n$1\r\nv\r\n~0\r\n>0\r\n");
}
