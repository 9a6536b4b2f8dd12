// SPDX-License-Identifier: BSD-3-Clause
//
// Who asks, as far as a command may know. The server's Session is one; a script and the replica's link are others.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/bytes.h"

namespace keel {

class Command;

class Caller {
  public:
    virtual ~Caller() = default;
    // Whether this request may read keys that it does not name (SORT's BY and GET).
    [[nodiscard]] virtual bool reads_all_keys(const Command&, std::span<const Bytes> /*words*/) const { return true; }

    int db_index = 0;            // SELECTed database
    bool deny_blocking = false;  // inside MULTI or a script: blocking commands answer at once
    bool in_script = false;      // what has no order of its own is shown in one that is the same everywhere
};

}  // namespace keel
