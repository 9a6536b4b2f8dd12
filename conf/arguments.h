// SPDX-License-Identifier: BSD-3-Clause
//
// The command line, as redis-server takes it:
//
//     keel-server [file] [-] [--name value ...]... [-]
//
//     file          the first word, unless it begins with '-'
//     -             first or last: read settings from standard input too
//     --name a b    becomes the line `name "a" "b"`; "--name a" in one word does too
//
// The options become text that is read after the file and after standard input, so the last word wins. A value
// may begin with "--" if it follows its name directly. `--save` without a value means `--save ""`.
#pragma once

#include <span>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

struct Arguments {
    enum class Action { serve, show_version, show_help, check_system, test_memory };
    Action action = Action::serve;
    std::string file;  // as given; empty: none
    bool standard_input = false;
    bool sentinel = false;  // called as a sentinel, or with --sentinel
    std::string options;    // lines of settings
};

// `words` begins with the name of the program.
Arguments parse_arguments(std::span<const char* const> words);

}  // namespace keel
