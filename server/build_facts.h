// SPDX-License-Identifier: BSD-3-Clause
//
// Which build this is: INFO server, --version and the first lines of the log tell it, so that a report of a fault leads
// to the source it is about. The values are in a file that each build writes (tools/build_facts.cmake): it alone
// compiles anew when the commit changes.
#pragma once

#include <string>

#include "protocol/base/bytes.h"

namespace keel {

struct BuildFacts {
    Bytes commit;   // its first eight digits; zeros when the source is not a git repository
    bool modified;  // the source differs from that commit
    Bytes tools;    // compiler and kind of build
};

extern const BuildFacts kBuildFacts;

// Sixteen hex digits: the same for builds of the same version, commit and tools.
[[nodiscard]] std::string build_id();

}  // namespace keel
