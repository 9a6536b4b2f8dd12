// SPDX-License-Identifier: BSD-3-Clause
//
// The library `cmsgpack`: Lua values to and from MessagePack.
//
// Always true:
//   1. Packing ends at kMostNesting tables inside one another: deeper ones become nil, so a table in itself ends, too.
//   2. Unpacking nests at most kMostDepth; memory follows the bytes that are there, never an announced length.
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "server/script/sandbox.h"
#include "server/script/vm.h"

namespace keel::script {

namespace {

constexpr int kMostNesting = 16;
constexpr int kMostDepth = 1000;
constexpr std::size_t kMostBytes = std::size_t{512} << 20;

// ---- Packing ----

class Packer {
  public:
    explicit Packer(lua_State* lua) : lua_(lua), vm_(Vm::of(lua)) {}

    [[nodiscard]] const std::string& text() const { return out_; }

    // The value at the top of the stack, which is taken off.
    void value(int level) {
        if (out_.size() > kMostBytes) luaL_error(lua_, "MessagePack output is too large");
        vm_.step(lua_, 2);
        luaL_checkstack(lua_, 5, "in function mp_encode_lua_type");
        switch (lua_type(lua_, -1)) {
            case LUA_TSTRING: string(bytes_at(lua_, -1)); break;
            case LUA_TBOOLEAN: byte(lua_toboolean(lua_, -1) != 0 ? 0xC3 : 0xC2); break;
            case LUA_TNUMBER: number(lua_tonumber(lua_, -1)); break;
            case LUA_TTABLE:
                if (level < kMostNesting) {
                    table(level);
                    break;
                }
                [[fallthrough]];
            default: byte(0xC0);
        }
        lua_pop(lua_, 1);
    }

  private:
    void byte(unsigned value) { out_ += static_cast<char>(value); }
    // Big-endian, the last `bytes` of it.
    void big(std::uint64_t value, unsigned bytes) {
        while (bytes-- > 0) byte(static_cast<unsigned>(value >> (8 * bytes)) & 0xFFU);
    }
    void tagged(unsigned tag, std::uint64_t value, unsigned bytes) {
        byte(tag);
        big(value, bytes);
    }

    void string(Bytes text) {
        const std::uint64_t size = text.size();
        if (size < 32)
            byte(0xA0U | static_cast<unsigned>(size));
        else if (size <= 0xFF)
            tagged(0xD9, size, 1);
        else if (size <= 0xFFFF)
            tagged(0xDA, size, 2);
        else
            tagged(0xDB, size, 4);
        vm_.step(lua_, size / 64);
        out_ += text;
    }

    void number(double value) {
        constexpr double kLimit = 9223372036854775808.0;
        if (value >= -kLimit && value < kLimit && std::floor(value) == value)
            return integer(static_cast<std::int64_t>(value));
        const auto narrow = static_cast<float>(value);
        if (static_cast<double>(narrow) == value) return tagged(0xCA, std::bit_cast<std::uint32_t>(narrow), 4);
        tagged(0xCB, std::bit_cast<std::uint64_t>(value), 8);
    }

    void integer(std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        if (value >= 0) {
            if (bits <= 0x7F)
                byte(static_cast<unsigned>(bits));
            else if (bits <= 0xFF)
                tagged(0xCC, bits, 1);
            else if (bits <= 0xFFFF)
                tagged(0xCD, bits, 2);
            else if (bits <= 0xFFFFFFFF)
                tagged(0xCE, bits, 4);
            else
                tagged(0xCF, bits, 8);
        } else {
            if (value >= -32)
                byte(static_cast<unsigned>(bits & 0xFFU));
            else if (value >= INT8_MIN)
                tagged(0xD0, bits, 1);
            else if (value >= INT16_MIN)
                tagged(0xD1, bits, 2);
            else if (value >= INT32_MIN)
                tagged(0xD2, bits, 4);
            else
                tagged(0xD3, bits, 8);
        }
    }

