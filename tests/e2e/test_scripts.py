# SPDX-License-Identifier: BSD-3-Clause
"""Scripts and functions: the sandbox, long runs, the cache, DUMP and RESTORE with the live peer. What scripts compute and
answer is compared with redis-server 7.0 command by command in tests/differential (family scripts).

The tests of the sandbox name the flaw of Redis' Lua (2015 to 2026) whose kind they show closed; docs/security.md lists them.
"""
import hashlib
import subprocess
import tempfile
import time

import pytest

from keel import PEER, SANITIZED, free_port, info_of, keel_only, wait_for
from resp import Client, Closed, Error

pytestmark = keel_only


def sha(script):
    return hashlib.sha1(script.encode()).hexdigest()


# ---- The sandbox: what a script cannot reach or change ----


@pytest.mark.parametrize("name", ["os.execute", "os.exit", "os.getenv", "io", "package", "require", "module", "debug", "dofile", "loadfile",
                                  "print", "newproxy", "getfenv", "setfenv", "loadlib"])
def test_no_way_to_the_system(c, name):
    reply = c("EVAL", "return type(%s)" % name, 0)
    assert reply == b"nil" if "." in name else "nonexistent global variable '%s'" % name in reply


# CVE-2025-46818, CVE-2022-24735: code left behind for the next script, which may be somebody else's.
@pytest.mark.parametrize("change", [
    "x = 1", "_G.x = 1", "rawset(_G, 'x', 1)", "setmetatable(_G, {})", "getmetatable(_G).__index = {}", "KEYS = {}", "redis = {}",
    "redis.call = 1", "rawset(redis, 'call', 1)", "server.pcall = 1", "string.len = 1", "rawset(string, 'len', 1)",
    "table.insert(string, 1)", "table.insert(_G, 1)", "table.remove(_G)", "table.sort(table)", "setmetatable(string, {})",
    "getmetatable('').__index = {}", "rawset(getmetatable(''), '__index', {})", "getmetatable('').__add = print", "math.huge = 1",
    "cjson.encode = 1", "cmsgpack.pack = 1", "bit.band = 1", "struct.pack = 1", "os.clock = 1", "coroutine.wrap = 1",
    "for k, v in pairs(_G) do _G[k] = 1 end", "local n, t = pairs(string) t.len = 1", "local n, t = pairs(string) rawset(t, 'len', 1)",
    "next(string) rawset(string, next(string), 1)",
])
def test_nothing_stays_behind(c, change):
    reply = c("EVAL", "local print = function() end " + change, 0)
    assert isinstance(reply, Error), change
    assert c("EVAL", "return {('x'):len(), string.len('ab'), type(redis.call), type(_G), math.huge > 1}", 1, "k") == [1, 2, b"function", b"table", 1]


def test_the_tables_behind_are_not_handed_out(c):
    assert c("EVAL", "local n, t = pairs(string) return {t == string, rawequal(t, string)}", 0) == [1, 1]
    assert c("EVAL", "return getmetatable('').__index == string", 0) == 1
    assert c("EVAL", "local names = {} for k in pairs(_G) do names[#names + 1] = k end return #names > 25 and rawget(_G, 'string') ~= nil", 0) == 1


def test_options_begin_anew(c):
    c("EVAL", "cjson.encode_number_precision(3) cjson.encode_max_depth(1) collectgarbage('stop') collectgarbage('setpause', 100000)", 0)
    assert c("EVAL", "return cjson.encode({{1}})", 0) == b"[[1]]"
    assert c("EVAL", "return cjson.encode(1/3)", 0) == b"0.33333333333333"


# Bytecode makes the interpreter read and write anywhere (the escapes of 2015 and later).
@pytest.mark.parametrize("load", ["loadstring(code)", "load(function() local c = code code = nil return c end)",
                                  "load((function() local i = 0 return function() i = i + 1 if i <= #code then return code:sub(i, i) end end end)())"])
def test_no_bytecode(c, load):
    reply = c("EVAL", "local code = string.dump(function() return 1 end) local f, why = %s return {type(f), why}" % load, 0)
    assert reply == [b"nil", b"binary chunks are not allowed"]
    assert isinstance(c("EVAL", b"\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00", 0), Error)


