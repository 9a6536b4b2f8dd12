// SPDX-License-Identifier: BSD-3-Clause
//
// What scripts see as `redis` (and `server`): call, pcall, log and their like.
#pragma once

#include <memory>

#include "server/script/lua.h"
#include "server/script/vm.h"

namespace keel::script {

class Runner;

// A fresh interpreter of the runner's, with `redis` and `server` in it. What their functions do, they do through the runner.
std::unique_ptr<Vm> open_vm(Runner& runner, bool unsafe_functions);
// What of `redis` is there while a library is loaded, left on the stack; `register_function`, whose upvalue is `library`, included.
void open_redis_for_load(lua_State* lua, lua_CFunction register_function, void* library);

// An error of a library's function: a table with this text is raised.
int raise_error(lua_State* lua, Bytes text);

}  // namespace keel::script
