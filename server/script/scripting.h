// SPDX-License-Identifier: BSD-3-Clause
//
// All that scripting is in a server: the runner, the scripts of EVAL, the libraries of functions.
#pragma once

#include "datatypes/keyspace/lazy_free.h"
#include "server/call.h"
#include "server/script/eval_scripts.h"
#include "server/script/libraries.h"
#include "server/script/runner.h"

namespace keel::script {

struct Scripting {
    Scripting(Server& server, bool unsafe_functions)
        : runner(server), scripts(runner, unsafe_functions), libraries(runner, unsafe_functions) {}

    [[nodiscard]] std::uint64_t vm_bytes() const { return scripts.vm_bytes() + libraries.vm_bytes(); }

    // The flags of a command; of one that runs a script those that the script declares, as far as it does.
    [[nodiscard]] Flag flags_of(const Call& call) {
        const bool runs_script = call.command->spec().group == Group::scripting;
        return runs_script ? flags_of_script(call) : call.command->flags();
    }

    // SCRIPT FLUSH and FUNCTION FLUSH. In the background: the old interpreter is closed there if it is large.
    void flush_scripts(LazyFree& lazy_free, bool in_background);
    void flush_libraries(LazyFree& lazy_free, bool in_background);
    // FUNCTION RESTORE.
    Status restore_libraries(Bytes payload, RestoreMode mode, LazyFree& lazy_free, bool in_background);

    Runner runner;
    EvalScripts scripts;
    Libraries libraries;

  private:
    [[nodiscard]] Flag flags_of_script(const Call& call);
};

}  // namespace keel::script
