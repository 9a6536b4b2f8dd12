// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/stream_id.h"

#include <catch2/catch.hpp>

using namespace keel;
using namespace keel::stream;

TEST_CASE("stream id: text and back", "[stream]") {
    for (const StreamId id : {kMinId, StreamId{0, 1}, StreamId{1'700'000'000'000, 7}, kMaxId}) {
        const auto read = parse_id(IdText{id}, 0);
        REQUIRE(read);
        CHECK(*read == id);
    }
    CHECK(Bytes{IdText{kMaxId}} == "18446744073709551615-18446744073709551615");
}

TEST_CASE("stream id: without a seq it is the one that is missing", "[stream]") {
    CHECK(*parse_id("5", 0) == StreamId{5, 0});
    CHECK(*parse_id("5", kMaxPart) == StreamId{5, kMaxPart});
    CHECK(*parse_bound("-", 3) == kMinId);
    CHECK(*parse_bound("+", 3) == kMaxId);
    CHECK_FALSE(parse_id("-", 0));
    CHECK_FALSE(parse_id("+", 0));
}

TEST_CASE("stream id: numbers are read as generously as Redis reads them", "[stream]") {
    CHECK(*parse_id("007-01", 0) == StreamId{7, 1});
    CHECK(*parse_id(" 7- 1", 0) == StreamId{7, 1});
    CHECK(*parse_id("+7-+1", 0) == StreamId{7, 1});
    CHECK(*parse_id("7--01", 0) == StreamId{7, kMaxPart});
    CHECK(*parse_id(Bytes{"7-1\0x", 5}, 0) == StreamId{7, 1});
    for (const Bytes wrong : {"", "-1", "7-", "7-x", "x", "7--1", "18446744073709551616", "7-1-1", "7-*", "1.5"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_id(wrong, 0));
    }
    CHECK_FALSE(parse_id(std::string(128, '0'), 0));
}

TEST_CASE("stream id: only XADD's may leave the seq open", "[stream]") {
    const auto open = parse_new_id("7-*");
    REQUIRE(open);
    CHECK(open->id.ms == 7);
    CHECK_FALSE(open->seq_given);
    CHECK(parse_new_id("7")->seq_given);
}

TEST_CASE("stream id: neighbours, up to the ends", "[stream]") {
    CHECK(*StreamId{1, 2}.next() == StreamId{1, 3});
    CHECK(*StreamId{1, kMaxPart}.next() == StreamId{2, 0});
    CHECK_FALSE(kMaxId.next());
    CHECK(*StreamId{1, 0}.prev() == StreamId{0, kMaxPart});
    CHECK_FALSE(kMinId.prev());
}
