// SPDX-License-Identifier: BSD-3-Clause
//
// All parameters: one table, made once, sorted by name. The rows stand in parameters_*.cpp, by area.
//
// Always true:
//   1. No name and no alias occurs twice, and all are lower case.
//   2. The table names every parameter of Redis 7.0 to 8.0 and of Valkey 9 that CONFIG GET or a file can name.
#pragma once

#include <vector>

#include "conf/parameter.h"

namespace keel {

// Sorted by name.
const std::vector<Parameter>& parameters();

// By name or alias, in either case; null if there is none. O(1).
const Parameter* find_parameter(Bytes name);

// Every name and alias, sorted, with its parameter.
struct ParameterName {
    Bytes name;
    const Parameter* parameter;
};
const std::vector<ParameterName>& parameter_names();

// The rows of one area each; parameters() puts them together.
using Rows = std::vector<Parameter>;
void add_network_rows(Rows& rows);
void add_process_rows(Rows& rows);
void add_data_rows(Rows& rows);
void add_persistence_rows(Rows& rows);
void add_replication_rows(Rows& rows);
void add_cluster_rows(Rows& rows);
void add_observation_rows(Rows& rows);
void add_foreign_rows(Rows& rows);

}  // namespace keel
