// SPDX-License-Identifier: BSD-3-Clause
#include "server/start_checks.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("start checks: default settings are safe, and what is missing is named") {
    CHECK(refuse_unsafe(Settings{}));
    Settings settings;
    settings.replication.primary_host = "10.0.0.1";
    CHECK(refuse_unsafe(settings).error().text().find("'replicaof'") != Bytes::npos);
    settings = {};
    settings.cluster.enabled = true;
    CHECK(refuse_unsafe(settings).error().text().find("'cluster-enabled'") != Bytes::npos);
}
