// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes through the decoders of scripts: cmsgpack, struct and cjson give a value or an error in Lua, and what they
// give can be encoded again. And any bytes as a payload of FUNCTION RESTORE. (Build with -DKEEL_FUZZ=ON and clang.)
//
//     | which u8 | size of the format u8 | format | data ... |
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/check.h"
#include "server/cycle_clock.h"
#include "server/script/library_dump.h"
#include "server/script/vm.h"
#include "tests/fuzz/collect_always.h"

namespace {

using namespace keel;
using namespace keel::script;

constexpr const char* kPrograms[] = {
    "local format, data = ... return cmsgpack.pack(cmsgpack.unpack(data))",
    "local format, data = ... return cmsgpack.unpack_limit(data, #format, #format)",
    "local format, data = ... return struct.unpack(format, data)",
    "local format, data = ... return struct.pack(format, data, #data, data, 1, 2, 3), struct.size(format)",
    "local format, data = ... return cjson.encode(cjson.decode(data))",
    "local format, data = ... local f = loadstring(data, format) return type(f)",
    "local format, data = ... return data:find(format), data:gsub(format, '')",
};

// A pattern may go back over a text for ages, as in any Lua: a server ends such a script, and so does this target.
constexpr int kMostPauses = 200;
void give_up(lua_State* lua, void* pauses) {
    if (++*static_cast<int*>(pauses) > kMostPauses) luaL_error(lua, "this takes too long");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Vm& vm = vm_that_always_collects();
    int pauses = 0;
    vm.on_pause(give_up, &pauses);
    if (size < 2) return 0;
    Bytes input{reinterpret_cast<const char*>(data), size};
    const std::size_t which = data[0] % (std::size(kPrograms) + 1);
    const std::size_t format_size = std::min<std::size_t>(data[1], size - 2);
    const Bytes format = input.substr(2, format_size);
    input.remove_prefix(2 + format_size);
    if (which == std::size(kPrograms)) {
        if (const auto codes = read_libraries(input)) {
            const std::vector<Bytes> views{codes->begin(), codes->end()};
            KEEL_CHECK(read_libraries(dump_libraries(views)).has_value());
        }
        return 0;
    }
    std::string error;
    const int handle = vm.compile(kPrograms[which], "@fuzz", error);
    KEEL_CHECK(handle != LUA_NOREF);
    vm.begin(CycleClock::ticks());
    vm.protect(
        [&](lua_State* lua) {
            lua_rawgeti(lua, LUA_REGISTRYINDEX, handle);
            push_bytes(lua, format);
            push_bytes(lua, input);
            lua_call(lua, 2, LUA_MULTRET);
        },
        error);
    vm.release(handle);
    vm.collect_all();
    return 0;
}
