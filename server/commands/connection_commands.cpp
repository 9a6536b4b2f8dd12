// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/connection_commands.h"

#include <algorithm>

#include "datatypes/command/database_index.h"
#include "protocol/base/number.h"
#include "server/acl/access.h"
#include "server/server.h"
#include "server/version.h"

namespace keel {

namespace {

bool printable_name(Bytes name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace

// PING [message]
Status ConnectionCommands::ping(Context& cx) {
    if (cx.args.left() > 1) return errors::wrong_arity(cx.command->name());
    Session& session = session_of(cx);
    const bool message = cx.args.more();
    const Bytes text = message ? cx.args.next<Bytes>() : Bytes{};
    if (session.subscribed() && session.reply.protocol() == 2) {
        cx.reply().array(2);
        cx.reply().bulk(Bytes{"pong"});
        cx.reply().bulk(text);
    } else if (message) {
        cx.reply().bulk(text);
    } else {
        cx.reply().pong();
    }
    return {};
}

// ECHO message
Status ConnectionCommands::echo(Context& cx) {
    cx.reply().bulk(cx.args.next<Bytes>());
    return {};
}

// SELECT index
Status ConnectionCommands::select(Context& cx) {
    KEEL_TRY(const int index, parse_database_index(cx.args.next<Bytes>()));
    if (server_.settings.cluster.enabled && index != 0) return errors::kSelectInCluster;
    if (!has_database(cx.keyspace, index)) return errors::kDbIndexOutOfRange;
    cx.caller->db_index = index;
    cx.reply().ok();
    return {};
}

Status ConnectionCommands::authenticate(Context& cx, Bytes user, Bytes password) {
    Session& session = session_of(cx);
    auto rights = server_.users.authenticate(user, password);
    if (rights == nullptr) return acl::refused_login(server_, session, cx.args.words()[0], user);
    session.rights = std::move(rights);
    session.authenticated = true;
    return {};
}

// AUTH [username] password
Status ConnectionCommands::auth(Context& cx) {
    if (cx.args.left() > 2) return errors::kSyntax;
    const bool named = cx.args.left() == 2;
    if (!named && server_.users.default_user()->without_password()) return errors::kAuthWithoutPassword;
    const Bytes user = named ? cx.args.next<Bytes>() : Bytes{"default"};
    KEEL_TRY(authenticate(cx, user, cx.args.next<Bytes>()));
    cx.reply().ok();
    return {};
}

// HELLO [protover [AUTH username password] [SETNAME clientname]]
Status ConnectionCommands::hello(Context& cx) {
    Session& session = session_of(cx);
    std::int64_t protocol = session.reply.protocol();
    if (cx.args.more()) {
        const auto wanted = parse_integer(cx.args.next<Bytes>());
        if (!wanted) return errors::kProtoNotInteger;
        if (*wanted < 2 || *wanted > 3) return errors::kNoProto;
        protocol = *wanted;
    }
    bool authenticates = false;
    bool names = false;
    Bytes user, password, name;
    while (cx.args.more()) {
        if (cx.args.left() >= 3 && cx.args.accept("AUTH")) {
            authenticates = true;
            user = cx.args.next<Bytes>();
            password = cx.args.next<Bytes>();
        } else if (cx.args.accept_with_value("SETNAME")) {
            names = true;
            name = cx.args.next<Bytes>();
            if (!printable_name(name)) return errors::kBadClientName;
        } else {
            return Error{"ERR Syntax error in HELLO option '" + std::string{cx.args.peek()} + "'"};
        }
    }
    if (authenticates) {
        KEEL_TRY(authenticate(cx, user, password));
    }
    if (!session.authenticated) return errors::kNoAuthHello;
    if (names) session.name = name;
    session.reply.set_protocol(static_cast<int>(protocol));

    Reply& reply = cx.reply();
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(kRedisVersion);
    reply.bulk("proto");
    reply.integer(protocol);
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(session.id));
    reply.bulk("mode");
    reply.bulk(server_.settings.cluster.enabled ? "cluster" : "standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.empty_array();
    return {};
}

// QUIT
Status ConnectionCommands::quit(Context& cx) {
    cx.reply().ok();
    session_of(cx).close_after_reply = true;
    return {};
}

// RESET
Status ConnectionCommands::reset(Context& cx) {
    Session& session = session_of(cx);
    if (session.monitor) server_.monitors.remove(session);
    server_.end_transaction(session);
    server_.tracking.disable(session);
    server_.pubsub.forget(session);
    session.reply_mode = ReplyMode::on;
    session.reply.set_muted(false);
    session.reply.set_protocol(2);
    session.db_index = 0;
    session.name.clear();
    session.no_evict = session.no_touch = false;
    acl::greet(server_.users, session);
    cx.reply().simple("RESET");
    return {};
}

std::span<const CommandSpec> ConnectionCommands::rows() {
    using C = ConnectionCommands;
    static constexpr Bytes kAskAll[] = {"request_policy:all_shards", "response_policy:all_succeeded"};
    static constexpr CommandSpec kRows[] = {
        {.name = "ping",
         .run = method<&C::ping>,
         .arity = at_least(1),
         .flags = Flag::fast | Flag::sentinel,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Answers PONG, or the message.",
         .syntax = "[message]",
         .tips = kAskAll},
        {.name = "echo",
         .run = method<&C::echo>,
         .arity = exactly(2),
         .flags = Flag::loading | Flag::stale | Flag::fast,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Answers the message.",
         .syntax = "message"},
        {.name = "select",
         .run = method<&C::select>,
         .arity = exactly(2),
         .flags = Flag::loading | Flag::stale | Flag::fast,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Chooses the database of this connection.",
         .syntax = "index:integer"},
        {.name = "auth",
         .run = method<&C::auth>,
         .arity = at_least(2),
         .flags = Flag::noscript | Flag::loading | Flag::stale | Flag::fast | Flag::no_auth | Flag::sentinel |
                  Flag::allow_busy | Flag::skip_monitor | Flag::skip_slowlog,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "1.0.0",
         .complexity = "O(N) where N is the number of passwords of the user",
         .summary = "Authenticates the connection.",
         .syntax = "[username] password"},
        {.name = "hello",
         .run = method<&C::hello>,
         .arity = at_least(1),
         .flags = Flag::noscript | Flag::loading | Flag::stale | Flag::fast | Flag::no_auth | Flag::sentinel |
                  Flag::allow_busy | Flag::skip_monitor | Flag::skip_slowlog,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Greets the server, and chooses the protocol.",
         .syntax = "arguments=[protover:integer [AUTH username_password=(username password)] [SETNAME clientname]]"},
        {.name = "quit",
         .run = method<&C::quit>,
         .arity = at_least(1),
         .flags = Flag::noscript | Flag::loading | Flag::stale | Flag::fast | Flag::no_auth | Flag::allow_busy |
                  Flag::unqueued,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Closes the connection.",
         .deprecated_since = "7.2.0",
         .replaced_by = "just closing the connection"},
        {.name = "reset",
         .run = method<&C::reset>,
         .arity = exactly(1),
         .flags = Flag::noscript | Flag::loading | Flag::stale | Flag::fast | Flag::no_auth | Flag::allow_busy |
                  Flag::unqueued,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Brings the connection back to its state at the start."},
    };
    return kRows;
}

}  // namespace keel
