// SPDX-License-Identifier: BSD-3-Clause
//
// What the commands of positions have in common: positions and units as clients write them, and positions and distances
// as they are shown.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/zset/geo.h"

namespace keel::zset::geo {

// Takes a longitude and a latitude. Two words are there.
Result<Position> read_position(Args& args);
// Takes M, KM, FT or MI: the unit's meters.
Result<double> read_unit(Args& args);
// Takes a number; `error` if the word is none.
Result<double> read_number(Args& args, const ErrorText& error);

// Two numbers of up to 17 decimals; in RESP2 bulk strings.
void show_position(Reply& reply, const Position& at);
// A bulk string of four decimals.
void show_distance(Reply& reply, double value);

}  // namespace keel::zset::geo
