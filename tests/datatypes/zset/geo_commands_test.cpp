// SPDX-License-Identifier: BSD-3-Clause
//
// Positions: adding, showing, searching and storing; what clients, watchers and replicas are told.
#include <cmath>

#include "datatypes/zset/geo.h"
#include "tests/datatypes/zset/replies.h"

using namespace keel;
using namespace keel::test;

namespace {

const std::string kFloatError = error("ERR value is not a valid float");

void sicily(CommandRunner& keel) {
    keel("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 13.583333 37.316667 Agrigento");
}

}  // namespace

TEST_CASE("geoadd: is a zadd of geohashes") {
    in_both_forms([](CommandRunner& keel) {
        CHECK(keel("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania") == integer(2));
        CHECK(keel.events() == Strings{"zadd s"});
        CHECK(keel.dirty() == 2);
        CHECK(keel.replicated() == Strings{"GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"});
        CHECK(keel("ZRANGE s 0 -1 WITHSCORES") ==
              bulks({"Palermo", "3479099956230698", "Catania", "3479447370796909"}));
        CHECK(keel("GEOADD s 13.361389 38.115556 Palermo") == integer(0));
        CHECK(keel.events().empty());
        CHECK(keel("GEOADD s CH 13 38 Palermo") == integer(1));
        CHECK(keel("GEOADD s NX CH 1 2 Palermo 3 4 new") == integer(1));
        CHECK(keel("GEOADD s XX CH CH 1 2 Palermo 3 4 newer") == integer(1));
        CHECK(keel("ZCARD s") == integer(3));
        CHECK(keel("GEOADD none XX 1 2 a") == integer(0));
        CHECK(keel("EXISTS none") == integer(0));
    });
}

TEST_CASE("geoadd: refusals change nothing") {
    CommandRunner keel;
    keel.hold_other_type("other");
    for (const char* words : {"NX XX 1 2 a", "1 2 a 3 4", "NX 1 2", "NX CH CH", "GT 1 2 a", "NX GT 1 2 a"}) {
        CHECK(keel("GEOADD g " + std::string{words}) == kSyntaxError);
    }
    CHECK(keel("GEOADD g x 2 a") == kFloatError);
    CHECK(keel("GEOADD g INCR 1 2") == kFloatError);
    CHECK(keel("GEOADD g 1 2 a 3 nan b") == kFloatError);
    CHECK(keel("GEOADD g 181 2 a") == error("ERR invalid longitude,latitude pair 181.000000,2.000000"));
    CHECK(keel("GEOADD other 1 86 a") == error("ERR invalid longitude,latitude pair 1.000000,86.000000"));
    CHECK(keel("GEOADD g -inf 85.0511288 a") == error("ERR invalid longitude,latitude pair -inf,85.051129"));
    CHECK(keel("GEOADD other 1 2 a") == kWrongTypeError);
    CHECK(keel("EXISTS g") == integer(0));
}

TEST_CASE("geopos, geohash, geodist: what is there, and null for what is not") {
    in_both_forms([](CommandRunner& keel) {
        sicily(keel);
        CHECK(keel("GEOPOS s Palermo nobody") ==
              array({bulks({"13.36138933897018433", "38.11555639549629859"}), kNullArray}));
        CHECK(keel("GEOPOS s") == kNone);
        CHECK(keel("GEOPOS none a") == array({kNullArray}));
        CHECK(keel("GEOHASH s Palermo nobody") == array({bulk("sqc8b49rny0"), kNull}));
        CHECK(keel("GEOHASH none a b") == array({kNull, kNull}));
        CHECK(keel("GEODIST s Palermo Catania") == bulk("166274.1516"));
        CHECK(keel("GEODIST s Palermo Catania km") == bulk("166.2742"));
        CHECK(keel("GEODIST s Palermo Catania FT") == bulk("545518.8700"));
        CHECK(keel("GEODIST s Palermo Catania Mi") == bulk("103.3182"));
        CHECK(keel("GEODIST s Palermo Palermo") == bulk("0.0000"));
        CHECK(keel("GEODIST s Palermo nobody") == kNull);
        CHECK(keel("GEODIST none a b") == kNull);
        CHECK(keel("GEODIST none a b x") == error("ERR unsupported unit provided. please use M, KM, FT, MI"));
        CHECK(keel("GEODIST s a b m m") == kSyntaxError);
    });
    in_both_forms(
        [](CommandRunner& keel) {
            keel("GEOADD g 0 0 zero 180 85.05112878 end");
            CHECK(keel("GEOPOS g zero nobody") ==
                  array({array({real("0.00000268220901489"), real("0.00000126736058093")}), kNull3}));
            CHECK(keel("GEOPOS g end") == array({array({real("180"), real("85.0511287799999991")})}));
            CHECK(keel("GEODIST g zero zero") == bulk("0.0000"));
            CHECK(keel("GEODIST g zero x") == kNull3);
        },
        3);
}

