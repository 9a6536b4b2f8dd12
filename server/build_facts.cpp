// SPDX-License-Identifier: BSD-3-Clause
#include "server/build_facts.h"

#include <fmt/core.h>
#include <xxhash.h>

#include "server/version.h"

namespace keel {

std::string build_id() {
    const std::string all =
        fmt::format("{}-{}-{}-{}", kKeelVersion, kBuildFacts.commit, kBuildFacts.modified ? 1 : 0, kBuildFacts.tools);
    return fmt::format("{:016x}", XXH3_64bits(all.data(), all.size()));
}

}  // namespace keel