# CVE-2025-67733: a line break in a reply made of a script's text begins a reply of its own.
@pytest.mark.parametrize("protocol", ["2", "3"])
@pytest.mark.parametrize("script, reply", [
    ("return redis.error_reply('a\\r\\n+b')", "ERR a  +b"), ("return redis.status_reply('a\\r\\n+b')", "a  +b"),
    ("return {err='x\\r\\n+b'}", "x  +b"), ("return {ok='x\\r\\n+b'}", "x  +b"), ("error('x\\r\\n+b')", "x  +b"),
    ("error({err='x\\r\\n+b'})", "x  +b"), ("return redis.pcall('no\\r\\n+b')", "Unknown Redis command"),
    ("return redis.call('get\\r\\n+b')", "Unknown Redis command"), ("redis.setresp(3) return {big_number='1\\r\\n+b'}", b"1  +b"),
    ("redis.setresp(3) return {verbatim_string={format='t\\r\\n', string='x'}}", None), ("return {{ok='a\\nb'}, {err='c\\rd'}}", None)])
def test_no_reply_holds_a_line_break_of_a_script(server, protocol, script, reply):
    with server.client() as c:
        c("HELLO", protocol)
        if protocol == "3" and "big_number" in script:
            c.send("EVAL", script, "0")
            assert c.line() == b"(1  +b"
            return
        told = c("EVAL", script, "0")
        assert reply is None or reply in (told if isinstance(reply, str) else [told, str(told).encode()]), told
        assert c("ECHO", "in step") == b"in step"


# CVE-2022-24736, CVE-2021-32626: a chunk that ends the server when it is compiled, or runs off Lua's stack.
@pytest.mark.parametrize("source", [
    b"", b"\0", b"return 1\0+1", b"(" * 300, b"return " + b"(" * 190 + b"1" + b")" * 190, b"local " + b",".join(b"a%d" % i for i in range(250)),
    b"return " + b"-" * 5001 + b"1", b"return " + b"not " * 3000 + b"1", b"x=" * 10, b"return " + b"{" * 300 + b"}" * 300, b"goto a ::a::",
    b"--[==[ unfinished", b"return [==[ unfinished", b"return '\\999'", b"return '\\", b"return 0x", b"return 1e", b"return ..", b"return " + b"a." * 9000 + b"b",
    b"local t = {} " + b"t.a" * 3000, b"return " + b"'x'.." * 5000 + b"'x'", b"return {unpack({}, 1, 7999)}", b"return redis.call('echo', unpack({}, 1, 9000))",
    b"return redis.call(unpack({}, 1, 7000))", b"return string.format(('%s'):rep(240), unpack({}, 1, 200))", b"a,b=" + b"1," * 300 + b"1",
    b"local function f() return 1 + f() end return f()", b"return setmetatable({}, {__index = function(t, k) return t[k] end}).x",
    b"local f = " + b"function() return " * 190 + b"1" + b" end" * 190, b"return #{" + b"1," * 100000 + b"}", b"if " + b"a and " * 5000 + b"a then end",
    b"\xff\xfe", b"return '\xff\xfe'", b"#!lua\n\0", b"#!lua flags=\0\nreturn 1"])
def test_strange_sources(c, source):
    c("EVAL", source, "0")
    c("SCRIPT", "LOAD", source)
    c("FUNCTION", "LOAD", b"#!lua name=strange\n" + source)
    assert c("PING") == "PONG"


# CVE-2021-32672: a debugger that reads beyond what it was sent. There is none.
def test_no_debugger(c):
    assert isinstance(c("SCRIPT", "DEBUG", "SYNC"), Error)
    assert c("EVAL", "redis.debug('x') return redis.breakpoint()", "0") is None  # said to nobody


# CVE-2022-0543: a library that the packager linked brought `package` along.
def test_loadstring_sees_the_sandbox(c):
    assert "nonexistent global" in c("EVAL", "return loadstring('return package')()", 0)


# ---- Memory bugs ----


