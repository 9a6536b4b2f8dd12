// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/access.h"

#include <fmt/core.h>

#include <algorithm>

#include "conf/machine.h"
#include "protocol/base/log.h"
#include "protocol/base/words.h"
#include "server/client_info.h"
#include "server/server.h"

namespace keel::acl {

namespace {

constexpr ErrorText kBothWays{
    "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This "
    "setup "
    "is very likely to lead to configuration errors and security holes, please define either an ACL file or declare "
    "users directly in your redis.conf, but not both."};
constexpr Bytes kNoPerm = "NOPERM ";  // what such errors begin with
constexpr ErrorText kNotSaved{
    "ERR There was an error trying to save the ACLs. Please check the server logs for more information"};

bool may_go_on_listening(const Session& session, const User& user) {
    if (!session.subscribed()) return true;
    for (const TopicKind kind : {TopicKind::channel, TopicKind::pattern, TopicKind::shard}) {
        for (const Subscription* subscription : session.subscriber->of(kind)) {
            if (!user.may_listen(subscription->topic->name, kind == TopicKind::pattern)) return false;
        }
    }
    return true;
}

// Until its connection is closed it is a stranger: what it sent before is not run with rights it no longer has.
void end_session(Server& server, Session& session) {
    session.rights = server.users.default_user();
    session.authenticated = false;
    server.clients.close(session, &session == server.dispatcher.running_session());
}

void warn_of_disabled(const Users& users) {
    users.each([](const User& user) {
        if (user.enabled() || user.name() == "default") return;
        log_notice(
            "The user '{}' is disabled (there is no 'on' modifier in the user description). Make sure this is not "
            "a configuration error.",
            user.name());
    });
}

}  // namespace

void greet(const Users& users, Session& session) {
    session.rights = users.default_user();
    session.authenticated = users.open();
}

// ---- Where users come from ----

Status load_users(Server& server) {
    const bool by_file = !server.settings.acl.file.empty();
    if (by_file && !server.facts.users.empty()) return kBothWays;
    if (by_file) {
        const Status loaded = load_file(server);
        if (!loaded) {
            return Error{
                fmt::format("Aborting Redis startup because of ACL errors: {}", loaded.error().text().substr(4))};
        }
    }
    for (const auto& words : server.facts.users) KEEL_TRY(server.users.define(words));
    warn_of_disabled(server.users);
    return {};
}

Status load_file(Server& server) {
    const std::string& path = server.settings.acl.file;
    const Result<std::string> text = RealMachine{}.read(path);
    if (!text) return Error{fmt::format("ERR Error loading ACLs, opening file '{}': {}", path, text.error().text())};
    if (const Status loaded = server.users.load(*text, path); !loaded) {
        return Error{fmt::format("ERR {}", loaded.error().text())};
    }
    return {};
}

Status save_file(Server& server) {
    const Status saved = RealMachine{}.replace(server.settings.acl.file, server.users.text());
    if (saved) return {};
    log_warning("Saving the ACL file '{}': {}", server.settings.acl.file, saved.error().text());
    return kNotSaved;
}

std::vector<std::string> user_lines(const Server& server) {
    std::vector<std::string> out;
    if (!server.settings.acl.file.empty()) return out;
    server.users.each([&out](const User& user) {
        std::string line = "user " + file_word(user.name());
        const std::string text = user.text();
        for (Bytes rest = text; !rest.empty();) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            (line += ' ') += file_word(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        out.push_back(std::move(line));
    });
    return out;
}

// ---- Sessions ----

void apply_to_sessions(Server& server) {
    std::vector<Session*> ended;
    server.clients.each([&](Session& session) {
        if (!session.authenticated && server.users.open()) greet(server.users, session);
        const User& user = *session.rights;
        if (user.gone() || !may_go_on_listening(session, user)) ended.push_back(&session);
    });
    for (Session* session : ended) end_session(server, *session);
}

// ---- Refusals ----

namespace {

void note(Server& server, const Session& session, AccessLog::Entry entry) {
    const std::int64_t now_ms = server.clock.wall_ms();
    entry.client = client_line(session, now_ms);
    server.access_log.add(std::move(entry), now_ms, server.settings.acl.log_max_entries);
}

std::uint64_t& counter(Stats& stats, Denied what) {
    switch (what) {
        case Denied::key: return stats.acl_denied_key;
        case Denied::channel: return stats.acl_denied_channel;
        case Denied::auth: return stats.acl_denied_auth;
        case Denied::certificate: return stats.acl_denied_certificate;
        default: return stats.acl_denied_command;
    }
}

Error told(const Session& session, const Call& call, Denied what) {
    if (what == Denied::key) return errors::kNoPermKey;
    if (what == Denied::channel) return errors::kNoPermChannel;
    return errors::no_permission(session.user_name(), call.command->name());
}

Error refused_in_exec(Denied what) {
    const Bytes why = what == Denied::key       ? "no permission to touch the specified keys"
                      : what == Denied::channel ? "no permission to access one of the channels used as arguments"
                                                : "no permission to execute the command or subcommand";
    return Error{
        fmt::format("NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
                    "This command is "
                    "no longer allowed for the following reason: {}",
                    why)};
}

}  // namespace

bool told_by_command(const Command& command, const Refusal& refusal) {
    if (refusal.what != Denied::malformed || command.spec().find_keys != nullptr) return false;
    const auto specs = command.spec().keys.all();
    return std::any_of(specs.begin(), specs.end(), [](const KeySpec& spec) { return spec.counted; });
}

Error refused(Server& server, Session& session, const Call& call, const Refusal& refusal, Where where) {
    if (refusal.what == Denied::malformed) return errors::kInvalidArguments;
    // What the client's line in the log shows: this one, or the EXEC or script that it is of.
    if (where == Where::toplevel || where == Where::multi) session.last_command = call.command;
    const bool command = refusal.what == Denied::command;
    ++counter(server.stats, refusal.what);
    note(server, session,
         {.reason = refusal.what,
          .where = where,
          .object = std::string{command ? call.command->name() : call.words[refusal.word]},
          .user = std::string{session.user_name()},
          .client = {}});
    if (where == Where::exec) return refused_in_exec(refusal.what);
    Error error = told(session, call, refusal.what);
    if (where != Where::lua) return error;
    return Error{fmt::format("NOPERM ACL failure in script: {}", error.text().substr(kNoPerm.size()))};
}

void welcome(Server& server, Session& session, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        auto user = server.users.find(name);
        if (user == nullptr || !user->enabled()) continue;
        log_verbose("TLS: the client at {} is user '{}' by its certificate", session.peer_address, name);
        session.rights = std::move(user);
        session.authenticated = true;
        return;
    }
    ++counter(server.stats, Denied::certificate);
    note(server, session,
         {.reason = Denied::certificate,
          .where = Where::toplevel,
          .object = names.front(),
          .user = names.front(),
          .client = {}});
}

Error refused_login(Server& server, const Session& session, Bytes command, Bytes user) {
    ++counter(server.stats, Denied::auth);
    note(server, session,
         {.reason = Denied::auth,
          .where = Where::toplevel,
          .object = std::string{command},
          .user = std::string{user},
          .client = {}});
    return errors::kWrongPass;
}

std::string reason_text(const User& user, const Request& request, const Refusal& refusal) {
    if (refusal.what == Denied::command) {
        return fmt::format("User {} has no permissions to run the '{}' command", user.name(), request.command.name());
    }
    return fmt::format("User {} has no permissions to access the '{}' {}", user.name(), request.words[refusal.word],
                       reason_name(refusal.what));
}

}  // namespace keel::acl
