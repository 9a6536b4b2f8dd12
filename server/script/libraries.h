// SPDX-License-Identifier: BSD-3-Clause
//
// The libraries of FUNCTION LOAD and their functions.
//
//     #!lua name=mylib                                             engine and name, in the first line
//     redis.register_function('f', function(keys, args) ... end)   run once, when it is loaded
//
// While a library is loaded, its globals are only `redis` with register_function and log in it; its functions find all
// the others when they are called.
//
// Always true:
//   1. A library is there as a whole or not at all: what fails while it is loaded leaves everything as it was.
//   2. A function's name belongs to one library. Names are told apart in any case ("F" is "f"), as Redis does.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/script/program.h"
#include "server/script/vm.h"

namespace keel::script {

class Runner;

struct NoCase {
    using is_transparent = void;
    bool operator()(Bytes a, Bytes b) const noexcept;
};

struct Library;

struct Function {
    std::string name;
    std::string description;
    bool described = false;
    ScriptFlag flags = ScriptFlag::none;
    int handle = LUA_NOREF;
};

struct Library {
    std::string name;
    std::string code;
    std::vector<std::unique_ptr<Function>> functions;
};

enum class RestoreMode : std::uint8_t { append, replace, flush };

class Libraries {
  public:
    Libraries(Runner& runner, bool unsafe_functions);

    // FUNCTION LOAD; the library's name.
    Result<std::string> load(Bytes code, bool replace);
    Status remove(Bytes name);
    // Without any of them from now on; what was there, to be freed wherever that stops nobody.
    [[nodiscard]] std::shared_ptr<void> flush();
    // FUNCTION DUMP and RESTORE.
    [[nodiscard]] std::string dump() const;
    // `old`: what is there no more.
    Status restore(Bytes payload, RestoreMode mode, std::shared_ptr<void>& old);

    // Null: there is none.
    [[nodiscard]] const Function* find(Bytes name) const;
    [[nodiscard]] Program program(const Function& function) const;
    [[nodiscard]] const auto& all() const { return libraries_; }

    [[nodiscard]] std::size_t count() const { return libraries_.size(); }
    [[nodiscard]] std::size_t function_count() const { return functions_.size(); }
    [[nodiscard]] std::size_t code_bytes() const;
    [[nodiscard]] std::size_t vm_bytes() const { return vm_->bytes(); }

    // redis.register_function while a library is loaded: its arguments are on the stack.
    int register_function(lua_State* lua);

  private:
    using LibraryMap = std::map<std::string, std::unique_ptr<Library>, std::less<>>;
    using FunctionMap = std::map<Bytes, const Function*, NoCase>;
    struct Contents {
        std::unique_ptr<Vm> vm;
        LibraryMap libraries;
        FunctionMap functions;  // names belong to the libraries'
    };

    Contents exchange(Contents contents);
    Status restore_all(std::span<const std::string> codes, bool replace);
    Result<std::unique_ptr<Library>> build(Bytes code);
    Status check_free(const Library& library, const Library* replaced) const;
    Result<std::vector<std::unique_ptr<Library>>> build_all(std::span<const std::string> codes, bool replace);
    void put(std::unique_ptr<Library> library);
    void drop(Library& library);
    void release(Library& library);
    void take_positional(lua_State* lua, Function& function);
    void take_named(lua_State* lua, Function& function);

    Runner& runner_;
    bool unsafe_functions_;
    std::unique_ptr<Vm> vm_;
    LibraryMap libraries_;
    FunctionMap functions_;
    Library* loading_ = nullptr;
};

}  // namespace keel::script
