// SPDX-License-Identifier: BSD-3-Clause
//
// Commands for tests of access rules: all of datatypes, and a few rows that stand for the server's own.
#pragma once

#include <string>
#include <vector>

#include "datatypes/all_types.h"
#include "server/acl/users.h"

namespace keel::test {

inline constexpr CommandSpec kAclTestConfig[] = {
    {.name = "get", .arity = at_least(3), .flags = Flag::admin, .group = Group::server},
    {.name = "set", .arity = at_least(4), .flags = Flag::admin, .group = Group::server},
    {.name = "help", .arity = exactly(2), .group = Group::server},
};
inline constexpr CommandSpec kAclTestRows[] = {
    {.name = "config", .arity = at_least(2), .group = Group::server, .subcommands = kAclTestConfig},
    {.name = "select", .arity = exactly(2), .flags = Flag::fast, .categories = Category::connection},
    {.name = "auth", .arity = at_least(2), .flags = Flag::fast | Flag::no_auth, .categories = Category::connection},
    {.name = "publish", .arity = exactly(3), .flags = Flag::pubsub | Flag::fast},
    {.name = "subscribe", .arity = at_least(2), .flags = Flag::pubsub},
    {.name = "psubscribe", .arity = at_least(2), .flags = Flag::pubsub},
    {.name = "unsubscribe", .arity = at_least(1), .flags = Flag::pubsub},
    {.name = "ssubscribe", .arity = at_least(2), .flags = Flag::pubsub, .keys = key_range(Use::not_key, 1, -1)},
};

struct AclFixture {
    Registry registry;
    Acl settings;
    AclFixture() {
        add_data_commands(registry);
        registry.add(kAclTestRows);
    }
};

using Words = std::vector<Bytes>;

// "no", "command", "key x", "channel x", "malformed".
inline std::string refusal_text(const acl::User& user, const Registry& registry, const Words& words) {
    const Command* command = registry.find(words[0]);
    if (!command->subcommands().empty()) command = command->subcommand(words[1]);
    KeyList keys;
    acl::Request request{*command, words, keys};
    const acl::Refusal refusal = user.check(request);
    switch (refusal.what) {
        case acl::Denied::no: return "no";
        case acl::Denied::malformed: return "malformed";
        case acl::Denied::command: return "command";
        case acl::Denied::key: return "key " + std::string{words[refusal.word]};
        default: return "channel " + std::string{words[refusal.word]};
    }
}

}  // namespace keel::test
