// SPDX-License-Identifier: BSD-3-Clause
//
// The server's configuration: read once at the start, then asked and changed by CONFIG.
//
//     load --------> Settings <------- set (all or nothing) ----> hooks of the parts
//      file, stdin,     |    ^--------- edit (REPLICAOF ...)
//      options          `---> get, rewrite
//
// Always true:
//   1. settings() stays at one address for the life of the Config, so a part may keep a reference to its struct.
//   2. After set() either every pair holds and every hook agreed, or nothing changed and no hook saw the last word
//      of it: those that had run are run again with the old values.
//   3. rewrite() and then loading the file gives the settings there were before, whatever the file said.
//   4. A file that does not load gives one Error with the line as it stands in the file.
//
// Not here: what a value may be (parameter.h), who may call CONFIG (server/acl), other owners' lines: those of
// `user`, `sentinel`, `rename-command` and `loadmodule` are handed to whoever asks with on_directive().
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "conf/arguments.h"
#include "conf/machine.h"
#include "conf/parameter.h"

namespace keel {

class FileRewriter;

class Config {
  public:
    // `product` names us in error texts: "keel 1.0.0". The machine is lent.
    Config(Machine& machine, std::string product);

    [[nodiscard]] const Settings& settings() const { return settings_; }
    // For commands that write their own fields. No hook runs.
    Settings& edit() { return settings_; }

    // ---- Start. An error is ready to be printed: "\n*** FATAL CONFIG FILE ERROR (...) ***\n...".

    Status load(const Arguments& arguments);
    Status load_file(const std::string& path);  // "-": standard input
    Status load_text(Bytes text);
    Status load_arguments(std::span<const char* const> words) { return load(parse_arguments(words)); }

    // Absolute path of the file that was loaded; empty if there is none.
    [[nodiscard]] const std::string& file() const { return file_; }

    // One line for the log for each thing said that keel does nothing with.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

    // A directive that is no parameter: `name`, then its words. Asked while its line is read; an Error stops the
    // loading there. Known names: user, rename-command, loadmodule, sentinel (only if the arguments say sentinel).
    using Directive = std::function<Status(std::span<const std::string> words)>;
    void on_directive(Bytes name, Directive directive);

    // ---- CONFIG GET: names and patterns in either case. Sorted by name, nothing twice.

    using Pair = std::pair<std::string, std::string>;
    [[nodiscard]] std::vector<Pair> get(std::span<const Bytes> patterns) const;

    // ---- CONFIG SET. An error is ready to be replied.

    struct Caller {
        bool may_set_guarded = false;  // what enable-protected-configs says about this client
        bool loading = false;          // the server loads its data
    };
    Status set(std::span<const std::pair<Bytes, Bytes>> pairs, Caller caller);

    // Runs after set() changed any of `names` (or was told the path of a file that may have changed: the TLS files),
    // once for one set(). An Error undoes the set().
    using Hook = std::function<Status()>;
    void on_change(std::initializer_list<Bytes> names, Hook hook);

    // ---- CONFIG REWRITE. An error is ready to be replied.

    enum class Scope { changed, everything };  // `everything`: defaults too
    Status rewrite(Scope scope = Scope::changed);
    // The text that rewrite() would write over `old_text`.
    [[nodiscard]] std::string rewritten(Bytes old_text, Scope scope = Scope::changed) const;

    // Lines that others own. `lines` gives the whole state of a directive, each line without its newline; lines
    // of an older file are reused in their order and dropped if too many. With `by_second_word` the lines
    // of `sentinel monitor` take the places of such lines only.
    using OwnLines = std::function<std::vector<std::string>()>;
    void own_lines(Bytes directive, OwnLines lines, bool by_second_word = false);

  private:
    class Reader;
    struct ChangeHook {
        std::vector<const Parameter*> parameters;
        Hook run;
    };
    struct Owned {
        OwnLines lines;
        bool by_second_word;
    };

    Status say(const Parameter& parameter, std::span<const std::string> words, bool included);
    Status directive(Bytes name, std::span<const std::string> words);
    Status after_load();
    Status change_directory(const std::string& directory);
    void note_foreign(const Parameter& parameter);

    Status check_names(std::span<const std::pair<Bytes, Bytes>> pairs, Caller caller,
                       std::vector<const Parameter*>& out) const;
    Status apply(std::span<const std::pair<Bytes, Bytes>> pairs, std::span<const Parameter* const> parameters,
                 Settings&& old);
    Status run_hooks_of(const Parameter& parameter, std::vector<const ChangeHook*>& ran);

    static bool is_directive(Bytes name);  // known, and no parameter
    [[nodiscard]] std::string line_key(const Words& words) const;
    void put_owned(FileRewriter& file, const std::string& directive, const Owned& owned) const;

    Machine& machine_;
    std::string product_;
    Settings settings_;
    std::string file_;
    bool sentinel_ = false;
    bool save_said_ = false;
    std::set<const Parameter*> included_;  // said in a file that the main one includes
    std::vector<std::string> notes_;
    std::map<std::string, Directive, std::less<>> directives_;
    std::map<std::string, Owned, std::less<>> owned_;
    std::vector<ChangeHook> hooks_;
};

}  // namespace keel
