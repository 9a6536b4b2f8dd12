// SPDX-License-Identifier: BSD-3-Clause
#include "server/secrets.h"

#include <catch2/catch.hpp>

using namespace keel;

namespace {

constexpr CommandSpec kSubcommands[] = {{.name = "set", .arity = at_least(4)},
                                        {.name = "setuser", .arity = at_least(3)}};
constexpr CommandSpec kRows[] = {
    {.name = "config", .arity = at_least(2), .subcommands = kSubcommands},
    {.name = "acl", .arity = at_least(2), .subcommands = kSubcommands},
    {.name = "auth", .arity = at_least(2)},
    {.name = "hello", .arity = at_least(1)},
    {.name = "get", .arity = exactly(2)},
    {.name = "migrate", .arity = at_least(6)},
};

std::vector<Bytes> shown(const std::vector<Bytes>& words) {
    Registry registry;
    registry.add(kRows);
    Command* command = registry.find(words[0]);
    if (!command->subcommands().empty()) command = command->subcommand(words[1]);
    return without_secrets(Call{.words = words, .command = command});
}

using Words = std::vector<Bytes>;
constexpr Bytes kHidden = "(redacted)";

}  // namespace

TEST_CASE("secrets: passwords are not shown, all else is") {
    CHECK(shown({"get", "auth"}) == Words{"get", "auth"});
    CHECK(shown({"AUTH", "bob", "pw"}) == Words{"AUTH", kHidden, kHidden});
    CHECK(shown({"HELLO", "3"}) == Words{"HELLO", "3"});
    CHECK(shown({"HELLO", "3", "auth", "bob", "pw", "SETNAME", "x"}) ==
          Words{"HELLO", "3", "auth", kHidden, kHidden, "SETNAME", "x"});
    CHECK(shown({"HELLO", "3", "AUTH", "pw"}) == Words{"HELLO", "3", "AUTH", kHidden});
    CHECK(shown({"config", "set", "port", "1", "requirepass", "pw"}) ==
          Words{"config", "set", "port", "1", "requirepass", kHidden});
    CHECK(shown({"migrate", "h", "1", "", "0", "9", "COPY", "AUTH", "pw", "KEYS", "auth", "a"}) ==
          Words{"migrate", "h", "1", "", "0", "9", "COPY", "AUTH", kHidden, "KEYS", "auth", "a"});
    CHECK(shown({"migrate", "auth", "auth", "auth", "0", "9", "auth2", "bob", "pw", "copy"}) ==
          Words{"migrate", "auth", "auth", "auth", "0", "9", "auth2", kHidden, kHidden, "copy"});
    CHECK(shown({"migrate", "h", "1", "k", "0", "9", "auth"}) == Words{"migrate", "h", "1", "k", "0", "9", "auth"});
    CHECK(shown({"acl", "setuser", "bob", ">pw"}) == Words{"acl", "setuser", kHidden, kHidden});
}
