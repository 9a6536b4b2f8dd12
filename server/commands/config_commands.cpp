// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/config_commands.h"

#include <utility>
#include <vector>

#include "datatypes/command/help.h"
#include "protocol/base/log.h"
#include "server/acl/access.h"
#include "server/server.h"

namespace keel {

// CONFIG GET parameter [parameter ...]
Status ConfigCommands::get(Context& cx) {
    const auto found = server_.config.get(cx.args.rest());
    cx.reply().map(found.size());
    for (const auto& [name, value] : found) {
        cx.reply().bulk(Bytes{name});
        cx.reply().bulk(Bytes{value});
    }
    return {};
}

// CONFIG SET parameter value [parameter value ...]
Status ConfigCommands::set(Context& cx) {
    if (cx.args.left() % 2 != 0) return errors::kSyntax;
    std::vector<std::pair<Bytes, Bytes>> pairs;
    while (cx.args.more()) {
        const Bytes name = cx.args.next<Bytes>();
        pairs.emplace_back(name, cx.args.next<Bytes>());
    }
    const Session& session = session_of(cx);
    const Protected guarded = server_.settings.acl.protected_configs;
    const bool local = session.unix_socket || session.loopback;
    const Config::Caller caller{.may_set_guarded = guarded == Protected::yes || (guarded == Protected::local && local),
                                .loading = server_.loading.active()};
    KEEL_TRY(server_.config.set(pairs, caller));
    // Not by a hook: one that is undone would have made an open door of a default user whose password came from ACL
    // SETUSER.
    if (server_.users.follow_required_password()) acl::apply_to_sessions(server_);
    cx.reply().ok();
    return {};
}

// CONFIG REWRITE
Status ConfigCommands::rewrite(Context& cx) {
    if (Status written = server_.config.rewrite(); !written) {
        log_warning("CONFIG REWRITE failed: {}", written.error().text());
        return written;
    }
    log_notice("CONFIG REWRITE executed with success.");
    cx.reply().ok();
    return {};
}

// CONFIG RESETSTAT
Status ConfigCommands::reset_statistics(Context& cx) {
    server_.reset_statistics();
    cx.reply().ok();
    return {};
}

std::span<const CommandSpec> ConfigCommands::rows() {
    using C = ConfigCommands;
    constexpr Flag kFlags = Flag::admin | Flag::noscript | Flag::loading | Flag::stale;
    static constexpr Bytes kOnAllNodes[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "get",
         .run = method<&C::get>,
         .arity = at_least(3),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.0.0",
         .complexity = "O(N) where N is the number of settings that were asked for",
         .summary = "Returns the settings of these names or patterns.",
         .syntax = "parameter [parameter ...]"},
        {.name = "set",
         .run = method<&C::set>,
         .arity = at_least(4),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.0.0",
         .complexity = "O(N) where N is the number of settings that are given",
         .summary = "Changes settings, all of them or none.",
         .syntax = "parameter value [parameter value ...]",
         .tips = kOnAllNodes},
        {.name = "resetstat",
         .run = method<&C::reset_statistics>,
         .arity = exactly(2),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.0.0",
         .complexity = "O(1)",
         .summary = "Starts the statistics that INFO shows anew."},
        {.name = "rewrite",
         .run = method<&C::rewrite>,
         .arity = exactly(2),
         .flags = kFlags,
         .group = Group::server,
         .since = "2.8.0",
         .complexity = "O(1)",
         .summary = "Writes the present settings into the configuration file."},
        help_row(Group::server),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "config",
         .arity = at_least(2),
         .group = Group::server,
         .since = "2.0.0",
         .complexity = "Depends on subcommand.",
         .summary = "A container for commands about the server's settings.",
         .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
