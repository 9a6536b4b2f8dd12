// SPDX-License-Identifier: BSD-3-Clause
//
// The library `cjson`: Lua values to and from JSON, with the options scripts know. Each script finds the options at
// their defaults, whatever one before it has set.
//
// Always true:
//   1. Neither way nests deeper than the option allows, nor than kHardDepth.
//   2. Text grows by checked steps up to kMostBytes (CVE-2022-24834 was a length that wrapped around).
//   3. JSON's null is the light userdata NULL, cjson.null.
//
// Not here: the reader (json_reader.h).
#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "server/script/json_reader.h"
#include "server/script/sandbox.h"
#include "server/script/vm.h"

namespace keel::script {

namespace {

constexpr int kHardDepth = 3500;
constexpr std::size_t kMostBytes = std::size_t{512} << 20;
// A key of the registry: the metatable of tables that are arrays even when they are empty.
char array_metatable;

unsigned generation = 0;

enum Invalid : int { off, on, as_null };

struct Options {
    unsigned generation = 0;
    int sparse_convert = 0;
    int sparse_ratio = 2;
    int sparse_safe = 10;
    int encode_max_depth = 1000;
    int decode_max_depth = 1000;
    int encode_invalid = off;
    int decode_invalid = on;
    int keep_buffer = on;
    int precision = 14;
    int array_mt = off;
};

Options& options_of(lua_State* lua) {
    auto& options = *static_cast<Options*>(lua_touserdata(lua, lua_upvalueindex(1)));
    if (options.generation != generation) {
        options = Options{};
        options.generation = generation;
    }
    return options;
}

void push_array_metatable(lua_State* lua) {
    lua_pushlightuserdata(lua, &array_metatable);
    lua_rawget(lua, LUA_REGISTRYINDEX);
}

// ---- Writing ----

class Writer {
  public:
    Writer(lua_State* lua, const Options& options) : lua_(lua), vm_(Vm::of(lua)), options_(options) {}

    [[nodiscard]] const std::string& text() const { return out_; }

    // The value at the top of the stack, which stays.
    void value(int depth) {
        if (out_.size() > kMostBytes) luaL_error(lua_, "Cannot serialise: the text would be too large");
        vm_.step(lua_, 5);
        switch (lua_type(lua_, -1)) {
            case LUA_TSTRING: return string(bytes_at(lua_, -1));
            case LUA_TNUMBER: return number(lua_tonumber(lua_, -1));
            case LUA_TBOOLEAN: out_ += lua_toboolean(lua_, -1) != 0 ? "true" : "false"; return;
            case LUA_TTABLE: return table(depth + 1);
            case LUA_TNIL: out_ += "null"; return;
            case LUA_TLIGHTUSERDATA:
                if (lua_touserdata(lua_, -1) == nullptr) {
                    out_ += "null";
                    return;
                }
                [[fallthrough]];
            default: fail("type not supported");
        }
    }

  private:
    void fail(const char* why) { luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, -1), why); }

