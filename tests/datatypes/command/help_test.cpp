// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/help.h"

#include <catch2/catch.hpp>

#include "tests/support/command_runner.h"

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

TEST_CASE("help: containers of the types tell their subcommands from the rows, as those of the server do") {
    keel::test::CommandRunner keel;
    const std::string object = keel("OBJECT HELP");
    CHECK(object.starts_with("*11\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+ENCODING <key>\r\n"));
    CHECK(object.ends_with("+HELP\r\n+    Prints this help.\r\n"));
    CHECK(keel("XGROUP HELP").find("\r\n+CREATECONSUMER <key> <group> <consumer>\r\n") != std::string::npos);
    CHECK(keel("XINFO HELP").find("\r\n+STREAM <key> [FULL [COUNT <count>]]\r\n") != std::string::npos);
}
