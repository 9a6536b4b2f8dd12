// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/geo.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <numbers>

namespace keel::zset::geo {

namespace {

constexpr unsigned kStepBits = 26;
constexpr double kSteps = 0x1p26;
constexpr double kDegree = std::numbers::pi / 180;
constexpr double kAround = 360;  // degrees

// What computing may be off by, in radians: much more than rounding is, much less than a step (1e-7).
constexpr double kSlack = 1e-9;
// The same where an angle comes from a sine near 1.
constexpr double kRoughSlack = 1e-7;

double radians(double degrees) { return degrees * kDegree; }

// ---- Scores ----

// The bits of a number at the even places of another, and back.
std::uint64_t spread(std::uint64_t bits) {
    bits &= 0xffffffff;
    bits = (bits | bits << 16) & 0x0000ffff0000ffff;
    bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
    bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
    bits = (bits | bits << 2) & 0x3333333333333333;
    return (bits | bits << 1) & 0x5555555555555555;
}
std::uint32_t gather(std::uint64_t bits) {
    bits &= 0x5555555555555555;
    bits = (bits | bits >> 1) & 0x3333333333333333;
    bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
    bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
    bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
    return static_cast<std::uint32_t>(bits | bits >> 16);
}

struct StepPair {
    std::uint32_t longitude;
    std::uint32_t latitude;
};
std::uint64_t joined(const StepPair& steps) { return spread(steps.latitude) | spread(steps.longitude) << 1; }
StepPair parted(std::uint64_t bits) { return {gather(bits >> 1), gather(bits)}; }

// In which of 2^26 steps from -most to most a number lies.
std::uint32_t step_of(double degrees, double most) {
    return static_cast<std::uint32_t>((degrees + most) / (2 * most) * kSteps);
}

double middle_of(std::uint32_t step, double most) {
    const double low = -most + step / kSteps * (2 * most);
    const double high = -most + (step + 1.0) / kSteps * (2 * most);
    return std::clamp((low + high) / 2, -most, most);
}

// A score as an unsigned integer; what is none becomes what the conversion of x86-64 makes of it.
std::uint64_t bits_of(double score) {
    if (score >= 0x1p63) return score < 0x1p64 ? static_cast<std::uint64_t>(score) : 0;
    if (score < -0x1p63) return std::uint64_t{1} << 63;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(score));
}

Position position_of(const StepPair& steps) {
    return {middle_of(steps.longitude, kMostLongitude), middle_of(steps.latitude, kMostLatitude)};
}

// ---- Distances ----

// Of the points in space, seen from the center of the earth.
Position mean_of(const std::vector<Position>& places) {
    double x = 0;
    double y = 0;
    double z = 0;
    for (const Position& at : places) {
        const double longitude = radians(at.longitude);
        const double latitude = radians(at.latitude);
        x += std::cos(latitude) * std::cos(longitude);
        y += std::cos(latitude) * std::sin(longitude);
        z += std::sin(latitude);
    }
    return {std::atan2(y, x) / kDegree, std::atan2(z, std::hypot(x, y)) / kDegree};
}

double distance_along_meridian(double latitude_a, double latitude_b) {
    return kEarthRadius * std::abs(radians(latitude_b) - radians(latitude_a));
}

}  // namespace

double encode(const Position& at) {
    return static_cast<double>(joined({step_of(at.longitude, kMostLongitude), step_of(at.latitude, kMostLatitude)}));
}

Position decode(double score) { return position_of(parted(bits_of(score))); }

HashText hash_text(const Position& at) {
    constexpr Bytes kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
    constexpr unsigned kCharBits = 5;
    // Its latitudes go from pole to pole. The last character has two bits that are known; it is written as none.
    const std::uint64_t bits = joined({step_of(at.longitude, kMostLongitude), step_of(at.latitude, 90)});
    HashText text;
    text.fill('0');
    for (unsigned i = 0; i + 1 < text.size(); ++i) {
        text[i] = kAlphabet[bits >> (2 * kStepBits - (i + 1) * kCharBits) & 31];
    }
    return text;
}

double distance(const Position& a, const Position& b) {
    const double v = std::sin((radians(b.longitude) - radians(a.longitude)) / 2);
    if (v == 0) return distance_along_meridian(a.latitude, b.latitude);
    const double low = radians(a.latitude);
    const double high = radians(b.latitude);
    const double u = std::sin((high - low) / 2);
    // At most 1 but for rounding.
    const double h = std::min(1.0, u * u + std::cos(low) * std::cos(high) * v * v);
    return 2.0 * kEarthRadius * std::asin(std::sqrt(h));
}

