// SPDX-License-Identifier: BSD-3-Clause
//
// What a session asked for with CLIENT TRACKING: the part of server/tracking that lives and dies with the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keel {

struct Tracker {
    bool broadcast = false;  // told of all keys below its prefixes, whether it read them or not
    bool opt_in = false;     // only what is read right after CLIENT CACHING YES is remembered
    bool opt_out = false;    // all but what is read right after CLIENT CACHING NO
    bool no_loop = false;    // not told of its own changes
    bool caching = false;    // CLIENT CACHING was said of the next command
    bool broken = false;     // whom it redirected to has gone
    std::uint64_t redirect = 0;  // id of the session that is told instead; 0: itself
    std::vector<std::string> prefixes;
    std::size_t bytes = 0;  // of the prefixes, for the session's memory
};

}  // namespace keel
