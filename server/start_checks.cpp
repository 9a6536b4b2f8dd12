// SPDX-License-Identifier: BSD-3-Clause
#include "server/start_checks.h"

#include <fmt/core.h>

#include <algorithm>

namespace keel {

namespace {

Error not_in_this_build(Bytes directive, Bytes what) {
    return Error{fmt::format("'{}' is set, but this version of keel has no {} yet: take the directive out.", directive, what)};
}

bool is_one_of(const std::string& word, std::initializer_list<Bytes> names) {
    return std::any_of(names.begin(), names.end(), [&](Bytes name) { return equal_nocase(word, name); });
}

}  // namespace

Status refuse_unsafe(const Settings& settings) {
    if (!settings.acl.file.empty()) return not_in_this_build("aclfile", "users with access rules");
    if (settings.tls.port != 0) return not_in_this_build("tls-port", "TLS");
    if (settings.aof.enabled) return not_in_this_build("appendonly", "append-only file");
    if (!settings.replication.primary_host.empty()) return not_in_this_build("replicaof", "replication");
    if (settings.cluster.enabled) return not_in_this_build("cluster-enabled", "cluster mode");
    return {};
}

Status accept_user_line(std::span<const std::string> words) {
    bool on = false, without_password = false, keys = false, channels = false, commands = false;
    bool plain = !words.empty() && words[0] == "default";
    for (const std::string& rule : words.subspan(words.empty() ? 0 : 1)) {
        if (is_one_of(rule, {"on"})) on = true;
        else if (is_one_of(rule, {"nopass"})) without_password = true;
        else if (is_one_of(rule, {"~*", "allkeys"})) keys = true;
        else if (is_one_of(rule, {"&*", "allchannels"})) channels = true;
        else if (is_one_of(rule, {"+@all", "allcommands"})) commands = true;
        else if (!is_one_of(rule, {"sanitize-payload"})) plain = false;
    }
    if (plain && on && without_password && keys && channels && commands) return {};
    return Error{"This version of keel does not enforce access rules of users yet; the only line it can keep is "
                 "'user default on nopass ~* &* +@all'. A password for everyone is set with requirepass."};
}

}  // namespace keel
