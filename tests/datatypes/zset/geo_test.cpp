// SPDX-License-Identifier: BSD-3-Clause
//
// Scores of positions, distances, and areas: whoever is within is found, and nobody else.
#include "datatypes/zset/geo.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <string>

#include "protocol/base/random.h"

using namespace keel;
using namespace keel::zset;
using namespace keel::zset::geo;

namespace {

double between(Random& random, double low, double high) { return low + random.unit() * (high - low); }

// All over the map, at its ends, and near a given place.
Position some_position(Random& random, const Position& near) {
    switch (random.below(8)) {
        case 0: return {between(random, -180, 180), between(random, 84, kMostLatitude)};
        case 1: return {between(random, -180, 180), between(random, -kMostLatitude, -84)};
        case 2:
            return {random.below(2) == 0 ? between(random, 179, 180) : between(random, -180, -179),
                    between(random, -85, 85)};
        case 3: return {random.below(2) == 0 ? 180.0 : -180.0, random.below(2) == 0 ? kMostLatitude : -kMostLatitude};
        case 4: return {between(random, -180, 180), between(random, -85, 85)};
        default: break;
    }
    const double spread = std::pow(10, between(random, -5, 1.5));
    double longitude = near.longitude + between(random, -spread, spread);
    if (longitude > 180) longitude -= 360;
    if (longitude < -180) longitude += 360;
    return {longitude, std::clamp(near.latitude + between(random, -spread, spread), -kMostLatitude, kMostLatitude)};
}

double some_length(Random& random) {
    switch (random.below(12)) {
        case 0: return 0;
        case 1: return kEarthRadius * 3.2;
        case 2: return INFINITY;
        case 3: return between(random, 5e6, 2.1e7);
        default: return std::pow(10, between(random, -1, 7));
    }
}

bool covered(const std::vector<Interval>& cover, double score) {
    return std::any_of(cover.begin(), cover.end(),
                       [&](const Interval& one) { return score >= one.from && score < one.until; });
}

// The intervals are in order and apart, and few.
void check_intervals(const std::vector<Interval>& cover) {
    CHECK(cover.size() < 256);
    for (std::size_t i = 0; i < cover.size(); ++i) {
        CHECK(cover[i].from < cover[i].until);
        if (i > 0) CHECK(cover[i - 1].until < cover[i].from);
    }
}

// Against a model that knows of no frames and no squares.
template <typename Model>
std::size_t check_area(Random& random, const Area& area, const Position& near, Model&& is_within) {
    const auto cover = area.cover();
    check_intervals(cover);
    std::size_t found = 0;
    for (int i = 0; i < 400; ++i) {
        const double score = encode(some_position(random, near));
        const Position at = decode(score);
        const bool expected = is_within(at);
        const bool is_covered = covered(cover, score);
        const bool is_found = area.within(score).has_value();
        INFO(at.longitude << ' ' << at.latitude << ", score " << std::to_string(score));
        if (is_found != expected) CHECK(is_found == expected);
        if (expected && !is_covered) CHECK(is_covered);
        found += expected ? 1U : 0U;
    }
    return found;
}

bool box_holds(const Position& center, double width, double height, const Position& at) {
    const double up = kEarthRadius * std::abs(at.latitude - center.latitude) * (M_PI / 180);
    // Rounding decides on the border itself, which a random place does not hit, unless the box is a line.
    if (std::abs(up - height / 2) < 1e-6 && height > 0) return false;
    return up <= height / 2 && distance(at, {center.longitude, at.latitude}) <= width / 2;
}

// By the angles under which the edges are seen: they add up to a full turn (or an odd number of them) from within. Good
// for figures whose edges do not cross.
bool polygon_holds(const std::vector<Position>& vertices, const Position& at) {
    double turn = 0;
    for (std::size_t i = 0; i < vertices.size(); ++i) {
        const Position& a = vertices[i];
        const Position& b = vertices[(i + 1) % vertices.size()];
        double angle = std::atan2(b.latitude - at.latitude, b.longitude - at.longitude) -
                       std::atan2(a.latitude - at.latitude, a.longitude - at.longitude);
        if (angle > M_PI) angle -= 2 * M_PI;
        if (angle < -M_PI) angle += 2 * M_PI;
        turn += angle;
    }
    return std::abs(turn) > M_PI;
}

std::string text_of(const HashText& text) { return {text.data(), text.size()}; }

}  // namespace

