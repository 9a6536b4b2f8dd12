// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/access_log.h"

#include <catch2/catch.hpp>

using namespace keel;
using namespace keel::acl;

namespace {

struct Log {
    AccessLog log;
    std::int64_t now_ms = 1'000'000;
    void add(std::string object, Denied reason = Denied::key, Where where = Where::toplevel, std::string user = "bob") {
        log.add({.reason = reason, .where = where, .object = std::move(object), .user = std::move(user), .client = "x"},
                now_ms, 128);
    }
};

}  // namespace

TEST_CASE_METHOD(Log, "access log: the same refusal counts and comes to the front") {
    add("a");
    add("b");
    now_ms += 5000;
    add("a");
    REQUIRE(log.entries().size() == 2);
    CHECK(log.entries()[0].object == "a");
    CHECK(log.entries()[0].count == 2);
    CHECK(log.entries()[0].id == 0);
    CHECK(log.entries()[0].created_ms == 1'000'000);
    CHECK(log.entries()[0].updated_ms == 1'005'000);
    CHECK(log.entries()[1].id == 1);
}

TEST_CASE_METHOD(Log, "access log: another reason, place, user or minute is another entry") {
    add("a");
    add("a", Denied::command);
    add("a", Denied::key, Where::multi);
    add("a", Denied::key, Where::toplevel, "eve");
    CHECK(log.entries().size() == 4);
    now_ms += 60'000;
    add("a");
    CHECK(log.entries().size() == 4);
    now_ms += 60'001;
    add("a");
    CHECK(log.entries().size() == 5);
}

TEST_CASE_METHOD(Log, "access log: only the ten latest are looked at") {
    add("a");
    for (int i = 0; i < 10; ++i) add("b" + std::to_string(i));
    add("a");
    CHECK(log.entries().size() == 12);
}

TEST_CASE_METHOD(Log, "access log: its size is bounded, in entries and in bytes") {
    for (int i = 0; i < 300; ++i) add(std::to_string(i));
    CHECK(log.entries().size() == 128);
    CHECK(log.entries().front().object == "299");
    add(std::string(100'000, 'x'), Denied::auth, Where::toplevel, std::string(100'000, 'y'));
    CHECK(log.entries().front().object.size() == AccessLog::kMaxText);
    CHECK(log.entries().front().user.size() == AccessLog::kMaxText);
    log.add({.reason = Denied::key, .where = Where::lua, .object = "o", .user = "u", .client = "c"}, now_ms, 0);
    CHECK(log.entries().empty());
}
