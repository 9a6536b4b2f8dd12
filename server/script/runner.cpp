// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/runner.h"

#include <sys/uio.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "protocol/base/log.h"
#include "server/acl/access.h"
#include "server/acl/user.h"
#include "server/cycle_clock.h"
#include "server/script/convert.h"
#include "server/script/json_reader.h"
#include "server/script/sandbox.h"
#include "server/server.h"

namespace keel::script {

namespace {

// Keys of the registry.
char handler_key;
char runner_key;

constexpr std::int64_t kLoadMs = 500;
constexpr std::uint64_t kServeEveryNs = 500'000;
constexpr std::size_t kKeptFlat = 256 * 1024;  // longer replies are not kept room for

constexpr ErrorText kNoArguments{"ERR Please specify at least one argument for this redis lib call"};
constexpr ErrorText kBadArguments{"ERR Lua redis lib command arguments must be strings or integers"};
constexpr ErrorText kUnknown{"ERR Unknown Redis command called from script"};
constexpr ErrorText kArity{"ERR Wrong number of args calling Redis command from script"};
constexpr ErrorText kNoScriptCommand{"ERR This Redis command is not allowed from script"};
constexpr ErrorText kWriteRefused{"ERR Write commands are not allowed from read-only scripts."};
constexpr ErrorText kWriteFlag{"ERR Can not execute a script with write flag using *_ro command."};
constexpr ErrorText kUnknownError{"ERR unknown error"};

Runner& runner_of(lua_State* lua) {
    lua_pushlightuserdata(lua, &runner_key);
    lua_rawget(lua, LUA_REGISTRYINDEX);
    auto& runner = *static_cast<Runner*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return runner;
}

// Sees an error where it is raised, which knows the line; hands it on as it is.
int on_error(lua_State* lua) {
    runner_of(lua).note_error(lua);
    return 1;
}

void end_with(lua_State* lua, Bytes error) {
    push_error(lua, error, false);
    lua_error(lua);
}

void push_list(lua_State* lua, std::span<const Bytes> words) {
    lua_createtable(lua, static_cast<int>(words.size()), 0);
    int i = 0;
    for (const Bytes word : words) {
        push_bytes(lua, word);
        lua_rawseti(lua, -2, ++i);
    }
}

// A number as it reaches a command: an integer without exponent, else all the digits it takes.
Bytes write_number(std::array<char, 32>& out, double number) {
    constexpr double kExact = 9007199254740992.0;  // 2^53
    const auto integer = static_cast<std::int64_t>(std::fabs(number) <= kExact ? number : 0);
    if (std::fabs(number) <= kExact && static_cast<double>(integer) == number &&
        !(integer == 0 && std::signbit(number)))
        return {out.data(), write_integer(out.data(), integer)};
    return {out.data(), static_cast<std::size_t>(std::snprintf(out.data(), out.size(), "%.17g", number))};
}

}  // namespace

Runner::Runner(Server& server) : server_(server), session_(0) {
    session_.peer_address = "lua";
    session_.authenticated = true;
    session_.deny_blocking = true;
    session_.in_script = true;
}

void Runner::attach(Vm& vm) {
    std::string error;
    vm.protect(
        [this](lua_State* lua) {
            lua_pushlightuserdata(lua, &runner_key);
            lua_pushlightuserdata(lua, this);
            lua_rawset(lua, LUA_REGISTRYINDEX);
            lua_pushlightuserdata(lua, &handler_key);
            lua_pushcfunction(lua, on_error);
            lua_rawset(lua, LUA_REGISTRYINDEX);
        },
        error);
    vm.on_pause([](lua_State* lua, void* runner) { static_cast<Runner*>(runner)->pause(lua); }, this);
}

// ---- A run ----

struct Runner::Frame {
    const Program& program;
    std::span<const Bytes> keys;
    std::span<const Bytes> arguments;
    Reply& reply;
    ReplyErrors errors;
    bool failed = false;   // error_text_ says how
    bool counted = false;  // that error was counted already
};

Status Runner::prepare(Context& cx, const Program& program, bool read_only) {
    const bool declared = !has(program.flags, ScriptFlag::undeclared);
    const bool may_write = !has(program.flags, ScriptFlag::no_writes);
    if (read_only && declared && may_write) return kWriteFlag;
    over_memory_ = server_.settings.memory.max_bytes != 0 && !server_.make_room();
    if (over_memory_ && declared && may_write && !has(program.flags, ScriptFlag::allow_oom)) return errors::kOom;
    flags_ = program.flags;
    if (read_only) flags_ = flags_ | ScriptFlag::no_writes;
    Session& client = session_of(cx);
    client_ = &client;
    session_.db_index = client.db_index;
    session_.no_touch = client.no_touch;
    session_.rights = client.rights;
    session_.authenticated = client.authenticated;
    session_.reply.set_protocol(2);
    wrote_ = killed_ = busy_ = false;
    vm_ = program.vm;
    error_text_.clear();
    error_source_.clear();
    running_ = Running{program.name, cx.args.words(), program.is_function, CycleClock::ticks()};
    vm_->begin(running_->since);
    restart_json();
    return {};
}

void Runner::show(Context& cx) {
    if (server_.monitors.any()) [[unlikely]]
        server_.monitors.feed(session_of(cx), cx.args.words());
}

Status Runner::run(Context& cx, const Program& program, std::span<const Bytes> keys, std::span<const Bytes> arguments,
                   bool read_only) {
    Session& client = session_of(cx);
    KEEL_TRY(prepare(cx, program, read_only));
    Frame frame{program, keys, arguments, cx.reply(), ReplyErrors{server_.stats}};
    const bool whole = program.vm->protect([&](lua_State* inside) { enter(inside, frame); }, error_text_);
    program.vm->end();
    running_.reset();
    if (std::exchange(busy_, false)) log_notice("The script that was running for long has ended.");
    session_.output.clear();
    program.vm->collect_some();
    if (std::exchange(writing_, false)) {  // it ended in the middle of the reply: what was sent of it is no reply
        log_warning("The reply of a script could not be written, its client's connection ends: {}", error_text_);
        server_.clients.close(client);
        return {};
    }
    if (!whole) error_text_.insert(0, "ERR ");
    if (!whole || frame.failed) {
        cx.reply().error(error_text_);
        frame.errors.add(error_text_, whole && frame.counted);
    }
    if (frame.errors.failures() != 0) client.failures = frame.errors.failures();
    return {};
}

// Inside protect(): the stack is empty and ends with the run.
void Runner::enter(lua_State* lua, Frame& frame) {
    const Program& program = frame.program;
    lua_pushlightuserdata(lua, &handler_key);
    lua_rawget(lua, LUA_REGISTRYINDEX);
    if (program.is_function) {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, program.handle);
        push_list(lua, frame.keys);
        push_list(lua, frame.arguments);
    } else {
        program.vm->push_globals();
        push_list(lua, frame.keys);
        lua_setfield(lua, -2, "KEYS");
        push_list(lua, frame.arguments);
        lua_setfield(lua, -2, "ARGV");
        lua_pop(lua, 1);
        lua_rawgeti(lua, LUA_REGISTRYINDEX, program.handle);
    }
    if (lua_pcall(lua, program.is_function ? 2 : 0, 1, 1) != 0) return fail(lua, frame);
    writing_ = true;
    const std::uint64_t limit = server_.settings.clients.normal_output.hard_bytes;
    write_reply(lua, frame.reply, session_.reply.protocol(), frame.errors,
                limit == 0 ? kMostReplyBytes : std::min<std::uint64_t>(limit, kMostReplyBytes));
    writing_ = false;
}

