// SPDX-License-Identifier: BSD-3-Clause
//
// What scripts see as `redis` (and `server`): call, pcall, log and their like.
#pragma once

#include "server/script/lua.h"

namespace keel::script {

class Runner;

// Leaves the table on the stack. What its functions do, they do through the runner.
void open_redis(lua_State* lua, Runner& runner);
// The little of it that is there while a library is loaded; `register_function`, whose upvalue is `library`, included.
void open_redis_for_load(lua_State* lua, lua_CFunction register_function, void* library);

// An error of a library's function: a table with this text is raised.
int raise_error(lua_State* lua, Bytes text);

}  // namespace keel::script