    // How many items the table has; and whether their keys are 1 to that number.
    std::size_t count_items(bool& is_list) {
        std::size_t count = 0;
        double most = 0;
        is_list = true;
        lua_pushnil(lua_);
        while (lua_next(lua_, -2) != 0) {
            lua_pop(lua_, 1);
            vm_.step(lua_);
            ++count;
            const double key = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
            is_list = is_list && key > 0 && std::floor(key) == key;
            most = key > most ? key : most;
        }
        is_list = is_list && most == static_cast<double>(count);
        return count;
    }

    void table(int level) {
        bool is_list = false;
        const std::size_t count = count_items(is_list);
        if (is_list) {
            header(0x90, 0xDC, count);
            for (std::size_t i = 1; i <= count; ++i) {
                lua_rawgeti(lua_, -1, static_cast<int>(i));
                value(level + 1);
            }
            return;
        }
        header(0x80, 0xDE, count);
        lua_pushnil(lua_);
        while (lua_next(lua_, -2) != 0) {
            lua_pushvalue(lua_, -2);
            value(level + 1);  // the key
            value(level + 1);
        }
    }

    void header(unsigned fixed, unsigned tag, std::size_t count) {
        if (count <= 15)
            byte(fixed | static_cast<unsigned>(count));
        else if (count <= 0xFFFF)
            tagged(tag, count, 2);
        else
            tagged(tag + 1, count, 4);
    }

