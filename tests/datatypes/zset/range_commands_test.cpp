// SPDX-License-Identifier: BSD-3-Clause
//
// Ranges of sorted sets: every way to ask for one, and what is stored from one.
#include "tests/datatypes/zset/replies.h"

using namespace keel;
using namespace keel::test;

TEST_CASE("zrange: by rank, forwards and backwards") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 5);
        CHECK(keel("ZRANGE z 1 2") == bulks({"m1", "m2"}));
        CHECK(keel("ZRANGE z -2 -1") == bulks({"m3", "m4"}));
        CHECK(keel("ZRANGE z 0 0 WITHSCORES") == bulks({"m0", "0"}));
        CHECK(keel("ZRANGE z 0 1 REV") == bulks({"m4", "m3"}));
        CHECK(keel("ZREVRANGE z 0 1 WITHSCORES") == bulks({"m4", "4", "m3", "3"}));
        CHECK(keel("ZRANGE z 5 9") == kNone);
        CHECK(keel("ZRANGE none 0 -1") == kNone);
        CHECK(keel("ZRANGE z -9223372036854775808 9223372036854775807") == bulks({"m0", "m1", "m2", "m3", "m4"}));
    });
}

TEST_CASE("zrange: by score with limits") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 300);
        CHECK(keel("ZRANGE z (1 3 BYSCORE") == bulks({"m2", "m3"}));
        CHECK(keel("ZRANGE z 3 (1 BYSCORE REV") == bulks({"m3", "m2"}));
        CHECK(keel("ZRANGEBYSCORE z -inf +inf LIMIT 100 2") == bulks({"m100", "m101"}));
        CHECK(keel("ZREVRANGEBYSCORE z +inf -inf LIMIT 100 2") == bulks({"m199", "m198"}));
        CHECK(keel("ZRANGEBYSCORE z 10 12 LIMIT 1 10") == bulks({"m11", "m12"}));
        CHECK(keel("ZRANGEBYSCORE z 10 12 LIMIT 1 -1") == bulks({"m11", "m12"}));
        CHECK(keel("ZRANGEBYSCORE z 10 12 LIMIT 3 1") == kNone);
        CHECK(keel("ZRANGEBYSCORE z 10 12 LIMIT -1 1") == kNone);
        CHECK(keel("ZRANGEBYSCORE z 12 10") == kNone);
        CHECK(keel("ZRANGEBYSCORE z 298.5 inf WITHSCORES") == bulks({"m299", "299"}));
        CHECK(keel("ZCOUNT z (10 20") == integer(10));
        CHECK(keel("ZCOUNT z -inf inf") == integer(300));
        CHECK(keel("ZCOUNT none -inf inf") == integer(0));
    });
}

TEST_CASE("zrange: by member") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD z 0 a 0 b 0 c 0 d");
        CHECK(keel("ZRANGE z [b (d BYLEX") == bulks({"b", "c"}));
        CHECK(keel("ZRANGE z + (b BYLEX REV LIMIT 0 1") == bulks({"d"}));
        CHECK(keel("ZRANGEBYLEX z - [b") == bulks({"a", "b"}));
        CHECK(keel("ZREVRANGEBYLEX z [c -") == bulks({"c", "b", "a"}));
        CHECK(keel("ZLEXCOUNT z (a +") == integer(3));
    });
}

TEST_CASE("zrange: pairs are arrays of their own in RESP3") {
    in_both_forms(
        [](CommandRunner& keel) {
            keel("ZADD z 1 a 2.5 b");
            CHECK(keel("ZRANGE z 0 -1") == bulks({"a", "b"}));
            CHECK(keel("ZRANGE z 0 -1 WITHSCORES") ==
                  array({array({bulk("a"), real("1")}), array({bulk("b"), real("2.5")})}));
            CHECK(keel("ZRANGEBYSCORE z 2 3 WITHSCORES") == array({array({bulk("b"), real("2.5")})}));
        },
        3);
}

TEST_CASE("zrange: refusals") {
    CommandRunner keel;
    CHECK(keel("ZRANGE z 0 x") == error("ERR value is not an integer or out of range"));
    CHECK(keel("ZRANGE z 0 x BYSCORE") == error("ERR min or max is not a float"));
    CHECK(keel("ZRANGE z [a x BYLEX") == error("ERR min or max not valid string range item"));
    CHECK(keel("ZRANGE z 0 1 LIMIT 0 1") ==
          error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"));
    CHECK(keel("ZRANGE z [a [b BYLEX WITHSCORES") ==
          error("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
    CHECK(keel("ZRANGE z 0 1 BYSCORE BYLEX") == kSyntaxError);
    CHECK(keel("ZRANGE z 0 1 BYSCORE LIMIT 0") == kSyntaxError);
    CHECK(keel("ZRANGE z 0 1 BYSCORE LIMIT x 1") == error("ERR value is not an integer or out of range"));
    CHECK(keel("ZRANGEBYSCORE z 0 1 REV") == kSyntaxError);
    CHECK(keel("ZREVRANGE z 0 1 BYSCORE") == kSyntaxError);
    CHECK(keel("ZRANGESTORE d z 0 1 WITHSCORES") == kSyntaxError);
}

TEST_CASE("zrangestore: what was at the target goes, with its time to live") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 10);
        keel("SET d x EX 100");
        CHECK(keel("ZRANGESTORE d z 2 4") == integer(3));
        CHECK(keel.events() == Strings{"zrangestore d"});
        CHECK(keel.dirty() == 1);
        CHECK(keel.replicated() == Strings{"ZRANGESTORE d z 2 4"});
        CHECK(keel.deadline("d") == kNoDeadline);
        CHECK(keel("ZRANGE d 0 -1 WITHSCORES") == bulks({"m2", "2", "m3", "3", "m4", "4"}));
        CHECK(keel("ZRANGESTORE d z 5 0 BYSCORE REV LIMIT 0 2") == integer(2));
        CHECK(keel("ZRANGE d 0 -1") == bulks({"m4", "m5"}));
        CHECK(keel("ZRANGESTORE d d 0 0") == integer(1));
        CHECK(keel("ZRANGE d 0 -1") == bulks({"m4"}));
        CHECK(keel("ZRANGESTORE d none 0 -1") == integer(0));
        CHECK(keel.events() == Strings{"del d"});
        CHECK(keel("ZRANGESTORE d none 0 -1") == integer(0));
        CHECK(keel.events().empty());
    });
}
