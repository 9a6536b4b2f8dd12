// SPDX-License-Identifier: BSD-3-Clause
//
// All that scripting is in a server: the runner, the scripts of EVAL, the libraries of functions.
#pragma once

#include "server/script/eval_scripts.h"
#include "server/script/libraries.h"
#include "server/script/runner.h"

namespace keel::script {

struct Scripting {
    Scripting(Server& server, bool unsafe_functions)
        : runner(server), scripts(runner, unsafe_functions), libraries(runner, unsafe_functions) {}

    [[nodiscard]] std::uint64_t vm_bytes() const { return scripts.vm_bytes() + libraries.vm_bytes(); }

    Runner runner;
    EvalScripts scripts;
    Libraries libraries;
};

}  // namespace keel::script