# CVE-2025-49844: the name of a chunk was collected while it was compiled.
def test_collecting_while_compiling(c):
    script = """
        local pieces, i = {'local t = {', '}', ' return #t'}, 0
        local f = load(function()
            i = i + 1
            for j = 1, 5 do local garbage = {} garbage[1] = ('x'):rep(j) end
            collectgarbage('collect')
            if i > 1000 then return i == 1001 and pieces[3] or nil end
            return i == 1 and pieces[1] or i == 1000 and pieces[2] or ('"' .. i .. '",')
        end, ('name'):rep(100))
        collectgarbage('collect')
        return f and f()"""
    assert c("EVAL", script, 0) == 998
    for size in (1, 100, 10000):
        assert c("EVAL", "local f = loadstring(('return 1 '):rep(1), ('n'):rep(%d)) collectgarbage() return f()" % size, 0) == 1


# CVE-2025-46817: a count that wrapped around.
@pytest.mark.parametrize("range", ["-1, 2147483647", "-2147483648, 2147483647", "1, 2147483647", "2147483640, 2147483647", "1, 8000", "-2147483648, -1"])
def test_unpack_counts(c, range):
    reply = c("EVAL", "return select('#', unpack({1, 2}, %s))" % range, 0)
    assert isinstance(reply, int) or "too many results to unpack" in reply


# As many words as Lua takes leave no room beside them.
def test_a_command_of_very_many_words(c):
    fill = "local words = {} for i = 1, 7997 do words[i] = i end "
    assert c("EVAL", fill + "return redis.call('RPUSH', KEYS[1], unpack(words))", 1, "k") == 7997
    assert c("EVAL", fill + "return redis.call('MGET', unpack(words))", 0) == [None] * 7997
    assert c("EVAL", fill + "return redis.pcall('RPUSH', KEYS[1], unpack(words))", 1, "k") == 2 * 7997
    assert c("EVAL", fill + "return redis.pcall('NOSUCH', unpack(words))", 0).code == "ERR"
    assert c("EVAL", fill + "return {redis.call('HMGET', 'h', unpack(words)), redis.call('LINDEX', KEYS[1], 0)}", 1, "k") == [[None] * 7997, b"1"]


# CVE-2025-46819: the lexer counted the signs of a long bracket in an int, and looked outside of the text at its end.
@pytest.mark.parametrize("text", ids=range(8), argvalues=["[" + "=" * 70000, "[" + "=" * 70000 + "[x", "[=", "[==[", "--[" + "=" * 70000, "--[==[ ]=]", "[[", "[=[ ]]"])
def test_long_brackets(c, text):
    c("EVAL", "return " + text, 0)
    c("EVAL", "return type(loadstring(ARGV[1]))", 0, "return " + text)
    assert c("EVAL", "return type(loadstring(ARGV[1]))", 0, "return 1") == b"function"


# CVE-2024-31449: bit.tohex wrote past its buffer for the least count.
@pytest.mark.parametrize("count, text", [("-2147483648", b"00000001"), ("2147483647", b"00000001"), ("-8", b"00000001"), ("0", b""), ("-1", b"1"), ("1e10", b"00000001")])
def test_tohex(c, count, text):
    assert c("EVAL", "return bit.tohex(1, %s)" % count, 0) in (text, b"00000001")


# CVE-2024-46981, CVE-2022-24834 and older: lengths in cjson and cmsgpack.
def test_json_grows_by_checked_steps(c):
    c.timeout *= 6  # half a gigabyte is written before it is too large
    assert c("EVAL", r"return #cjson.encode(('\1'):rep(1000000))", 0) == 6000002
    assert "too large" in c("EVAL", "local t = {('x'):rep(1000000)} for i = 1, 20 do t = {t, t} end return #cjson.encode(t)", 0)