TEST_CASE("geo: scores are those of Redis") {
    CHECK(encode({13.361389, 38.115556}) == 3479099956230698);
    CHECK(encode({15.087269, 37.502669}) == 3479447370796909);
    CHECK(encode({0, 0}) == 3377699720527872);
    CHECK(encode({-180, -kMostLatitude}) == 0);
    CHECK(encode({180, kMostLatitude}) == 13510798882111488);
    CHECK(encode({-73.9733487, 40.7648057}) == 1791875761332224);
}

TEST_CASE("geo: a score is decoded to the middle of its step, and stays") {
    const std::uint64_t seed = 1;
    Random random{seed};
    for (int i = 0; i < 20'000; ++i) {
        const Position at = some_position(random, {});
        const double score = encode(at);
        const Position back = decode(score);
        INFO("seed " << seed << ", " << at.longitude << ' ' << at.latitude);
        CHECK(std::abs(back.longitude - at.longitude) < 5.4e-6);
        CHECK(std::abs(back.latitude - at.latitude) < 4e-6);
        CHECK(encode(back) == score);
    }
}

TEST_CASE("geo: numbers that are no scores are read as Redis reads them") {
    const auto is = [](double score, double longitude, double latitude) {
        const Position at = decode(score);
        return std::abs(at.longitude - longitude) < 1e-5 && std::abs(at.latitude - latitude) < 1e-5;
    };
    CHECK(is(-1, 180, kMostLatitude));
    CHECK(is(1e17, 180, kMostLatitude));
    CHECK(is(INFINITY, -180, -kMostLatitude));
    CHECK(is(-INFINITY, 180, -kMostLatitude));
    CHECK(is(1e300, -180, -kMostLatitude));
    CHECK(is(1.5, -180, -85.05112497791825));
    CHECK(is(4503599627370496, -180, kMostLatitude));
}

TEST_CASE("geo: the texts of others") {
    CHECK(text_of(hash_text({-5.6, 42.6})).substr(0, 10) == "ezs42e44yx");
    CHECK(text_of(hash_text(decode(encode({-5.6, 42.6})))) == "ezs42e44yx0");
    CHECK(text_of(hash_text({0, 0})) == "s0000000000");
    CHECK(text_of(hash_text({180, kMostLatitude})) == "bp05b5048p0");
}

TEST_CASE("geo: distances") {
    const Position palermo = decode(3479099956230698);
    const Position catania = decode(3479447370796909);
    CHECK(distance(palermo, catania) == Approx(166274.1516).margin(0.0001));
    CHECK(distance(palermo, catania) == distance(catania, palermo));
    CHECK(distance(palermo, palermo) == 0);
    CHECK(distance({0, 0}, {180, 0}) == Approx(kEarthRadius * M_PI));
    CHECK(distance({10, 80}, {10, -80}) == kEarthRadius * (160 * (M_PI / 180)));
    CHECK(distance({179.5, 0}, {-179.5, 0}) == Approx(distance({0, 0}, {1, 0})));
    const Position far{-123.4, 45.6};
    CHECK(distance(far, {far.longitude + 180, -far.latitude}) == Approx(kEarthRadius * M_PI));
}

TEST_CASE("geo: numbers of a fixed number of decimals are those of printf") {
    const std::uint64_t seed = 2;
    Random random{seed};
    for (int i = 0; i < 50'000; ++i) {
        const double size = std::pow(10, between(random, -12, 15));
        const double edges[] = {
            0, 1, 0.5, 0.00005, 0.00015, 2.5, 999.99995, 0.99999999, 1e-300, 4503599627370495.5, 0.125, 180};
        const double value = i < 12 ? edges[i] : between(random, -size, size);
        for (const int decimals : {1, 4, 17}) {
            char expected[80];
            char text[kFixedChars];
            const auto length = std::snprintf(expected, sizeof expected, "%.*f", decimals, value);
            const std::size_t written = write_fixed(text, value, static_cast<unsigned>(decimals));
            INFO("seed " << seed);
            CHECK(std::string(text, written) == std::string(expected, static_cast<std::size_t>(length)));
        }
    }
}

