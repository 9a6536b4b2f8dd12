// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/families.h"

#include "datatypes/all_types.h"
#include "persistence/dump_commands.h"
#include "server/commands/acl_commands.h"
#include "server/commands/call_log_commands.h"
#include "server/commands/client_commands.h"
#include "server/commands/command_commands.h"
#include "server/commands/config_commands.h"
#include "server/commands/connection_commands.h"
#include "server/commands/debug_commands.h"
#include "server/commands/function_commands.h"
#include "server/commands/latency_commands.h"
#include "server/commands/memory_commands.h"
#include "server/commands/migrate_commands.h"
#include "server/commands/module_commands.h"
#include "server/commands/observation_commands.h"
#include "server/commands/process_commands.h"
#include "server/commands/pubsub_commands.h"
#include "server/commands/script_commands.h"
#include "server/commands/snapshot_commands.h"
#include "server/commands/transaction_commands.h"
#include "server/server.h"

namespace keel {

template <typename Family, typename Part>
void CommandFamilies::add(Server& server, Part& part) {
    auto family = std::make_shared<Family>(part);
    server.registry.add(Family::rows(), family.get());
    families_.push_back(std::move(family));
}

template <typename Family>
void CommandFamilies::add(Server& server) {
    add<Family>(server, server);
}

CommandFamilies::CommandFamilies(Server& server) {
    add_data_commands(server.registry);
    server.registry.add(kCommandCommands);
    server.registry.add(kModuleCommands);
    add<ConnectionCommands>(server);
    add<ClientCommands>(server);
    add<TransactionCommands>(server);
    add<AclCommands>(server);
    add<ConfigCommands>(server);
    add<PubSubCommands>(server);
    add<ObservationCommands>(server);
    add<ProcessCommands>(server);
    add<MemoryCommands>(server);
    add<CallLogCommands>(server);
    add<LatencyCommands>(server);
    add<DebugCommands>(server);
    add<ScriptCommands>(server);
    add<FunctionCommands>(server);
    add<SnapshotCommands>(server);
    add<DumpCommands>(server, server.debug.skip_checksums);
    add<MigrateCommands>(server);
}

CommandFamilies::~CommandFamilies() = default;

}  // namespace keel
