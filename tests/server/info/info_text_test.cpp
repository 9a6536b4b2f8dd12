// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/info_text.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("info text: sections are parted by a blank line, and every line ends in CR LF") {
    InfoText out;
    out.heading("First");
    out.field("number", 7);
    out.field("word", "seven");
    out.heading("Second");
    out.field("negative", -1);
    CHECK(out.text() == "# First\r\nnumber:7\r\nword:seven\r\n\r\n# Second\r\nnegative:-1\r\n");
}

TEST_CASE("info text: decimals have the digits asked for, and sizes come for people too") {
    InfoText out;
    out.decimal("ratio", 1.005, 1);
    out.percent("part", 12.5);
    out.size("used", 1536);
    CHECK(out.text() == "ratio:1.0\r\npart:12.50%\r\nused:1536\r\nused_human:1.50K\r\n");
}

TEST_CASE("info text: a share of nothing is nothing") {
    CHECK(share(1, 0) == 0);
    CHECK(share(1, 4) == 0.25);
}
