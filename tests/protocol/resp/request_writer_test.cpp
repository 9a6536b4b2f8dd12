// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/request_writer.h"

#include <catch2/catch.hpp>
#include <vector>

#include "protocol/resp/request_parser.h"

using namespace keel;

TEST_CASE("request writer: multibulk, appended") {
    std::string out = "before";
    append_request(out, {"SET", "", "a\r\nb"});
    CHECK(out == "before*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n");
    append_request(out, {});
    CHECK(out.ends_with("*0\r\n"));
}

TEST_CASE("request writer: request_bytes is exact, and the parser reads it back") {
    for (const std::size_t count : {1UL, 9UL, 10UL, 99UL, 100UL, 1001UL}) {
        const std::string word(count, 'w');
        const std::vector<Bytes> words(count, Bytes{word});
        std::string out;
        append_request(out, words);
        CHECK(out.size() == request_bytes(words));
        RequestParser parser;
        ArgumentList list;
        REQUIRE(parser.next(out, list) == RequestParser::Outcome::complete);
        CHECK(parser.request().raw == out);
        CHECK(list.size() == count);
        CHECK(list[count - 1] == word);
    }
}
