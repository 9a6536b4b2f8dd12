# SPDX-License-Identifier: BSD-3-Clause
"""Positions: BYPOLYGON (of Valkey 9), and searches that redis-server 7.0 does not get right. What it does is compared with it
command by command in tests/differential (family geo)."""
import math
import random

import pytest

from keel import keel_only
from resp import Error

pytestmark = keel_only

EARTH = 6372797.560856


@pytest.fixture
def sydney(c):
    for name, longitude, latitude in (("elizabeth", 151.20932132005692, -33.877723137822436), ("connaught", 151.2119820713997, -33.87697539508043),
                                      ("goodhope", 151.22852593660355, -33.88116782387797), ("bartley", 151.22953444719315, -33.874838625143106)):
        c("GEOADD", "s", longitude, latitude, name)
    return c


# Eleven vertices; three of the four places lie inside.
FENCE = ["BYPOLYGON", 11, 151.21619137411474, -33.869643764947696, 151.20408853981647, -33.87845382042545, 151.2123775086366, -33.87864711938855,
         151.21046943124387, -33.87588862400425, 151.21701035939626, -33.874286511854834, 151.2239557405701, -33.8735722632175,
         151.22495056246407, -33.87893571656996, 151.2274447496748, -33.882307713036354, 151.23212935868654, -33.88136096120022,
         151.23097291274465, -33.87456240592362, 151.22475424781445, -33.87099633192101]


def test_polygon(sydney):
    assert sorted(sydney("GEOSEARCH", "s", *FENCE)) == [b"bartley", b"elizabeth", b"goodhope"]


def test_distances_are_meters_from_the_mean_of_the_vertices(sydney):
    near_first = [[b"bartley", b"858.3013"], [b"goodhope", b"929.4979"], [b"elizabeth", b"1035.7735"]]
    assert sydney("GEOSEARCH", "s", *FENCE, "WITHDIST", "ASC") == near_first
    assert sydney("GEOSEARCH", "s", *FENCE, "WITHDIST", "DESC") == near_first[::-1]
    assert sydney("GEOSEARCH", "s", *FENCE, "COUNT", 1) == [b"bartley"]
    assert len(sydney("GEOSEARCH", "s", *FENCE, "COUNT", 2, "ANY")) == 2


def test_what_is_inside_can_be_stored(sydney):
    assert sydney("GEOSEARCHSTORE", "d", "s", *FENCE, "ASC", "STOREDIST", "COUNT", 2) == 2
    assert sydney("ZRANGE", "d", 0, -1) == [b"bartley", b"goodhope"]
    assert 858.30 < float(sydney("ZSCORE", "d", "bartley")) < 858.31


@pytest.mark.parametrize("words", [["FROMMEMBER", "bartley"], ["FROMLONLAT", 1, 1], ["BYRADIUS", 1, "m"], ["BYBOX", 1, 1, "m"]])
def test_a_polygon_has_a_center_of_its_own(sydney, words):
    assert sydney("GEOSEARCH", "s", *FENCE, *words) == Error("ERR syntax error")
    assert sydney("GEOSEARCH", "s", *words, *FENCE) == Error("ERR syntax error")


@pytest.mark.parametrize("count", [-1, 0, 2, 4, 2147483647])
def test_too_few_vertices(sydney, count):
    assert sydney("GEOSEARCH", "s", "BYPOLYGON", count, 1, 1, 2, 2, 1, 2) == Error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")


def test_vertices_are_positions(sydney):
    assert sydney("GEOSEARCH", "s", "BYPOLYGON", 3, 1, 1, 2, 2, 1, 86) == Error("ERR invalid longitude,latitude pair 1.000000,86.000000")
    assert sydney("GEOSEARCH", "s", "BYPOLYGON", "x", 1, 1, 2, 2, 1, 86) == Error("ERR invalid number of vertices")


def distance(a, b):
    (x1, y1), (x2, y2) = [[math.radians(d) for d in p] for p in (a, b)]
    h = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * EARTH * math.asin(min(1, math.sqrt(h)))


def test_circles_of_any_size_anywhere(c):
    rng = random.Random(7)
    places = {b"m%d" % i: (rng.uniform(-180, 180), rng.uniform(-85.05, 85.05)) for i in range(3000)}
    c("GEOADD", "g", *[w for name, (x, y) in places.items() for w in (repr(x), repr(y), name)])
    for _ in range(60):
        center = rng.uniform(-180, 180), rng.choice([rng.uniform(-85, 85), 85.05, -85.05])
        radius = rng.choice([1e6, 5e6, 1.2e7, 2.1e7]) * rng.random()
        found = set(c("GEOSEARCH", "g", "FROMLONLAT", center[0], center[1], "BYRADIUS", radius, "m"))
        # A place is kept to within a meter.
        sure = {name for name, place in places.items() if distance(center, place) < radius - 2}
        near = {name for name, place in places.items() if distance(center, place) < radius + 2}
        assert sure <= found <= near, (center, radius)
