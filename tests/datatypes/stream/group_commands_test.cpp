// SPDX-License-Identifier: BSD-3-Clause
//
// Consumer groups: replies, events, and what replicas are told.
#include <catch2/catch.hpp>

#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kNow = "1700000000000";

void three_entries(CommandRunner& keel) {
    for (int i = 1; i <= 3; ++i) keel("XADD s " + std::to_string(i) + "-0 f v");
    keel("XGROUP CREATE s g 0");
}

}  // namespace

TEST_CASE("xgroup: groups and consumers come and go", "[stream]") {
    CommandRunner keel;
    CHECK(keel("XGROUP CREATE s g $").substr(0, 45) == "-ERR The XGROUP subcommand requires the key t");
    CHECK(keel("XGROUP CREATE s g $ MKSTREAM") == "+OK\r\n");
    CHECK(keel.events() == Strings{"xgroup-create s"});
    CHECK(keel("XGROUP CREATE s g 0") == "-BUSYGROUP Consumer Group name already exists\r\n");
    CHECK(keel("XGROUP CREATE s h 0 ENTRIESREAD -2") == "-ERR value for ENTRIESREAD must be positive or -1\r\n");
    CHECK(keel("XGROUP CREATECONSUMER s g a") == ":1\r\n");
    CHECK(keel.events() == Strings{"xgroup-createconsumer s"});
    CHECK(keel("XGROUP CREATECONSUMER s g a") == ":0\r\n");
    CHECK(keel.replicated().empty());
    CHECK(keel("XGROUP DELCONSUMER s g a") == ":0\r\n");
    CHECK(keel.events() == Strings{"xgroup-delconsumer s"});
    CHECK(keel("XGROUP CREATECONSUMER s none a") == "-NOGROUP No such consumer group 'none' for key name 's'\r\n");
    CHECK(keel("XGROUP SETID s g 5-0") == "+OK\r\n");
    CHECK(keel("XGROUP DESTROY s g") == ":1\r\n");
    CHECK(keel.events() == Strings{"xgroup-destroy s"});
    CHECK(keel("XGROUP DESTROY s g") == ":0\r\n");
}

TEST_CASE("xreadgroup: what is new, once; what is pending, again", "[stream]") {
    CommandRunner keel;
    three_entries(keel);
    CHECK(keel("XREADGROUP GROUP g a COUNT 1 STREAMS s >") ==
          "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    CHECK(keel.replicated() == Strings{"XGROUP CREATECONSUMER s g a",
                                       "XCLAIM s g a 0 1-0 TIME " + kNow + " RETRYCOUNT 1 FORCE JUSTID LASTID 1-0",
                                       "XGROUP SETID s g 1-0 ENTRIESREAD 1"});
    keel("XREADGROUP GROUP g b NOACK STREAMS s >");
    CHECK(keel("XREADGROUP GROUP g b STREAMS s >") == "*-1\r\n");
    CHECK(keel("XREADGROUP GROUP g b STREAMS s 0") == "*1\r\n*2\r\n$1\r\ns\r\n*0\r\n");
    CHECK(keel("XREADGROUP GROUP g a STREAMS s 0") ==
          "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    keel("XDEL s 1-0");
    CHECK(keel("XREADGROUP GROUP g a STREAMS s 0") == "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n");
    CHECK(keel("XREADGROUP GROUP none a STREAMS s >") ==
          "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option\r\n");
    CHECK(keel("XREADGROUP GROUP g a STREAMS s").substr(0, 40) == "-ERR wrong number of arguments for 'xrea");
    CHECK(keel("XREADGROUP GROUP g a STREAMS s t >") ==
          "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.\r\n");
}

