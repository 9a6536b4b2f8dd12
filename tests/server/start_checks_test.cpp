// SPDX-License-Identifier: BSD-3-Clause
#include "server/start_checks.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace keel;

namespace {
bool accepts(const std::vector<std::string>& words) { return static_cast<bool>(accept_user_line(words)); }
}  // namespace

TEST_CASE("start checks: a user line is taken only when it says what holds anyway") {
    CHECK(accepts({"default", "on", "nopass", "~*", "&*", "+@all"}));
    CHECK(accepts({"default", "on", "nopass", "sanitize-payload", "allkeys", "allchannels", "allcommands"}));
    CHECK(accepts({"default", "+@all", "&*", "~*", "nopass", "ON"}));
}

TEST_CASE("start checks: whatever restricts, or names someone else, is refused") {
    CHECK_FALSE(accepts({}));
    CHECK_FALSE(accepts({"default"}));
    CHECK_FALSE(accepts({"default", "off", "nopass", "~*", "&*", "+@all"}));
    CHECK_FALSE(accepts({"default", "on", ">secret", "~*", "&*", "+@all"}));
    CHECK_FALSE(accepts({"default", "on", "nopass", "~app:*", "&*", "+@all"}));
    CHECK_FALSE(accepts({"default", "on", "nopass", "~*", "&*", "+@all", "-flushall"}));
    CHECK_FALSE(accepts({"default", "on", "nopass", "~*", "+@all"}));
    CHECK_FALSE(accepts({"bob", "on", "nopass", "~*", "&*", "+@all"}));
}

TEST_CASE("start checks: default settings are safe, and what is missing is named") {
    CHECK(refuse_unsafe(Settings{}));
    Settings settings;
    settings.acl.file = "/etc/users.acl";
    CHECK(refuse_unsafe(settings).error().text().find("'aclfile'") != Bytes::npos);
    settings = {};
    settings.tls.port = 6380;
    CHECK(refuse_unsafe(settings).error().text().find("'tls-port'") != Bytes::npos);
    settings = {};
    settings.replication.primary_host = "10.0.0.1";
    CHECK(refuse_unsafe(settings).error().text().find("'replicaof'") != Bytes::npos);
    settings = {};
    settings.aof.enabled = true;
    CHECK(refuse_unsafe(settings).error().text().find("'appendonly'") != Bytes::npos);
    settings = {};
    settings.cluster.enabled = true;
    CHECK(refuse_unsafe(settings).error().text().find("'cluster-enabled'") != Bytes::npos);
}
