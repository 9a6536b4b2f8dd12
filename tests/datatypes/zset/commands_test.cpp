// SPDX-License-Identifier: BSD-3-Clause
//
// Adding to sorted sets, removing from them and asking: what clients, watchers and replicas are told.
#include "tests/datatypes/zset/replies.h"

using namespace keel;
using namespace keel::test;

TEST_CASE("zadd: counts what is new, tells zadd, and is replicated as it came") {
    in_both_forms([](CommandRunner& keel) {
        CHECK(keel("ZADD z 1 a 2 b 3 a") == integer(2));
        CHECK(keel.events() == Strings{"zadd z"});
        CHECK(keel.touched() == Strings{"z"});
        CHECK(keel.dirty() == 3);
        CHECK(keel.replicated() == Strings{"ZADD z 1 a 2 b 3 a"});
        CHECK(keel("ZRANGE z 0 -1 WITHSCORES") == bulks({"b", "2", "a", "3"}));
        CHECK(keel("ZADD z 2 b 3 a") == integer(0));
        CHECK(keel.events().empty());
        CHECK(keel.replicated().empty());
        CHECK(keel("ZADD z CH 5 b 3 a 1 c") == integer(2));
    });
}

TEST_CASE("zadd: options say which members may change") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD z 5 a");
        CHECK(keel("ZADD z NX CH 9 a 1 b") == integer(1));
        CHECK(keel("ZADD z XX CH 6 a 1 c") == integer(1));
        CHECK(keel("ZADD z GT CH 5 a 2 b 1 d") == integer(2));
        CHECK(keel("ZADD z LT CH 5 a 3 b") == integer(1));
        CHECK(keel("ZRANGE z 0 -1 WITHSCORES") == bulks({"d", "1", "b", "2", "a", "5"}));
        CHECK(keel("ZADD none XX 1 a") == integer(0));
        CHECK(keel("EXISTS none") == integer(0));
    });
}

TEST_CASE("zadd incr, zincrby: the new score, or null when the options stand against it") {
    in_both_forms([](CommandRunner& keel) {
        CHECK(keel("ZADD z INCR 1.5 a") == bulk("1.5"));
        CHECK(keel.events() == Strings{"zincr z"});
        CHECK(keel("ZINCRBY z 2 a") == bulk("3.5"));
        CHECK(keel("ZADD z NX INCR 1 a") == kNull);
        CHECK(keel("ZADD z XX INCR 1 b") == kNull);
        CHECK(keel("ZADD z GT INCR -1 a") == kNull);
        CHECK(keel.events().empty());
        CHECK(keel("ZADD none XX INCR 1 b") == kNull);
        CHECK(keel("ZINCRBY z inf a") == bulk("inf"));
        CHECK(keel("ZINCRBY z -inf a") == error("ERR resulting score is not a number (NaN)"));
        CHECK(keel("ZSCORE z a") == bulk("inf"));
    });
}

TEST_CASE("zadd: refusals change nothing") {
    CommandRunner keel;
    keel.hold_other_type("other");
    CHECK(keel("ZADD z 1 a 2") == kSyntaxError);
    CHECK(keel("ZADD z NX 1") == kSyntaxError);
    CHECK(keel("ZADD z 1 a x b") == error("ERR value is not a valid float"));
    CHECK(keel("ZADD z nan a") == error("ERR value is not a valid float"));
    CHECK(keel("ZADD z NX XX 1 a") == error("ERR XX and NX options at the same time are not compatible"));
    for (const char* options : {"NX GT", "NX LT", "GT LT"}) {
        CHECK(keel("ZADD z " + std::string{options} + " 1 a") ==
              error("ERR GT, LT, and/or NX options at the same time are not compatible"));
    }
    CHECK(keel("ZADD z INCR 1 a 2 b") == error("ERR INCR option supports a single increment-element pair"));
    CHECK(keel("ZADD other 1 a") == kWrongTypeError);
    CHECK(keel("EXISTS z") == integer(0));
}

TEST_CASE("zadd: the packed form ends just above each limit") {
    CommandRunner keel;
    fill(keel, "z", 128);
    CHECK(keel.encoding("z") == "listpack");
    keel("ZADD z 1 m0");
    CHECK(keel.encoding("z") == "listpack");
    keel("ZADD z 1 another");
    CHECK(keel.encoding("z") == "skiplist");
    CHECK(keel("ZCARD z") == integer(129));
    keel("ZADD y 1 " + std::string(64, 'x'));
    CHECK(keel.encoding("y") == "listpack");
    keel("ZADD y 1 " + std::string(65, 'x'));
    CHECK(keel.encoding("y") == "skiplist");
    CHECK(keel("ZRANGE y 0 -1") == bulks({std::string(64, 'x'), std::string(65, 'x')}));
}