// The error at the top of the stack, with what was running and the line, as the client sees it.
void Runner::fail(lua_State* lua, Frame& frame) {
    frame.failed = true;
    if (lua_istable(lua, -1)) {
        const Bytes said = error_of_table(lua, -1, frame.counted);
        error_text_ = said.data() == nullptr ? kUnknownError.text : said;  // one that is there may be empty
    } else {
        error_text_ = "ERR ";
        error_text_ += lua_isstring(lua, -1) != 0 ? bytes_at(lua, -1) : Bytes{luaL_typename(lua, -1)};
    }
    if (error_source_.empty()) return;
    error_text_.append(" script: ").append(frame.program.name).append(", on ").append(error_source_).append(":");
    error_text_.append(std::to_string(error_line_)).append(".");
    error_source_.clear();
}

void Runner::note_error(lua_State* lua) {
    lua_Debug at{};
    error_source_.clear();
    bool known = lua_getstack(lua, 1, &at) != 0 && lua_getinfo(lua, "Sl", &at) != 0;
    if (known && Bytes{at.what} == "C") known = lua_getstack(lua, 2, &at) != 0 && lua_getinfo(lua, "Sl", &at) != 0;
    if (!known) return;
    error_source_ = at.source;
    error_line_ = at.currentline;
}