    lua_State* lua_;
    Vm& vm_;
    std::string out_;
};

int pack(lua_State* lua) {
    const int values = lua_gettop(lua);
    if (values == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    luaL_checkstack(lua, 1, "Too many arguments for MessagePack pack.");
    Packer packer{lua};
    for (int i = 1; i <= values; ++i) {
        lua_pushvalue(lua, i);
        packer.value(0);
    }
    push_bytes(lua, packer.text());
    return 1;
}

// ---- Unpacking ----

class Unpacker {
  public:
    Unpacker(lua_State* lua, Bytes left) : lua_(lua), vm_(Vm::of(lua)), left_(left) {}

    [[nodiscard]] std::size_t left() const { return left_.size(); }

    // Puts the next value on the stack.
    void value(int depth) {
        if (depth > kMostDepth) luaL_error(lua_, "too many nested data structures in input.");
        luaL_checkstack(lua_, 3, "too many return values at once; use unpack_one or unpack_limit instead.");
        vm_.step(lua_, 5);
        const auto tag = static_cast<unsigned>(big(1));
        if (tag <= 0x7F) return lua_pushnumber(lua_, tag);
        if (tag >= 0xE0) return lua_pushnumber(lua_, static_cast<std::int8_t>(tag));
        if (tag <= 0x8F) return map(tag & 0x0FU, depth);
        if (tag <= 0x9F) return list(tag & 0x0FU, depth);
        if (tag <= 0xBF) return string(tag & 0x1FU);
        switch (tag) {
            case 0xC0: return lua_pushnil(lua_);
            case 0xC2: return lua_pushboolean(lua_, 0);
            case 0xC3: return lua_pushboolean(lua_, 1);
            case 0xC4:
            case 0xD9: return string(big(1));
            case 0xC5:
            case 0xDA: return string(big(2));
            case 0xC6:
            case 0xDB: return string(big(4));
            case 0xCA: return lua_pushnumber(lua_, std::bit_cast<float>(static_cast<std::uint32_t>(big(4))));
            case 0xCB: return lua_pushnumber(lua_, std::bit_cast<double>(big(8)));
            case 0xCC: return lua_pushnumber(lua_, static_cast<double>(big(1)));
            case 0xCD: return lua_pushnumber(lua_, static_cast<double>(big(2)));
            case 0xCE: return lua_pushnumber(lua_, static_cast<double>(big(4)));
            case 0xCF: return lua_pushnumber(lua_, static_cast<double>(big(8)));
            case 0xD0: return lua_pushnumber(lua_, static_cast<std::int8_t>(big(1)));
            case 0xD1: return lua_pushnumber(lua_, static_cast<std::int16_t>(big(2)));
            case 0xD2: return lua_pushnumber(lua_, static_cast<std::int32_t>(big(4)));
            case 0xD3: return lua_pushnumber(lua_, static_cast<double>(static_cast<std::int64_t>(big(8))));
            case 0xDC: return list(big(2), depth);
            case 0xDD: return list(big(4), depth);
            case 0xDE: return map(big(2), depth);
            case 0xDF: return map(big(4), depth);
            default: luaL_error(lua_, "Bad data format in input.");
        }
    }

  private:
    Bytes take(std::uint64_t bytes) {
        if (bytes > left_.size()) luaL_error(lua_, "Missing bytes in input.");
        const Bytes out = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return out;
    }
    std::uint64_t big(unsigned bytes) {
        std::uint64_t value = 0;
        for (const char byte : take(bytes)) value = value << 8U | static_cast<std::uint8_t>(byte);
        return value;
    }
    void string(std::uint64_t size) { push_bytes(lua_, take(size)); }
    void list(std::uint64_t count, int depth) {
        lua_newtable(lua_);
        for (std::uint64_t i = 1; i <= count; ++i) {
            value(depth + 1);
            lua_rawseti(lua_, -2, static_cast<int>(i));
        }
    }
    void map(std::uint64_t count, int depth) {
        lua_newtable(lua_);
        for (std::uint64_t i = 0; i < count; ++i) {
            value(depth + 1);
            value(depth + 1);
            lua_rawset(lua_, -3);  // raises an error for a key that cannot be one
        }
    }

    lua_State* lua_;
    Vm& vm_;
    Bytes left_;
};

// At most `limit` values from `offset` on; behind which byte to go on comes first, -1 at the end. Both 0: all of them,
// and nothing before.
int unpack_some(lua_State* lua, int limit, int offset) {
    const Bytes data = check_bytes(lua, 1);
    const int size = static_cast<int>(std::min<std::size_t>(data.size(), INT_MAX));
    if (offset < 0 || limit < 0)
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.", offset, size);
    if (offset > size) return luaL_error(lua, "Start offset %d greater than input length %d.", offset, size);
    const bool all = limit == 0 && offset == 0;
    lua_settop(lua, 1);
    Unpacker unpacker{lua, data.substr(static_cast<std::size_t>(offset))};
    if (!all) lua_pushnil(lua);
    int values = 0;
    while (unpacker.left() > 0 && (all || values < limit)) {
        unpacker.value(0);
        ++values;
    }
    if (all) return values;
    lua_pushnumber(lua, unpacker.left() == 0 ? -1 : static_cast<double>(data.size() - unpacker.left()));
    lua_replace(lua, 2);
    return values + 1;
}

int unpack(lua_State* lua) { return unpack_some(lua, 0, 0); }
int unpack_one(lua_State* lua) { return unpack_some(lua, 1, luaL_optint(lua, 2, 0)); }
int unpack_limit(lua_State* lua) {
    const int limit = luaL_checkint(lua, 2);
    return unpack_some(lua, limit, luaL_optint(lua, 3, 0));
}

}  // namespace

void open_cmsgpack(lua_State* lua) {
    static constexpr luaL_Reg kFunctions[] = {{"pack", pack},
                                              {"unpack", unpack},
                                              {"unpack_one", unpack_one},
                                              {"unpack_limit", unpack_limit},
                                              {nullptr, nullptr}};
    lua_newtable(lua);
    luaL_register(lua, nullptr, kFunctions);
    lua_pushliteral(lua, "cmsgpack");
    lua_setfield(lua, -2, "_NAME");
    lua_pushliteral(lua, "keel's cmsgpack, as lua-cmsgpack 0.4.0");
    lua_setfield(lua, -2, "_VERSION");
}

}  // namespace keel::script
