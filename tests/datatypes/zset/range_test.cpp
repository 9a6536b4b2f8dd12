// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/range.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "protocol/resp/errors.h"

using namespace keel;
using namespace keel::zset;

TEST_CASE("score range: open and closed, infinite, and as lenient as the peers") {
    const auto range = parse_score_range("(1.5", "+inf");
    REQUIRE(range);
    CHECK((range->min == 1.5 && range->min_open && !range->max_open));
    CHECK(std::isinf(range->max));
    CHECK(parse_score_range("", "(")->max == 0);  // no number is 0
    CHECK(parse_score_range(" 1", "0x10")->max == 16);
    CHECK(std::isinf(parse_score_range("-1e999", "1e999")->min));
    for (const Bytes wrong : {Bytes{"a"}, Bytes{"1 "}, Bytes{"nan"}, Bytes{"((1"}, Bytes{"(nan"}, Bytes{"1x"}}) {
        CHECK(parse_score_range(wrong, "1").error().is(errors::kMinMaxNotFloat));
        CHECK(parse_score_range("1", wrong).error().is(errors::kMinMaxNotFloat));
    }
}

TEST_CASE("score range: empty when nothing can lie inside") {
    CHECK(parse_score_range("2", "1")->is_empty());
    CHECK(parse_score_range("(1", "1")->is_empty());
    CHECK(parse_score_range("1", "(1")->is_empty());
    CHECK_FALSE(parse_score_range("1", "1")->is_empty());
}

TEST_CASE("text range: brackets, and the ends") {
    using Kind = TextBound::Kind;
    const auto range = parse_text_range("[a", "(b");
    REQUIRE(range);
    CHECK((range->min.text == "a" && !range->min.open && range->max.text == "b" && range->max.open));
    CHECK(parse_text_range("-", "+")->min.kind == Kind::before_all);
    CHECK(parse_text_range("-", "+")->max.kind == Kind::behind_all);
    CHECK(parse_text_range("[", "(")->min.text.empty());
    for (const Bytes wrong : {Bytes{""}, Bytes{"a"}, Bytes{"--"}, Bytes{"+x"}})
        CHECK(parse_text_range(wrong, "+").error().is(errors::kMinMaxNotLex));
    CHECK(parse_text_range("+", "-")->is_empty());
    CHECK(parse_text_range("[b", "[a")->is_empty());
    CHECK(parse_text_range("(a", "[a")->is_empty());
    CHECK_FALSE(parse_text_range("[a", "[a")->is_empty());
    CHECK_FALSE(parse_text_range("-", "[a")->is_empty());
}

TEST_CASE("ranks: negative ones count from the end, what lies outside is left out") {
    const auto is = [](Ranks ranks, std::size_t from, std::size_t count) {
        return ranks.from == from && ranks.count == count;
    };
    CHECK(is(ranks_between(0, -1, 10), 0, 10));
    CHECK(is(ranks_between(-3, 100, 10), 7, 3));
    CHECK(is(ranks_between(-100, 2, 10), 0, 3));
    CHECK(ranks_between(5, 4, 10).count == 0);
    CHECK(ranks_between(10, 20, 10).count == 0);
    CHECK(ranks_between(0, -11, 10).count == 0);
    CHECK(ranks_between(0, -1, 0).count == 0);
    CHECK(ranks_between(INT64_MIN, INT64_MAX, 10).count == 10);
    CHECK(ranks_between(INT64_MAX, INT64_MIN, 10).count == 0);
    CHECK(is(limited({2, 3}, 10), 2, 3));
    CHECK(is(limited({2, -1}, 10), 2, 8));
    CHECK(limited({-1, 3}, 10).count == 0);
    CHECK(limited({10, 3}, 10).count == 0);
    CHECK(limited({INT64_MAX, INT64_MAX}, 10).count == 0);
    CHECK(limited({0, INT64_MIN}, 10).count == 10);
}