TEST_CASE("zadd: minus zero keeps its sign in the skiplist form only, as in Redis") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD z -0 a");
        CHECK(keel("ZSCORE z a") == bulk(keel.encoding("z") == "listpack" ? "0" : "-0"));
        CHECK(keel("ZADD z CH 0 a") == integer(0));
    });
}

TEST_CASE("zadd: a time to live stays") {
    CommandRunner keel;
    keel("ZADD z 1 a");
    keel("EXPIRE z 100");
    const UnixMs at = keel.deadline("z");
    fill(keel, "z", 200);
    CHECK(keel.deadline("z") == at);
}

TEST_CASE("zrem: the last member takes the key with it") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD z 1 a 2 b 3 c");
        CHECK(keel("ZREM z a nobody c") == integer(2));
        CHECK(keel.events() == Strings{"zrem z"});
        CHECK(keel.dirty() == 2);
        CHECK(keel("ZREM z nobody") == integer(0));
        CHECK(keel.events().empty());
        CHECK(keel("ZREM z b b") == integer(1));
        CHECK(keel.events() == Strings{"zrem z", "del z"});
        CHECK(keel.dirty() == 1);
        CHECK(keel("EXISTS z") == integer(0));
        CHECK(keel("ZREM z b") == integer(0));
    });
}

TEST_CASE("zremrangeby...: by rank, score and member") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 10);
        CHECK(keel("ZREMRANGEBYRANK z 0 1") == integer(2));
        CHECK(keel.events() == Strings{"zremrangebyrank z"});
        CHECK(keel("ZREMRANGEBYSCORE z (2 4") == integer(2));
        CHECK(keel.events() == Strings{"zremrangebyscore z"});
        CHECK(keel("ZREMRANGEBYSCORE z 100 200") == integer(0));
        CHECK(keel.events().empty());
        CHECK(keel("ZRANGE z 0 -1") == bulks({"m2", "m5", "m6", "m7", "m8", "m9"}));
        CHECK(keel("ZREMRANGEBYRANK z -100 100") == integer(6));
        CHECK(keel.events() == Strings{"zremrangebyrank z", "del z"});
        keel("ZADD z 0 a 0 b 0 c");
        CHECK(keel("ZREMRANGEBYLEX z - (b") == integer(1));
        CHECK(keel("ZREMRANGEBYLEX z [b +") == integer(2));
        CHECK(keel.events() == Strings{"zremrangebylex z", "del z"});
        CHECK(keel("ZREMRANGEBYRANK z 0 x") == error("ERR value is not an integer or out of range"));
        CHECK(keel("ZREMRANGEBYSCORE z 0 x") == error("ERR min or max is not a float"));
        CHECK(keel("ZREMRANGEBYLEX z - x") == error("ERR min or max not valid string range item"));
    });
}

TEST_CASE("zscore, zmscore, zrank: a missing member is null, scores are doubles in RESP3") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD z 0.1 a -1e-7 b inf c");
        CHECK(keel("ZSCORE z a") == bulk("0.10000000000000001"));
        CHECK(keel("ZSCORE z b") == bulk("-9.9999999999999995e-08"));
        CHECK(keel("ZMSCORE z a x c") == array({bulk("0.10000000000000001"), kNull, bulk("inf")}));
        CHECK(keel("ZMSCORE none a b") == array({kNull, kNull}));
        CHECK(keel("ZRANK z b") == integer(0));
        CHECK(keel("ZREVRANK z b") == integer(2));
        CHECK(keel("ZRANK z x") == kNull);
        CHECK(keel("ZRANK z a WITHSCORE") == array({integer(1), bulk("0.10000000000000001")}));
        CHECK(keel("ZREVRANK z c WITHSCORE") == array({integer(0), bulk("inf")}));
        CHECK(keel("ZRANK z x WITHSCORE") == kNullArray);
        CHECK(keel("ZRANK none x") == kNull);
        CHECK(keel("ZRANK z a SCORE") == kSyntaxError);
        CHECK(keel("ZRANK z a WITHSCORE x") == error("ERR wrong number of arguments for 'zrank' command"));
    });
    in_both_forms(
        [](CommandRunner& keel) {
            keel("ZADD z 0.5 a");
            CHECK(keel("ZSCORE z a") == real("0.5"));
            CHECK(keel("ZSCORE z x") == kNull3);
            CHECK(keel("ZINCRBY z 1 a") == real("1.5"));
            CHECK(keel("ZRANK z a WITHSCORE") == array({integer(0), real("1.5")}));
        },
        3);
}

