// SPDX-License-Identifier: BSD-3-Clause
//
// Unions, intersections and differences of sorted sets.
#include "tests/datatypes/zset/replies.h"

using namespace keel;
using namespace keel::test;

namespace {

void two_sets(CommandRunner& keel) {
    keel("ZADD a 1 x 2 y 3 z");
    keel("ZADD b 10 y 20 z 30 w");
}

}  // namespace

TEST_CASE("zunion: scores are added, weighed, or the lowest or highest") {
    in_both_forms([](CommandRunner& keel) {
        two_sets(keel);
        CHECK(keel("ZUNION 2 a b") == bulks({"x", "y", "z", "w"}));
        CHECK(keel("ZUNION 2 a b WITHSCORES") == bulks({"x", "1", "y", "12", "z", "23", "w", "30"}));
        CHECK(keel("ZUNION 2 a b WEIGHTS 10 1 AGGREGATE MIN WITHSCORES") ==
              bulks({"x", "10", "y", "10", "z", "20", "w", "30"}));
        CHECK(keel("ZUNION 2 a b AGGREGATE MAX WITHSCORES") == bulks({"x", "1", "y", "10", "z", "20", "w", "30"}));
        CHECK(keel("ZUNION 2 a a WITHSCORES") == bulks({"x", "2", "y", "4", "z", "6"}));
        CHECK(keel("ZUNION 1 none") == kNone);
    });
}

TEST_CASE("zinter: what all have") {
    in_both_forms([](CommandRunner& keel) {
        two_sets(keel);
        CHECK(keel("ZINTER 2 a b WITHSCORES") == bulks({"y", "12", "z", "23"}));
        CHECK(keel("ZINTER 2 b a WEIGHTS 1 -10 WITHSCORES") == bulks({"y", "-10", "z", "-10"}));
        CHECK(keel("ZINTER 2 a none") == kNone);
        CHECK(keel("ZINTER 3 a a a WITHSCORES") == bulks({"x", "3", "y", "6", "z", "9"}));
        CHECK(keel("ZINTERCARD 2 a b") == integer(2));
        CHECK(keel("ZINTERCARD 2 a b LIMIT 1") == integer(1));
        CHECK(keel("ZINTERCARD 2 a b LIMIT 0") == integer(2));
        CHECK(keel("ZINTERCARD 2 a none") == integer(0));
    });
}

TEST_CASE("zdiff: the first without the others, by either way") {
    in_both_forms([](CommandRunner& keel) {
        two_sets(keel);
        CHECK(keel("ZDIFF 2 a b WITHSCORES") == bulks({"x", "1"}));
        CHECK(keel("ZDIFF 2 a a") == kNone);
        CHECK(keel("ZDIFF 1 a") == bulks({"x", "y", "z"}));
        CHECK(keel("ZDIFF 2 none a") == kNone);
        fill(keel, "big", 500);
        keel("ZADD few 0 m1 0 m3");
        CHECK(keel("ZDIFFSTORE d 4 big few few few") == integer(498));  // taking away
        CHECK(keel("ZSCORE d m1") == kNull);
        CHECK(keel("ZSCORE d m2") == bulk("2"));
        CHECK(keel("ZDIFF 2 few big") == kNone);  // looking up
    });
}

TEST_CASE("zunionstore and its sisters: the target is replaced, and goes when nothing is left") {
    in_both_forms([](CommandRunner& keel) {
        two_sets(keel);
        keel("SET d x EX 100");
        CHECK(keel("ZUNIONSTORE d 2 a b WEIGHTS 2 1") == integer(4));
        CHECK(keel.events() == Strings{"zunionstore d"});
        CHECK(keel.dirty() == 1);
        CHECK(keel.replicated() == Strings{"ZUNIONSTORE d 2 a b WEIGHTS 2 1"});
        CHECK(keel.deadline("d") == kNoDeadline);
        CHECK(keel("ZINTERSTORE d 2 d a") == integer(3));
        CHECK(keel.events() == Strings{"zinterstore d"});
        CHECK(keel("ZRANGE d 0 -1 WITHSCORES") == bulks({"x", "3", "y", "16", "z", "29"}));
        CHECK(keel("ZDIFFSTORE d 2 d b") == integer(1));
        CHECK(keel.events() == Strings{"zdiffstore d"});
        CHECK(keel("ZINTERSTORE d 2 a none") == integer(0));
        CHECK(keel.events() == Strings{"del d"});
        CHECK(keel("ZINTERSTORE d 2 a none") == integer(0));
        CHECK(keel.events().empty());
    });
}