TEST_CASE("georadius and its sisters: by distance, with what is asked for") {
    in_both_forms([](CommandRunner& keel) {
        sicily(keel);
        CHECK(keel("GEORADIUS s 15 37 200 km ASC") == bulks({"Catania", "Agrigento", "Palermo"}));
        CHECK(keel("GEORADIUS s 15 37 200 km DESC COUNT 2") == bulks({"Palermo", "Agrigento"}));
        CHECK(keel("GEORADIUS s 15 37 200 km COUNT 1") == bulks({"Catania"}));
        CHECK(keel("GEORADIUS s 15 37 100 km") == bulks({"Catania"}));
        CHECK(keel("GEORADIUS_RO s 15 37 200 km COUNT 2 WITHDIST WITHHASH WITHCOORD") ==
              array({array({bulk("Catania"), bulk("56.4413"), integer(3479447370796909),
                            bulks({"15.08726745843887329", "37.50266842333162032"})}),
                     array({bulk("Agrigento"), bulk("130.4235"), integer(3479030013248308),
                            bulks({"13.5833314061164856", "37.31666804993816555"})})}));
        CHECK(keel("GEORADIUSBYMEMBER s Agrigento 100 km ASC") == bulks({"Agrigento", "Palermo"}));
        CHECK(keel("GEORADIUSBYMEMBER_RO s Agrigento 0 m WITHDIST") ==
              array({array({bulk("Agrigento"), bulk("0.0000")})}));
        CHECK(keel("GEOSEARCH s FROMMEMBER Agrigento BYRADIUS 60 mi DESC") == bulks({"Palermo", "Agrigento"}));
        CHECK(keel("GEOSEARCH s BYBOX 400 400 km DESC FROMLONLAT 15 37") == bulks({"Palermo", "Agrigento", "Catania"}));
        CHECK(keel("GEOSEARCH s FROMLONLAT 15 37 BYBOX inf 120 km") == bulks({"Agrigento", "Catania"}));
        CHECK(keel("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS inf m COUNT 2 ANY").substr(0, 4) == "*2\r\n");
        CHECK(keel("GEORADIUS none 15 37 200 km") == kNone);
        CHECK(keel.replicated().empty());
    });
}

TEST_CASE("geosearch: the n nearest of many are those that sorting all would bring") {
    in_both_forms([](CommandRunner& keel) {
        Random random{20};
        for (int i = 0; i < 2'000; ++i) {
            keel.run({"GEOADD", "g", std::to_string(random.unit() * 20), std::to_string(random.unit() * 20),
                      "m" + std::to_string(i)});
        }
        for (const char* order : {"ASC", "DESC"}) {
            const std::string all = keel("GEOSEARCH g FROMLONLAT 10 10 BYRADIUS 900 km " + std::string{order});
            for (const int count : {1, 2, 50, 333}) {
                const std::string some =
                    keel("GEOSEARCH g FROMLONLAT 10 10 BYRADIUS 900 km COUNT " + std::to_string(count) + " " + order);
                const std::size_t header = some.find('\n') + 1;
                CHECK(some.substr(0, header) == "*" + std::to_string(count) + "\r\n");
                CHECK(all.substr(all.find('\n') + 1, some.size() - header) == some.substr(header));
            }
        }
        CHECK(keel("GEOSEARCH g FROMLONLAT 10 10 BYRADIUS 900 km COUNT 7 ANY").substr(0, 4) == "*7\r\n");
        CHECK(keel("GEOSEARCH g FROMLONLAT 10 10 BYRADIUS 9000 km COUNT 9223372036854775807").substr(0, 7) ==
              "*2000\r\n");
    });
}

