// SPDX-License-Identifier: BSD-3-Clause
//
// A Lua interpreter in a sandbox: scripts of strangers run in it, inside this process.
//
//     script  ->  _G (empty, cannot be written)  -not there->  the real globals  -not there->  an error
//                 string, math, redis ... the same: an empty front, behind it the real table
//
// Always true:
//   1. A script never holds a real table of ours, only its front: whoever writes to a front, by assignment, rawset or
//      through a library, gets an error. So one script cannot change what the next one finds.
//   2. Only text is compiled, never bytecode; while it is, no garbage is collected and no Lua runs (CVE-2025-49844),
//   and
//      it is of bounded size (CVE-2025-46819).
//   3. All of it together allocates at most kMostBytes: what would need more ends with "not enough memory", in the
//      script. Beside it, one call of a library may hold a text of 512 MiB until it becomes a string.
//   4. Whatever may raise an error in Lua is done inside protect().
//   5. Whoever runs it is called back now and then (on_pause()): after so many instructions of Lua, or so many steps of
//      what is written in C++ and counts them with step(). So nothing that a script can call goes on for long without.
//
// Not here: what `redis` offers (api.h), which scripts there are (eval_scripts.h, libraries.h).
#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/script/lua.h"

namespace keel::script {

class Vm {
  public:
    static constexpr std::size_t kMostBytes = std::size_t{1} << 30;
    static constexpr std::size_t kMostSourceBytes = std::size_t{128} << 20;

    // `unsafe_functions`: getfenv and setfenv are there, as lua-enable-insecure-api asks.
    explicit Vm(bool unsafe_functions = false);
    ~Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    [[nodiscard]] lua_State* lua() const { return lua_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    // Runs `work` so that an error in it ends only it. False: there was one, whose text is in `error`.
    bool protect(absl::FunctionRef<void(lua_State*)> work, std::string& error);

    // Compiles a chunk; a handle for it, or LUA_NOREF and `error`.
    int compile(Bytes source, const char* chunk_name, std::string& error);
    void release(int handle);

    // A real table of ours becomes reachable for scripts under this name, by its front. Takes it from the top of the
    // stack. Inside protect().
    void publish(const char* name);
    // Puts the real globals on the stack.
    void push_globals() const { lua_rawgeti(lua_, LUA_REGISTRYINDEX, globals_); }
    // Other globals than the real ones, a table at the top of the stack that is taken, until they are given back.
    void replace_globals();
    void restore_globals();

    // ---- Pauses ----

    // The interpreter that a state, or a coroutine in it, belongs to. Cheap.
    static Vm& of(lua_State* lua);
    // What is called in a pause: it may raise an error, which ends the script.
    using Pause = void (*)(lua_State* lua, void* who);
    void on_pause(Pause pause, void* who);
    // A part of a work that may take long is done: a step is what takes some ten nanoseconds.
    void step(lua_State* lua, std::size_t steps = 1) {
        steps_left_ -= static_cast<std::int64_t>(steps);
        if (steps_left_ < 0) [[unlikely]]
            pause(lua);
    }
    // The same for one that does not count: a pause if the last one is long ago.
    void look_at_clock(lua_State* lua);
    // A script begins, at this moment of CycleClock.
    void begin(std::uint64_t now) { paused_at_ = now; }
    // Until the script's end() a pause comes after each instruction, so that no pcall of it stops the error that a
    // pause raises.
    void kill(lua_State* lua);
    void end();
    [[nodiscard]] bool killing() const { return killing_; }

    // Some garbage collection, as much as a run makes necessary.
    void collect_some();
    void collect_all();

  private:
    static void* allocate(void* self, void* old, std::size_t old_size, std::size_t size);
    static void on_count(lua_State* lua, lua_Debug* where);
    void pause(lua_State* lua);
    void note_large(std::size_t size);
    void set_global_source();

    lua_State* lua_ = nullptr;
    std::size_t bytes_ = 0;
    int globals_ = LUA_NOREF;
    int front_ = LUA_NOREF;
    unsigned runs_ = 0;

    Pause pause_ = nullptr;
    void* pause_who_ = nullptr;
    std::int64_t steps_left_ = 0;
    std::uint64_t paused_at_ = 0;  // CycleClock
    bool killing_ = false;
};

// Puts the compiled chunk on the stack and returns 0, or why it cannot be compiled. Inside protect().
int load_text(lua_State* lua, Bytes source, const char* chunk_name);

}  // namespace keel::script
