// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG: looks inside, and does what nobody should do in earnest. One command with words of its own, not a container:
// its subcommands are not commands in the sense of ACL and COMMAND. They stand in one table in debug_commands.cpp,
// from which HELP is made too.
//
// Not here: subcommands about replication and cluster, which come with those.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

struct Server;

class DebugCommands {
  public:
    explicit DebugCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status debug(Context& cx);

  private:
    struct Subcommand;
    static std::span<const Subcommand> table();

    // Stops and crashes
    Status sleep(Context& cx);
    Status segfault(Context& cx);
    Status fail_check(Context& cx);
    Status panic(Context& cx);
    Status out_of_memory(Context& cx);
    Status restart(Context& cx);
    Status crash_and_recover(Context& cx);
    // Data
    Status object(Context& cx);
    Status sds_length(Context& cx);
    Status populate(Context& cx);
    Status digest(Context& cx);
    Status digest_value(Context& cx);
    Status table_stats(Context& cx);
    Status table_stats_of_key(Context& cx);
    Status reload(Context& cx);
    Status load_log(Context& cx);
    // Switches
    Status set_active_expire(Context& cx);
    Status pause_cron(Context& cx);
    Status reply_buffer(Context& cx);
    Status table_resizing(Context& cx);
    Status no_op_switch(Context& cx);
    Status deny_scripts(Context& cx);
    Status checksums(Context& cx);
    Status packed_threshold(Context& cx);
    // The process
    Status log(Context& cx);
    Status error(Context& cx);
    Status leak(Context& cx);
    Status protocol(Context& cx);
    Status string_match(Context& cx);
    Status string_match_test(Context& cx);
    Status struct_size(Context& cx);
    Status allocator_number(Context& cx);
    Status allocator_text(Context& cx);
    Status rewrite_config(Context& cx);
    Status change_replication_id(Context& cx);
    Status client_eviction(Context& cx);
    Status help(Context& cx);

    Server& server_;
};

}  // namespace keel
