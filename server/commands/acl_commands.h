// SPDX-License-Identifier: BSD-3-Clause
//
// ACL: users and their rules (server/acl).
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class AclCommands {
  public:
    explicit AclCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status cat(Context& cx);
    Status remove_users(Context& cx);
    Status dry_run(Context& cx);
    Status generate_password(Context& cx);
    Status get_user(Context& cx);
    Status list(Context& cx);
    Status load(Context& cx);
    Status log(Context& cx);
    Status save(Context& cx);
    Status set_user(Context& cx);
    Status users(Context& cx);
    Status who_am_i(Context& cx);

  private:
    Server& server_;
};

}  // namespace keel
