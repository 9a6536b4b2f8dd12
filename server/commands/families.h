// SPDX-License-Identifier: BSD-3-Clause
//
// The command families that need more than a Context, each an object whose methods its rows name. Built with the
// server, registered beside the families of datatypes.
#pragma once

#include <memory>

namespace keel {

struct Server;
class ConnectionCommands;
class ObservationCommands;

class CommandFamilies {
  public:
    // Builds every family and adds all rows, those of datatypes too, to the server's registry.
    explicit CommandFamilies(Server& server);
    ~CommandFamilies();

  private:
    std::unique_ptr<ConnectionCommands> connection_;
    std::unique_ptr<ObservationCommands> observation_;
};

}  // namespace keel
