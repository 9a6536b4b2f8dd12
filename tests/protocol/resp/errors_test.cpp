// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/errors.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace keel;

namespace {
std::string text(const Error& error) { return std::string{error.text()}; }

std::string unknown(std::vector<Bytes> words) { return text(errors::unknown_command(words)); }
}  // namespace

TEST_CASE("errors: a fixed text is returned without a copy") {
    const Error error = errors::kSyntax;
    CHECK(error.is(errors::kSyntax));
    CHECK(error.text() == "ERR syntax error");
}

TEST_CASE("errors: an unknown command is repeated with its arguments") {
    CHECK(unknown({"foo"}) == "ERR unknown command 'foo', with args beginning with: ");
    CHECK(unknown({"foo", "a", "b c"}) == "ERR unknown command 'foo', with args beginning with: 'a' 'b c' ");
    CHECK(unknown({""}) == "ERR unknown command '', with args beginning with: ");
    CHECK(unknown({}) == "ERR unknown command '', with args beginning with: ");
}

TEST_CASE("errors: what is repeated ends at a NUL and stays on its line") {
    CHECK(unknown({Bytes{"fo\0o", 4}, Bytes{"c\0d", 3}, "e"}) ==
          "ERR unknown command 'fo', with args beginning with: 'c' 'e' ");
    CHECK(unknown({"fo\no", "a\r\nb"}) == "ERR unknown command 'fo o', with args beginning with: 'a  b' ");
    CHECK(text(errors::unknown_subcommand("client", Bytes{"Fo\r\nx\0y", 7})) ==
          "ERR unknown subcommand 'Fo  x'. Try CLIENT HELP.");
}

TEST_CASE("errors: 128 bytes of the name, and of the arguments together, are repeated") {
    const std::string x(200, 'x');
    CHECK(unknown({x, x, "z"}) ==
          "ERR unknown command '" + x.substr(0, 128) + "', with args beginning with: '" + x.substr(0, 128) + "' ");
    const std::string y(100, 'y');  // quotes and the blank count: 103, so 25 more
    CHECK(unknown({"foo", y, x, "w"}) ==
          "ERR unknown command 'foo', with args beginning with: '" + y + "' '" + x.substr(0, 25) + "' ");
    CHECK(text(errors::unknown_subcommand("config", x)) ==
          "ERR unknown subcommand '" + x.substr(0, 128) + "'. Try CONFIG HELP.");
}

TEST_CASE("errors: made on the spot") {
    CHECK(text(errors::wrong_arity("client|kill")) == "ERR wrong number of arguments for 'client|kill' command");
    CHECK(text(errors::invalid_expire("set")) == "ERR invalid expire time in 'set' command");
    CHECK(text(errors::subcommand_syntax("object", "x")) ==
          "ERR unknown subcommand or wrong number of arguments for 'x'. Try OBJECT HELP.");
    CHECK(text(errors::expected_dollar('x')) == "ERR Protocol error: expected '$', got 'x'");
    CHECK(text(errors::expected_dollar('\r')) == "ERR Protocol error: expected '$', got ' '");
    CHECK(text(errors::no_permission("bob", "get")) == "NOPERM User bob has no permissions to run the 'get' command");
    CHECK(text(errors::moved(3999, "127.0.0.1:6381")) == "MOVED 3999 127.0.0.1:6381");
    CHECK(text(errors::ask(0, ":1")) == "ASK 0 :1");
    CHECK(text(errors::exec_abort(errors::kOom.text)) ==
          "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.");
    CHECK(text(errors::misconf_aof("No space left")) == "MISCONF Errors writing to the AOF file: No space left");
    CHECK(text(errors::unsupported_option("ab")) == "ERR Unsupported option ab");
    CHECK(text(errors::not_while_subscribed("get")) ==
          "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
          "context");
}
