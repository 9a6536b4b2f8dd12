// SPDX-License-Identifier: BSD-3-Clause
//
// The interpreter and the conversions by themselves; what scripts do in a server is in tests/e2e/test_scripts.py.
#include <catch2/catch.hpp>

#include <string>

#include "protocol/resp/output_buffer.h"
#include "protocol/resp/reply.h"
#include "server/script/convert.h"
#include "server/script/eval_scripts.h"
#include "server/script/library_dump.h"
#include "server/script/program.h"
#include "server/script/vm.h"

using namespace keel;
using namespace keel::script;

namespace {

std::string bytes_of(OutputBuffer& buffer) {
    std::string out;
    iovec pieces[8];
    while (!buffer.empty()) {
        const std::size_t count = buffer.gather(pieces, 8);
        for (std::size_t i = 0; i < count; ++i) {
            out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            buffer.consume(pieces[i].iov_len);
        }
    }
    return out;
}

// What the chunk returns, as a reply; its argument is the reply `from`.
std::string replied(const std::string& chunk, int protocol = 2, const std::string& from = ":1\r\n",
                    int script_protocol = 2) {
    static Vm vm;
    std::string error;
    OutputBuffer buffer;
    Reply reply{buffer, protocol};
    const int handle = vm.compile(chunk, "@test", error);
    if (handle == LUA_NOREF) return error;
    const bool good = vm.protect(
        [&](lua_State* lua) {
            lua_rawgeti(lua, LUA_REGISTRYINDEX, handle);
            push_reply(lua, from);
            lua_call(lua, 1, 1);
            Stats stats;
            ReplyErrors errors{stats};
            write_reply(lua, reply, script_protocol, errors);
        },
        error);
    vm.release(handle);
    return good ? bytes_of(buffer) : error;
}

}  // namespace

TEST_CASE("script: replies of every kind come through Lua as they were") {
    const std::string same = "return ...";
    for (const char* reply : {":7\r\n", ":-9007199254740992\r\n", "$2\r\nab\r\n", "$0\r\n\r\n", "+OK\r\n",
                              "-ERR x y\r\n", "*0\r\n", "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n"}) {
        CHECK(replied(same, 2, reply) == reply);
    }
    for (const char* reply : {"_\r\n", "#t\r\n", "#f\r\n", ",0.5\r\n", ",inf\r\n", "%1\r\n$1\r\nk\r\n:1\r\n",
                              "~1\r\n$1\r\nm\r\n", "(12345678901234567890\r\n", "=6\r\ntxt:ab\r\n"}) {
        CHECK(replied(same, 3, reply, 3) == reply);
    }
    CHECK(replied(same, 2, "$-1\r\n") == "$-1\r\n");
    CHECK(replied(same, 2, "*-1\r\n") == "$-1\r\n");
    CHECK(replied(same, 3, "|1\r\n+a\r\n:1\r\n:5\r\n", 3) == ":5\r\n");
}

TEST_CASE("script: numbers are cut, what does not fit becomes the least integer") {
    CHECK(replied("return 3.99") == ":3\r\n");
    CHECK(replied("return -3.99") == ":-3\r\n");
    CHECK(replied("return 2^62") == ":4611686018427387904\r\n");
    for (const char* value : {"2^63", "1e30", "0/0", "-1/0"})
        CHECK(replied(std::string{"return "} + value) == ":-9223372036854775808\r\n");
}

TEST_CASE("script: an error's text ends before the line's end; it may be empty") {
    CHECK(replied("return {err = ''}") == "-\r\n");
    CHECK(replied("return {err = 'a\\r\\n'}") == "-a\r\n");
    CHECK(replied("return {err = '\\r\\n'}") == "-\r\n");
    CHECK(replied("return {{err = ''}, 1}") == "*2\r\n-\r\n:1\r\n");
}