TEST_CASE("xread in RESP3 is a map", "[stream]") {
    CommandRunner keel{3};
    three_entries(keel);
    CHECK(keel("XREAD STREAMS s 2-0") == "%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    CHECK(keel("XREAD STREAMS s $") == "_\r\n");
    CHECK(keel("XREAD STREAMS s +") == "%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    CHECK(keel("XREAD BLOCK 10 STREAMS s none $ $") == "_\r\n");
    CHECK(keel("XREAD BLOCK -1 STREAMS s $") == "-ERR timeout is negative\r\n");
}

TEST_CASE("xack, xpending: what is acknowledged is no longer pending", "[stream]") {
    CommandRunner keel;
    three_entries(keel);
    CHECK(keel("XPENDING s g") == "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n");
    keel("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    keel("XREADGROUP GROUP g b STREAMS s >");
    keel.advance_ms(50);
    CHECK(keel("XPENDING s g") ==
          "*4\r\n:3\r\n$3\r\n1-0\r\n$3\r\n3-0\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n");
    CHECK(keel("XPENDING s g - + 10 b") == "*1\r\n*4\r\n$3\r\n3-0\r\n$1\r\nb\r\n:50\r\n:1\r\n");
    CHECK(keel("XPENDING s g IDLE 51 - + 10") == "*0\r\n");
    CHECK(keel("XPENDING s g IDLE 50 (1-0 + 1") == "*1\r\n*4\r\n$3\r\n2-0\r\n$1\r\na\r\n:50\r\n:1\r\n");
    CHECK(keel("XPENDING s g - +") == "-ERR syntax error\r\n");
    CHECK(keel("XPENDING s none") == "-NOGROUP No such key 's' or consumer group 'none'\r\n");
    CHECK(keel("XACK s g 1-0 1-0 9-9") == ":1\r\n");
    CHECK(keel.replicated() == Strings{"XACK s g 1-0 1-0 9-9"});
    CHECK(keel("XACK s g 1-0") == ":0\r\n");
    CHECK(keel.replicated().empty());
    CHECK(keel("XGROUP DELCONSUMER s g a") == ":1\r\n");
    CHECK(keel("XPENDING s g").substr(0, 8) == "*4\r\n:1\r\n");
}

TEST_CASE("xclaim: another becomes the owner", "[stream]") {
    CommandRunner keel;
    three_entries(keel);
    keel("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    keel.advance_ms(100);
    CHECK(keel("XCLAIM s g b 1000 1-0") == "*0\r\n");
    CHECK(keel("XCLAIM s g b 10 1-0 3-0 JUSTID") == "*1\r\n$3\r\n1-0\r\n");
    CHECK(keel.replicated() == Strings{"XCLAIM s g b 0 1-0 TIME 1700000000100 RETRYCOUNT 1 FORCE JUSTID LASTID 2-0"});
    CHECK(keel("XCLAIM s g b 0 3-0 FORCE JUSTID RETRYCOUNT 7") == "*1\r\n$3\r\n3-0\r\n");
    CHECK(keel("XPENDING s g - + 10 b") ==
          "*2\r\n*4\r\n$3\r\n1-0\r\n$1\r\nb\r\n:0\r\n:1\r\n*4\r\n$3\r\n3-0\r\n$1\r\nb\r\n:0\r\n:7\r\n");
    keel("XDEL s 2-0");
    CHECK(keel("XCLAIM s g b 0 2-0") == "*0\r\n");
    CHECK(keel("XPENDING s g - + 10 a") == "*0\r\n");
    CHECK(keel("XCLAIM s g b x 2-0") == "-ERR Invalid min-idle-time argument for XCLAIM\r\n");
    CHECK(keel("XCLAIM s g b 0 2-0 NOSUCH") == "-ERR Unrecognized XCLAIM option 'NOSUCH'\r\n");
    CHECK(keel("XCLAIM s none b 0 2-0") == "-NOGROUP No such key 's' or consumer group 'none'\r\n");
}

TEST_CASE("xautoclaim: what was idle, a cursor, and what is gone", "[stream]") {
    CommandRunner keel;
    three_entries(keel);
    keel("XREADGROUP GROUP g a STREAMS s >");
    keel("XDEL s 2-0");
    keel.advance_ms(100);
    CHECK(keel("XAUTOCLAIM s g b 50 - COUNT 1 JUSTID") == "*3\r\n$3\r\n2-0\r\n*1\r\n$3\r\n1-0\r\n*0\r\n");
    CHECK(keel("XAUTOCLAIM s g b 50 2-0") ==
          "*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n$3\r\n2-0\r\n");
    CHECK(keel("XAUTOCLAIM s g b 50 -") == "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n");
    CHECK(keel("XAUTOCLAIM s g b 50 - COUNT 0") == "-ERR COUNT must be > 0\r\n");
}

TEST_CASE("what replicas are told leads to the same groups", "[stream]") {
    CommandRunner primary;
    CommandRunner replica;
    const auto both = [&](Bytes line) {
        primary(line);
        for (const std::string& words : primary.replicated()) replica(words);
    };
    for (int i = 1; i <= 20; ++i) both("XADD s * f v");
    both("XGROUP CREATE s g 0");
    both("XREADGROUP GROUP g a COUNT 5 STREAMS s >");
    primary.advance_ms(70);
    replica.advance_ms(70);
    both("XREADGROUP GROUP g b NOACK COUNT 3 STREAMS s >");
    both("XREADGROUP GROUP g b COUNT 3 STREAMS s >");
    both("XDEL s 1700000000000-1");
    both("XAUTOCLAIM s g c 50 - COUNT 3");
    both("XTRIM s MAXLEN ~ 15");
    both("XCLAIM s g d 0 1700000000000-4 IDLE 30");
    both("XREADGROUP GROUP g e STREAMS s >");
    for (const Bytes question :
         {"XRANGE s - +", "XPENDING s g", "XPENDING s g - + 100", "XINFO GROUPS s", "XINFO STREAM s"}) {
        CAPTURE(question);
        CHECK(primary(question) == replica(question));
    }
}

TEST_CASE("xinfo: entries read and lag", "[stream]") {
    CommandRunner keel;
    three_entries(keel);
    const auto tail = [&] {
        const std::string reply = keel("XINFO GROUPS s");
        return reply.substr(reply.find("entries-read"));
    };
    CHECK(tail() == "entries-read\r\n$-1\r\n$3\r\nlag\r\n:3\r\n");
    keel("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
    CHECK(tail() == "entries-read\r\n:1\r\n$3\r\nlag\r\n:2\r\n");
    keel("XDEL s 2-0");
    CHECK(tail() == "entries-read\r\n:1\r\n$3\r\nlag\r\n$-1\r\n");
    keel("XREADGROUP GROUP g a STREAMS s >");
    CHECK(tail() == "entries-read\r\n:3\r\n$3\r\nlag\r\n:0\r\n");
    CHECK(keel("XINFO STREAM none") == "-ERR no such key\r\n");
    CHECK(keel("XINFO STREAM s FULL COUNT") ==
          "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n");
}
