// SPDX-License-Identifier: BSD-3-Clause
//
// Positions on the earth as scores of a sorted set, and areas as intervals of scores.
//
// Longitude and latitude are each cut into 2^26 steps; the bits of the two step numbers, one of each in turn, make the
// score. Positions whose scores begin with the same bits lie in the same square, so an area is covered by the squares
// that meet it, and a square is an interval of scores:
//
//     score   ... x2 y2 x1 y1 x0 y0        x: step of the longitude, -180 to 180
//                                          y: step of the latitude, -85.05112878 to 85.05112878 (square in Mercator's
//                                          map)
//
// Always true:
//   1. encode() and decode() agree with Redis to the last bit: data may move between servers. decode() is the middle of
//      the step, so encode(decode(s)) == s for what encode() made.
//   2. The upper ends, 180 and 85.05112878, are steps of their own (2^26), as in Redis: scores are below 2^54. decode()
//      takes numbers that are no scores too, and reads them as Redis on x86-64 does.
//   3. cover() misses nobody: a score made by encode() whose position is within the area lies in one of its intervals,
//      and those are in order and apart. That others lie there too is seen by within().
//
// Distances are those of Redis to the last digit: the haversine formula on a sphere. The border of a circle or box
// belongs to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "datatypes/zset/zset.h"

namespace keel::zset::geo {

inline constexpr double kMostLongitude = 180;
inline constexpr double kMostLatitude = 85.05112878;
inline constexpr double kEarthRadius = 6372797.560856;  // meters
inline constexpr double kScoreEnd = 0x1p54;             // all scores are below

struct Position {
    double longitude = 0;
    double latitude = 0;
};

[[nodiscard]] inline bool is_position(const Position& at) {
    return at.longitude >= -kMostLongitude && at.longitude <= kMostLongitude && at.latitude >= -kMostLatitude &&
           at.latitude <= kMostLatitude;
}

[[nodiscard]] double encode(const Position& at);
[[nodiscard]] Position decode(double score);
// The text that geohash.org and others know a position by.
using HashText = std::array<char, 11>;
[[nodiscard]] HashText hash_text(const Position& at);
// In meters.
[[nodiscard]] double distance(const Position& a, const Position& b);

// Writes a number (of magnitude below 2^53) as printf's "%.*f" does, with 1 to 17 decimals, and returns how many
// characters that are; `out` has room for kFixedChars.
inline constexpr std::size_t kFixedChars = 40;
std::size_t write_fixed(char* out, double value, unsigned decimals);

// An area that is searched.
class Area {
  public:
    // Up to so many meters from the center; infinity is everywhere.
    static Area circle(const Position& center, double radius);
    // So many meters wide and high about the center. The width is measured on each latitude.
    static Area box(const Position& center, double width, double height);
    // Vertices in order; the last is joined with the first. A plane figure on the map of longitudes and latitudes,
    // which ends at the antimeridian; where edges cross, a place is within if a ray meets an odd number of them. Its
    // center is the mean of the vertices.
    static Area polygon(std::vector<Position> vertices);

    // How far from the center, in meters, if the score's position is within.
    [[nodiscard]] std::optional<double> within(double score) const;
    // See truth 3.
    [[nodiscard]] std::vector<Interval> cover() const;

  private:
    enum class Shape : std::uint8_t { circle, box, polygon };
    // Steps from one to another, both included.
    struct Steps {
        std::uint32_t from;
        std::uint32_t to;
        [[nodiscard]] bool holds(std::uint32_t step) const { return step >= from && step <= to; }
    };
    struct Square;

    Area(Shape shape, const Position& center, double a, double b = 0) : shape_(shape), center_(center), a_(a), b_(b) {}
    void bound_circle();
    void bound_box();
    void bound_polygon();
    void bound_longitude(double west, double east);
    void bound_latitude(double south, double north);
    [[nodiscard]] bool polygon_holds(const Position& at) const;
    void split(const Square& square, unsigned finest, std::vector<Interval>& out) const;

    Shape shape_;
    Position center_;
    double a_;  // circle: radius; box: half the width
    double b_;  // box: half the height
    std::vector<Position> vertices_;
    // The frame: everything within has its steps here. Two runs of longitudes if it goes over the antimeridian, else
    // the same one twice.
    std::array<Steps, 2> longitudes_{};
    Steps latitudes_{};
};

}  // namespace keel::zset::geo
