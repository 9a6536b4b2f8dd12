// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/families.h"

#include "datatypes/all_types.h"
#include "server/commands/command_commands.h"
#include "server/commands/connection_commands.h"
#include "server/commands/observation_commands.h"
#include "server/server.h"

namespace keel {

CommandFamilies::CommandFamilies(Server& server)
    : connection_(std::make_unique<ConnectionCommands>(server)),
      observation_(std::make_unique<ObservationCommands>(server)) {
    add_data_commands(server.registry);
    server.registry.add(kCommandCommands);
    server.registry.add(ConnectionCommands::rows(), connection_.get());
    server.registry.add(ObservationCommands::rows(), observation_.get());
}

CommandFamilies::~CommandFamilies() = default;

}  // namespace keel