TEST_CASE("geosearch bypolygon") {
    in_both_forms([](CommandRunner& keel) {
        sicily(keel);
        const std::string triangle = "GEOSEARCH s BYPOLYGON 3 13 36.9 14 36.9 13.4 39";
        CHECK(keel(triangle + " ASC") == bulks({"Agrigento", "Palermo"}));
        CHECK(keel(triangle + " ASC COUNT 1 WITHDIST").substr(0, 4) == "*1\r\n");
        CHECK(keel("GEOSEARCH s bypolygon 4 13 36.9 14 36.9 14 39 13 39 DESC WITHHASH") ==
              array({array({bulk("Agrigento"), integer(3479030013248308)}),
                     array({bulk("Palermo"), integer(3479099956230698)})}));
        CHECK(keel("GEOSEARCHSTORE d s BYPOLYGON 3 13 36.9 14 36.9 13.4 39") == integer(2));
        const std::string few = error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
        CHECK(keel("GEOSEARCH s BYPOLYGON 2 13 37 14 37") == few);
        CHECK(keel("GEOSEARCH s BYPOLYGON 3 13 37 14 37") == few);
        CHECK(keel("GEOSEARCH s BYPOLYGON -3 13 37 14 37") == few);
        CHECK(keel("GEOSEARCH s BYPOLYGON 9223372036854775807 13 37 14 37") == few);
        CHECK(keel("GEOSEARCH s BYPOLYGON x 13 37 14 37") == error("ERR invalid number of vertices"));
        CHECK(keel("GEOSEARCH s BYPOLYGON 3 13 37 14 37 14 87") ==
              error("ERR invalid longitude,latitude pair 14.000000,87.000000"));
        for (const char* other : {" FROMMEMBER Palermo", " FROMLONLAT 1 1", " BYRADIUS 1 m", " BYBOX 1 1 m", " 1 2"}) {
            CHECK(keel(triangle + other) == kSyntaxError);
        }
        CHECK(keel(triangle + " BYPOLYGON 3 1 1 2 2 1 2") == kNone);  // the last of a kind counts
        CHECK(keel("GEOSEARCH s FROMMEMBER Palermo BYPOLYGON 3 13 36.9 14 36.9 13.4 39") == kSyntaxError);
        CHECK(keel("GEOSEARCH s BYRADIUS 1 m BYPOLYGON 3 13 36.9 14 36.9 13.4 39") == kSyntaxError);
    });
}

TEST_CASE("georadius store, geosearchstore: the target is replaced, and goes when nothing is found") {
    in_both_forms([](CommandRunner& keel) {
        sicily(keel);
        keel("SET d x EX 100");
        CHECK(keel("GEORADIUS s 15 37 200 km STORE d") == integer(3));
        CHECK(keel.events() == Strings{"georadiusstore d"});
        CHECK(keel.touched() == Strings{"d"});
        CHECK(keel.dirty() == 3);
        CHECK(keel.replicated() == Strings{"GEORADIUS s 15 37 200 km STORE d"});
        CHECK(keel.deadline("d") == kNoDeadline);
        CHECK(keel("ZRANGE d 0 -1 WITHSCORES") == keel("ZRANGE s 0 -1 WITHSCORES"));
        CHECK(keel("GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 2") == integer(2));
        CHECK(keel.events() == Strings{"geosearchstore d"});
        CHECK(keel("ZRANGE d 0 -1") == bulks({"Catania", "Agrigento"}));
        CHECK(keel("ZRANGEBYSCORE d 56.4412 56.4414") == bulks({"Catania"}));
        CHECK(keel("GEORADIUSBYMEMBER s Palermo 1 km STORE e STOREDIST d") == integer(1));
        CHECK(keel("ZRANGE d 0 -1 WITHSCORES") == bulks({"Palermo", "0"}));
        CHECK(keel("GEORADIUSBYMEMBER s Palermo 1 km STOREDIST e STORE d") == integer(1));
        CHECK(keel("ZRANGE d 0 -1 WITHSCORES") == bulks({"Palermo", "3479099956230698"}));
        CHECK(keel("EXISTS e") == integer(0));
        CHECK(keel("GEORADIUS s 0 0 1 m STORE d") == integer(0));
        CHECK(keel.events() == Strings{"del d"});
        CHECK(keel("GEORADIUS s 0 0 1 m STORE d") == integer(0));
        CHECK(keel.events().empty());
        keel("SET d x");
        CHECK(keel("GEORADIUSBYMEMBER none nobody x y STORE d") == integer(0));
        CHECK(keel.events() == Strings{"del d"});
        CHECK(keel("GEOSEARCHSTORE s s FROMLONLAT 15 37 BYRADIUS 100 km") == integer(1));
        CHECK(keel("ZCARD s") == integer(1));
    });
}