// ---- A command of the script ----

// The words on the stack, as views; what is no word makes it false.
bool Runner::gather(lua_State* lua) {
    const int count = lua_gettop(lua);
    words_.clear();
    if (numbers_.size() < static_cast<std::size_t>(count)) numbers_.resize(static_cast<std::size_t>(count));
    for (int i = 1; i <= count; ++i) {
        const int type = lua_type(lua, i);
        if (type == LUA_TSTRING)
            words_.push_back(bytes_at(lua, i));
        else if (type == LUA_TNUMBER)
            words_.push_back(write_number(numbers_[static_cast<std::size_t>(i) - 1], lua_tonumber(lua, i)));
        else
            return false;
    }
    return true;
}

Status Runner::check_write(const Call& call) const {
    const Command& command = *call.command;
    const bool writes = command.is(Flag::write) || command.is(Flag::may_replicate);
    if (writes && has(flags_, ScriptFlag::no_writes)) return kWriteRefused;
    // What has begun to write goes on: half a script is worse than some more memory.
    const bool full = over_memory_ && !wrote_ && !has(flags_, ScriptFlag::allow_oom);
    if (full && command.is(Flag::denyoom)) return errors::kOom;
    if (!command.is(Flag::write) || wrote_) return {};
    if (server_.snapshots.refuses_writes()) return errors::kMisconfSnapshot;
    if (const Error* refusal = server_.append_log.refusal()) return Error{*refusal};
    return {};
}

Status Runner::check(const Call& call) {
    const Command* command = call.command;
    const bool container = command != nullptr && !command->subcommands().empty() && command->parent() == nullptr;
    if (command == nullptr || (container && call.words.size() > 1)) return kUnknown;
    if (!command->spec().arity.accepts(call.words.size()) || !command->runs()) return kArity;
    if (command->is(Flag::noscript) && !(server_.debug.scripts_may_call_all && command->is(Flag::admin)))
        return kNoScriptCommand;
    KEEL_TRY(server_.dispatcher.permit(*client_, call, acl::Where::lua));
    return check_write(call);
}

void Runner::refuse(lua_State* lua, const Call& call, const Error& error) {
    server_.stats.count_error(error.text());
    if (call.command != nullptr) ++call.command->stats.rejected;
    push_error(lua, error.text(), true);
}