TEST_CASE("script: errors are counted by code, those of commands as failures only") {
    Stats stats;
    ReplyErrors errors{stats};
    CHECK(errors.failures() == 0);
    errors.add("ERR of a command", true);
    errors.add("ERR of another", true);
    CHECK(errors.failures() == 2);
    CHECK(stats.error_replies == 0);
    errors.add("MY own", false);
    errors.add("MY other", false);
    CHECK(errors.failures() == 3);
    CHECK(stats.error_replies == 2);
    CHECK(stats.errors.at("MY") == 2);
}

TEST_CASE("script: a line stays a line") {
    CHECK(replied("return {ok='a\\r\\nb'}") == "+a  b\r\n");
    CHECK(replied("return {err='a\\nb'}") == "-a b\r\n");
    CHECK(replied("return {big_number='1\\r\\n2'}", 3) == "(1  2\r\n");
}

TEST_CASE("script: error texts get a code") {
    CHECK(with_code("x") == "ERR x");
    CHECK(with_code("-CODE x y") == "CODE x y");
    CHECK(with_code("CODE x y") == "CODE x y");
    CHECK(with_code("-x") == "ERR x");
    CHECK(with_code("x\r\n") == "ERR x");
}

TEST_CASE("script: a front shows its table and cannot be changed") {
    CHECK(replied("return string.len('abc')") == ":3\r\n");
    for (const char* change : {"string.x = 1", "rawset(string, 'x', 1)", "table.insert(math, 1)",
                               "setmetatable(_G, {})", "_G.y = 1", "y = 1"})
        CHECK_THAT(replied(change), Catch::Contains("Attempt to modify a readonly table"));
    CHECK(replied("return type(rawget(_G, 'string')) == 'table' and pairs(string) ~= nil") == ":1\r\n");
}

TEST_CASE("script: memory is counted and bounded") {
    Vm vm;
    const std::size_t before = vm.bytes();
    std::string error;
    const int handle = vm.compile("local t = {} for i = 1, 40 do t[i] = ('x'):rep(90000000) .. i end", "@test", error);
    const bool good = vm.protect(
        [&](lua_State* lua) {
            lua_rawgeti(lua, LUA_REGISTRYINDEX, handle);
            lua_call(lua, 0, 0);
        },
        error);
    CHECK(!good);
    CHECK(error == "not enough memory");
    CHECK(vm.bytes() <= Vm::kMostBytes);
    vm.release(handle);
    for (int i = 0; i < 20; ++i) vm.collect_all();  // each halves the buffer in which Lua joins strings
    CHECK(vm.bytes() < before + 100'000);
}

TEST_CASE("script: the first line says what a script may do") {
    CHECK(has(read_shebang("return 1")->flags, ScriptFlag::undeclared));
    CHECK(read_shebang("#!lua\nx")->flags == ScriptFlag::none);
    CHECK(read_shebang("#!lua flags=no-writes,allow-oom\nx")->flags == (ScriptFlag::no_writes | ScriptFlag::allow_oom));
    CHECK(read_shebang("#!lua flags=\nx")->bytes == 12);
    for (const char* wrong : {"#!lua", "#!foo\n", "#!lua x=1\n", "#!lua flags=x\n", "#!\n"})
        CHECK(!read_shebang(wrong).has_value());
}

TEST_CASE("script: SHA1 in text and back") {
    CHECK(sha_text(sha_of("return 1")) == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    CHECK(parse_sha("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB") == sha_of("return 1"));
    CHECK(!parse_sha("e0e1").has_value());
    CHECK(!parse_sha("g0e1f9fabfc9d4800c877a703b823ac0578ff8db").has_value());
}

TEST_CASE("script: libraries survive dump and reading, and no byte may change") {
    const std::string large(20000, 'x');
    const Bytes codes[] = {"", "short", large};
    const std::string payload = dump_libraries(codes);
    const auto read = read_libraries(payload);
    REQUIRE(read.has_value());
    CHECK(*read == std::vector<std::string>{"", "short", large});
    for (std::size_t i = 0; i < payload.size(); i += i < 20 ? 1 : 997) {
        std::string wrong = payload;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        CHECK(!read_libraries(wrong).has_value());
        CHECK(!read_libraries(Bytes{payload}.substr(0, i)).has_value());
    }
}