TEST_CASE("geosearch and its sisters: refusals, in the order of Redis") {
    CommandRunner keel;
    sicily(keel);
    keel.hold_other_type("other");
    const std::string member = error("ERR could not decode requested zset member");
    const std::string unit = error("ERR unsupported unit provided. please use M, KM, FT, MI");
    CHECK(keel("GEORADIUS other x 0 1 m") == kWrongTypeError);
    CHECK(keel("GEORADIUS none x 0 1 m") == kFloatError);
    CHECK(keel("GEORADIUS none 1 1 x m") == error("ERR need numeric radius"));
    CHECK(keel("GEORADIUS none 1 1 -1 x") == error("ERR radius cannot be negative"));
    CHECK(keel("GEORADIUS none 1 1 1 x") == unit);
    CHECK(keel("GEORADIUS s 1 1 1 m COUNT 0") == error("ERR COUNT must be > 0"));
    CHECK(keel("GEORADIUS s 1 1 1 m COUNT x") == error("ERR value is not an integer or out of range"));
    CHECK(keel("GEORADIUS s 1 1 1 m COUNT") == kSyntaxError);
    CHECK(keel("GEORADIUS s 1 1 1 m STORE") == kSyntaxError);
    CHECK(keel("GEORADIUS none 1 1 1 m ANY") == error("ERR the ANY argument requires COUNT argument"));
    CHECK(keel("GEORADIUS none 1 1 1 m STORE d WITHDIST ANY") ==
          error("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"));
    CHECK(keel("GEORADIUS_RO s 1 1 1 m STORE d") == kSyntaxError);
    CHECK(keel("GEORADIUSBYMEMBER_RO s Palermo 1 m STOREDIST d") == kSyntaxError);
    CHECK(keel("GEORADIUS s 1 1 1 m FROMMEMBER a") == kSyntaxError);
    CHECK(keel("GEORADIUSBYMEMBER none nobody x y") == kNone);
    CHECK(keel("GEORADIUSBYMEMBER none nobody x y z") == kSyntaxError);
    CHECK(keel("GEORADIUSBYMEMBER s nobody x y") == member);
    CHECK(keel("GEORADIUSBYMEMBER s Palermo 1 y") == unit);
    CHECK(keel("GEOSEARCH s FROMMEMBER nobody BYRADIUS x m") == member);
    CHECK(keel("GEOSEARCH none FROMMEMBER nobody BYRADIUS 1 m") == kNone);
    CHECK(keel("GEOSEARCH s FROMMEMBER nobody FROMLONLAT 1 1 BYRADIUS 1 m") == member);
    CHECK(keel("GEOSEARCH s FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m") == kSyntaxError);
    CHECK(keel("GEOSEARCH s FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 m") == bulks({"Catania"}));
    CHECK(keel("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m") == kSyntaxError);
    CHECK(keel("GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 x m") == error("ERR need numeric height"));
    CHECK(keel("GEOSEARCH s FROMLONLAT 1 1 BYBOX x 1 m") == error("ERR need numeric width"));
    CHECK(keel("GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 -1 x") == error("ERR height or width cannot be negative"));
    CHECK(keel("geosearch s ASC ASC ASC ASC ANY") ==
          error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch"));
    CHECK(keel("GEOSEARCHSTORE d s FROMLONLAT 1 1 ASC ANY") ==
          error("ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCHSTORE"));
    CHECK(keel("GEOSEARCHSTORE d s BYRADIUS 1 m ASC ASC WITHDIST") ==
          error("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"));
    CHECK(keel("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST") == kSyntaxError);
}

TEST_CASE("geosearch: over the antimeridian, at the ends of the map and around the earth") {
    in_both_forms([](CommandRunner& keel) {
        keel(
            "GEOADD g 179.5 36 east -179.5 36 west 180 85.05112878 top -180 -85.05112878 bottom 180 0 end -180 0 "
            "begin");
        CHECK(keel("GEOSEARCH g FROMLONLAT 179 37 BYBOX 400 400 km ASC") == bulks({"east", "west"}));
        CHECK(keel("GEOSEARCH g FROMLONLAT -179 37 BYBOX 400 400 km ASC") == bulks({"west", "east"}));
        CHECK(keel("GEOSEARCH g FROMLONLAT -180 0 BYRADIUS 10 m").substr(0, 4) == "*2\r\n");
        CHECK(keel("GEOSEARCH g FROMLONLAT 180 0 BYRADIUS 10 m").substr(0, 4) == "*2\r\n");
        CHECK(keel("GEOSEARCH g FROMLONLAT 0 85 BYRADIUS 1200 km") == bulks({"top"}));
        CHECK(keel("GEOSEARCH g FROMMEMBER top BYRADIUS 0 m") == bulks({"top"}));
        CHECK(keel("GEOSEARCH g FROMMEMBER top BYBOX 0 0 m") == bulks({"top"}));
        CHECK(keel("GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 20100 km").substr(0, 4) == "*6\r\n");
        CHECK(keel("GEOSEARCH g FROMLONLAT 0 0 BYBOX 1e300 1e300 km").substr(0, 4) == "*6\r\n");
    });
}
