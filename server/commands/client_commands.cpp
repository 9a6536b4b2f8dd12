// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/client_commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "datatypes/command/help.h"
#include "protocol/base/number.h"
#include "server/client_filter.h"
#include "server/client_info.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kBadPauseMode{"ERR CLIENT PAUSE mode must be WRITE or ALL"};
constexpr ErrorText kBadUnblockReason{"ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"};

// What may stand in CLIENT LIST without breaking its lines and pairs apart.
bool is_plain(Bytes text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// ON or OFF, the only argument.
Status read_switch(Context& cx, bool& on) {
    const Bytes word = cx.args.next<Bytes>();
    if (!equal_nocase(word, "on") && !equal_nocase(word, "off")) return errors::kSyntax;
    on = equal_nocase(word, "on");
    return {};
}

}  // namespace

// ---- About the caller ----

// CLIENT ID
Status ClientCommands::id(Context& cx) {
    cx.reply().integer(static_cast<std::int64_t>(session_of(cx).id));
    return {};
}

// CLIENT INFO
Status ClientCommands::info(Context& cx) {
    cx.reply().verbatim("txt", client_line(session_of(cx), cx.clock.wall_ms()) + "\n");
    return {};
}

// CLIENT SETNAME connection-name
Status ClientCommands::set_name(Context& cx) {
    const Bytes name = cx.args.next<Bytes>();
    if (!is_plain(name)) return errors::kBadClientName;
    session_of(cx).name = name;
    cx.reply().ok();
    return {};
}

// CLIENT GETNAME
Status ClientCommands::get_name(Context& cx) {
    const std::string& name = session_of(cx).name;
    if (name.empty())
        cx.reply().null();
    else
        cx.reply().bulk(Bytes{name});
    return {};
}

// CLIENT SETINFO LIB-NAME name | LIB-VER version
Status ClientCommands::set_info(Context& cx) {
    const Bytes option = cx.args.next<Bytes>();
    const Bytes value = cx.args.next<Bytes>();
    const bool is_name = equal_nocase(option, "lib-name");
    if (!is_name && !equal_nocase(option, "lib-ver")) return Error{fmt::format("ERR Unrecognized option '{}'", option)};
    if (!is_plain(value)) {
        return Error{fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                                 is_name ? "lib-name" : "lib-ver")};
    }
    (is_name ? session_of(cx).lib_name : session_of(cx).lib_ver) = value;
    cx.reply().ok();
    return {};
}

// CLIENT CAPA capability [capability ...]: those that we do not know mean nothing to us.
Status ClientCommands::capabilities(Context& cx) {
    for (const Bytes word : cx.args.rest()) {
        if (equal_nocase(word, "redirect")) session_of(cx).understands_redirect = true;
    }
    cx.reply().ok();
    return {};
}

// CLIENT REPLY ON | OFF | SKIP. Only ON is answered. SKIP means the next command, and nothing while replies are off.
Status ClientCommands::reply(Context& cx) {
    Session& session = session_of(cx);
    if (cx.args.accept("ON")) {
        session.reply_mode = ReplyMode::on;
        session.reply.set_muted(false);
        cx.reply().ok();
    } else if (cx.args.accept("OFF")) {
        session.reply_mode = ReplyMode::off;
    } else if (cx.args.accept("SKIP")) {
        if (session.reply_mode != ReplyMode::off) session.reply_mode = ReplyMode::skip_next;
    } else {
        return errors::kSyntax;
    }
    return {};
}

// CLIENT NO-EVICT ON | OFF
Status ClientCommands::no_evict(Context& cx) {
    KEEL_TRY(read_switch(cx, session_of(cx).no_evict));
    cx.reply().ok();
    return {};
}

// CLIENT NO-TOUCH ON | OFF
Status ClientCommands::no_touch(Context& cx) {
    KEEL_TRY(read_switch(cx, session_of(cx).no_touch));
    cx.reply().ok();
    return {};
}

// ---- About all ----

// CLIENT LIST [ID ...] [TYPE ...] and the other filters of KILL
Status ClientCommands::list(Context& cx) {
    const auto known_user = [this](Bytes name) { return server_.users.find(name) != nullptr; };
    KEEL_TRY(const ClientFilter filter, ClientFilter::parse(cx.args, ClientFilter::Verb::list, known_user));
    const std::int64_t now_ms = cx.clock.wall_ms();
    const Session& caller = session_of(cx);
    std::string text;
    server_.clients.each([&](const Session& session) {
        if (filter.matches(session, caller, now_ms)) (text += client_line(session, now_ms)) += '\n';
    });
    cx.reply().verbatim("txt", text);
    return {};
}

