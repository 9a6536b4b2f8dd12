// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a program for a client, and is what `redis` in it talks to: one at a time, as commands do not nest.
//
//     EVAL, FCALL -> run() -> Lua -> redis.call -> checks -> Dispatcher::run_inside(session_) -> its output -> Lua
//                     |        `- Vm: now and then -> pause(): busy? killed?
//                     `- the value it returns, or its error -> the client's reply
//
// The commands of a script run as a session of their own, which has no connection: what they reply is read back, SELECT
// lasts until the end of the script.
//
// Always true:
//   1. Between two runs nothing of the last one is left but what is in the data set, and how far math.random has come:
//      databases, protocol and options of libraries begin anew.
//   2. A script that has written is not killed by SCRIPT KILL: it could not be taken back. SHUTDOWN NOSAVE ends it.
//   3. An error that a command answered was counted when it did, and is not counted again as the script's. Each of the
//      script's own is.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datatypes/command/context.h"
#include "server/call.h"
#include "server/script/program.h"
#include "server/script/vm.h"
#include "server/session.h"

namespace keel {
struct Server;
}

namespace keel::script {

class Runner {
  public:
    explicit Runner(Server& server);

    // To be called once for each interpreter.
    void attach(Vm& vm);

    // MONITOR sees a request to run something before the commands in it, and whatever comes of it: to be called first.
    void show(Context& cx);
    // EVAL and FCALL behind the name of what is run; `read_only`: by the _RO form.
    Status run(Context& cx, const Program& program, std::span<const Bytes> keys, std::span<const Bytes> arguments,
               bool read_only);

    // ---- Long runs ----

    // What runs now and since when, for FUNCTION STATS.
    struct Running {
        Bytes name;
        std::span<const Bytes> words;  // of the client's request
        bool is_function = false;
        std::uint64_t since = 0;  // CycleClock
    };
    [[nodiscard]] const Running* running() const { return running_ ? &*running_ : nullptr; }
    [[nodiscard]] std::int64_t running_ms() const;
    // It has run so long that others are answered meanwhile.
    [[nodiscard]] bool busy() const { return busy_; }
    // One runs that has changed the data set: ended now, it would leave its work half done.
    [[nodiscard]] bool has_written() const { return running_ && wrote_; }
    // SCRIPT KILL, FUNCTION KILL.
    Status kill(bool function);
    // The server ends: whatever runs ends first.
    void abort() { killed_ = running_.has_value(); }

    // A library is loaded meanwhile: that takes half a second at most.
    void begin_load();
    void end_load() { load_began_ = 0; }

    // ---- For the functions of `redis` ----

    // redis.call and redis.pcall: the words are on the stack. What is to be raised, or returned, is put on it.
    enum class Called : std::uint8_t { done, failed };
    Called call(lua_State* lua);
    // redis.acl_check_cmd, of the same words. False: there is no such command, or no words.
    bool may_call(lua_State* lua, bool& allowed);
    void set_protocol(int protocol) { session_.reply.set_protocol(protocol); }
    void note_error(lua_State* lua);
    void pause(lua_State* lua);

  private:
    struct Frame;
    Status prepare(Context& cx, const Program& program, bool read_only);
    void enter(lua_State* lua, Frame& frame);
    void fail(lua_State* lua, Frame& frame);
    bool gather(lua_State* lua);
    Status check(const Call& call);
    Status check_write(const Call& call) const;
    void refuse(lua_State* lua, const Call& call, const Error& error);
    Bytes output();
    void be_busy();

    Server& server_;
    Session session_;
    // Of the run.
    Session* client_ = nullptr;
    ScriptFlag flags_ = ScriptFlag::none;
    Vm* vm_ = nullptr;
    bool over_memory_ = false;  // memory was over the limit when it began
    bool wrote_ = false;
    bool killed_ = false;
    bool busy_ = false;
    bool writing_ = false;  // the reply
    std::optional<Running> running_;
    std::uint64_t load_began_ = 0;  // CycleClock; 0: no library is loaded
    std::uint64_t served_at_ = 0;   // CycleClock: when others were answered in the middle of the run
    std::string error_source_;      // where the error that ended it was raised
    int error_line_ = -1;
    std::string error_text_;

    // Of a call, kept for the next one.
    std::vector<Bytes> words_;
    KeyList keys_;
    std::vector<std::array<char, 32>> numbers_;
    std::string flat_;
};

}  // namespace keel::script
