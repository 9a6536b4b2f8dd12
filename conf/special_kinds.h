// SPDX-License-Identifier: BSD-3-Clause
//
// Kinds of value that one parameter only has. Each maker gives the row whose name it carries.
//
//     save 3600 1 300 100                       seconds and changes, pairs; "" for none
//     client-output-buffer-limit replica 256mb 64mb 60 ...   class, hard, soft, seconds; classes not named stay
//     oom-score-adj-values 0 200 800            primary, replica, child
//     notify-keyspace-events KEA                letters in any order, shown in one
//     bind 127.0.0.1 -::1                       addresses; "" for none
//     replicaof 10.0.0.1 6379                   or "no one"
//     latency-tracking-info-percentiles 50 99   numbers from 0 to 100; "" for none
//
// `save` read from a file appends to the field: who reads the file empties the field before the first such line.
#pragma once

#include "conf/parameter.h"

namespace keel {

Parameter save_points(ParameterFlags flags, Bytes help);
Parameter output_limits(ParameterFlags flags, Bytes help);
Parameter oom_score_values(ParameterFlags flags, Bytes help);
Parameter notify_events(ParameterFlags flags, Bytes help);
Parameter bind_addresses(ParameterFlags flags, Bytes help);
Parameter replica_of(ParameterFlags flags, Bytes help);
Parameter latency_percentiles(ParameterFlags flags, Bytes help);

// The letters of notify-keyspace-events for NotifyFlag bits: 'A' if it covers, then g$lshzxetd, then nKEm.
std::string notify_text(std::uint32_t flags);

}  // namespace keel
