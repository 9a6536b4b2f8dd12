// SPDX-License-Identifier: BSD-3-Clause
//
// What a value must be beyond its kind: each is the `checked(...)` of a row. `words` is never empty.
#pragma once

#include <span>
#include <string>

#include "protocol/base/result.h"

namespace keel::checks {

Status rdb_file_name(std::span<const std::string> words);
Status aof_file_name(std::span<const std::string> words);
Status aof_directory_name(std::span<const std::string> words);
Status title_template(std::span<const std::string> words);
Status shutdown_flags(std::span<const std::string> words);
Status directory(std::span<const std::string> words);
Status host_name(std::span<const std::string> words);
Status node_name(std::span<const std::string> words);
Status ipv4(std::span<const std::string> words);
Status ipv6(std::span<const std::string> words);
Status cluster_file(std::span<const std::string> words);

}  // namespace keel::checks
