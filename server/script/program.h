// SPDX-License-Identifier: BSD-3-Clause
//
// What can be run: a script of EVAL or a function of a library, and what it declares about itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel::script {

class Vm;

enum class ScriptFlag : std::uint8_t {
    none = 0,
    no_writes = 1U << 0,
    allow_oom = 1U << 1,
    allow_stale = 1U << 2,
    no_cluster = 1U << 3,
    allow_cross_slot_keys = 1U << 4,
    undeclared = 1U << 5,  // without a first line that says "#!lua": judged by what it does
};
constexpr ScriptFlag operator|(ScriptFlag a, ScriptFlag b) {
    return static_cast<ScriptFlag>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(ScriptFlag set, ScriptFlag one) {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

// By the name scripts write; none: there is no such flag.
[[nodiscard]] ScriptFlag flag_of(Bytes name);
[[nodiscard]] std::vector<Bytes> flag_names(ScriptFlag flags);

// What the first line of a script says: "#!lua flags=no-writes,allow-oom".
struct Shebang {
    ScriptFlag flags = ScriptFlag::undeclared;
    std::size_t bytes = 0;  // of the line, without its end; 0: there is none
};
[[nodiscard]] Result<Shebang> read_shebang(Bytes source);

struct Program {
    Vm* vm;
    int handle;  // of the compiled function
    ScriptFlag flags;
    Bytes name;        // the script's SHA1, the function's name
    bool is_function;  // KEYS and ARGV are its arguments; else they are globals
};

}  // namespace keel::script
