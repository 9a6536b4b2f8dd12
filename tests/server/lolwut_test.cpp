// SPDX-License-Identifier: BSD-3-Clause
#include "server/lolwut.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace keel;

TEST_CASE("lolwut: the picture is as wide and high as asked, within bounds") {
    Random random{1};
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    constexpr std::int64_t kShipLines = 5;
    CHECK(lines(draw_waves({.columns = 40, .rows = 10}, random)) == kShipLines + 10);
    const std::string small = draw_waves({.columns = -7, .rows = 0}, random);
    CHECK(lines(small) == kShipLines + 3);
    CHECK(small.size() - 1 - small.rfind('\n', small.size() - 2) - 1 == 24);
    CHECK(lines(draw_waves({.columns = 1'000'000, .rows = 1'000'000}, random)) == kShipLines + 60);
}

TEST_CASE("lolwut: no two seas are the same, but one seed has one sea") {
    Random one{7};
    Random same{7};
    const std::string first = draw_waves({}, one);
    CHECK(first == draw_waves({}, same));
    CHECK(first != draw_waves({}, one));
}
