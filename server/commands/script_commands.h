// SPDX-License-Identifier: BSD-3-Clause
//
// EVAL, EVALSHA and their _RO forms, SCRIPT.
#pragma once

#include "datatypes/command/help.h"

namespace keel {

struct Server;

class ScriptCommands {
  public:
    explicit ScriptCommands(Server& server) : server_(server) {}
    static std::span<const CommandSpec> rows();

    Status eval(Context& cx) { return run_source(cx, false); }
    Status eval_ro(Context& cx) { return run_source(cx, true); }
    Status evalsha(Context& cx) { return run_sha(cx, false); }
    Status evalsha_ro(Context& cx) { return run_sha(cx, true); }
    Status load(Context& cx);
    Status exists(Context& cx);
    Status show(Context& cx);
    Status flush(Context& cx);
    Status kill(Context& cx);
    Status debug(Context& cx);

  private:
    Status run_source(Context& cx, bool read_only);
    Status run_sha(Context& cx, bool read_only);

    Server& server_;
};

// The keys and arguments behind a number of keys, the words of EVAL and FCALL.
struct ScriptWords {
    std::span<const Bytes> keys;
    std::span<const Bytes> arguments;
};
Result<ScriptWords> split_script_words(Context& cx, const ErrorText& not_a_number);

// Their HELP belongs to @scripting, too.
constexpr CommandSpec scripting_help(Bytes since) {
    CommandSpec row = help_row(Group::scripting, since);
    row.categories = Category::scripting;
    return row;
}

}  // namespace keel
