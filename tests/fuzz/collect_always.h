// SPDX-License-Identifier: BSD-3-Clause
//
// An interpreter whose collector goes round whenever it has the chance: what is used but not held is gone at once,
// where a server would run for days before it is gone at the wrong moment.
#pragma once

#include <string>

#include "protocol/base/check.h"
#include "server/script/vm.h"

namespace keel {

// One for all inputs.
inline script::Vm& vm_that_always_collects() {
    static script::Vm vm;
    static std::string error;
    static const bool set = vm.protect(
        [](lua_State* lua) {
            constexpr int kNoPause = 0;           // a round begins as soon as the one before has ended,
            constexpr int kWholeRound = 1 << 20;  // and each step goes all the way round
            lua_gc(lua, LUA_GCSETPAUSE, kNoPause);
            lua_gc(lua, LUA_GCSETSTEPMUL, kWholeRound);
        },
        error);
    KEEL_CHECK(set);
    return vm;
}

}  // namespace keel