Runner::Called Runner::call(lua_State* lua) {
    if (lua_gettop(lua) == 0) return push_error(lua, kNoArguments.text, false), Called::failed;
    if (!gather(lua)) return push_error(lua, kBadArguments.text, false), Called::failed;
    Call call{.words = words_};
    server_.dispatcher.resolve(call, session_);
    if (const Status status = check(call); !status) return refuse(lua, call, status.error()), Called::failed;
    wrote_ = wrote_ || call.command->is(Flag::write);
    const std::uint64_t errors_before = session_.reply.errors_written();
    server_.dispatcher.begin_laps();
    server_.dispatcher.run_inside(session_, call);
    const Bytes encoded = output();
    lua_settop(lua, 0);  // the words may have left no room for a reply
    if (encoded.empty())
        lua_pushnil(lua);
    else
        push_reply(lua, encoded);
    session_.output.clear();
    if (flat_.capacity() > kKeptFlat) [[unlikely]]
        flat_ = {};
    const bool done = session_.reply.errors_written() == errors_before;
    Vm::of(lua).look_at_clock(lua);
    return done ? Called::done : Called::failed;
}

// What the command answered, in one piece.
Bytes Runner::output() {
    std::array<iovec, 2> pieces;
    const std::size_t count = session_.output.gather(pieces.data(), pieces.size());
    if (count == 0) return {};
    if (count == 1) [[likely]]
        return {static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len};
    flat_.clear();
    while (!session_.output.empty()) {
        const std::size_t some = session_.output.gather(pieces.data(), pieces.size());
        for (std::size_t i = 0; i < some; ++i) {
            flat_.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            session_.output.consume(pieces[i].iov_len);
        }
    }
    return flat_;
}

bool Runner::may_call(lua_State* lua, bool& allowed) {
    if (lua_gettop(lua) == 0) return push_error(lua, kNoArguments.text, false), false;
    if (!gather(lua)) return push_error(lua, kBadArguments.text, false), false;
    Call call{.words = words_};
    server_.dispatcher.resolve(call, session_);
    const bool container = call.command != nullptr && !call.command->runs();
    if (call.command == nullptr || container)
        return push_error(lua, "ERR Invalid command passed to redis.acl_check_cmd()", false), false;
    if (const acl::User* user = client_->rights.get()) {
        acl::Request request{*call.command, call.words, keys_};
        allowed = user->check(request).what == acl::Denied::no;
    }
    return true;
}

// ---- Long runs ----

void Runner::begin_load() { load_began_ = CycleClock::ticks(); }

std::int64_t Runner::running_ms() const {
    return running_ ? static_cast<std::int64_t>(CycleClock::ns(CycleClock::ticks() - running_->since) / 1'000'000) : 0;
}

Status Runner::kill(bool function) {
    if (!running_ || !busy_) return errors::kNotBusy;
    if (running_->is_function != function) return function ? errors::kBusyScript : errors::kBusyFunction;
    if (wrote_) return errors::kUnkillable;
    killed_ = true;
    return {};
}

// Now and then while Lua runs.
void Runner::pause(lua_State* lua) {
    if (load_began_ != 0) {
        const auto took_ms = static_cast<std::int64_t>(CycleClock::ns(CycleClock::ticks() - load_began_) / 1'000'000);
        if (took_ms > kLoadMs) end_with(lua, "ERR FUNCTION LOAD timeout");
        return;
    }
    if (!running_) return;
    const std::int64_t threshold_ms = server_.settings.scripting.busy_reply_ms;
    if (!killed_ && threshold_ms > 0 && running_ms() >= threshold_ms) be_busy();
    if (!killed_) return;
    vm_->kill(lua);
    end_with(lua, running_->is_function ? Bytes{"ERR Script killed by user with FUNCTION KILL."}
                                        : Bytes{"ERR Script killed by user with SCRIPT KILL."});
}

void Runner::be_busy() {
    if (!busy_) {
        busy_ = true;
        log_warning(
            "Slow script detected: still in execution after {} milliseconds. You can try killing the script using "
            "the {} command. Script name is: {}.",
            running_ms(), running_->is_function ? "FUNCTION KILL" : "SCRIPT KILL", running_->name);
    }
    if (CycleClock::ns(CycleClock::ticks() - served_at_) < kServeEveryNs) return;
    if (writing_ && client_->monitor) return;  // what others do would be told in the middle of its reply
    server_.serve_while_busy();
    served_at_ = CycleClock::ticks();
}

}  // namespace keel::script
