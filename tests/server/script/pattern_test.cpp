// SPDX-License-Identifier: BSD-3-Clause
//
// Patterns: ours beside Lua's own library, and that a long match has pauses.
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "protocol/base/random.h"
#include "server/script/lua.h"
#include "server/script/vm.h"

using namespace keel;
using namespace keel::script;

namespace {

using State = std::unique_ptr<lua_State, decltype(&lua_close)>;

// string.<function>(subject, pattern, more) and all that it returns, or its error, in one text.
constexpr char kCall[] = R"(
    local name, subject, pattern, more = ...
    local out = {}
    local function note(...)
        for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end
    end
    if name == 'gmatch' or name == 'gfind' then
        note(pcall(function() for a, b in string[name](subject, pattern) do note(a, b) end end))
    else
        note(pcall(string[name], subject, pattern, more))
    end
    return table.concat(out, '|'))";

std::string told(lua_State* lua, const std::string& name, const std::string& subject, const std::string& pattern,
                 const std::string& more) {
    for (const std::string& word : {name, subject, pattern}) push_bytes(lua, word);
    if (more.empty())
        lua_pushnil(lua);
    else
        push_bytes(lua, more);
    lua_call(lua, 4, 1);
    return std::string{bytes_at(lua, -1)};
}

std::string any_text(Random& random, Bytes letters, std::size_t most) {
    std::string text;
    for (std::size_t size = random.below(most + 1); text.size() < size;) text += letters[random.below(letters.size())];
    return text;
}

}  // namespace

TEST_CASE("patterns: what matches, what is captured and which error comes is as in Lua's own library") {
    const State peer{luaL_newstate(), &lua_close};
    luaL_openlibs(peer.get());
    Vm vm;
    const std::uint64_t seed = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3});
    CAPTURE(seed);
    Random random{seed};
    const std::vector<std::string> names = {"find", "match", "gmatch", "gfind", "gsub"};
    const std::vector<std::string> more = {"", "<%1%0>", "%2x%", "7", "%9"};
    for (int i = 0; i < 40'000; ++i) {
        const std::string name = names[random.below(names.size())];
        const std::string subject = any_text(random, {"ab(.)-\0A1 ", 10}, 10);
        const std::string pattern = any_text(random, {"aabb..%%()()[]^$*+-?%bf1\0-w", 27}, 9);
        const std::string last = name == "gsub"   ? more[1 + random.below(4)]
                                 : name[0] == 'g' ? ""
                                 : i % 3 == 0     ? "-2"
                                                  : "";
        luaL_loadbuffer(peer.get(), kCall, sizeof kCall - 1, "=call");
        const std::string expected = told(peer.get(), name, subject, pattern, last);
        std::string got, error;
        const bool whole = vm.protect(
            [&](lua_State* lua) {
                load_text(lua, kCall, "=call");
                got = told(lua, name, subject, pattern, last);
            },
            error);
        lua_settop(peer.get(), 0);
        INFO(name << " '" << subject << "' '" << pattern << "' " << last);
        REQUIRE(whole);
        REQUIRE(got == expected);
    }
}

TEST_CASE("patterns and other calls into libraries: what takes long has pauses") {
    Vm vm;
    int pauses = 0;
    vm.on_pause(
        [](lua_State* lua, void* count) {
            if (++*static_cast<int*>(count) == 100) luaL_error(lua, "enough");
        },
        &pauses);
    for (const char* call :
         {"('a'):rep(100):find(('a*'):rep(20) .. 'b')", "('a'):rep(100):match(('a-'):rep(20) .. 'b')",
          "('a'):rep(100):gsub(('a?'):rep(100) .. ('a'):rep(100) .. 'b', '')",
          "for _ in ('('):rep(100000):gmatch('%b()') do end",
          "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e7) end table.sort(t)",
          "local t = {} for i = 1, 30 do t = {t, t} end cjson.encode(t)",
          "local t = {} for i = 1, 15 do t = {t, t, t, t} end cmsgpack.pack(t)",
          "cjson.encode_sparse_array(true, 0, 0) cjson.encode({[2147483647] = 1})",
          "cjson.decode('[' .. ('1,'):rep(1000000) .. '1]')",
          "cmsgpack.unpack('\\221\\0\\100\\0\\0' .. ('\\144'):rep(6553600))", "struct.size(('b'):rep(10000000))",
          "local s = ('x'):rep(1e7) for i = 1, 300 do local t = s .. i end",
          "assert(loadstring(('a = 1 '):rep(1000000)))"}) {
        pauses = 0;
        std::string error;
        const int handle = vm.compile(call, "=x", error);
        CAPTURE(call, error);
        REQUIRE(handle != LUA_NOREF);
        const bool whole = vm.protect(
            [&](lua_State* lua) {
                lua_rawgeti(lua, LUA_REGISTRYINDEX, handle);
                lua_call(lua, 0, 0);
            },
            error);
        CHECK(pauses >= 100);
        CHECK_FALSE(whole);
        CHECK(error.ends_with("enough"));
        vm.release(handle);
    }
}
