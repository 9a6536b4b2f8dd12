// SPDX-License-Identifier: BSD-3-Clause
//
// Who asks, as far as a command may know. The server's Session is one; a script and the replica's link are others.
#pragma once

#include <cstdint>

namespace keel {

class Caller {
  public:
    virtual ~Caller() = default;

    int db_index = 0;            // SELECTed database
    bool deny_blocking = false;  // inside MULTI or a script: blocking commands answer at once
    bool in_script = false;      // what has no order of its own is shown in one that is the same everywhere
};

}  // namespace keel
