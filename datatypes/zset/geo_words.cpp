// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/geo_words.h"

#include "protocol/base/number.h"

namespace keel::zset::geo {

namespace {

constexpr unsigned kDistanceDecimals = 4;
constexpr unsigned kPositionDecimals = 17;

// Without the zeros at the end. In RESP3 it is a double, but in these digits and never with an exponent.
void show_coordinate(Reply& reply, double degrees) {
    char text[kFixedChars + 3];
    char* end = text + 1 + write_fixed(text + 1, degrees, kPositionDecimals);
    while (end[-1] == '0') --end;
    if (end[-1] == '.') --end;
    if (reply.protocol() == 2) return reply.bulk(Bytes{text + 1, static_cast<std::size_t>(end - text - 1)});
    text[0] = ',';
    *end++ = '\r';
    *end++ = '\n';
    reply.raw(Bytes{text, static_cast<std::size_t>(end - text)});
}

}  // namespace

Result<double> read_number(Args& args, const ErrorText& error) {
    const auto value = parse_double(args.next<Bytes>());
    if (!value) return error;
    return *value;
}

Result<Position> read_position(Args& args) {
    KEEL_TRY(const double longitude, read_number(args, errors::kNotFloat));
    KEEL_TRY(const double latitude, read_number(args, errors::kNotFloat));
    const Position at{longitude, latitude};
    if (!is_position(at)) return errors::invalid_position(longitude, latitude);
    return at;
}

Result<double> read_unit(Args& args) {
    if (args.accept("M")) return 1.0;
    if (args.accept("KM")) return 1000.0;
    if (args.accept("FT")) return 0.3048;
    if (args.accept("MI")) return 1609.34;
    return errors::kUnit;
}

void show_position(Reply& reply, const Position& at) {
    reply.array(2);
    show_coordinate(reply, at.longitude);
    show_coordinate(reply, at.latitude);
}

void show_distance(Reply& reply, double value) {
    char text[kFixedChars];
    reply.bulk(Bytes{text, write_fixed(text, value, kDistanceDecimals)});
}

}  // namespace keel::zset::geo