@pytest.mark.parametrize("script", [
    "return cjson.encode({t = t})", "cjson.encode_max_depth(2147483647) return cjson.encode(t)",
    "cjson.decode_max_depth(2147483647) return cjson.decode(('['):rep(1000000))", "return cjson.decode(('{\"a\":'):rep(1000000))",
    "return cmsgpack.unpack(('\\145'):rep(1000000))", "return cmsgpack.unpack(('\\129\\1'):rep(1000000))", "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
    "return cmsgpack.unpack('\\219\\255\\255\\255\\255x')", "return cmsgpack.unpack('\\223\\255\\255\\255\\255\\1')", "return cmsgpack.unpack_limit(('\\1'):rep(100000), 2147483647)",
    "return struct.unpack('c0', 'x')", "return struct.unpack('bc0', '\\255x')", "return struct.unpack('I' .. ('9'):rep(100), 'x')", "return struct.pack('i33', 1)",
    "return struct.unpack('c2147483647', 'x')", "return struct.unpack('i', 'xxxx', 2147483647)", "return struct.unpack('dc0', ('\\255'):rep(16))",
    "return struct.unpack('i', 'xxxx', -9223372036854775808)", "return cmsgpack.unpack_one('x', -1)", "return cmsgpack.unpack_limit('x', -1)",
])
def test_depth_and_size_of_encodings(c, script):
    assert isinstance(c("EVAL", "local t = {} for i = 1, 100000 do t = {t} end " + script, 0), Error)
    assert c("PING") == "PONG"


def test_packing_a_table_in_itself(c):
    assert len(c("EVAL", "local t = {} t[1] = t return cmsgpack.pack(t)", 0)) == 17
    assert "excessive nesting" in c("EVAL", "local t = {} t[1] = t return cjson.encode(t)", 0)


# The C stack and Lua's own.
@pytest.mark.parametrize("script", [
    "local function f() return 1 + f() end return f()", "local function f() return coroutine.wrap(f)() end return f()",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end return t.x",
    "local f f = function() return pcall(f) end local ok, e = f() error('end')", "return ('a'):rep(100000):find(('a?'):rep(100000))",
    "return ('a'):rep(100000):gsub(('(a'):rep(50000), '')", "return ('a'):rep(300000):match(('a-'):rep(300000) .. 'b')",
    "return loadstring('return ' .. ('('):rep(100000))()", "return loadstring(('if true then '):rep(10000))()",
    "local f = xpcall for i = 1, 10000 do local g = f f = function() return xpcall(g, g) end end f() error('end')",
    "return string.format(('%s'):rep(300), unpack({}))",
])
def test_deep_recursion_ends_in_an_error(c, script):
    assert isinstance(c("EVAL", script, 0), Error)
    assert c("PING") == "PONG"


def test_a_reply_in_itself(server):
    with server.client() as c:
        c.send("EVAL", "local t = {} t[1] = t return t", 0)
        assert c.drain(1).endswith(b"*1\r\n-ERR reached lua stack limit\r\n")


# Memory has a bound, and what passes it is the script's error.
@pytest.mark.parametrize("script", [
    "return ('x'):rep(2147483647)", "return ('xxxxxxxx'):rep(2147483647)", "local s = ('x'):rep(100000000) for i = 1, 20 do s = s .. s end return #s",
    "local t = {} for i = 1, 30 do t[i] = ('x'):rep(90000000) .. i end return 1", "return #table.concat({('x'):rep(300000000), ('y'):rep(300000000)}):rep(4)",
])
def test_memory_has_a_bound(start, script):
    with start().client(timeout=120) as c:
        reply = c("EVAL", script, 0)
        assert isinstance(reply, Error) and ("memory" in reply or "too large" in reply), reply
        assert c("EVAL", "return 1", 0) == 1


def test_empty_rep_takes_no_time(c):
    assert c("EVAL", "return #(''):rep(2147483647)", 0) == 0


@pytest.mark.skipif(SANITIZED, reason="a gigabyte takes a sanitizer long")
@keel_only
def test_rep_goes_as_far_as_it_says(start):
    with start().client(timeout=60) as c:
        assert c("EVAL", "return #('x'):rep(536870912)", 0) == 536870912
        assert "too large" in c("EVAL", "return #('x'):rep(536870913)", 0)


# ---- The cache ----


def test_scripts_of_eval_are_bounded_and_loaded_ones_stay(start):
    with start().client() as c:
        kept = c("SCRIPT", "LOAD", "return 'kept'").decode()
        for i in range(600):
            c("EVAL", "return %d" % i, 0)
        known = c("SCRIPT", "EXISTS", kept, sha("return 0"), sha("return 99"), sha("return 100"), sha("return 599"))
        assert known == [1, 0, 0, 1, 1]
        assert c("EVALSHA", kept.upper(), 0) == b"kept"
        assert c("SCRIPT", "FLUSH") == "OK"
        assert c("EVALSHA", kept, 0).code == "NOSCRIPT"


