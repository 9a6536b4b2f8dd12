// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/effect_stream.h"

#include <catch2/catch.hpp>

#include "tests/support/log_text.h"

using namespace keel;

namespace {

const std::string kSelect0 = command_text({"SELECT", "0"});
const std::string kSelect2 = command_text({"SELECT", "2"});
const std::string kMulti = command_text({"MULTI"});
const std::string kExec = command_text({"EXEC"});
const std::string kA = command_text({"SET", "a", "1"});
const std::string kB = command_text({"DEL", "b"});

}  // namespace

TEST_CASE("effect stream: one effect stands as it is, with its database where that changes") {
    EffectStream stream;
    for (const int db : {0, 0, 2}) {
        stream.begin();
        stream.command(db, kA);
        stream.end();
    }
    CHECK(stream.bytes() == kSelect0 + kA + kA + kSelect2 + kA);
    CHECK(stream.selected() == 2);
    stream.clear();
    CHECK(stream.bytes().empty());
    stream.reselect();
    stream.begin();
    const Bytes words[] = {"DEL", "b"};
    stream.command(2, words);
    stream.end();
    CHECK(stream.bytes() == kSelect2 + kB);
}

TEST_CASE("effect stream: effects that belong together are one transaction") {
    EffectStream stream;
    stream.begin();
    stream.command(0, kA);
    stream.begin();  // a script inside of it
    stream.command(2, kB);
    stream.command(2, kB);
    stream.end();
    stream.end();
    CHECK(stream.bytes() == kSelect0 + kMulti + kA + kSelect2 + kB + kB + kExec);
    stream.clear();
    stream.begin();
    stream.end();
    CHECK(stream.bytes().empty());
    stream.begin();
    stream.command(2, kA);
    stream.command(2, kB);
    stream.end();
    stream.begin();
    stream.command(2, kA);
    stream.end();
    CHECK(stream.bytes() == kMulti + kA + kB + kExec + kA);
}

TEST_CASE("effect stream: a unit in whose middle the stream ends becomes two whole ones") {
    EffectStream stream;
    stream.begin();
    CHECK_FALSE(stream.in_unit());
    stream.command(0, kA);
    stream.command(0, kB);
    CHECK(stream.in_unit());
    stream.split();
    CHECK_FALSE(stream.in_unit());
    CHECK(stream.bytes() == kSelect0 + kMulti + kA + kB + kExec);
    stream.clear();
    stream.reselect();
    stream.command(0, kA);
    stream.end();
    CHECK(stream.bytes() == kSelect0 + kA);
}