TEST_CASE("zunionstore: the form follows from the size of the result and its longest member") {
    CommandRunner keel;
    fill(keel, "z", 128);
    keel("ZUNIONSTORE d 1 z");
    CHECK(keel.encoding("d") == "listpack");
    fill(keel, "z", 129);
    keel("ZUNIONSTORE d 1 z");
    CHECK(keel.encoding("d") == "skiplist");
    keel("ZADD long 1 " + std::string(65, 'x') + " 1 a");
    keel("ZUNIONSTORE d 1 long");
    CHECK(keel.encoding("d") == "skiplist");
    keel("ZREM long " + std::string(65, 'x'));
    keel("ZUNIONSTORE d 1 long");
    CHECK(keel.encoding("d") == "listpack");
}

TEST_CASE("zunion, zinter: what is not a number counts as nothing") {
    in_both_forms([](CommandRunner& keel) {
        keel("ZADD a inf x");
        keel("ZADD b -inf x");
        CHECK(keel("ZUNION 2 a b WITHSCORES") == bulks({"x", "0"}));
        CHECK(keel("ZINTER 2 a b WITHSCORES") == bulks({"x", "0"}));
        CHECK(keel("ZUNION 1 a WEIGHTS 0 WITHSCORES") == bulks({"x", "0"}));
        CHECK(keel("ZUNION 1 a WEIGHTS -1 WITHSCORES") == bulks({"x", "-inf"}));
    });
}

TEST_CASE("zunion: pairs in RESP3") {
    in_both_forms(
        [](CommandRunner& keel) {
            keel("ZADD a 1 x");
            CHECK(keel("ZUNION 1 a WITHSCORES") == array({array({bulk("x"), real("1")})}));
            CHECK(keel("ZUNION 1 a") == bulks({"x"}));
        },
        3);
}

TEST_CASE("zunion and its sisters: refusals") {
    CommandRunner keel;
    keel("ZADD a 1 x");
    CHECK(keel("ZUNION 0 a") == error("ERR at least 1 input key is needed for 'zunion' command"));
    CHECK(keel("ZINTERSTORE d -1 a") == error("ERR at least 1 input key is needed for 'zinterstore' command"));
    CHECK(keel("ZDIFF x a") == error("ERR value is not an integer or out of range"));
    CHECK(keel("ZUNION 2 a") == kSyntaxError);
    CHECK(keel("ZUNION 9223372036854775807 a") == kSyntaxError);
    CHECK(keel("ZUNION 1 a WEIGHTS") == kSyntaxError);
    CHECK(keel("ZUNION 1 a WEIGHTS x") == error("ERR weight value is not a float"));
    CHECK(keel("ZUNION 1 a AGGREGATE AVG") == kSyntaxError);
    CHECK(keel("ZDIFF 1 a WEIGHTS 1") == kSyntaxError);
    CHECK(keel("ZUNIONSTORE d 1 a WITHSCORES") == kSyntaxError);
    CHECK(keel("ZINTERCARD 1 a WITHSCORES") == kSyntaxError);
    CHECK(keel("ZINTERCARD 1 a LIMIT -1") == error("ERR LIMIT can't be negative"));
    CHECK(keel("ZINTERCARD 1 a LIMIT x") == error("ERR LIMIT can't be negative"));
    CHECK(keel("ZUNION 1 a LIMIT 1") == kSyntaxError);
}