def test_script_show(c):
    name = c("SCRIPT", "LOAD", "return 5")
    assert c("SCRIPT", "SHOW", name) == b"return 5"
    assert c("SCRIPT", "SHOW", "0" * 40).code == "NOSCRIPT"


# ---- Commands in scripts ----


def test_select_ends_with_the_script(c):
    c("EVAL", "redis.call('select', 9) redis.call('set', 'k', 1)", 0)
    assert c("EXISTS", "k") == 0
    c("SELECT", 9)
    assert c("EXISTS", "k") == 1


def test_large_replies_and_arguments(c):
    c("EVAL", "redis.call('set', KEYS[1], ('x'):rep(1000000)) for i = 1, 5000 do redis.call('rpush', KEYS[2], ('y'):rep(20) .. i) end", 2, "s", "l")
    assert c("EVAL", "return {#redis.call('get', KEYS[1]), #redis.call('lrange', KEYS[2], 0, -1)}", 2, "s", "l") == [1000000, 5000]
    assert len(c("EVAL", "return redis.call('lrange', KEYS[1], 0, -1)", 1, "l")) == 5000


def test_monitor_shows_who_asks(server):
    with server.client() as watcher, server.client() as c:
        watcher("MONITOR")
        c("EVAL", "return redis.call('get', KEYS[1])", 1, "key")
        lines = [watcher.read(), watcher.read()]
        assert '"EVAL"' in lines[0] and "lua]" not in lines[0]
        assert ' lua] "get" "key"' in lines[1]


def test_out_of_memory(start):
    with start({"maxmemory": 1}).client() as c:
        assert c("EVAL", "return redis.call('set', KEYS[1], 1)", 1, "k").code == "OOM"
        assert c("EVAL", "return redis.call('get', KEYS[1])", 1, "k") is None
        assert c("EVAL", "#!lua\nreturn 1", 0).code == "OOM"
        assert c("EVAL", "#!lua flags=no-writes\nreturn 1", 0) == 1
        assert c("EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', KEYS[1], 1)", 1, "k") == "OK"


# ---- Long runs ----

FOREVER = "while true do end"


@pytest.fixture
def impatient(start):
    return start({"busy-reply-threshold": 20})


def run_in_background(server, *words):
    c = server.client(timeout=60)
    c.send(*words)
    time.sleep(0.4)
    return c


def test_others_are_told_and_can_kill(impatient):
    runner = run_in_background(impatient, "EVAL", FOREVER, "0")
    with impatient.client() as c:
        for _ in range(3):
            assert c("GET", "k") == Error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
        stats = c("FUNCTION", "STATS")
        assert stats[1][3] == [b"EVAL", FOREVER.encode(), b"0"] and stats[1][5] >= 20
        assert c("FUNCTION", "KILL").code == "BUSY"
        assert c("SHUTDOWN").code == "BUSY"
        assert c("SCRIPT", "KILL") == "OK"
        assert "Script killed by user with SCRIPT KILL." in runner.read()
        assert c("SCRIPT", "KILL").code == "NOTBUSY"
        assert c("SET", "k", "v") == "OK"
    assert runner("GET", "k") == b"v"


@pytest.mark.parametrize("script", ["while true do pcall(function() while true do end end) end",
                                    "while true do pcall(coroutine.wrap(function() while true do end end)) end",
                                    "local function f() while true do end end while true do xpcall(f, f) end"])
def test_pcall_does_not_stop_a_kill(impatient, script):
    runner = run_in_background(impatient, "EVAL", script, "0")
    with impatient.client() as c:
        assert c("SCRIPT", "KILL") == "OK"
        assert isinstance(runner.read(), Error)
        assert c("PING") == "PONG"


def test_what_has_written_cannot_be_killed(start):
    server = start({"busy-reply-threshold": 20})
    server.expect_exit = True
    runner = run_in_background(server, "EVAL", "redis.call('set', 'k', 1) " + FOREVER, "0")
    with server.client() as c:
        assert c("SCRIPT", "KILL").code == "UNKILLABLE"
        c.send("SHUTDOWN", "NOSAVE")
        with pytest.raises(Closed):
            c.read()
    assert server.wait_exit() == 0
    runner.close()


