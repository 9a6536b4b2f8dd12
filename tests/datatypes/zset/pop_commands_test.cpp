// SPDX-License-Identifier: BSD-3-Clause
//
// Taking members from sorted sets. Waiting itself is tested over the wire (tests/e2e/test_sorted_sets.py).
#include "tests/datatypes/zset/replies.h"

using namespace keel;
using namespace keel::test;

TEST_CASE("zpopmin, zpopmax: from either end, up to a count") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 6);
        CHECK(keel("ZPOPMIN z") == bulks({"m0", "0"}));
        CHECK(keel.events() == Strings{"zpopmin z"});
        CHECK(keel.replicated() == Strings{"ZPOPMIN z"});
        CHECK(keel("ZPOPMAX z 2") == bulks({"m5", "5", "m4", "4"}));
        CHECK(keel.events() == Strings{"zpopmax z"});
        CHECK(keel.dirty() == 2);
        CHECK(keel("ZPOPMIN z 0") == kNone);
        CHECK(keel.events().empty());
        CHECK(keel("ZPOPMIN z 100") == bulks({"m1", "1", "m2", "2", "m3", "3"}));
        CHECK(keel.events() == Strings{"zpopmin z", "del z"});
        CHECK(keel("ZPOPMIN z") == kNone);
        CHECK(keel("ZPOPMIN z x") == error("ERR value is out of range, must be positive"));
        CHECK(keel("ZPOPMIN z -1") == error("ERR value is out of range, must be positive"));
        CHECK(keel("ZPOPMIN z 1 2") == kSyntaxError);
    });
}

TEST_CASE("zpopmin: flat without a count in RESP3 too, pairs with one") {
    in_both_forms(
        [](CommandRunner& keel) {
            fill(keel, "z", 3);
            CHECK(keel("ZPOPMIN z") == array({bulk("m0"), real("0")}));
            CHECK(keel("ZPOPMIN z 2") == array({array({bulk("m1"), real("1")}), array({bulk("m2"), real("2")})}));
        },
        3);
}

TEST_CASE("zmpop: the first key that has members, replicated as what it did") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 5);
        CHECK(keel("ZMPOP 2 none z MIN") == array({bulk("z"), array({bulks({"m0", "0"})})}));
        CHECK(keel.replicated() == Strings{"ZPOPMIN z 1"});
        CHECK(keel("ZMPOP 2 z none MAX COUNT 100") ==
              array({bulk("z"),
                     array({bulks({"m4", "4"}), bulks({"m3", "3"}), bulks({"m2", "2"}), bulks({"m1", "1"})})}));
        CHECK(keel.replicated() == Strings{"ZPOPMAX z 4"});
        CHECK(keel.events() == Strings{"zpopmax z", "del z"});
        CHECK(keel("ZMPOP 2 z none MAX") == kNullArray);
        CHECK(keel.replicated().empty());
    });
}

TEST_CASE("zmpop: refusals") {
    CommandRunner keel;
    for (const char* numkeys : {"0", "-1", "x"})
        CHECK(keel("ZMPOP " + std::string{numkeys} + " z MIN") == error("ERR numkeys should be greater than 0"));
    CHECK(keel("ZMPOP 2 z MIN") == kSyntaxError);
    CHECK(keel("ZMPOP 9223372036854775807 z MIN") == kSyntaxError);
    CHECK(keel("ZMPOP 1 z MIDDLE") == kSyntaxError);
    CHECK(keel("ZMPOP 1 z MIN COUNT") == kSyntaxError);
    CHECK(keel("ZMPOP 1 z MIN COUNT 1 COUNT 2") == kSyntaxError);
    for (const char* count : {"0", "-1", "x"})
        CHECK(keel("ZMPOP 1 z MIN COUNT " + std::string{count}) == error("ERR count should be greater than 0"));
}

TEST_CASE("bzpopmin, bzmpop: what is there is taken at once, and replicated without the wait") {
    in_both_forms([](CommandRunner& keel) {
        fill(keel, "z", 5);
        CHECK(keel("BZPOPMIN none z 0") == bulks({"z", "m0", "0"}));
        CHECK(keel.replicated() == Strings{"ZPOPMIN z"});
        CHECK(keel("BZPOPMAX z 0") == bulks({"z", "m4", "4"}));
        CHECK(keel.replicated() == Strings{"ZPOPMAX z"});
        CHECK(keel("BZMPOP 0 1 z MIN COUNT 2") == array({bulk("z"), array({bulks({"m1", "1"}), bulks({"m2", "2"})})}));
        CHECK(keel.replicated() == Strings{"ZPOPMIN z 2"});
        CHECK(keel("BZPOPMIN none 1") == kNullArray);  // nothing waits here
        CHECK(keel("BZMPOP 1 1 none MIN") == kNullArray);
        CHECK(keel("BZPOPMIN z x") == error("ERR timeout is not a float or out of range"));
        CHECK(keel("BZPOPMIN z -1") == error("ERR timeout is negative"));
        CHECK(keel("BZMPOP x 1 z MIN") == error("ERR timeout is not a float or out of range"));
    });
}