// The fraction is an integer of 53 bits over a power of two, so its decimals are a product that fits 128 bits.
std::size_t write_fixed(char* out, double value, unsigned decimals) {
    __extension__ using Wide = unsigned __int128;
    constexpr int kFractionBits = 53;
    char* to = out;
    if (std::signbit(value)) *to++ = '-';
    const double size = std::abs(value);
    auto whole = static_cast<std::uint64_t>(size);
    int exponent = 0;
    const double fraction = std::frexp(size - static_cast<double>(whole), &exponent);
    std::uint64_t ten = 1;
    for (unsigned i = 0; i < decimals; ++i) ten *= 10;
    const Wide product = Wide{static_cast<std::uint64_t>(std::ldexp(fraction, kFractionBits))} * ten;
    const int shift = kFractionBits - exponent;
    auto digits = std::uint64_t{0};
    if (shift < 127) {  // else it is next to nothing
        digits = static_cast<std::uint64_t>(product >> shift);
        const Wide rest = product - (Wide{digits} << shift);
        const Wide half = Wide{1} << (shift - 1);
        if (rest > half || (rest == half && digits % 2 != 0)) ++digits;  // as printf: halves to the even one
    }
    if (digits == ten) {
        digits = 0;
        ++whole;
    }
    to = std::to_chars(to, out + kFixedChars, whole).ptr;
    *to++ = '.';
    for (unsigned i = decimals; i > 0; --i, digits /= 10) to[i - 1] = static_cast<char>('0' + digits % 10);
    return static_cast<std::size_t>(to - out) + decimals;
}

// ---- Areas ----

Area Area::circle(const Position& center, double radius) {
    Area area{Shape::circle, center, radius};
    area.bound_circle();
    return area;
}

Area Area::box(const Position& center, double width, double height) {
    Area area{Shape::box, center, width / 2, height / 2};
    area.bound_box();
    return area;
}

Area Area::polygon(std::vector<Position> vertices) {
    Area area{Shape::polygon, mean_of(vertices), 0};
    area.vertices_ = std::move(vertices);
    area.bound_polygon();
    return area;
}

std::optional<double> Area::within(double score) const {
    const StepPair steps = parted(bits_of(score));
    if (!latitudes_.holds(steps.latitude)) return std::nullopt;
    if (!longitudes_[0].holds(steps.longitude) && !longitudes_[1].holds(steps.longitude)) return std::nullopt;
    const Position at = position_of(steps);
    switch (shape_) {
        case Shape::circle: {
            const double far = distance(center_, at);
            return far <= a_ ? std::optional{far} : std::nullopt;
        }
        case Shape::box:
            if (distance_along_meridian(at.latitude, center_.latitude) > b_) return std::nullopt;
            if (distance(at, {center_.longitude, at.latitude}) > a_) return std::nullopt;
            break;
        case Shape::polygon:
            if (!polygon_holds(at)) return std::nullopt;
            break;
    }
    return distance(center_, at);
}

// A ray to the east meets an odd number of edges. An edge owns its lower end and not its upper one.
bool Area::polygon_holds(const Position& at) const {
    bool inside = false;
    const Position* before = &vertices_.back();
    for (const Position& vertex : vertices_) {
        if ((vertex.latitude > at.latitude) != (before->latitude > at.latitude)) {
            const double part = (at.latitude - vertex.latitude) / (before->latitude - vertex.latitude);
            if (at.longitude < (before->longitude - vertex.longitude) * part + vertex.longitude) inside = !inside;
        }
        before = &vertex;
    }
    return inside;
}

// ---- Frames ----

// A circle touches two meridians, the farther from its center's the nearer it comes to a pole; with a pole inside it
// meets all of them.
void Area::bound_circle() {
    const double reach = a_ / kEarthRadius * (1 + kSlack) + kSlack;
    const double south = center_.latitude - reach / kDegree;
    const double north = center_.latitude + reach / kDegree;
    bound_latitude(south, north);
    double side = kAround;
    if (south > -90 && north < 90) {
        const double sine = std::sin(reach) / std::cos(radians(center_.latitude));
        side = (std::asin(std::min(1.0, sine)) + kRoughSlack) / kDegree;
    }
    bound_longitude(center_.longitude - side, center_.longitude + side);
}

// A box is as many meters wide on each latitude, so it has the most degrees on the one nearest to a pole.
void Area::bound_box() {
    const double up = (b_ / kEarthRadius * (1 + kSlack) + kSlack) / kDegree;
    const double south = std::max(center_.latitude - up, -kMostLatitude);
    const double north = std::min(center_.latitude + up, kMostLatitude);
    bound_latitude(south, north);
    const double half = (a_ / kEarthRadius * (1 + kSlack) + kSlack) / 2;
    double side = kAround;
    if (half < std::numbers::pi / 2) {
        const double sine = std::sin(half) / std::cos(radians(std::max(std::abs(south), std::abs(north))));
        if (sine < 1) side = (2 * std::asin(sine) + kRoughSlack) / kDegree;
    }
    bound_longitude(center_.longitude - side, center_.longitude + side);
}

