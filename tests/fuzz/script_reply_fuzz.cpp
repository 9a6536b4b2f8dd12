// SPDX-License-Identifier: BSD-3-Clause
//
// What a script returns, as a reply, and what a command replied, as a value of Lua. Any bytes make a value (through
// cmsgpack), which is written in both protocols: each time one whole reply must come of it, whatever texts it holds.
// Those replies are read back and written again. (Build with -DKEEL_FUZZ=ON and clang.)
//
//     | protocols u8 | a value in MessagePack ... |
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/check.h"
#include "protocol/resp/output_buffer.h"
#include "protocol/resp/reply_reader.h"
#include "server/cycle_clock.h"
#include "server/script/convert.h"
#include "server/script/vm.h"
#include "tests/fuzz/collect_always.h"

namespace {

using namespace keel;
using namespace keel::script;

constexpr std::size_t kMostBytes = 1 << 20;

struct Protocols {
    int client;
    int script;
};

std::string taken(OutputBuffer& output) {
    std::string text;
    while (!output.empty()) {
        iovec piece;
        KEEL_CHECK(output.gather(&piece, 1) == 1);
        text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        output.consume(piece.iov_len);
    }
    return text;
}

// The reply that the value on top of the stack is; empty if it was given up as too large.
std::string written(Vm& vm, lua_State* lua, Protocols protocols) {
    OutputBuffer output;
    Reply reply{output, protocols.client};
    std::string error;
    Stats stats;
    ReplyErrors errors{stats};
    lua_pushvalue(lua, -1);
    const int value = luaL_ref(lua, LUA_REGISTRYINDEX);
    const bool whole = vm.protect(
        [&](lua_State* inner) {
            lua_rawgeti(inner, LUA_REGISTRYINDEX, value);
            write_reply(inner, reply, protocols.script, errors, kMostBytes);
        },
        error);
    luaL_unref(lua, LUA_REGISTRYINDEX, value);
    return whole ? taken(output) : std::string{};
}

void check_one_reply(const std::string& text) {
    ReplyLimits limits;
    limits.max_depth = 1000;
    limits.max_line_bytes = kMostBytes;
    ReplyReader reader{limits};
    KEEL_CHECK(reader.next(text) == ReplyReader::Outcome::complete);
    KEEL_CHECK(reader.consumed() == text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Vm& vm = vm_that_always_collects();
    if (size < 2) return 0;
    const Bytes packed{reinterpret_cast<const char*>(data + 1), size - 1};
    const Protocols protocols{(data[0] & 1) != 0 ? 3 : 2, (data[0] & 2) != 0 ? 3 : 2};
    std::string error;
    const int handle = vm.compile("local packed = ... return cmsgpack.unpack_one(packed)", "@fuzz", error);
    KEEL_CHECK(handle != LUA_NOREF);
    vm.begin(CycleClock::ticks());
    vm.protect(
        [&](lua_State* lua) {
            lua_rawgeti(lua, LUA_REGISTRYINDEX, handle);
            push_bytes(lua, packed);
            lua_call(lua, 1, 2);  // how far it came, and the value
            const std::string first = written(vm, lua, protocols);
            if (first.empty()) return;
            check_one_reply(first);
            push_reply(lua, first);
            if (const std::string again = written(vm, lua, protocols); !again.empty()) check_one_reply(again);
        },
        error);
    vm.release(handle);
    vm.collect_all();
    return 0;
}
