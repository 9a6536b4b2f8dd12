// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/acl_commands.h"

#include <fmt/core.h>

#include <algorithm>

#include "datatypes/command/help.h"
#include "protocol/base/number.h"
#include "server/acl/access.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kDefaultStays{"ERR The 'default' user cannot be removed"};
constexpr ErrorText kBadBits{
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"};
constexpr ErrorText kNoFile{
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users "
    "in the Redis configuration."};

Error too_many_words(Context& cx) { return errors::subcommand_syntax("ACL", cx.args.words()[1]); }

}  // namespace

// ---- Rules ----

// ACL CAT [category]
Status AclCommands::cat(Context& cx) {
    if (cx.args.left() > 1) return too_many_words(cx);
    if (!cx.args.more()) {
        cx.reply().array(all_categories().size());
        for (const Category category : all_categories()) cx.reply().bulk(category_name(category));
        return {};
    }
    const Bytes name = cx.args.next<Bytes>();
    const Category category = category_of(name);
    if (category == Category::none) return Error{fmt::format("ERR Unknown category '{}'", name)};
    const acl::Commands& commands = server_.users.commands();
    cx.reply().array(commands.members(category).count());
    for (const Command* command : commands.all()) {
        if (has(command->categories(), category)) cx.reply().bulk(command->name());
    }
    return {};
}

// ACL DRYRUN username command [arg ...]
Status AclCommands::dry_run(Context& cx) {
    const Bytes name = cx.args.next<Bytes>();
    const auto user = server_.users.find(name);
    if (user == nullptr) return Error{fmt::format("ERR User '{}' not found", name)};
    Call call{.words = cx.args.rest()};
    server_.dispatcher.resolve(call, session_of(cx));
    const bool container = call.command != nullptr && !call.command->subcommands().empty() && call.words.size() > 1;
    if (call.command == nullptr || container) return Error{fmt::format("ERR Command '{}' not found", call.words[0])};
    if (!call.command->spec().arity.accepts(call.words.size())) return errors::wrong_arity(call.command->name());

    KeyList keys;
    acl::Request request{*call.command, call.words, keys};
    const acl::Refusal refusal = user->check(request);
    const bool told = acl::told_by_command(*call.command, refusal);
    if (refusal.what == acl::Denied::malformed && !told) return errors::kInvalidArguments;
    if (told || refusal.what == acl::Denied::no)
        cx.reply().ok();
    else
        cx.reply().bulk(Bytes{acl::reason_text(*user, request, refusal)});
    return {};
}

// ---- Users ----

// ACL SETUSER username [rule ...]
Status AclCommands::set_user(Context& cx) {
    const Bytes name = cx.args.next<Bytes>();
    KEEL_TRY(server_.users.set(name, cx.args.rest()));
    acl::apply_to_sessions(server_);
    cx.reply().ok();
    return {};
}

// ACL DELUSER username [username ...]
Status AclCommands::remove_users(Context& cx) {
    const auto names = cx.args.rest();
    if (std::find(names.begin(), names.end(), Bytes{"default"}) != names.end()) return kDefaultStays;
    const auto removed =
        std::count_if(names.begin(), names.end(), [this](Bytes name) { return server_.users.remove(name); });
    if (removed != 0) acl::apply_to_sessions(server_);
    cx.reply().integer(removed);
    return {};
}

namespace {

void reply_permissions(Reply& reply, const acl::Selector& selector) {
    reply.bulk("commands");
    reply.bulk(Bytes{selector.command_text()});
    reply.bulk("keys");
    reply.bulk(Bytes{selector.key_text()});
    reply.bulk("channels");
    reply.bulk(Bytes{selector.channel_text()});
}

}  // namespace

// ACL GETUSER username
Status AclCommands::get_user(Context& cx) {
    Reply& reply = cx.reply();
    const auto user = server_.users.find(cx.args.next<Bytes>());
    if (user == nullptr) {
        reply.null();
        return {};
    }
    reply.map(6);
    reply.bulk("flags");
    const std::vector<Bytes> flags = user->flag_names();
    reply.set(flags.size());
    for (const Bytes flag : flags) reply.bulk(flag);
    reply.bulk("passwords");
    reply.array(user->passwords().size());
    for (const acl::PasswordHash& password : user->passwords()) reply.bulk(Bytes{acl::hash_text(password)});
    reply_permissions(reply, user->selectors().front());
    reply.bulk("selectors");
    reply.array(user->selectors().size() - 1);
    for (const acl::Selector& selector : std::span{user->selectors()}.subspan(1)) {
        reply.map(3);
        reply_permissions(reply, selector);
    }
    return {};
}

// ACL LIST
Status AclCommands::list(Context& cx) {
    auto array = cx.reply().deferred_array();
    std::size_t count = 0;
    server_.users.each([&](const acl::User& user) {
        cx.reply().bulk(Bytes{fmt::format("user {} {}", user.name(), user.text())});
        ++count;
    });
    array.end(count);
    return {};
}

// ACL USERS
Status AclCommands::users(Context& cx) {
    auto array = cx.reply().deferred_array();
    std::size_t count = 0;
    server_.users.each([&](const acl::User& user) {
        cx.reply().bulk(Bytes{user.name()});
        ++count;
    });
    array.end(count);
    return {};
}

// ACL WHOAMI
Status AclCommands::who_am_i(Context& cx) {
    cx.reply().bulk(session_of(cx).user_name());
    return {};
}

// ACL GENPASS [bits]
Status AclCommands::generate_password(Context& cx) {
    if (cx.args.left() > 1) return too_many_words(cx);
    std::int64_t bits = 256;
    if (cx.args.more()) {
        bits = cx.args.next<std::int64_t>();
        KEEL_TRY(cx.args.done());
    }
    if (bits < 1 || bits > 4096) return kBadBits;
    cx.reply().bulk(Bytes{secret_hex(static_cast<std::size_t>(bits + 3) / 4)});
    return {};
}

