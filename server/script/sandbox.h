// SPDX-License-Identifier: BSD-3-Clause
//
// Tables that scripts can read and not change, and the standard library with what would break out of that taken away or
// made safe. The story is in vm.h.
#pragma once

#include "server/script/lua.h"

namespace keel::script {

// Takes the table at the top of the stack and puts its front there: reads go to the table, writes are errors.
void push_front(lua_State* lua);
// If the value at `index` is a front, puts the table behind it on the stack.
bool push_behind(lua_State* lua, int index);

// Lua's libraries into the globals, which are still the real table: what scripts may have of them.
void open_safe_libraries(lua_State* lua, bool unsafe_functions);

// Raises "Script attempted to access nonexistent global variable 'x'": an __index.
int missing_global(lua_State* lua);
// Raises "Attempt to modify a readonly table": a __newindex.
int refuse_write(lua_State* lua);

// Libraries of our own: each leaves its table on the stack.
void open_bit(lua_State* lua);
void open_struct(lua_State* lua);
void open_cmsgpack(lua_State* lua);
void open_cjson(lua_State* lua);

}  // namespace keel::script
