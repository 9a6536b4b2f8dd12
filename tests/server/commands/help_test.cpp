// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/help.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("help: words to be replaced stand in brackets, without their types") {
    CHECK(readable_syntax("") == "");
    CHECK(readable_syntax("connection-name") == "<connection-name>");
    CHECK(readable_syntax("timeout:integer [WRITE|ALL]") == "<timeout> [WRITE|ALL]");
    CHECK(readable_syntax("parameter [parameter ...]") == "<parameter> [<parameter> ...]");
    CHECK(readable_syntax("[ID client-id:integer [client-id:integer ...]]") == "[ID <client-id> [<client-id> ...]]");
    CHECK(readable_syntax("ip:port|NO-ONE") == "<ip>|NO-ONE");
    CHECK(readable_syntax("[BY by=(NAME name|SIZE size:integer)] flag=[A|B]") == "[BY (NAME <name>|SIZE <size>)] [A|B]");
}