TEST_CASE("zrandmember: one, several different ones, or draws that may repeat") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 1'000);
        CHECK(keel("ZRANDMEMBER z").substr(0, 1) == "$");
        CHECK(keel("ZRANDMEMBER z 10").substr(0, 5) == "*10\r\n");
        CHECK(keel("ZRANDMEMBER z 900").substr(0, 6) == "*900\r\n");
        CHECK(keel("ZRANDMEMBER z -1500").substr(0, 7) == "*1500\r\n");
        CHECK(keel("ZRANDMEMBER z 10 WITHSCORES").substr(0, 5) == "*20\r\n");
        CHECK(keel("ZRANDMEMBER z 2000").substr(0, 7) == "*1000\r\n");
        CHECK(keel("ZRANDMEMBER z 0") == kNone);
        CHECK(keel("ZRANDMEMBER none") == kNull);
        CHECK(keel("ZRANDMEMBER none -5") == kNone);
        CHECK(keel("ZRANDMEMBER z x") == error("ERR value is not an integer or out of range"));
        CHECK(keel("ZRANDMEMBER z 1 SCORES") == kSyntaxError);
        CHECK(keel("ZRANDMEMBER z -9223372036854775808") ==
              error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"));
        CHECK(keel("ZRANDMEMBER z -9223372036854775807 WITHSCORES") == error("ERR value is out of range"));
    });
    in_both_forms(
        [](CommandRunner& keel) {
            keel("ZADD z 1 a");
            CHECK(keel("ZRANDMEMBER z 1 WITHSCORES") == array({array({bulk("a"), real("1")})}));
            CHECK(keel("ZRANDMEMBER z -2 WITHSCORES") ==
                  array({array({bulk("a"), real("1")}), array({bulk("a"), real("1")})}));
        },
        3);
}

TEST_CASE("zscan: a small set at once, scores as text; the cursor is checked before the key, options after it") {
    CommandRunner keel;
    keel("ZADD z 1.5 ab 2 b");
    CHECK(keel("ZSCAN z 0") == array({bulk("0"), bulks({"ab", "1.5", "b", "2"})}));
    CHECK(keel("ZSCAN z 0 MATCH a* COUNT 1") == array({bulk("0"), bulks({"ab", "1.5"})}));
    keel("ZADD y 1e17 a 1e18 b 1e19 c");
    CHECK(keel("ZSCAN y 0") ==
          array({bulk("0"), bulks({"a", "100000000000000000", "b", "1000000000000000000", "c", "1e+19"})}));
    CHECK(keel("ZSCAN none 0 NOSUCH") == array({bulk("0"), kNone}));
    CHECK(keel("ZSCAN z x") == error("ERR invalid cursor"));
    CHECK(keel("ZSCAN z 0 COUNT 0") == kSyntaxError);
    CHECK(keel("ZSCAN z 0 NOSUCH") == kSyntaxError);
}

TEST_CASE("sorted set commands refuse other types") {
    CommandRunner keel;
    keel("SET s x");
    for (const char* line : {"ZADD s 1 a",
                             "ZINCRBY s 1 a",
                             "ZREM s a",
                             "ZCARD s",
                             "ZSCORE s a",
                             "ZMSCORE s a",
                             "ZRANK s a",
                             "ZREVRANK s a",
                             "ZCOUNT s 0 1",
                             "ZLEXCOUNT s - +",
                             "ZRANGE s 0 1",
                             "ZRANGESTORE d s 0 1",
                             "ZRANGEBYSCORE s 0 1",
                             "ZREVRANGE s 0 1",
                             "ZREMRANGEBYRANK s 0 1",
                             "ZREMRANGEBYSCORE s 0 1",
                             "ZREMRANGEBYLEX s - +",
                             "ZPOPMIN s",
                             "ZPOPMAX s 0",
                             "ZMPOP 1 s MIN",
                             "BZPOPMIN s 0",
                             "BZMPOP 0 1 s MIN",
                             "ZRANDMEMBER s",
                             "ZRANDMEMBER s 1",
                             "ZUNION 1 s",
                             "ZINTERSTORE d 1 s",
                             "ZDIFF 1 s",
                             "ZINTERCARD 1 s",
                             "ZSCAN s 0"}) {
        INFO(line);
        CHECK(keel(line) == kWrongTypeError);
    }
}
