// SPDX-License-Identifier: BSD-3-Clause
#include "server/start_checks.h"

#include <fmt/core.h>

namespace keel {

namespace {

Error not_in_this_build(Bytes directive, Bytes what) {
    return Error{fmt::format("'{}' is set, but this version of keel has no {} yet: take the directive out.", directive, what)};
}

}  // namespace

Status refuse_unsafe(const Settings& settings) {
    if (!settings.replication.primary_host.empty()) return not_in_this_build("replicaof", "replication");
    if (settings.cluster.enabled) return not_in_this_build("cluster-enabled", "cluster mode");
    return {};
}

}  // namespace keel