    void string(Bytes text) {
        if (text.size() > kMostBytes) fail("the text would be too large");
        vm_.step(lua_, text.size() / 8);
        out_ += '"';
        while (!text.empty()) {
            const auto plain =
                static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_escaped) - text.begin());
            out_ += text.substr(0, plain);
            text.remove_prefix(plain);
            if (text.empty()) break;
            escape(text.front());
            text.remove_prefix(1);
        }
        out_ += '"';
    }
    static bool is_escaped(char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || c == '"' || c == '/' || c == '\\' || c == 0x7F;
    }
    void escape(char c) {
        switch (c) {
            case '"': out_ += "\\\""; break;
            case '\\': out_ += "\\\\"; break;
            case '/': out_ += "\\/"; break;
            case '\b': out_ += "\\b"; break;
            case '\f': out_ += "\\f"; break;
            case '\n': out_ += "\\n"; break;
            case '\r': out_ += "\\r"; break;
            case '\t': out_ += "\\t"; break;
            default: control(c);
        }
    }
    void control(char c) {
        char text[8];
        std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
        out_ += text;
    }

    void number(double value) {
        if (std::isnan(value) || std::isinf(value)) {
            if (options_.encode_invalid == as_null) {
                out_ += "null";
                return;
            }
            if (options_.encode_invalid == off) fail("must not be NaN or Inf");
            if (std::isnan(value)) {  // without its sign
                out_ += "nan";
                return;
            }
        }
        char text[40];
        const int size = std::snprintf(text, sizeof text, "%.*g", options_.precision, value);
        out_.append(text, static_cast<std::size_t>(size));
    }

    // The length of the table as an array; -1: it is an object.
    int array_length() {
        double most = 0;
        double items = 0;
        lua_pushnil(lua_);
        while (lua_next(lua_, -2) != 0) {
            const double key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
            if (key < 1 || std::floor(key) != key || key > INT_MAX) {
                lua_pop(lua_, 2);
                return -1;
            }
            most = std::max(most, key);
            ++items;
            lua_pop(lua_, 1);
            vm_.step(lua_);
        }
        if (options_.sparse_ratio > 0 && most > items * options_.sparse_ratio && most > options_.sparse_safe) {
            if (options_.sparse_convert == 0) fail("excessively sparse array");
            return -1;
        }
        return static_cast<int>(most);
    }

    bool marked_array() {
        if (lua_getmetatable(lua_, -1) == 0) return false;
        push_array_metatable(lua_);
        const bool same = lua_rawequal(lua_, -1, -2) != 0;
        lua_pop(lua_, 2);
        return same;
    }

    void table(int depth) {
        if (depth > options_.encode_max_depth || depth > kHardDepth || lua_checkstack(lua_, 6) == 0)
            luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
        const int length = array_length();
        if (length > 0 || (length == 0 && marked_array())) return array(length, depth);
        object(depth);
    }

    void array(int length, int depth) {
        out_ += '[';
        for (int i = 1; i <= length; ++i) {
            if (i > 1) out_ += ',';
            lua_rawgeti(lua_, -1, i);
            value(depth);
            lua_pop(lua_, 1);
        }
        out_ += ']';
    }

    void object(int depth) {
        out_ += '{';
        bool first = true;
        lua_pushnil(lua_);
        while (lua_next(lua_, -2) != 0) {
            if (!std::exchange(first, false)) out_ += ',';
            key();
            value(depth);
            lua_pop(lua_, 1);
        }
        out_ += '}';
    }

    void key() {
        if (lua_type(lua_, -2) == LUA_TNUMBER) {
            out_ += '"';
            number(lua_tonumber(lua_, -2));
            out_ += "\":";
        } else if (lua_type(lua_, -2) == LUA_TSTRING) {
            string(bytes_at(lua_, -2));
            out_ += ':';
        } else {
            lua_pop(lua_, 1);
            fail("table key must be a number or string");
        }
    }

    lua_State* lua_;
    Vm& vm_;
    const Options& options_;
    std::string out_;
};

int encode(lua_State* lua) {
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    Writer writer{lua, options_of(lua)};
    writer.value(0);
    push_bytes(lua, writer.text());
    return 1;
}

// ---- Reading ----

int decode(lua_State* lua) {
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    const Options& options = options_of(lua);
    const Bytes text = check_bytes(lua, 1);
    // UTF-16 and UTF-32 have a zero among the first two bytes.
    if (text.size() >= 2 && (text[0] == 0 || text[1] == 0))
        return luaL_error(lua, "JSON parser does not support UTF-16 or UTF-32");
    int metatable = 0;
    if (options.array_mt != off) {
        push_array_metatable(lua);
        metatable = lua_gettop(lua);
    }
    JsonReader reader{lua, text, std::min(options.decode_max_depth, kHardDepth), options.decode_invalid != off,
                      metatable};
    reader.read();
    return 1;
}

// ---- Options ----

void check_count(lua_State* lua, int most) {
    luaL_argcheck(lua, lua_gettop(lua) <= most, most + 1, "found too many arguments");
    lua_settop(lua, most);
}