// CLIENT KILL ip:port | filter value [filter value ...]
Status ClientCommands::kill(Context& cx) {
    const auto known_user = [this](Bytes name) { return server_.users.find(name) != nullptr; };
    const bool by_address = cx.args.left() == 1;
    ClientFilter filter;
    if (by_address) {
        filter = ClientFilter::from_address(cx.args.next<Bytes>());
    } else {
        KEEL_TRY(filter, ClientFilter::parse(cx.args, ClientFilter::Verb::kill, known_user));
    }
    Session& caller = session_of(cx);
    const std::int64_t now_ms = cx.clock.wall_ms();
    std::vector<Session*> killed;
    server_.clients.each([&](Session& session) {
        if (filter.matches(session, caller, now_ms)) killed.push_back(&session);
    });
    if (by_address && killed.empty()) return errors::kNoSuchClient;
    // The caller gets its answer first.
    for (Session* session : killed) server_.clients.close(*session, session == &caller);
    if (by_address)
        cx.reply().ok();
    else
        cx.reply().integer(static_cast<std::int64_t>(killed.size()));
    return {};
}

// CLIENT PAUSE timeout-ms [WRITE | ALL]
Status ClientCommands::pause(Context& cx) {
    if (cx.args.left() > 2) return errors::subcommand_syntax("client", cx.args.words()[1]);
    const auto timeout = parse_integer(cx.args.next<Bytes>());
    auto mode = Pause::Mode::all;
    if (cx.args.accept("WRITE"))
        mode = Pause::Mode::writes;
    else if (cx.args.more() && !cx.args.accept("ALL"))
        return kBadPauseMode;
    if (!timeout) return errors::kTimeoutNotInteger;
    if (*timeout < 0) return errors::kTimeoutNegative;
    const auto until_ms = add_checked(cx.clock.wall_ms(), *timeout);
    if (!until_ms) return errors::kTimeoutOutOfRange;
    server_.pause.begin(mode, *until_ms);
    cx.reply().ok();
    return {};
}

// CLIENT UNPAUSE
Status ClientCommands::unpause(Context& cx) {
    server_.pause.end();
    server_.clients.wake_all(Parked::paused);
    cx.reply().ok();
    return {};
}

// CLIENT UNBLOCK client-id [TIMEOUT | ERROR]: 1 if it was blocked.
Status ClientCommands::unblock(Context& cx) {
    if (cx.args.left() > 2) return errors::subcommand_syntax("client", cx.args.words()[1]);
    const Bytes id_word = cx.args.next<Bytes>();
    const bool with_error = cx.args.accept("ERROR");
    if (!with_error && cx.args.more() && !cx.args.accept("TIMEOUT")) return kBadUnblockReason;
    const auto id = parse_integer(id_word);
    if (!id) return errors::kNotInteger;
    Session* session = *id > 0 ? server_.clients.find(static_cast<std::uint64_t>(*id)) : nullptr;
    const bool blocked = session != nullptr && session->parked == Parked::blocked;
    cx.reply().integer(blocked && server_.blocking.unblock(*session, with_error) ? 1 : 0);
    return {};
}

// ---- Rows ----

