// SPDX-License-Identifier: BSD-3-Clause
//
// Lua 5.1 and what all our functions for it share.
//
// The library is the one built as C++: an error in Lua is a C++ exception, so the destructors of our frames run when a
// script fails underneath them. So nothing that may raise an error stands in a noexcept function, and nothing that a
// script can reach catches what it does not know.
#pragma once

#include <lua.hpp>

#include "protocol/base/bytes.h"

namespace keel::script {

// The string (or number, which becomes one) at this place of the stack; valid while it stands there.
inline Bytes bytes_at(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(lua, index, &size);
    return text == nullptr ? Bytes{} : Bytes{text, size};
}
// The same for an argument that must be one.
inline Bytes check_bytes(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    return {text, size};
}
inline void push_bytes(lua_State* lua, Bytes bytes) { lua_pushlstring(lua, bytes.data(), bytes.size()); }

}  // namespace keel::script
