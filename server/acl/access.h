// SPDX-License-Identifier: BSD-3-Clause
//
// Access rules and the server as a whole: where users come from at the start, what becomes of sessions when rules
// change, and how a refusal is told.
#pragma once

#include "server/acl/access_log.h"
#include "server/acl/users.h"

namespace keel {
struct Server;
class Session;
struct Call;
}  // namespace keel

namespace keel::acl {

// A session begins: it is the default user, and in if that one lets everyone in.
void greet(const Users& users, Session& session);

// Its certificate names it (tls-auth-clients-user): the first of `names` that is a user makes it that user, without a
// password; if none is, or it is switched off, it stays who it is, and the refusal is counted and logged.
void welcome(Server& server, Session& session, const std::vector<std::string>& names);

// The users of the configuration's lines, or of the aclfile. The error is ready for the log.
Status load_users(Server& server);
// Reads the aclfile. The error is ready to be replied.
Status load_file(Server& server);
Status save_file(Server& server);
// CONFIG REWRITE: a line for each user, none if there is a file for them.
[[nodiscard]] std::vector<std::string> user_lines(const Server& server);

// To be called after users changed: ends sessions whose user is gone, or who listen to what they no longer may; the one
// that runs the command gets its answer first. Lets everyone in if the default user does so now.
void apply_to_sessions(Server& server);

// Of a request whose words contradict the command's grammar: whether the command is to say so, in words of its own. It
// is where the number of keys that follow is no such number, as its handler looks at that before it looks at any key.
[[nodiscard]] bool told_by_command(const Command& command, const Refusal& refusal);

// Counts a refusal and notes it in the log; the error tells the client.
Error refused(Server& server, Session& session, const Call& call, const Refusal& refusal, Where where);
// The same for a name and password that do not let anyone in. `command` as the client spelled it.
Error refused_login(Server& server, const Session& session, Bytes command, Bytes user);

// "User bob has no permissions to ...", of a refusal that names a command, key or channel.
[[nodiscard]] std::string reason_text(const User& user, const Request& request, const Refusal& refusal);

}  // namespace keel::acl
