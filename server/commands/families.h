// SPDX-License-Identifier: BSD-3-Clause
//
// The command families that need more than a Context, each an object whose methods its rows name. Built with the
// server, registered beside the families of datatypes. A new one is a line in families.cpp.
#pragma once

#include <memory>
#include <vector>

namespace keel {

struct Server;

class CommandFamilies {
  public:
    // Builds every family and adds all rows, those of datatypes too, to the server's registry.
    explicit CommandFamilies(Server& server);
    ~CommandFamilies();

  private:
    template <typename Family>
    void add(Server& server);
    // A family that needs only a part of the server.
    template <typename Family, typename Part>
    void add(Server& server, Part& part);

    std::vector<std::shared_ptr<void>> families_;
};

}  // namespace keel
