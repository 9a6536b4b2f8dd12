// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/api.h"

#include <openssl/sha.h>

#include <string>

#include "protocol/base/log.h"
#include "server/script/convert.h"
#include "server/script/runner.h"
#include "server/script/sandbox.h"
#include "server/version.h"

namespace keel::script {

namespace {

// Levels of redis.log, which are those of our log.
constexpr int kLevels = 4;
// Replication of a script's writes, which are always replicated as they are: asked for, checked, and not needed.
constexpr int kReplNone = 0;
constexpr int kReplAof = 1;
constexpr int kReplReplica = 2;
constexpr int kReplAll = kReplAof | kReplReplica;

Runner& runner_of(lua_State* lua) { return *static_cast<Runner*>(lua_touserdata(lua, lua_upvalueindex(1))); }

int redis_call(lua_State* lua) { return runner_of(lua).call(lua) == Runner::Called::done ? 1 : lua_error(lua); }

int redis_pcall(lua_State* lua) {
    static_cast<void>(runner_of(lua).call(lua));
    return 1;
}

int acl_check_cmd(lua_State* lua) {
    bool allowed = false;
    if (!runner_of(lua).may_call(lua, allowed)) return lua_error(lua);
    lua_pushboolean(lua, allowed ? 1 : 0);
    return 1;
}

void write_log(int level, Bytes text) {
    switch (level) {
        case 0: return log_debug("{}", text);
        case 1: return log_verbose("{}", text);
        case 2: return log_notice("{}", text);
        default: return log_warning("{}", text);
    }
}

int redis_log(lua_State* lua) {
    const int count = lua_gettop(lua);
    if (count < 2) return raise_error(lua, "ERR redis.log() requires two arguments or more.");
    if (lua_isnumber(lua, -count) == 0) return raise_error(lua, "ERR First argument must be a number (log level).");
    const double level = lua_tonumber(lua, 1);
    if (!(level >= 0 && level < kLevels)) return raise_error(lua, "ERR Invalid debug level.");
    std::string text;
    for (int i = 2; i <= count; ++i) {
        if (i > 2) text += ' ';
        text += bytes_at(lua, i);
    }
    write_log(static_cast<int>(level), text);
    return 0;
}

// redis.status_reply, redis.error_reply
int single_field(lua_State* lua, bool error) {
    if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
        push_error(lua, "ERR wrong number or type of arguments", false);
        return 1;
    }
    if (error) {
        push_error(lua, with_code(bytes_at(lua, 1)), false);
        return 1;
    }
    lua_createtable(lua, 0, 1);
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "ok");
    return 1;
}
int status_reply(lua_State* lua) { return single_field(lua, false); }
int error_reply(lua_State* lua) { return single_field(lua, true); }

int sha1hex(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise_error(lua, "ERR wrong number of arguments");
    const Bytes text = bytes_at(lua, 1);
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    char hex[2 * SHA_DIGEST_LENGTH];
    for (std::size_t i = 0; i < SHA_DIGEST_LENGTH; ++i) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4U];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15U];
    }
    push_bytes(lua, {hex, sizeof hex});
    Vm::of(lua).step(lua, text.size() / 16);
    return 1;
}

int setresp(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise_error(lua, "ERR redis.setresp() requires one argument.");
    const double protocol = lua_tonumber(lua, 1);
    if (protocol != 2 && protocol != 3) return raise_error(lua, "ERR RESP version must be 2 or 3.");
    runner_of(lua).set_protocol(static_cast<int>(protocol));
    return 0;
}

int set_repl(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise_error(lua, "ERR redis.set_repl() requires two arguments.");
    const double flags = lua_tonumber(lua, 1);
    if (!(flags >= kReplNone && flags <= kReplAll))
        return raise_error(lua, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    return 0;
}

int replicate_commands(lua_State* lua) {
    lua_pushboolean(lua, 1);
    return 1;
}

// There is no debugger: nothing stops here.
int breakpoint(lua_State* lua) {
    lua_pushboolean(lua, 0);
    return 1;
}
int debug(lua_State*) { return 0; }

void set_number(lua_State* lua, const char* name, int value) {
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
}

// "7.4.0" as 0x00070400.
int version_number() {
    int number = 0;
    int part = 0;
    for (const char c : kRedisVersion) {
        if (c == '.') {
            number = number * 256 + part;
            part = 0;
        } else {
            part = part * 10 + (c - '0');
        }
    }
    return number * 256 + part;
}

void set_constants(lua_State* lua) {
    constexpr const char* kNames[kLevels] = {"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"};
    for (int i = 0; i < kLevels; ++i) set_number(lua, kNames[i], i);
    push_bytes(lua, kRedisVersion);
    lua_setfield(lua, -2, "REDIS_VERSION");
    set_number(lua, "REDIS_VERSION_NUM", version_number());
}

void set_function(lua_State* lua, const char* name, lua_CFunction function, void* upvalue) {
    lua_pushlightuserdata(lua, upvalue);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
}

}  // namespace

int raise_error(lua_State* lua, Bytes text) {
    push_error(lua, text, false);
    return lua_error(lua);
}

namespace {

// Leaves the table on the stack.
void open_redis(lua_State* lua, Runner& runner) {
    lua_newtable(lua);
    for (const auto& [name, function] :
         std::initializer_list<std::pair<const char*, lua_CFunction>>{{"call", redis_call},
                                                                      {"pcall", redis_pcall},
                                                                      {"acl_check_cmd", acl_check_cmd},
                                                                      {"log", redis_log},
                                                                      {"status_reply", status_reply},
                                                                      {"error_reply", error_reply},
                                                                      {"sha1hex", sha1hex},
                                                                      {"setresp", setresp},
                                                                      {"set_repl", set_repl},
                                                                      {"replicate_commands", replicate_commands},
                                                                      {"breakpoint", breakpoint},
                                                                      {"debug", debug}})
        set_function(lua, name, function, &runner);
    set_constants(lua);
    set_number(lua, "REPL_NONE", kReplNone);
    set_number(lua, "REPL_AOF", kReplAof);
    set_number(lua, "REPL_SLAVE", kReplReplica);
    set_number(lua, "REPL_REPLICA", kReplReplica);
    set_number(lua, "REPL_ALL", kReplAll);
}

}  // namespace

std::unique_ptr<Vm> open_vm(Runner& runner, bool unsafe_functions) {
    auto vm = std::make_unique<Vm>(unsafe_functions);
    runner.attach(*vm);
    std::string error;
    vm->protect(
        [&](lua_State* lua) {
            open_redis(lua, runner);
            vm->publish("redis");
            vm->push_globals();
            lua_getfield(lua, -1, "redis");
            lua_setfield(lua, -2, "server");
        },
        error);
    return vm;
}

void open_redis_for_load(lua_State* lua, lua_CFunction register_function, void* library) {
    lua_newtable(lua);
    set_function(lua, "register_function", register_function, library);
    set_function(lua, "log", redis_log, nullptr);
    set_constants(lua);
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, missing_global);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

}  // namespace keel::script
