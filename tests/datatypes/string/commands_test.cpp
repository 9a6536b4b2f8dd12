// SPDX-License-Identifier: BSD-3-Clause
//
// Getting and setting whole strings, as a client, a replica and a listener see it.
#include <catch2/catch.hpp>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

constexpr UnixMs kStart = 1'700'000'000'000;  // the manual clock's

}  // namespace

// ---- SET ----

TEST_CASE("set: what was set is what is got, of any size, over any size") {
    CommandRunner keel;
    const std::string kept(40, 'k');
    for (const std::size_t before : {0, 1, 44, 45, 200, 254, 255, 1024, 1025, 5000, 40'000}) {
        for (const std::size_t after : {0, 1, 44, 45, 200, 254, 255, 1024, 1025, 4999, 5000, 40'000}) {
            REQUIRE(keel.run({"SET", "k", std::string(before, 'b')}) == kOk);
            REQUIRE(keel.run({"SET", "other", kept}) == kOk);
            REQUIRE(keel.run({"SET", "k", std::string(after, 'a')}) == kOk);
            REQUIRE(keel("GET k") == bulk(std::string(after, 'a')));
            REQUIRE(keel("GET other") == bulk(kept));
        }
    }
}

TEST_CASE("set: an empty key and an empty value are a key and a value") {
    CommandRunner keel;
    CHECK(keel(R"(SET "" "")") == kOk);
    CHECK(keel(R"(GET "")") == bulk(""));
    CHECK(keel.keyspace.keys() == 1);
}

TEST_CASE("set: bytes of any value survive") {
    CommandRunner keel;
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    keel.run({"SET", all, all});
    CHECK(keel.run({"GET", all}) == bulk(all));
}

TEST_CASE("set: the encoding follows from the text") {
    CommandRunner keel;
    const auto encoding_of = [&keel](const std::string& text) {
        keel.run({"SET", "k", text});
        CHECK(keel("GET k") == bulk(text));
        return keel.encoding("k");
    };
    CHECK(encoding_of("0") == "int");
    CHECK(encoding_of("-1") == "int");
    CHECK(encoding_of("9223372036854775807") == "int");
    CHECK(encoding_of("-9223372036854775808") == "int");
    CHECK(encoding_of("9223372036854775808") == "embstr");
    CHECK(encoding_of("-9223372036854775809") == "embstr");
    CHECK(encoding_of("007") == "embstr");
    CHECK(encoding_of("-0") == "embstr");
    CHECK(encoding_of("+1") == "embstr");
    CHECK(encoding_of("1.0") == "embstr");
    CHECK(encoding_of(" 1") == "embstr");
    CHECK(encoding_of("") == "embstr");
    CHECK(encoding_of(std::string(44, 'x')) == "embstr");
    CHECK(encoding_of(std::string(45, 'x')) == "raw");
    CHECK(encoding_of(std::string(1024, 'x')) == "raw");
    CHECK(encoding_of(std::string(1025, 'x')) == "raw");
    CHECK(encoding_of(std::string(40'000, 'x')) == "raw");
}

TEST_CASE("set: integers of every width come back as they were written") {
    CommandRunner keel;
    for (int bits = 1; bits <= 63; ++bits) {
        const auto edge = static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
        for (const std::int64_t value : {edge, edge - 1, -edge, -edge - 1}) {
            keel.run({"SET", "k", std::to_string(value)});
            REQUIRE(keel("GET k") == bulk(std::to_string(value)));
            REQUIRE(keel.encoding("k") == "int");
        }
    }
}

TEST_CASE("set: NX sets only what is not there, XX only what is") {
    CommandRunner keel;
    CHECK(keel("SET k a XX") == kNull);
    CHECK(keel.events().empty());
    CHECK(keel("GET k") == kNull);
    CHECK(keel("SET k a NX") == kOk);
    CHECK(keel("SET k b NX") == kNull);
    CHECK(keel.dirty() == 0);
    CHECK(keel("GET k") == bulk("a"));
    CHECK(keel("SET k b XX") == kOk);
    CHECK(keel("GET k") == bulk("b"));
}

TEST_CASE("set: IFEQ sets only over the very string that is named") {
    CommandRunner keel;
    CHECK(keel("SET k b IFEQ a") == kNull);
    CHECK(keel("SET k 10") == kOk);
    CHECK(keel("SET k b IFEQ 11") == kNull);
    CHECK(keel("SET k b IFEQ 10") == kOk);
    CHECK(keel("GET k") == bulk("b"));
    CHECK(keel("SET k c IFEQ b GET") == bulk("b"));
    CHECK(keel.replicated() == Strings{"SET k c"});
    CHECK(keel("SET k d IFEQ b GET") == bulk("c"));
    CHECK(keel.replicated().empty());
    CHECK(keel("SET k d IFEQ c KEEPTTL") == kOk);
    CHECK(keel.replicated() == Strings{"SET k d KEEPTTL"});
}

TEST_CASE("set: GET answers with what was there, whether or not it is replaced") {
    CommandRunner keel;
    CHECK(keel("SET k a GET") == kNull);
    CHECK(keel.replicated() == Strings{"SET k a"});
    CHECK(keel("SET k b GET") == bulk("a"));
    CHECK(keel("SET k c NX GET") == bulk("b"));
    CHECK(keel.dirty() == 0);
    CHECK(keel("GET k") == bulk("b"));
    CHECK(keel("SET new x NX GET") == kNull);
    CHECK(keel("GET new") == bulk("x"));
    CHECK(keel("SET none x XX GET") == kNull);
    CHECK(keel("GET none") == kNull);
}

TEST_CASE("set: a plain SET ends the time to live, KEEPTTL keeps it") {
    CommandRunner keel;
    CHECK(keel("SET k a EX 100") == kOk);
    CHECK(keel.deadline("k") == kStart + 100'000);
    CHECK(keel("SET k b KEEPTTL") == kOk);
    CHECK(keel.deadline("k") == kStart + 100'000);
    CHECK(keel.replicated() == Strings{"SET k b KEEPTTL"});
    CHECK(keel("SET k c") == kOk);
    CHECK(keel.deadline("k") == kNoDeadline);
    CHECK(keel("SET new c KEEPTTL") == kOk);
    CHECK(keel.deadline("new") == kNoDeadline);
}

TEST_CASE("set: four ways to say when, one way that replicas hear") {
    CommandRunner keel;
    CHECK(keel("SET k v EX 10") == kOk);
    CHECK(keel.events() == Strings{"set k", "expire k"});
    CHECK(keel.touched() == Strings{"k"});
    CHECK(keel.dirty() == 1);
    CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000010000"});
    CHECK(keel("SET k v px 1500 nx get") == bulk("v"));
    CHECK(keel("SET k v px 1500 xx") == kOk);
    CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000001500"});
    CHECK(keel("SET k v EXAT 1700000100") == kOk);
    CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000100000"});
    CHECK(keel("SET k v PXAT 1700000100001") == kOk);
    CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000100001"});
    CHECK(keel.deadline("k") == 1'700'000'100'001);
}

TEST_CASE("set: a key is gone in the very millisecond it is due") {
    CommandRunner keel;
    keel("SET k v PX 10");
    keel.advance_ms(9);
    CHECK(keel("GET k") == bulk("v"));
    CHECK(keel.expired().empty());
    keel.advance_ms(1);
    CHECK(keel("GET k") == kNull);
    CHECK(keel.expired() == Strings{"k"});
}

TEST_CASE("set: a moment that has passed sets a key that is gone at once") {
    CommandRunner keel;
    CHECK(keel("SET k v PXAT 1") == kOk);
    CHECK(keel.events() == Strings{"set k", "expire k"});
    CHECK(keel("GET k") == kNull);
    CHECK(keel("SET k w NX") == kOk);
    CHECK(keel.expired() == Strings{"k"});
    CHECK(keel("GET k") == bulk("w"));
}

TEST_CASE("set: a key that is due does not count as there") {
    CommandRunner keel;
    keel("SET k old PX 5");
    keel.clock.advance_ms(5);
    keel.keyspace.set_now(keel.clock.wall_ms());  // due, but not yet removed
    CHECK(keel("SET k new XX") == kNull);
    CHECK(keel.expired() == Strings{"k"});
    keel("SET k old PX 5");
    keel.clock.advance_ms(5);
    keel.keyspace.set_now(keel.clock.wall_ms());
    CHECK(keel("SET k new GET") == kNull);
    CHECK(keel.expired() == Strings{"k"});
    CHECK(keel("GET k") == bulk("new"));
}

TEST_CASE("set: options that do not go together") {
    CommandRunner keel;
    for (const char* options :
         {"NX XX", "XX NX", "NX IFEQ a", "IFEQ a XX", "IFEQ a IFEQ a", "IFEQ", "EX", "PX", "EX 1 PX 1", "EXAT 1 EX 1",
          "KEEPTTL EX 1", "PXAT 1 KEEPTTL", "PERSIST", "FOO", "EX 1 foo", ""}) {
        CAPTURE(options);
        const bool empty = Bytes{options}.empty();
        CHECK(keel(std::string{"SET k v "} + options + (empty ? "\"\"" : "")) == kSyntaxError);
    }
    CHECK(keel.keyspace.keys() == 0);
}

TEST_CASE("set: an option may be said twice, and the last time counts") {
    CommandRunner keel;
    CHECK(keel("SET k v NX NX EX 1 EX 20 GET GET") == kNull);
    CHECK(keel.deadline("k") == kStart + 20'000);
    CHECK(keel("SET k v KEEPTTL KEEPTTL") == kOk);
}

TEST_CASE("set: times that are no times") {
    CommandRunner keel;
    const std::string invalid = "-ERR invalid expire time in 'set' command\r\n";
    CHECK(keel("SET k v EX abc") == kNotAnInteger);
    CHECK(keel("SET k v EX 1.5") == kNotAnInteger);
    CHECK(keel("SET k v EX 9223372036854775808") == kNotAnInteger);
    for (const char* time :
         {"EX 0", "EX -1", "PX 0", "PX -5", "EXAT 0", "PXAT -1", "EX 9223372036854775807", "EX 9223372036854776",
          "EXAT 9223372036854776", "PX 9223372036854775807", "EX 9223372036854775"}) {
        CAPTURE(time);
        CHECK(keel(std::string{"SET k v "} + time) == invalid);
    }
    CHECK(keel("SET k v PXAT 9223372036854775807") == kOk);
    CHECK(keel.deadline("k") == 9223372036854775807);
    CHECK(keel("SET k v EX 0 NX") == invalid);  // before the key is looked at
}

TEST_CASE("set: listeners for new keys hear of them before they are set") {
    CommandRunner keel;
    keel.settings.notifications.keyspace_events = kNotifyNew | kNotifyString;
    keel("SET k v");
    CHECK(keel.events() == Strings{"new k", "set k"});
    keel("SET k w");
    CHECK(keel.events() == Strings{"set k"});
}

TEST_CASE("set: a large argument becomes the value without being copied") {
    CommandRunner keel;
    const std::string large(40'000, 'x');
    CHECK(keel.run({"SET", "k", large}) == kOk);
    CHECK(keel.replicated() == Strings{"SET k " + large});
    const ValueRef value = keel.keyspace.db(0).peek(Key{"k"})->value();
    CHECK(value.string_form() == StringForm::heap);
    CHECK(value.text == large);
    CHECK(static_cast<const Block*>(value.payload)->capacity == large.size());
}

TEST_CASE("set: a long string of the same size reuses the room of the one that was there") {
    CommandRunner keel;
    keel.run({"SET", "k", std::string(5000, 'a')});
    const void* before = keel.keyspace.db(0).peek(Key{"k"})->payload();
    keel.run({"SET", "k", std::string(4000, 'b'), "EX", "5"});
    CHECK(keel.keyspace.db(0).peek(Key{"k"})->payload() == before);
    CHECK(keel("GET k") == bulk(std::string(4000, 'b')));
    keel.run({"SET", "k", std::string(2000, 'c')});  // less than three quarters: would waste the rest
    CHECK(keel("GET k") == bulk(std::string(2000, 'c')));
    const ValueRef value = keel.keyspace.db(0).peek(Key{"k"})->value();
    CHECK(static_cast<const Block*>(value.payload)->capacity == 2000);
}

TEST_CASE("set: over another type only when that is not looked at") {
    CommandRunner keel;
    keel.hold_other_type("k");
    CHECK(keel("SET k v GET") == kWrongTypeError);
    CHECK(keel("SET k v IFEQ x") == kWrongTypeError);
    CHECK(keel("SET k v NX") == kNull);
    for (const char* line : {"GET k", "GETSET k v", "GETDEL k", "GETEX k", "GETEX k EX 0", "DELIFEQ k v"}) {
        CAPTURE(line);
        CHECK(keel(line) == kWrongTypeError);
    }
    CHECK(keel("SETNX k v") == ":0\r\n");
    CHECK(keel("SET k v XX EX 5") == kOk);
    CHECK(keel("GET k") == bulk("v"));
    keel.hold_other_type("k");
    CHECK(keel("SET k v") == kOk);
    CHECK(keel("GET k") == bulk("v"));
    keel.hold_other_type("k");
    CHECK(keel("SETEX k 5 v") == kOk);
}

// ---- GET and the others ----

TEST_CASE("get: a miss and a hit are counted, and a miss is told to those who listen") {
    CommandRunner keel;
    CHECK(keel("GET k") == kNull);
    CHECK(keel.events().empty());
    CHECK(keel.keyspace.counters.misses == 1);
    keel.settings.notifications.keyspace_events = kNotifyKeyMiss;
    CHECK(keel("GET k") == kNull);
    CHECK(keel.events() == Strings{"keymiss k"});
    CHECK(keel.touched().empty());
    keel("SET k v");
    keel("GET k");
    CHECK(keel.keyspace.counters.hits == 1);
    CHECK(keel.keyspace.counters.misses == 2);
}

TEST_CASE("get: RESP3 has a null of its own") {
    CommandRunner keel{3};
    CHECK(keel("GET k") == "_\r\n");
    CHECK(keel("SET k v NX GET") == "_\r\n");
    CHECK(keel("SET k v NX") == "_\r\n");
}

TEST_CASE("setnx: one if it was set, zero if it was there") {
    CommandRunner keel;
    CHECK(keel("SETNX k a") == ":1\r\n");
    CHECK(keel.events() == Strings{"set k"});
    CHECK(keel("SETNX k b") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("GET k") == bulk("a"));
}

TEST_CASE("setex, psetex: a value with its time to live") {
    CommandRunner keel;
    CHECK(keel("SETEX k 10 v") == kOk);
    CHECK(keel.deadline("k") == kStart + 10'000);
    CHECK(keel.events() == Strings{"set k", "expire k"});
    CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000010000"});
    CHECK(keel("PSETEX k 10 w") == kOk);
    CHECK(keel.deadline("k") == kStart + 10);
    CHECK(keel("SETEX k 0 v") == "-ERR invalid expire time in 'setex' command\r\n");
    CHECK(keel("PSETEX k -1 v") == "-ERR invalid expire time in 'psetex' command\r\n");
    CHECK(keel("SETEX k x v") == kNotAnInteger);
    CHECK(keel("SETEX k 10") == "-ERR wrong number of arguments for 'setex' command\r\n");
}

TEST_CASE("getset: the old value comes back and the time to live ends") {
    CommandRunner keel;
    CHECK(keel("GETSET k a") == kNull);
    keel("SET k b EX 5");
    CHECK(keel("GETSET k c") == bulk("b"));
    CHECK(keel.events() == Strings{"set k"});
    CHECK(keel.replicated() == Strings{"SET k c"});
    CHECK(keel.deadline("k") == kNoDeadline);
}

TEST_CASE("getdel: the value comes back and the key is gone") {
    CommandRunner keel;
    CHECK(keel("GETDEL k") == kNull);
    CHECK(keel.dirty() == 0);
    keel("SET k v EX 5");
    CHECK(keel("GETDEL k") == bulk("v"));
    CHECK(keel.events() == Strings{"del k"});
    CHECK(keel.replicated() == Strings{"DEL k"});
    CHECK(keel.keyspace.keys() == 0);
    CHECK_FALSE(keel.keyspace.earliest_deadline());
}

TEST_CASE("getex: the value comes back and its time to live changes") {
    CommandRunner keel;
    keel("SET k v");
    CHECK(keel("GETEX k") == bulk("v"));
    CHECK(keel.dirty() == 0);
    CHECK(keel("GETEX k EX 10") == bulk("v"));
    CHECK(keel.deadline("k") == kStart + 10'000);
    CHECK(keel.events() == Strings{"expire k"});
    CHECK(keel.replicated() == Strings{"PEXPIREAT k 1700000010000"});
    CHECK(keel("GETEX k PX 10") == bulk("v"));
    CHECK(keel.deadline("k") == kStart + 10);
    CHECK(keel("GETEX k EXAT 1700000001") == bulk("v"));
    CHECK(keel.deadline("k") == 1'700'000'001'000);
    CHECK(keel("GETEX k PXAT 1700000001001") == bulk("v"));
    CHECK(keel.replicated() == Strings{"PEXPIREAT k 1700000001001"});
    CHECK(keel("GETEX k PERSIST") == bulk("v"));
    CHECK(keel.deadline("k") == kNoDeadline);
    CHECK(keel.events() == Strings{"persist k"});
    CHECK(keel.replicated() == Strings{"PERSIST k"});
    CHECK(keel("GETEX k PERSIST") == bulk("v"));
    CHECK(keel.dirty() == 0);
}

TEST_CASE("getex: a moment that has passed removes the key") {
    CommandRunner keel;
    keel("SET k v");
    CHECK(keel("GETEX k PXAT 1700000000000") == bulk("v"));
    CHECK(keel.events() == Strings{"del k"});
    CHECK(keel.replicated() == Strings{"UNLINK k"});
    CHECK(keel.keyspace.keys() == 0);
    keel.keyspace.lazy_expire = false;
    keel("SET k v");
    CHECK(keel("GETEX k EXAT 1") == bulk("v"));
    CHECK(keel.replicated() == Strings{"DEL k"});
}

TEST_CASE("getex: what it refuses") {
    CommandRunner keel;
    CHECK(keel("GETEX k FOO") == kSyntaxError);
    CHECK(keel("GETEX k EX 0") == kNull);  // there is nothing whose time could be wrong
    keel("SET k v");
    CHECK(keel("GETEX k EX 0") == "-ERR invalid expire time in 'getex' command\r\n");
    CHECK(keel("GETEX k EX x") == kNotAnInteger);
    for (const char* options :
         {"NX", "XX", "GET", "KEEPTTL", "IFEQ v", "EX", "EX 1 PERSIST", "PERSIST PX 1", "EX 1 PXAT 1"}) {
        CAPTURE(options);
        CHECK(keel(std::string{"GETEX k "} + options) == kSyntaxError);
    }
}

TEST_CASE("delifeq: removes only the very string that is named") {
    CommandRunner keel;
    CHECK(keel("DELIFEQ k v") == ":0\r\n");
    keel("SET k 42");
    CHECK(keel("DELIFEQ k 43") == ":0\r\n");
    CHECK(keel.dirty() == 0);
    CHECK(keel("DELIFEQ k 42") == ":1\r\n");
    CHECK(keel.events() == Strings{"del k"});
    CHECK(keel.replicated() == Strings{"DEL k"});
    CHECK(keel("GET k") == kNull);
}