def test_functions_are_killed_as_such(impatient):
    with impatient.client() as c:
        c("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('forever', function() while true do end end)")
        runner = run_in_background(impatient, "FCALL", "forever", "0")
        assert c("PING") == Error("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.")
        assert c("SCRIPT", "KILL").code == "BUSY"
        assert c("FUNCTION", "STATS")[1][1] == b"forever"
        assert c("FUNCTION", "KILL") == "OK"
        assert isinstance(runner.read(), Error)


def test_what_was_sent_behind_the_script_waits(impatient):
    runner = impatient.client(timeout=60)
    runner.send("SET", "k", "1")
    runner.send("EVAL", FOREVER, "0")
    for i in range(100):
        runner.send("INCR", "k")
    time.sleep(0.4)
    with impatient.client() as c:
        assert c("PING").code == "BUSY"
        runner.send("INCR", "k")
        assert c("SCRIPT", "KILL") == "OK"
    assert runner.read() == "OK"
    assert isinstance(runner.read(), Error)
    assert [runner.read() for _ in range(101)] == list(range(2, 103))


def test_clients_come_and_go_meanwhile(impatient):
    waiting = impatient.client()
    waiting.send("BLPOP", "list", "0")
    runner = run_in_background(impatient, "EVAL", FOREVER, "0")
    clients = [impatient.client() for _ in range(20)]
    for client in clients:
        client.send("PING")
        client.send("PING")
    for client in clients:
        assert client.read().code == "BUSY" and client.read().code == "BUSY"
    for client in clients[:10]:
        client.close()
    runner.close()  # the one whose script runs
    waiting.send("PING")
    with impatient.client() as c:
        c.send_raw(b"*2\r\n$3\r\nGET\r\n$1\r\n")
        with impatient.client() as other:
            assert other("SCRIPT", "KILL") == "OK"
            other("RPUSH", "list", "x")
    assert waiting.read() == [b"list", b"x"]
    assert waiting.read() == "PONG"
    for client in clients[10:]:
        assert client("PING") == "PONG"


def test_a_short_script_is_not_busy(impatient):
    with impatient.client() as c:
        assert c("EVAL", "local n = 0 for i = 1, 1000 do n = n + i end return n", 0) == 500500
        assert c("SCRIPT", "KILL").code == "NOTBUSY"


def test_loading_a_library_takes_half_a_second_at_most(c):
    began = time.time()
    assert "FUNCTION LOAD timeout" in c("FUNCTION", "LOAD", "#!lua name=l\nwhile true do end")
    assert time.time() - began < 10
    assert c("FUNCTION", "LIST") == []


# ---- Functions ----

LIBRARY = "#!lua name=mylib\n" + "-- some text that is worth packing, packing, packing, packing, packing\n" * 5 + """
redis.register_function{function_name='get', callback=function(keys, args) return redis.call('get', keys[1]) end,
                        flags={'no-writes'}, description='reads'}
redis.register_function('set', function(keys, args) return redis.call('set', keys[1], args[1]) end)
"""


