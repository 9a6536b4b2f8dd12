// SPDX-License-Identifier: BSD-3-Clause
//
// DUMP and RESTORE: one value as bytes, out and in.
#pragma once

#include "datatypes/command/context.h"

namespace keel {

class DumpCommands {
  public:
    // `skip_checksums`: DEBUG SET-SKIP-CHECKSUM-VALIDATION.
    explicit DumpCommands(const bool& skip_checksums) : skip_checksums_(skip_checksums) {}
    static std::span<const CommandSpec> rows();

    Status dump(Context& cx);
    Status restore(Context& cx);

  private:
    const bool& skip_checksums_;
};

}  // namespace keel
