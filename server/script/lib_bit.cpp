// SPDX-License-Identifier: BSD-3-Clause
//
// The library `bit`: operations on 32-bit integers. A number is taken modulo 2^32, rounded to the nearest integer; the
// result is signed, as in the library that scripts know.
#include <bit>
#include <cmath>
#include <cstdint>

#include "server/script/sandbox.h"

namespace keel::script {

namespace {

std::uint32_t bits_of(lua_State* lua, int index) {
    const double number = luaL_checknumber(lua, index);
    // Adding 1.5 * 2^52 leaves the integer in the low bits, whatever the sign; beyond 2^51 as the library does.
    return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(number + 6755399441055744.0));
}

int push_bits(lua_State* lua, std::uint32_t bits) {
    lua_pushnumber(lua, static_cast<std::int32_t>(bits));
    return 1;
}

int bit_tobit(lua_State* lua) { return push_bits(lua, bits_of(lua, 1)); }
int bit_bnot(lua_State* lua) { return push_bits(lua, ~bits_of(lua, 1)); }
int bit_bswap(lua_State* lua) { return push_bits(lua, __builtin_bswap32(bits_of(lua, 1))); }

template <typename F>
int fold(lua_State* lua, F&& join) {
    std::uint32_t bits = bits_of(lua, 1);
    for (int i = lua_gettop(lua); i > 1; --i) bits = join(bits, bits_of(lua, i));
    return push_bits(lua, bits);
}
int bit_band(lua_State* lua) {
    return fold(lua, [](std::uint32_t a, std::uint32_t b) { return a & b; });
}
int bit_bor(lua_State* lua) {
    return fold(lua, [](std::uint32_t a, std::uint32_t b) { return a | b; });
}
int bit_bxor(lua_State* lua) {
    return fold(lua, [](std::uint32_t a, std::uint32_t b) { return a ^ b; });
}

template <typename F>
int shift(lua_State* lua, F&& by) {
    const std::uint32_t bits = bits_of(lua, 1);
    return push_bits(lua, by(bits, static_cast<int>(bits_of(lua, 2) & 31U)));
}
int bit_lshift(lua_State* lua) {
    return shift(lua, [](std::uint32_t bits, int n) { return bits << n; });
}
int bit_rshift(lua_State* lua) {
    return shift(lua, [](std::uint32_t bits, int n) { return bits >> n; });
}
int bit_arshift(lua_State* lua) {
    return shift(lua, [](std::uint32_t bits, int n) {
        return static_cast<std::uint32_t>(static_cast<std::int32_t>(bits) >> n);
    });
}
int bit_rol(lua_State* lua) {
    return shift(lua, [](std::uint32_t bits, int n) { return std::rotl(bits, n); });
}
int bit_ror(lua_State* lua) {
    return shift(lua, [](std::uint32_t bits, int n) { return std::rotr(bits, n); });
}

// tohex (x [, digits]): the last digits, at most 8; in capitals if the count is negative. The least integer has no
// positive counterpart (CVE-2024-31449), so the count is brought into its range first.
int bit_tohex(lua_State* lua) {
    std::uint32_t bits = bits_of(lua, 1);
    std::int64_t count = lua_isnoneornil(lua, 2) ? 8 : static_cast<std::int32_t>(bits_of(lua, 2));
    const char* const digits = count < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    count = count < 0 ? -count : count;
    if (count > 8) count = 8;
    char text[8];
    for (std::int64_t i = count; i-- > 0; bits >>= 4U) text[i] = digits[bits & 15U];
    push_bytes(lua, {text, static_cast<std::size_t>(count)});
    return 1;
}

}  // namespace

void open_bit(lua_State* lua) {
    static constexpr luaL_Reg kFunctions[] = {
        {"tobit", bit_tobit},   {"bnot", bit_bnot},     {"band", bit_band},       {"bor", bit_bor}, {"bxor", bit_bxor},
        {"lshift", bit_lshift}, {"rshift", bit_rshift}, {"arshift", bit_arshift}, {"rol", bit_rol}, {"ror", bit_ror},
        {"bswap", bit_bswap},   {"tohex", bit_tohex},   {nullptr, nullptr},
    };
    lua_newtable(lua);
    luaL_register(lua, nullptr, kFunctions);
}

}  // namespace keel::script
