// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/effects.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("effects: words for log and replicas are kept only while one of them listens") {
    Effects effects;
    CHECK(effects.heard());
    effects.replicate_as(0, {"SET", "k", "v"});
    effects.before(0, {"DEL", "k"});
    CHECK(effects.rewrites().size() == 1);
    CHECK(effects.ahead().size() == 1);
    effects.clear();

    effects.set_heard(false);
    effects.replicate_as(0, {"SET", "k", "v"});
    effects.replicate_as(0, std::vector<std::string>{"SET", "k", "v"});
    effects.before(0, {"DEL", "k"});
    effects.before(0, std::vector<std::string>{"DEL", "k"});
    CHECK(effects.rewrites().empty());
    CHECK(effects.ahead().empty());
    effects.clear();
    CHECK_FALSE(effects.heard());  // it outlives the command
}

TEST_CASE("effects: whether anyone takes the words changes nothing for those who watch keys") {
    Effects effects;
    effects.set_heard(false);
    effects.changed(0, "k", events::kSet);
    effects.replicate_as(0, {"SET", "k", "v"});
    CHECK(effects.dirty() == 1);
    CHECK(effects.changes().size() == 1);
}