TEST_CASE("geo: a circle has everyone within, and nobody else") {
    const std::uint64_t seed = 3;
    Random random{seed};
    std::size_t found = 0;
    for (int i = 0; i < 1'500; ++i) {
        const Position center = decode(encode(some_position(random, {})));
        const double radius = some_length(random);
        INFO("seed " << seed << ", circle " << i << " at " << center.longitude << ' ' << center.latitude << ": "
                     << radius);
        found += check_area(random, Area::circle(center, radius), center,
                            [&](const Position& at) { return distance(center, at) <= radius; });
        CHECK(Area::circle(center, radius).within(encode(center)).has_value());
    }
    CHECK(found > 50'000);
}

TEST_CASE("geo: a box has everyone within, and nobody else") {
    const std::uint64_t seed = 4;
    Random random{seed};
    std::size_t found = 0;
    for (int i = 0; i < 1'500; ++i) {
        const Position center = decode(encode(some_position(random, {})));
        const double width = some_length(random);
        const double height = random.below(3) == 0 ? some_length(random) : width;
        INFO("seed " << seed << ", box " << i << " at " << center.longitude << ' ' << center.latitude << ": " << width
                     << " x " << height);
        found += check_area(random, Area::box(center, width, height), center,
                            [&](const Position& at) { return box_holds(center, width, height, at); });
        CHECK(Area::box(center, width, height).within(encode(center)).has_value());
    }
    CHECK(found > 50'000);
}

TEST_CASE("geo: a polygon has everyone within, and nobody else") {
    const std::uint64_t seed = 5;
    Random random{seed};
    std::size_t found = 0;
    for (int i = 0; i < 1'000; ++i) {
        // Vertices around a place, in order of direction, so that no edges cross.
        const Position middle{between(random, -150, 150), between(random, -60, 60)};
        const double size = std::pow(10, between(random, -4, 1.4));
        std::vector<double> turns(3 + random.below(10));
        for (double& turn : turns) turn = between(random, -M_PI, M_PI);
        std::sort(turns.begin(), turns.end());
        std::vector<Position> vertices;
        for (const double turn : turns) {
            const double far = between(random, size / 2, size);
            vertices.push_back({middle.longitude + far * std::cos(turn), middle.latitude + far * std::sin(turn)});
        }
        INFO("seed " << seed << ", polygon " << i);
        found += check_area(random, Area::polygon(vertices), middle,
                            [&](const Position& at) { return polygon_holds(vertices, at); });
    }
    CHECK(found > 10'000);
}

TEST_CASE("geo: where the edges of a polygon cross, twice around is outside") {
    // A star of five points: its middle is met twice.
    const std::vector<Position> star{{0, 10}, {5.88, -8.09}, {-9.51, 3.09}, {9.51, 3.09}, {-5.88, -8.09}};
    const Area area = Area::polygon(star);
    CHECK_FALSE(area.within(encode({0, 0})));
    CHECK(area.within(encode({0, 8})));
    CHECK(area.within(encode({8, 2.8})));
    CHECK_FALSE(area.within(encode({8, -8})));
}

TEST_CASE("geo: a polygon's distances are from the mean of its vertices, as points in space") {
    // On two sides of the antimeridian the mean of the longitudes would be on the other side of the earth.
    const Area wide = Area::polygon({{-170, -10}, {170, -10}, {170, 10}, {-170, 10}});
    const double end = encode({170, 0});
    REQUIRE(wide.within(encode({169.99, 0})));
    CHECK(*wide.within(encode({169.99, 0})) == Approx(distance({180, 0}, decode(end))).epsilon(0.01));
    const Area square = Area::polygon({{0, 0}, {4, 0}, {4, 2}, {0, 2}});
    const double inside = encode({3, 1});
    REQUIRE(square.within(inside));
    CHECK(*square.within(inside) == Approx(distance({2, 1}, decode(inside))).epsilon(0.001));
}

TEST_CASE("geo: small areas are covered tightly") {
    // A walk over the cover of a circle of 10 km meets few places beyond 20 km.
    const Position center{2.35, 48.85};
    double scores = 0;
    for (const Interval& one : Area::circle(center, 10'000).cover()) scores += one.until - one.from;
    // The area of one score there, in square meters.
    const double step = kEarthRadius * 2 * M_PI / 0x1p26;
    const double each = step * std::cos(center.latitude * M_PI / 180) * (step * kMostLatitude / 180);
    CHECK(scores * each < 2.5 * M_PI * 1e8);
    CHECK(Area::circle({0, 0}, INFINITY).cover().size() < 100);
    CHECK(Area::circle({0, 0}, 0).cover().size() < 10);
}