void Area::bound_polygon() {
    Position low = vertices_.front();
    Position high = low;
    for (const Position& vertex : vertices_) {
        low.longitude = std::min(low.longitude, vertex.longitude);
        low.latitude = std::min(low.latitude, vertex.latitude);
        high.longitude = std::max(high.longitude, vertex.longitude);
        high.latitude = std::max(high.latitude, vertex.latitude);
    }
    bound_latitude(low.latitude - kSlack, high.latitude + kSlack);
    bound_longitude(std::max(low.longitude - kSlack, -kMostLongitude),
                    std::min(high.longitude + kSlack, kMostLongitude));
}

namespace {

// The step of a border, which may lie beyond the map.
std::uint32_t border_step(double degrees, double most) { return step_of(std::clamp(degrees, -most, most), most); }

}  // namespace

void Area::bound_latitude(double south, double north) {
    latitudes_ = {border_step(south, kMostLatitude), border_step(north, kMostLatitude)};
}

void Area::bound_longitude(double west, double east) {
    const auto steps = [](double from, double to) {
        return Steps{border_step(from, kMostLongitude), border_step(to, kMostLongitude)};
    };
    if (east - west >= kAround)
        longitudes_.fill(steps(-kMostLongitude, kMostLongitude));
    else if (west < -kMostLongitude)
        longitudes_ = {steps(west + kAround, kMostLongitude), steps(-kMostLongitude, east)};
    else if (east > kMostLongitude)
        longitudes_ = {steps(west, kMostLongitude), steps(-kMostLongitude, east - kAround)};
    else
        longitudes_.fill(steps(west, east));
}

// ---- Squares ----

// 4^level scores.
struct Area::Square {
    StepPair corner;
    unsigned level;

    [[nodiscard]] std::uint32_t side() const { return std::uint32_t{1} << level; }
    [[nodiscard]] Steps longitudes() const { return {corner.longitude, corner.longitude + side() - 1}; }
    [[nodiscard]] Steps latitudes() const { return {corner.latitude, corner.latitude + side() - 1}; }
    static bool meet(const Steps& a, const Steps& b) { return a.from <= b.to && b.from <= a.to; }
    static bool lies_in(const Steps& a, const Steps& b) { return a.from >= b.from && a.to <= b.to; }
};

// Squares at the border are split until some thirty of them make the frame's width and height: a search is then some
// dozen intervals, and looks at about a third more places than the frame has. Squares of one step are never asked for:
// the highest scores are even.
std::vector<Interval> Area::cover() const {
    constexpr std::uint64_t kAcross = 32;
    std::uint64_t size = std::uint64_t{latitudes_.to} - latitudes_.from;
    size += longitudes_[0].to - longitudes_[0].from;
    if (longitudes_[0].from != longitudes_[1].from) size += longitudes_[1].to - longitudes_[1].from;
    const auto finest = std::max(1U, static_cast<unsigned>(std::bit_width(size / kAcross)));
    std::vector<Interval> out;
    split({{0, 0}, kStepBits + 1}, finest, out);
    return out;
}

void Area::split(const Square& square, unsigned finest, std::vector<Interval>& out) const {
    const Steps across = square.longitudes();
    const Steps up = square.latitudes();
    if (!Square::meet(up, latitudes_)) return;
    if (!Square::meet(across, longitudes_[0]) && !Square::meet(across, longitudes_[1])) return;
    const bool whole = Square::lies_in(up, latitudes_) &&
                       (Square::lies_in(across, longitudes_[0]) || Square::lies_in(across, longitudes_[1]));
    if (whole || square.level <= finest) {
        const std::uint64_t from = joined(square.corner);
        const std::uint64_t until = from + (std::uint64_t{1} << 2 * square.level);
        if (!out.empty() && out.back().until == static_cast<double>(from))
            out.back().until = static_cast<double>(until);
        else
            out.push_back({static_cast<double>(from), static_cast<double>(until)});
        return;
    }
    const std::uint32_t half = square.side() / 2;
    const auto [longitude, latitude] = square.corner;
    split({{longitude, latitude}, square.level - 1}, finest, out);
    split({{longitude, latitude + half}, square.level - 1}, finest, out);
    split({{longitude + half, latitude}, square.level - 1}, finest, out);
    split({{longitude + half, latitude + half}, square.level - 1}, finest, out);
}

}  // namespace keel::zset::geo