// ---- The users' file ----

// ACL LOAD
Status AclCommands::load(Context& cx) {
    if (server_.settings.acl.file.empty()) return kNoFile;
    KEEL_TRY(acl::load_file(server_));
    acl::apply_to_sessions(server_);
    cx.reply().ok();
    return {};
}

// ACL SAVE
Status AclCommands::save(Context& cx) {
    if (server_.settings.acl.file.empty()) return kNoFile;
    KEEL_TRY(acl::save_file(server_));
    cx.reply().ok();
    return {};
}

// ---- The log ----

namespace {

void reply_entry(Reply& reply, const acl::AccessLog::Entry& entry, std::int64_t now_ms) {
    reply.map(10);
    reply.bulk("count");
    reply.integer(static_cast<std::int64_t>(entry.count));
    reply.bulk("reason");
    reply.bulk(acl::reason_name(entry.reason));
    reply.bulk("context");
    reply.bulk(acl::where_name(entry.where));
    reply.bulk("object");
    reply.bulk(Bytes{entry.object});
    reply.bulk("username");
    reply.bulk(Bytes{entry.user});
    reply.bulk("age-seconds");
    reply.number(static_cast<double>(now_ms - entry.updated_ms) / 1000);
    reply.bulk("client-info");
    reply.bulk(Bytes{entry.client});
    reply.bulk("entry-id");
    reply.integer(static_cast<std::int64_t>(entry.id));
    reply.bulk("timestamp-created");
    reply.integer(entry.created_ms);
    reply.bulk("timestamp-last-updated");
    reply.integer(entry.updated_ms);
}

}  // namespace

// ACL LOG [count | RESET]
Status AclCommands::log(Context& cx) {
    if (cx.args.left() > 1) return too_many_words(cx);
    if (cx.args.accept("RESET")) {
        server_.access_log.reset();
        cx.reply().ok();
        return {};
    }
    std::int64_t wanted = 10;
    if (cx.args.more()) {
        wanted = cx.args.next<std::int64_t>();
        KEEL_TRY(cx.args.done());
    }
    const auto& entries = server_.access_log.entries();
    const std::size_t shown = std::min(entries.size(), static_cast<std::size_t>(std::max<std::int64_t>(wanted, 0)));
    cx.reply().array(shown);
    for (std::size_t i = 0; i < shown; ++i) reply_entry(cx.reply(), entries[i], cx.clock.wall_ms());
    return {};
}

// ---- Rows ----

std::span<const CommandSpec> AclCommands::rows() {
    using C = AclCommands;
    static constexpr Flag kAnyone = Flag::noscript | Flag::loading | Flag::stale;
    static constexpr Flag kAdmin = Flag::admin | kAnyone;
    static constexpr CommandSpec kSubcommands[] = {
        {.name = "cat",
         .run = method<&C::cat>,
         .arity = at_least(2),
         .flags = kAnyone,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of commands",
         .summary = "Lists the categories of commands, or the commands of one.",
         .syntax = "[category]"},
        {.name = "deluser",
         .run = method<&C::remove_users>,
         .arity = at_least(3),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of clients",
         .summary = "Removes users and closes their connections.",
         .syntax = "username [username ...]"},
        {.name = "dryrun",
         .run = method<&C::dry_run>,
         .arity = at_least(4),
         .flags = kAdmin,
         .group = Group::server,
         .since = "7.0.0",
         .complexity = "O(1)",
         .summary = "Tells whether a user may run a command, without running it.",
         .syntax = "username command [arg [arg ...]]"},
        {.name = "genpass",
         .run = method<&C::generate_password>,
         .arity = at_least(2),
         .flags = kAnyone,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Makes up a password that nobody can guess.",
         .syntax = "[bits:integer]"},
        {.name = "getuser",
         .run = method<&C::get_user>,
         .arity = exactly(3),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of rules of the user",
         .summary = "Shows what a user may do.",
         .syntax = "username"},
        {.name = "list",
         .run = method<&C::list>,
         .arity = exactly(2),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of users",
         .summary = "Shows all users with their rules, as lines of a users' file."},
        {.name = "load",
         .run = method<&C::load>,
         .arity = exactly(2),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of users and clients",
         .summary = "Reads the users' file again."},
        {.name = "log",
         .run = method<&C::log>,
         .arity = at_least(2),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of entries shown",
         .summary = "Shows what was refused lately, and to whom; or forgets it.",
         .syntax = "operation=[count:integer|RESET]"},
        {.name = "save",
         .run = method<&C::save>,
         .arity = exactly(2),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of users",
         .summary = "Writes the users' file."},
        {.name = "setuser",
         .run = method<&C::set_user>,
         .arity = at_least(3),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of rules and clients",
         .summary = "Makes or changes a user: all rules, or none if one is wrong.",
         .syntax = "username [rule [rule ...]]"},
        {.name = "users",
         .run = method<&C::users>,
         .arity = exactly(2),
         .flags = kAdmin,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(N) where N is the number of users",
         .summary = "Lists the names of all users."},
        {.name = "whoami",
         .run = method<&C::who_am_i>,
         .arity = exactly(2),
         .flags = kAnyone,
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Tells the name of the connection's user."},
        help_row(Group::server, "6.0.0"),
    };
    static constexpr CommandSpec kRows[] = {
        {.name = "acl",
         .arity = at_least(2),
         .group = Group::server,
         .since = "6.0.0",
         .complexity = "Depends on the subcommand.",
         .summary = "Users and what they may do.",
         .subcommands = kSubcommands},
    };
    return kRows;
}

}  // namespace keel