void integer_option(lua_State* lua, int index, int& setting, int least, int most) {
    if (!lua_isnil(lua, index)) {
        const lua_Integer value = luaL_checkinteger(lua, index);
        luaL_argcheck(lua, value >= least && value <= most, index,
                      lua_pushfstring(lua, "expected integer between %d and %d", least, most));
        setting = static_cast<int>(value);
    }
    lua_pushinteger(lua, setting);
}

void switch_option(lua_State* lua, int index, int& setting, bool has_null = false) {
    static constexpr const char* kNames[] = {"off", "on", nullptr};
    static constexpr const char* kNullNames[] = {"off", "on", "null", nullptr};
    if (lua_isboolean(lua, index))
        setting = lua_toboolean(lua, index);
    else if (!lua_isnil(lua, index))
        setting = luaL_checkoption(lua, index, nullptr, has_null ? kNullNames : kNames);
    if (setting == as_null)
        lua_pushliteral(lua, "null");
    else
        lua_pushboolean(lua, setting);
}

int encode_sparse_array(lua_State* lua) {
    Options& options = options_of(lua);
    check_count(lua, 3);
    switch_option(lua, 1, options.sparse_convert);
    integer_option(lua, 2, options.sparse_ratio, 0, INT_MAX);
    integer_option(lua, 3, options.sparse_safe, 0, INT_MAX);
    return 3;
}

template <int Options::*kSetting, int kMost>
int integer_setting(lua_State* lua) {
    check_count(lua, 1);
    integer_option(lua, 1, options_of(lua).*kSetting, 1, kMost);
    return 1;
}

template <int Options::*kSetting, bool kHasNull>
int switch_setting(lua_State* lua) {
    check_count(lua, 1);
    switch_option(lua, 1, options_of(lua).*kSetting, kHasNull);
    return 1;
}

int new_library(lua_State* lua) {
    open_cjson(lua);
    return 1;
}

}  // namespace

void restart_json() { ++generation; }

void open_cjson(lua_State* lua) {
    static constexpr luaL_Reg kFunctions[] = {
        {"encode", encode},
        {"decode", decode},
        {"encode_sparse_array", encode_sparse_array},
        {"encode_max_depth", integer_setting<&Options::encode_max_depth, INT_MAX>},
        {"decode_max_depth", integer_setting<&Options::decode_max_depth, INT_MAX>},
        {"encode_number_precision", integer_setting<&Options::precision, 14>},
        {"encode_keep_buffer", switch_setting<&Options::keep_buffer, false>},
        {"encode_invalid_numbers", switch_setting<&Options::encode_invalid, true>},
        {"decode_invalid_numbers", switch_setting<&Options::decode_invalid, false>},
        {"decode_array_with_array_mt", switch_setting<&Options::array_mt, false>},
        {"new", new_library},
        {nullptr, nullptr},
    };
    push_array_metatable(lua);
    if (lua_isnil(lua, -1)) {
        lua_pushlightuserdata(lua, &array_metatable);
        lua_newtable(lua);
        lua_pushliteral(lua, "array");
        lua_setfield(lua, -2, "__metatable");
        lua_rawset(lua, LUA_REGISTRYINDEX);
    }
    lua_pop(lua, 1);
    lua_newtable(lua);
    for (const luaL_Reg* function = kFunctions; function->name != nullptr; ++function) {
        lua_getfield(lua, -1, "options");
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            new (lua_newuserdata(lua, sizeof(Options))) Options{};
            lua_pushvalue(lua, -1);
            lua_setfield(lua, -3, "options");
        }
        lua_pushcclosure(lua, function->func, 1);
        lua_setfield(lua, -2, function->name);
    }
    lua_pushnil(lua);
    lua_setfield(lua, -2, "options");
    lua_pushlightuserdata(lua, nullptr);
    lua_setfield(lua, -2, "null");
    lua_pushliteral(lua, "cjson");
    lua_setfield(lua, -2, "_NAME");
    lua_pushliteral(lua, "2.1.0");
    lua_setfield(lua, -2, "_VERSION");
}

}  // namespace keel::script
