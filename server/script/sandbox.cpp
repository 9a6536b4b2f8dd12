// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/sandbox.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "server/script/pattern.h"
#include "server/script/vm.h"

namespace keel::script {

namespace {

// Its address is the key under which a front's metatable keeps the table behind it: no script can make that key.
char behind_key;

// Sorting at most so many numbers and short strings takes some hundred milliseconds, and a comparison of ours twice that.
constexpr int kFewItems = 1 << 17;
constexpr std::size_t kShortBytes = 256;

constexpr char kReadOnly[] = "Attempt to modify a readonly table";

int raise(lua_State* lua, const char* text) {  // without the place: it is a library's doing
    lua_pushstring(lua, text);
    return lua_error(lua);
}

void check_writable(lua_State* lua, int index) {
    if (!push_behind(lua, index)) return;
    raise(lua, kReadOnly);
}

}  // namespace

// ---- Fronts ----

int refuse_write(lua_State* lua) { return luaL_error(lua, kReadOnly); }

int missing_global(lua_State* lua) {
    const char* name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : luaL_typename(lua, 2);
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'", name);
}

void push_front(lua_State* lua) {
    lua_newtable(lua);  // the front
    lua_createtable(lua, 0, 4);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushliteral(lua, "readonly");
    lua_setfield(lua, -2, "__metatable");
    lua_pushlightuserdata(lua, &behind_key);
    lua_pushvalue(lua, -4);
    lua_rawset(lua, -3);
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

bool push_behind(lua_State* lua, int index) {
    if (lua_type(lua, index) != LUA_TTABLE || lua_getmetatable(lua, index) == 0) [[likely]]
        return false;
    lua_pushlightuserdata(lua, &behind_key);
    lua_rawget(lua, -2);
    lua_remove(lua, -2);
    if (lua_istable(lua, -1)) return true;
    lua_pop(lua, 1);
    return false;
}

// ---- The basic library ----

namespace {

int safe_rawset(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    lua_settop(lua, 3);
    check_writable(lua, 1);
    if (lua_isnil(lua, 2)) return luaL_error(lua, "table index is nil");
    if (lua_type(lua, 2) == LUA_TNUMBER && std::isnan(lua_tonumber(lua, 2)))
        return luaL_error(lua, "table index is NaN");
    lua_rawset(lua, 1);
    return 1;
}

int safe_rawget(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    if (push_behind(lua, 1)) lua_replace(lua, 1);
    lua_rawget(lua, 1);
    return 1;
}

int safe_next(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    if (push_behind(lua, 1)) lua_replace(lua, 1);
    if (lua_next(lua, 1) != 0) return 2;
    lua_pushnil(lua);
    return 1;
}

// pairs of a front goes on with the front, so that the table behind it stays hidden.
int safe_pairs(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

int safe_setmetatable(lua_State* lua) {
    const int type = lua_type(lua, 2);
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
    check_writable(lua, 1);
    if (luaL_getmetafield(lua, 1, "__metatable") != 0) return luaL_error(lua, "cannot change a protected metatable");
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

// unpack (list [, i [, j]]): how many that are is reckoned in 64 bits.
int safe_unpack(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::int64_t first = luaL_optint(lua, 2, 1);
    const std::int64_t last =
        lua_isnoneornil(lua, 3) ? static_cast<std::int64_t>(lua_objlen(lua, 1)) : luaL_checkint(lua, 3);
    if (first > last) return 0;
    const std::int64_t count = last - first + 1;
    if (count >= LUAI_MAXCSTACK || lua_checkstack(lua, static_cast<int>(count)) == 0)
        return luaL_error(lua, "too many results to unpack");
    for (std::int64_t i = first; i <= last; ++i) lua_rawgeti(lua, 1, static_cast<int>(i));
    return static_cast<int>(count);
}

// An error that is a table with a text is caught as that text, which is what scripts have always compared.
void text_of_error(lua_State* lua) {
    if (!lua_istable(lua, -1)) return;
    lua_pushliteral(lua, "err");
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == LUA_TSTRING)
        lua_replace(lua, -2);
    else
        lua_pop(lua, 1);
}

int safe_pcall(lua_State* lua) {
    luaL_checkany(lua, 1);
    const int failed = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
    if (failed != 0) text_of_error(lua);
    luaL_checkstack(lua, 1, "too many results");
    lua_pushboolean(lua, failed == 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

// The handler of an xpcall runs where the error was raised. When a script is being killed that may be inside of a
// pause, where no other comes: its handlers are passed over, or one that does not end would end never.
int handle_unless_killed(lua_State* lua) {
    if (Vm::of(lua).killing()) return 1;
    lua_settop(lua, 1);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, 1, 1);
    return 1;
}

int safe_xpcall(lua_State* lua) {
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    lua_pushcclosure(lua, handle_unless_killed, 1);
    lua_insert(lua, 1);
    const int failed = lua_pcall(lua, 0, LUA_MULTRET, 1);
    lua_pushboolean(lua, failed == 0);
    lua_replace(lua, 1);
    return lua_gettop(lua);
}

int load_result(lua_State* lua, int status) {
    if (status == 0) return 1;
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

int safe_loadstring(lua_State* lua) {
    const Bytes source = check_bytes(lua, 1);
    return load_result(lua, load_text(lua, source, luaL_optstring(lua, 2, lua_tostring(lua, 1))));
}

// load (func [, chunkname]): all pieces are gathered first, so that no Lua runs while the text is compiled.
int safe_load(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    const char* name = luaL_optstring(lua, 2, "=(load)");
    std::string source;
    for (;;) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 0, 1);
        if (lua_isnil(lua, -1)) break;
        if (lua_isstring(lua, -1) == 0) return luaL_error(lua, "reader function must return a string");
        const Bytes piece = bytes_at(lua, -1);
        if (piece.empty()) break;
        if (source.size() + piece.size() > Vm::kMostSourceBytes) return luaL_error(lua, "script is too long");
        source += piece;
        lua_pop(lua, 1);
    }
    return load_result(lua, load_text(lua, source, name));
}

// Scripts may clean up and look, but not change how the collector works for those after them.
int safe_collectgarbage(lua_State* lua) {
    static constexpr const char* kOptions[] = {"stop", "restart",  "collect",    "count",
                                               "step", "setpause", "setstepmul", nullptr};
    const int option = luaL_checkoption(lua, 1, "collect", kOptions);
    const int argument = luaL_optint(lua, 2, 0);
    if (option == 2) {
        lua_pushinteger(lua, lua_gc(lua, LUA_GCCOLLECT, 0));
    } else if (option == 3) {
        lua_pushnumber(lua, lua_gc(lua, LUA_GCCOUNT, 0) + static_cast<double>(lua_gc(lua, LUA_GCCOUNTB, 0)) / 1024);
    } else if (option == 4) {
        lua_pushboolean(lua, lua_gc(lua, LUA_GCSTEP, std::clamp(argument, 0, 1 << 20)));
    } else {
        lua_pushinteger(lua, 0);
    }
    Vm::of(lua).look_at_clock(lua);
    return 1;
}

// ---- string, table ----

// Calls the library's own function, which is the upvalue. It counts no steps: the clock tells whether they were many.
int call_original(lua_State* lua) {
    const lua_CFunction original = lua_tocfunction(lua, lua_upvalueindex(1));
    const int results = original(lua);
    Vm::of(lua).look_at_clock(lua);
    return results;
}

// A new coroutine begins with the pace of who makes it, as if nothing had gone on since the last pause.
int checked_coroutine(lua_State* lua) {
    Vm::of(lua).step(lua, 1000);
    return call_original(lua);
}

int checked_table(lua_State* lua) {
    check_writable(lua, 1);
    return call_original(lua);
}

// table.insert moves what stands behind the place: a place far outside would keep it busy for minutes.
int checked_insert(lua_State* lua) {
    check_writable(lua, 1);
    if (lua_gettop(lua) == 3 && lua_istable(lua, 1)) {
        const int place = luaL_checkint(lua, 2);
        const auto size = static_cast<std::int64_t>(lua_objlen(lua, 1));
        if (place < 1 - size - 1000) return luaL_argerror(lua, 2, "position out of bounds");
    }
    return call_original(lua);
}

// The comparison of sort when there is none, and one that is of C: the upvalue.
int counted_less(lua_State* lua) {
    const std::size_t longest = lua_type(lua, 1) == LUA_TSTRING ? lua_objlen(lua, 1) : 0;
    Vm::of(lua).step(lua, 2 + longest / 64);
    lua_pushboolean(lua, lua_lessthan(lua, 1, 2));
    return 1;
}

int counted_comparison(lua_State* lua) {
    Vm::of(lua).step(lua, 2);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

// Whether comparing all of the table at 1 with one another takes hardly any time.
bool sorts_fast(lua_State* lua) {
    const auto size = static_cast<int>(lua_objlen(lua, 1));
    for (int i = 1; i <= size && size <= kFewItems; ++i) {
        lua_rawgeti(lua, 1, i);
        const int type = lua_type(lua, -1);
        const bool fast = type == LUA_TNUMBER || (type == LUA_TSTRING && lua_objlen(lua, -1) <= kShortBytes);
        lua_pop(lua, 1);
        if (!fast) return false;
    }
    return size <= kFewItems;
}

// table.sort: a comparison in Lua has pauses, others are given one that has.
int checked_sort(lua_State* lua) {
    check_writable(lua, 1);
    luaL_checktype(lua, 1, LUA_TTABLE);
    const bool by_default = lua_isnoneornil(lua, 2);
    if (by_default && !sorts_fast(lua)) {
        lua_settop(lua, 1);
        lua_pushcfunction(lua, counted_less);
    } else if (!by_default && lua_iscfunction(lua, 2) != 0) {
        lua_settop(lua, 2);
        lua_pushcclosure(lua, counted_comparison, 1);
    }
    return call_original(lua);
}

// ---- math ----

// The generator of drand48, the same everywhere; one for all interpreters.
constexpr std::uint64_t random_start(std::uint32_t seed) { return std::uint64_t{seed} << 16 | 0x330E; }
std::uint64_t random_state = random_start(0);

std::int32_t next_random() {
    random_state = (random_state * 0x5DEECE66DU + 0xB) & ((std::uint64_t{1} << 48) - 1);
    return static_cast<std::int32_t>(random_state >> 17);
}

int math_random(lua_State* lua) {
    constexpr std::int32_t kRange = 0x7FFFFFFF;
    const double share = static_cast<double>(next_random() % kRange) / kRange;
    if (lua_gettop(lua) == 0) {
        lua_pushnumber(lua, share);
        return 1;
    }
    if (lua_gettop(lua) > 2) return luaL_error(lua, "wrong number of arguments");
    const bool ranged = lua_gettop(lua) == 2;
    const int least = ranged ? luaL_checkint(lua, 1) : 1;
    const int most = luaL_checkint(lua, ranged ? 2 : 1);
    luaL_argcheck(lua, least <= most, ranged ? 2 : 1, "interval is empty");
    lua_pushnumber(lua, std::floor(share * (static_cast<double>(most) - least + 1)) + least);
    return 1;
}

int math_randomseed(lua_State* lua) {
    random_state = random_start(static_cast<std::uint32_t>(luaL_checkint(lua, 1)));
    return 0;
}

// ---- Putting it together ----

void open_library(lua_State* lua, lua_CFunction open, const char* name) {
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

// `guard` in the place of the library's function, which it calls.
void wrap(lua_State* lua, const char* name, lua_CFunction guard) {
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, guard, 1);
    lua_setfield(lua, -2, name);
}

constexpr const char* kBasic[] = {"_VERSION",     "assert", "coroutine", "error",    "gcinfo",
                                  "getmetatable", "ipairs", "math",      "rawequal", "select",
                                  "string",       "table",  "tonumber",  "tostring", "type"};

// What may stay of the basic library and the names of the libraries.
void keep_basic(lua_State* lua, bool unsafe_functions) {
    lua_newtable(lua);
    for (const char* name : kBasic) {
        lua_getfield(lua, LUA_GLOBALSINDEX, name);
        lua_setfield(lua, -2, name);
    }
    if (unsafe_functions) {
        for (const char* name : {"getfenv", "setfenv"}) {
            lua_getfield(lua, LUA_GLOBALSINDEX, name);
            lua_setfield(lua, -2, name);
        }
    }
    for (const auto& [name, function] :
         std::initializer_list<std::pair<const char*, lua_CFunction>>{{"rawset", safe_rawset},
                                                                      {"rawget", safe_rawget},
                                                                      {"next", safe_next},
                                                                      {"setmetatable", safe_setmetatable},
                                                                      {"unpack", safe_unpack},
                                                                      {"pcall", safe_pcall},
                                                                      {"xpcall", safe_xpcall},
                                                                      {"loadstring", safe_loadstring},
                                                                      {"load", safe_load},
                                                                      {"collectgarbage", safe_collectgarbage}})
        set_function(lua, name, function);
    lua_pushcfunction(lua, safe_next);
    lua_pushcclosure(lua, safe_pairs, 1);
    lua_setfield(lua, -2, "pairs");
    lua_replace(lua, LUA_GLOBALSINDEX);
}

void make_strings_safe(lua_State* lua) {
    lua_getfield(lua, LUA_GLOBALSINDEX, "string");
    set_string_functions(lua);
    for (const char* name : {"format", "lower", "reverse", "upper"}) wrap(lua, name, call_original);
    push_front(lua);
    // ("x"):len() looks here; what getmetatable shows is a front, too.
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_newtable(lua);
    lua_pushvalue(lua, -4);
    lua_setfield(lua, -2, "__index");
    push_front(lua);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
    lua_setfield(lua, LUA_GLOBALSINDEX, "string");
}

void make_tables_safe(lua_State* lua) {
    lua_getfield(lua, LUA_GLOBALSINDEX, "table");
    wrap(lua, "insert", checked_insert);
    wrap(lua, "remove", checked_table);
    wrap(lua, "sort", checked_sort);
    for (const char* name : {"concat", "foreach", "foreachi", "maxn"}) wrap(lua, name, call_original);
    push_front(lua);
    lua_setfield(lua, LUA_GLOBALSINDEX, "table");
}

void make_math_safe(lua_State* lua) {
    lua_getfield(lua, LUA_GLOBALSINDEX, "math");
    set_function(lua, "random", math_random);
    set_function(lua, "randomseed", math_randomseed);
    push_front(lua);
    lua_setfield(lua, LUA_GLOBALSINDEX, "math");
}

void keep_clock(lua_State* lua) {
    open_library(lua, luaopen_os, LUA_OSLIBNAME);
    lua_newtable(lua);
    lua_getfield(lua, LUA_GLOBALSINDEX, "os");
    lua_getfield(lua, -1, "clock");
    lua_setfield(lua, -3, "clock");
    lua_pop(lua, 1);
    push_front(lua);
    lua_setfield(lua, LUA_GLOBALSINDEX, "os");
}

}  // namespace

void open_safe_libraries(lua_State* lua, bool unsafe_functions) {
    open_library(lua, luaopen_base, "");
    open_library(lua, luaopen_string, LUA_STRLIBNAME);
    open_library(lua, luaopen_table, LUA_TABLIBNAME);
    open_library(lua, luaopen_math, LUA_MATHLIBNAME);
    keep_basic(lua, unsafe_functions);
    lua_getfield(lua, LUA_GLOBALSINDEX, "coroutine");
    for (const char* name : {"create", "wrap"}) wrap(lua, name, checked_coroutine);
    push_front(lua);
    lua_setfield(lua, LUA_GLOBALSINDEX, "coroutine");
    make_strings_safe(lua);
    make_tables_safe(lua);
    make_math_safe(lua);
    keep_clock(lua);
}

}  // namespace keel::script