std::span<const CommandSpec> ClientCommands::rows() {
    using C = ClientCommands;
    constexpr Flag kQuiet = Flag::noscript | Flag::loading | Flag::stale | Flag::sentinel;
    constexpr Flag kAdmin = kQuiet | Flag::admin;
    static constexpr Bytes kVaries[] = {"nondeterministic_output"};
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "capa",
         .run = method<&C::capabilities>,
         .arity = at_least(3),
         .flags = Flag::noscript | Flag::loading | Flag::stale,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "8.0.0",
         .complexity = "O(1)",
         .summary = "Tells the server what this client can do.",
         .syntax = "capability [capability ...]"},
        {.name = "caching",
         .run = method<&C::caching>,
         .arity = exactly(3),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Says whether the next command's keys are to be remembered.",
         .syntax = "mode=(YES|NO)"},
        {.name = "getname",
         .run = method<&C::get_name>,
         .arity = exactly(2),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "2.6.9",
         .complexity = "O(1)",
         .summary = "Returns the name of this connection."},
        {.name = "getredir",
         .run = method<&C::get_redirection>,
         .arity = exactly(2),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Returns the client that invalidation messages of this connection go to."},
        {.name = "id",
         .run = method<&C::id>,
         .arity = exactly(2),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "5.0.0",
         .complexity = "O(1)",
         .summary = "Returns the id of this connection."},
        {.name = "info",
         .run = method<&C::info>,
         .arity = exactly(2),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Describes this connection.",
         .tips = kVaries},
        {.name = "kill",
         .run = method<&C::kill>,
         .arity = at_least(3),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "2.4.0",
         .complexity = "O(N) where N is the number of client connections",
         .summary = "Closes the connections that match.",
         .syntax = "(ip-and-port|ID client-id:integer [client-id:integer ...]|TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|"
                   "USER username|ADDR addr|LADDR addr|SKIPME (YES|NO)|MAXAGE seconds:integer) "
                   "[further-filter [further-filter ...]]"},
        {.name = "list",
         .run = method<&C::list>,
         .arity = at_least(2),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "2.4.0",
         .complexity = "O(N) where N is the number of client connections",
         .summary = "Describes all connections, or those that match.",
         .syntax = "[TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID client-id:integer [client-id:integer ...]]",
         .tips = kVaries},
        {.name = "no-evict",
         .run = method<&C::no_evict>,
         .arity = exactly(3),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "7.0.0",
         .complexity = "O(1)",
         .summary = "Protects this connection from being closed when clients take too much memory.",
         .syntax = "(ON|OFF)"},
        {.name = "no-touch",
         .run = method<&C::no_touch>,
         .arity = exactly(3),
         .flags = Flag::noscript | Flag::loading | Flag::stale,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "7.2.0",
         .complexity = "O(1)",
         .summary = "Lets this connection read keys without making them look used.",
         .syntax = "(ON|OFF)"},
        {.name = "pause",
         .run = method<&C::pause>,
         .arity = at_least(3),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "2.9.50",
         .complexity = "O(1)",
         .summary = "Holds all commands of clients back for a while, or only those that write.",
         .syntax = "timeout:integer [WRITE|ALL]"},
        {.name = "reply",
         .run = method<&C::reply>,
         .arity = exactly(3),
         .flags = kQuiet | Flag::no_multi,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "3.2.0",
         .complexity = "O(1)",
         .summary = "Turns replies to this connection on or off, or skips the next one.",
         .syntax = "(ON|OFF|SKIP)"},
        {.name = "setinfo",
         .run = method<&C::set_info>,
         .arity = exactly(4),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "7.2.0",
         .complexity = "O(1)",
         .summary = "Tells which client library this connection uses.",
         .syntax = "(LIB-NAME libname|LIB-VER libver)"},
        {.name = "setname",
         .run = method<&C::set_name>,
         .arity = exactly(3),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "2.6.9",
         .complexity = "O(1)",
         .summary = "Gives this connection a name.",
         .syntax = "connection-name"},
        {.name = "tracking",
         .run = method<&C::tracking>,
         .arity = at_least(3),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.0.0",
         .complexity = "O(1). Some options may introduce additional complexity.",
         .summary = "Turns on or off that this client is told of changes of what it read.",
         .syntax = "status=(ON|OFF) [REDIRECT client-id:integer] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] "
                   "[OPTOUT] [NOLOOP]"},
        {.name = "trackinginfo",
         .run = method<&C::tracking_info>,
         .arity = exactly(2),
         .flags = kQuiet,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Returns how this client tracks."},
        {.name = "unblock",
         .run = method<&C::unblock>,
         .arity = at_least(3),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "5.0.0",
         .complexity = "O(log N) where N is the number of client connections",
         .summary = "Ends the waiting of a client in a blocking command.",
         .syntax = "client-id:integer [TIMEOUT|ERROR]"},
        {.name = "unpause",
         .run = method<&C::unpause>,
         .arity = exactly(2),
         .flags = kAdmin,
         .categories = Category::connection,
         .group = Group::connection,
         .since = "6.2.0",
         .complexity = "O(N) where N is the number of paused clients",
         .summary = "Ends CLIENT PAUSE."},
        help_row(Group::connection, "5.0.0", Flag::loading | Flag::stale | Flag::sentinel),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "client",
         .arity = at_least(2),
         .flags = Flag::sentinel,
         .group = Group::connection,
         .since = "2.4.0",
         .complexity = "Depends on subcommand.",
         .summary = "A container for commands about client connections.",
         .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