@pytest.fixture
def peer():
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([PEER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder)

        def answers():
            try:
                return Client(port)
            except OSError:
                return None

        client = wait_for(answers, what="redis-server to listen")
        yield client
        client.close()
        process.terminate()
        process.wait()


@pytest.mark.skipif(not PEER, reason="no redis-server to compare with")
def test_dump_goes_to_the_peer_and_back(c, peer):
    c("FUNCTION", "FLUSH")
    assert c("FUNCTION", "DUMP") == peer("FUNCTION", "DUMP")
    assert c("FUNCTION", "LOAD", LIBRARY) == b"mylib"
    assert peer("FUNCTION", "RESTORE", c("FUNCTION", "DUMP")) == "OK"
    assert peer("FCALL", "set", 1, "k", "v") == "OK"
    assert peer("FUNCTION", "LIST", "WITHCODE")[0][7] == LIBRARY.encode()
    dump = peer("FUNCTION", "DUMP")
    assert len(dump) < len(LIBRARY)  # it packs the text
    assert c("FUNCTION", "RESTORE", dump) == Error("ERR Library mylib already exists")
    c("FUNCTION", "FLUSH")
    assert c("FUNCTION", "RESTORE", dump) == "OK"
    assert c("FUNCTION", "LIST", "WITHCODE")[0][7] == LIBRARY.encode()
    c("FUNCTION", "FLUSH")


def test_a_flush_takes_one_word(c):
    c("FUNCTION", "LOAD", "REPLACE", LIBRARY)
    assert c("FUNCTION", "FLUSH", "SYNC", "x") == Error("ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.")
    assert c("FUNCTION", "FLUSH", "x") == Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    assert len(c("FUNCTION", "LIST")) == 1
    assert c("FUNCTION", "FLUSH", "SYNC") == "OK"


def test_a_payload_that_fails_changes_nothing(c):
    c("FUNCTION", "FLUSH")
    c("FUNCTION", "LOAD", LIBRARY)
    dump = c("FUNCTION", "DUMP")
    assert c("FUNCTION", "RESTORE", dump[:-1] + bytes([dump[-1] ^ 1])) == Error("ERR DUMP payload version or checksum are wrong")
    for mode in ("FLUSH", "REPLACE"):
        assert c("FUNCTION", "RESTORE", dump, mode) == "OK"
    assert c("FUNCTION", "RESTORE", dump, "APPEND").code == "ERR"
    assert len(c("FUNCTION", "LIST")) == 1
    c("SET", "k", "v")
    assert c("FCALL_RO", "get", 1, "k") == b"v"
    c("FUNCTION", "FLUSH")


@keel_only
def test_a_payload_is_built_once(start):
    server = start()
    with server.client() as c:
        c("FUNCTION", "LOAD", "#!lua name=loud\nredis.log(redis.LOG_WARNING, 'loaded now') redis.register_function('f', function() return 1 end)")
        dump = c("FUNCTION", "DUMP")
        for mode, loads in (("FLUSH", 2), ("REPLACE", 3), ("FLUSH", 4)):
            assert c("FUNCTION", "RESTORE", dump, mode) == "OK"
            assert server.log().count("loaded now") == loads, mode
            assert c("FCALL", "f", 0) == 1
        c("FUNCTION", "FLUSH")
        c("FUNCTION", "LOAD", "#!lua name=counts\nlocal n = 0 redis.register_function('f', function() n = n + 1 return n end)")
        c("FCALL", "f", 0)
        assert c("FUNCTION", "RESTORE", b"nothing", "FLUSH").code == "ERR"
        assert c("FCALL", "f", 0) == 2


@keel_only
@pytest.mark.parametrize("kind", ["SCRIPT", "FUNCTION"])
def test_a_large_interpreter_is_closed_in_the_background(start, kind):
    with start().client(timeout=60) as c:
        def fill():
            for i in range(400):
                body = "local t = {%s}" % ",".join("'%d-%d'" % (i, j) for j in range(200))
                if kind == "SCRIPT":
                    c("SCRIPT", "LOAD", body)
                else:
                    c("FUNCTION", "LOAD", "#!lua name=l%d\n%s redis.register_function('f%d', function() return t end)" % (i, body, i))

        def figures():
            memory = info_of(c, "memory")
            return int(memory["lazyfree_pending_objects"]), int(memory["lazyfreed_objects"])

        fill()
        assert c(kind, "FLUSH", "SYNC") == "OK"
        assert figures() == (0, 0)
        fill()
        assert c(kind, "FLUSH", "ASYNC") == "OK"
        wait_for(lambda: figures() == (0, 400), what="the interpreter to be closed")
        fill()
        c("CONFIG", "SET", "lazyfree-lazy-user-flush", "no")
        assert c(kind, "FLUSH") == "OK"
        assert figures() == (0, 400)
        assert c("EVAL", "return 1", 0) == 1


@keel_only
@pytest.mark.skipif(SANITIZED, reason="a sanitizer's times tell nothing")
def test_flushing_many_scripts_in_the_background_takes_no_time(start):
    def took_us(c, how):
        for first in range(0, 20_000, 1000):
            c.pipeline([("SCRIPT", "LOAD", "return %d" % (first + i)) for i in range(1000)])
        c("CONFIG", "RESETSTAT")
        assert c("SCRIPT", "FLUSH", how) == "OK"
        return int(dict(pair.split("=") for pair in info_of(c, "commandstats")["cmdstat_script|flush"].split(","))["usec"])

    with start().client(timeout=60) as c:
        slow = min(took_us(c, "SYNC") for _ in range(2))
        assert sorted(took_us(c, "ASYNC") for _ in range(5))[2] < slow / 8


@pytest.mark.parametrize("source, code", [
    ("return {err=''}", "ERR"), ("return {err='alone'}", "ERR"), ("return {err='MY own'}", "MY"), ("return {err=string.rep('x', 40) .. ' y'}", "ERR")])
def test_errors_of_scripts_are_counted_by_their_first_word_if_there_are_more(c, source, code):
    c("CONFIG", "RESETSTAT")
    assert isinstance(c("EVAL", source, 0), Error)
    assert {name: value for name, value in info_of(c, "errorstats").items() if name.startswith("errorstat")} == {"errorstat_" + code: "count=1"}


@pytest.mark.parametrize("source, counts, failed", [
    ("return {{err=''},{err='a'}}", {"ERR": 2}, 1),
    ("return {{err='A x'},{err='A y'},{{err='B z'}}}", {"A": 2, "B": 1}, 1),
    ("return {redis.error_reply('a'), {redis.error_reply('B c')}}", {"ERR": 1, "B": 1}, 1),
    ("return {redis.pcall('get'), redis.pcall('nosuch')}", {"ERR": 2}, 2),
    ("return {redis.pcall('get'), {err='XX y'}}", {"ERR": 1, "XX": 1}, 2),
    ("return redis.pcall('get')", {"ERR": 1}, 1),
    ("return redis.call('get')", {"ERR": 1}, 1),
    ("redis.pcall('get')", {"ERR": 1}, 0),
    ("redis.pcall('get') error({err='A b'})", {"ERR": 1, "A": 1}, 1),
    ("error('x')", {"ERR": 1}, 1)])
def test_every_error_in_the_reply_of_a_script_is_counted(c, source, counts, failed):
    c("CONFIG", "RESETSTAT")
    c("EVAL", source, 0)
    errors = {name: value for name, value in info_of(c, "errorstats").items() if name.startswith("errorstat")}
    assert errors == {"errorstat_" + code: "count=%d" % count for code, count in counts.items()}
    assert info_of(c, "stats")["total_error_replies"] == str(sum(counts.values()))
    assert info_of(c, "commandstats")["cmdstat_eval"].endswith("failed_calls=%d" % failed)
    # EXEC answers with them, and does not fail itself.
    c("CONFIG", "RESETSTAT"), c("MULTI"), c("EVAL", source, 0), c("EXEC")
    assert info_of(c, "stats")["total_error_replies"] == str(sum(counts.values()))
    assert info_of(c, "commandstats")["cmdstat_exec"].endswith("failed_calls=0")


def test_replacing_keeps_the_old_library_when_the_new_one_fails(c):
    c("FUNCTION", "FLUSH")
    c("FUNCTION", "LOAD", LIBRARY)
    assert isinstance(c("FUNCTION", "LOAD", "REPLACE", "#!lua name=mylib\nredis.register_function('a', 1)"), Error)
    assert c("FCALL", "set", 1, "k", "v") == "OK"
    assert c("FUNCTION", "LOAD", "REPLACE", "#!lua name=mylib\nredis.register_function('a', function() return 1 end)") == b"mylib"
    assert c("FCALL", "set", 1, "k", "v").endswith("Function not found")
    assert c("FCALL", "A", 0) == 1
    c("FUNCTION", "FLUSH")


@pytest.mark.parametrize("error", ["{}", "setmetatable({}, {__tostring = function() return 'x' end})", "nil", "true", "function() end", "{err = 5}", "{err = ''}"])
def test_errors_without_a_text(c, error):
    assert isinstance(c("EVAL", "error(%s)" % error, 0), Error)
    assert c("PING") == "PONG"
