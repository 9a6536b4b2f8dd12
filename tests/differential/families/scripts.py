# SPDX-License-Identifier: BSD-3-Clause
"""Scripts over every kind of reply, their errors, the libraries cjson, cmsgpack, struct and bit, and functions.

A script is put together from pieces, most of which take their values from KEYS and ARGV: replies of commands as Lua sees
them, Lua's values as replies. Scripts that end a redis 7.0 (error({}), a table without a text) are left out, and so are
those whose texts name the engine's own places in memory.
"""
from compare import Step, any_order, exact

WEIGHT = 30
READS = {}

KEYS = [b"sc:string", b"sc:list", b"sc:set", b"sc:hash", b"sc:zset", b"sc:none", b"sc:number"]
WRITES = [
    [b"SET", b"sc:string", b"some text"], [b"SET", b"sc:number", b"41"], [b"RPUSH", b"sc:list", b"a", b"b", b"c"], [b"SADD", b"sc:set", b"one"],
    [b"HSET", b"sc:hash", b"f", b"v"], [b"ZADD", b"sc:zset", b"1.5", b"m"], [b"DEL", b"sc:list"], [b"DEL", b"sc:hash", b"sc:set", b"sc:zset"],
]
# What a command answers, seen from Lua and sent back.
CALLS = [
    "'get', KEYS[1]", "'set', KEYS[1], ARGV[1]", "'set', KEYS[1], ARGV[1], 'nx'", "'incr', KEYS[1]", "'incrbyfloat', KEYS[1], '0.5'", "'lrange', KEYS[1], 0, -1",
    "'hgetall', KEYS[1]", "'smembers', KEYS[1]", "'zrange', KEYS[1], 0, -1, 'withscores'", "'zscore', KEYS[1], 'm'", "'mget', KEYS[1], 'sc:none'", "'type', KEYS[1]",
    "'exists', KEYS[1]", "'ttl', KEYS[1]", "'lpop', KEYS[1]", "'lpop', KEYS[1], 2", "'hget', KEYS[1], 'f'", "'sismember', KEYS[1], 'one'",
    "'echo', ARGV[1]", "'ping'", "'select', 0", "'foo'", "'get'", "", "'get', {}", "'set', KEYS[1], nil", "'config', 'get', 'x'", "'subscribe', 'x'", "'monitor'",
    "'eval', 'return 1', 0", "'object'", "'object', 'x'", "'publish', 'c', ARGV[1]", "'setrange', KEYS[1], -1, 'x'", "'expire', KEYS[1], 'x'", "'geopos', KEYS[1], 'm'",
    "'zpopmin', KEYS[1]", "'lpos', KEYS[1], 'a'", "'hrandfield', KEYS[1]", "'hmget', KEYS[1], 'f', 'g'", "'append', KEYS[1], 1.5", "'set', KEYS[1], 1e20", "'echo', 1/3",
    "'echo', -0.0", "'echo', 2^53", "'echo', 1/0", "'echo', true", "'debug', 'sleep', 0", "'sintercard', 1, KEYS[1]",
]
RETURNS = [
    "return redis.call(%s)", "return redis.pcall(%s)", "return {redis.pcall(%s), 'end'}", "return type(redis.call(%s))", "return {pcall(redis.call, %s)}",
    "redis.setresp(3) return redis.call(%s)", "redis.setresp(3) return type(redis.call(%s))", "local r = redis.pcall(%s) return type(r) == 'table' and (r.err or r.ok or r) or r",
    "redis.setresp(3) local r = redis.pcall(%s) local n = 0 if type(r) == 'table' then for k in pairs(r) do n = n + 1 end end return {type(r), n}",
]
VALUES = [
    "1", "-1.9", "3.99", "1e30", "-1e30", "0/0", "1/0", "2^53", "2^63", "-2^63", "true", "false", "nil", "'text'", "'with\\r\\nlines'", "''", "{}", "{1, 2, nil, 4}", "{1, {2, {3, 'x'}}, true, false}",
    "{ok = 'fine'}", "{ok = 'a\\r\\nb'}", "{err = 'MY error'}", "{err = 'a\\r\\nb'}", "{err = 5}", "{ok = 5}", "{double = 3.25}", "{double = 'x'}", "{map = {a = 1}}", "{map = 1}", "{set = {a = true}}",
    "{big_number = '123456789012345678901234567890'}", "{big_number = 12}", "{verbatim_string = {format = 'txt', string = 'hi'}}", "{verbatim_string = {format = 'txt'}}",
    "function() end", "redis.error_reply('x')", "redis.error_reply('-x y')", "redis.error_reply('-x')", "redis.error_reply('My Err')", "redis.error_reply(1)", "redis.error_reply()",
    "redis.status_reply('x y')", "redis.status_reply('a', 'b')", "redis.sha1hex(ARGV[1])", "redis.sha1hex('')", "cjson.null", "KEYS", "ARGV", "#ARGV", "unpack(ARGV)", "{1, ok = 'x'}", "{1, {err = 'inner'}}",
    "redis.acl_check_cmd('get', 'x')", "redis.replicate_commands()", "redis.breakpoint()", "_VERSION", "tostring(1e15)", "tonumber('0x10')", "math.floor(-1.5)", "(function() math.randomseed(7) return {math.random(100), math.random(5, 7), math.random() < 1} end)()",
    "redis.REPL_ALL", "redis.LOG_WARNING", "string.format('%5.2f|%s|%d|%q', 1.234, 'x', 7, 'a\\nb')", "('abc'):gsub('b', '%%0%0')", "{('key=value'):match('(%w+)=(%w+)')}", "table.concat({1, 2, 'x'}, ',')",
    "{string.find('abcabc', 'ca')}", "{string.byte('abc', 1, -1)}", "select('#', nil, nil)", "{pcall(error, 'x')}", "{pcall(error, {err = 'E x'})}", "type(next({}))", "rawequal(redis, redis)", "loadstring('return 5')()",
]
ERRORS = [
    "error('x')", "error('x', 0)", "error({err = 'MY x'})", "error({err = '-MY x'})", "error({err = 'MY x', line = '9'})", "local t = nil return t.x", "return nothing", "nothing = 1", "string.x = 1", "KEYS = {}",
    "rawset(_G, 'x', 1)", "setmetatable(_G, {})", "return 1 + {}", "return {} .. 'x'", "return #5", "return 1 < 'x'", "local function f() error('deep') end f()", "return redis.log(1)", "redis.log('x', 'y')", "redis.log(9, 'x')",
    "redis.setresp(4)", "redis.setresp()", "redis.set_repl(9)", "redis.set_repl()", "redis.acl_check_cmd('nothing')", "redis.acl_check_cmd()", "return unpack({}, 1, 1e6)", "return redis.nothing()", "string.rep()", "('x'):rep('y')",
    "return if", "if", "for", "return '", "x = = 1", "goto x", "return }", "local 1", "return coroutine.wrap(function() error('q') end)()", "assert(false)", "assert(nil, 'said')", "return tostring()", "math.random(0)",
]
JSON_VALUES = ["1", "1.5", "1/3", "-0.0", "1e20", "100", "'text'", "'\\1\\127/\"\\\\\\n\\t'", "true", "false", "nil", "cjson.null", "{}", "{1, 2, 3}", "{a = 1}", "{1, {2, {a = {}}}}", "{[1] = 1, [3] = 3}", "{[1] = 1, [1000] = 2}",
               "{[0] = 1}", "{[1.5] = 1}", "{[{}] = 1}", "{[true] = 1}", "function() end", "1/0", "0/0", "{1, 2, x = 3}", "ARGV[1]"]
JSON_TEXTS = ["1", "-1.5e3", "01", "0x10", "nan", "inf", "-inf", "+1", "-", "1e999", "\"a\"", "\"\\u00e9\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\udc00\"", "\"\\u12\"", "\"\\x\"", "\"a", "", " ", "[", "[1,", "[1,]", "[1 2]", "[]", "{}", "{", "{\"a\"",
              "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:2}", "[1]x", "true", "tru", "null", "nul", "[true,false,null]", "{\"a\":[1,{\"b\":\"c\"}]}", "[[[[[]]]]]", "]", "}", ":", ",", "\t\r\n[ 1 , 2 ] \n", "[1,\"two\",3.5]",
              "\"\\/\\b\\f\\n\\r\\t\\\\\"", "1.", ".5", "1e", "--1", "[-]", "\u0001"]
JSON_OPTIONS = ["cjson.encode_sparse_array(true)", "cjson.encode_sparse_array(true, 1, 1)", "cjson.encode_max_depth(2)", "cjson.decode_max_depth(2)", "cjson.encode_number_precision(3)", "cjson.encode_invalid_numbers(true)",
                "cjson.encode_invalid_numbers('null')", "cjson.decode_invalid_numbers(false)", "cjson.encode_keep_buffer(false)"]
# keel puts these back with each script, redis 7.0 does not: set again at the end, so that both begin with the same.
JSON_RESET = ("cjson.encode_sparse_array(false, 2, 10) cjson.encode_max_depth(1000) cjson.decode_max_depth(1000) cjson.encode_number_precision(14) "
              "cjson.encode_invalid_numbers(false) cjson.decode_invalid_numbers(true) cjson.encode_keep_buffer(true)")
JSON_WRONG = ["cjson.encode()", "cjson.encode(1, 2)", "cjson.decode()", "cjson.encode_max_depth(0)", "cjson.encode_number_precision(15)", "cjson.encode_sparse_array('x')", "cjson.encode_max_depth(1, 2)", "cjson.encode_keep_buffer(5)",
              "cjson.encode_invalid_numbers('x')"]
PACK_VALUES = ["1", "-1", "127", "128", "255", "256", "65535", "65536", "2^32", "2^53", "2^63", "2^64", "-32", "-33", "-128", "-129", "-32769", "-2^31", "-2^31-1", "-2^63", "1.5", "0.1", "1e300", "1/0", "true", "false", "nil", "''", "('x'):rep(31)",
               "('x'):rep(32)", "('x'):rep(256)", "('x'):rep(70000)", "{}", "{1, 2, 3}", "{a = 1}", "{1, nil, 3}", "{[2] = 1}", "{[1.5] = 1}", "{{{{}}}}", "function() end", "cjson.null", "ARGV[1]"]
BYTES = ["\\0", "\\1", "\\127", "\\128", "\\129\\1\\2", "\\130\\1", "\\144", "\\145\\1", "\\146\\1", "\\160", "\\161a", "\\162a", "\\192", "\\193", "\\194", "\\195", "\\202\\63\\192\\0\\0", "\\203\\63\\240\\0\\0\\0\\0\\0\\0", "\\204\\255", "\\205\\1\\2",
         "\\206\\1\\2\\3\\4", "\\207\\1\\2\\3\\4\\5\\6\\7\\8", "\\208\\255", "\\209\\255\\1", "\\210\\255\\1\\2\\3", "\\211\\255\\1\\2\\3\\4\\5\\6\\7", "\\217\\1a", "\\218\\0\\1a", "\\219\\0\\0\\0\\1a", "\\220\\0\\1\\1", "\\221\\0\\0\\0\\1\\1",
         "\\222\\0\\1\\1\\2", "\\223\\0\\0\\0\\1\\1\\2", "\\224", "\\255", "\\212\\1\\2", "\\219\\255\\255\\255\\255", "\\221\\255\\255\\255\\255", "\\129\\192\\1"]
FORMATS = ["b", "B", "h", "H", "l", "L", "T", "i", "I", "i1", "i2", "I3", "i8", "I8", "i16", "f", "d", "s", "c0", "c3", "x", ">i", "<i", "!i", "!4bi", "!8bd", ">!8bd", "bi", "bxi", "i33", "!3i", "q", "=i", " b b", "c2147483648", "bc0", "Bs", ">I2I2", "i2147483647"]
BIT_CALLS = ["tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tohex"]
NUMBERS = ["0", "1", "-1", "255", "2^31", "2^32 + 5", "-2^31", "1e10", "1.5", "-1.5", "0.5", "31", "32", "33", "'12'", "0x12345678", "1e15"]
LIBRARY = b"#!lua name=sclib\nredis.register_function('sc_echo', function(keys, args) return {keys, args} end)\n" \
          b"redis.register_function{function_name='sc_get', callback=function(keys) return redis.call('get', keys[1]) end, flags={'no-writes'}, description='reads'}\n" \
          b"redis.register_function('sc_error', function() error('x') end)\nredis.register_function('sc_global', function() y = 1 end)\n"
LOADS = ["", "x", "redis.register_function('a1', 1)", "redis.register_function()", "redis.register_function(1)", "redis.register_function('a-b', function() end)", "redis.register_function{}", "redis.register_function{function_name='a2'}",
         "redis.register_function{callback=function() end}", "redis.register_function{function_name='a3', callback=1}", "redis.register_function{function_name='a4', callback=function() end, flags=1}",
         "redis.register_function{function_name='a5', callback=function() end, flags={'x'}}", "redis.register_function{function_name='a6', callback=function() end, x=1}", "return redis.call('get', 'x')", "return math", "y = 1", "redis.x = 1",
         "redis.register_function('sc_echo', function() end)", "redis.register_function('a7', function() end) redis.register_function('a7', function() end)", "if"]
SHEBANGS = ["#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom,allow-stale\n", "#!lua flags=x\n", "#!lua x=y\n", "#!foo\n", "#!lua", "#!lua flags=\n", "#!lua flags=no-writes flags=allow-oom\n", "#!lua \"\n", "#!\n"]


def argument(g):
    return g.choice([b"", b"x", b"1", b"-7", b"3.5", b"with space", b"a\r\nb", b"\x00\xff", b"y" * 200, b"0x1F"])


def evaluated(g, script, same=None):
    keys = [g.choice(KEYS) for _ in range(g.choice([1, 1, 1, 2]))]
    command = g.anycase(b"EVAL") if g.chance(0.9) else b"EVAL_RO"
    return Step([command, script.encode(), len(keys)] + keys + [argument(g) for _ in range(g.choice([1, 1, 2]))], same or any_order, fixed=True)


def call(g):
    return evaluated(g, g.choice(RETURNS) % g.choice(CALLS))


def value(g):
    return evaluated(g, g.choice(["return %s", "redis.setresp(3) return %s", "return {%s}", "local x = %s return x"]) % g.choice(VALUES))


def raised(g):
    return evaluated(g, g.choice(["%s", "%s", "\n\n%s", "redis.call('ping') %s", "local ok, e = pcall(loadstring(%r)) return {ok, type(e), e}"][:4]) % g.choice(ERRORS))


def json(g):
    roll = g.rng.random()
    if roll < 0.4:
        script = "local r = {pcall(cjson.encode, %s)} %s return r" % (g.choice(JSON_VALUES), JSON_RESET)
    elif roll < 0.8:
        script = "local r = {pcall(function() return cjson.encode(cjson.decode(ARGV[1])) end)} %s return r" % JSON_RESET
        if g.chance(0.3):
            script = g.choice(JSON_OPTIONS) + " " + script
        return Step([b"EVAL", script.encode(), b"0", g.choice(JSON_TEXTS).encode()], fixed=True)
    else:
        return evaluated(g, "return {%s}" % g.choice(JSON_WRONG))
    return evaluated(g, (g.choice(JSON_OPTIONS) + " " if g.chance(0.4) else "") + script)


def msgpack(g):
    roll = g.rng.random()
    if roll < 0.4:
        return evaluated(g, "return cmsgpack.pack(%s)" % ", ".join(g.choice(PACK_VALUES) for _ in range(g.choice([1, 1, 2]))))
    text = "'%s'" % "".join(g.choice(BYTES) for _ in range(g.choice([1, 1, 2, 3])))
    if roll < 0.7:
        return evaluated(g, "local r = {pcall(cmsgpack.unpack, %s)} return {#r, r[1], type(r[2]), cmsgpack.pack(unpack(r))}" % text)
    return evaluated(g, "return {pcall(cmsgpack.%s, %s, %d%s)}" % (g.choice(["unpack_one", "unpack_limit"]), text, g.rng.randint(-1, 4), g.choice(["", ", 1", ", 0", ", -1", ", 99"])))


def structs(g):
    roll = g.rng.random()
    form = "".join(g.choice(FORMATS) for _ in range(g.choice([1, 1, 2, 3])))
    if roll < 0.4:
        return evaluated(g, "return {pcall(struct.pack, %r, %s)}" % (form, ", ".join(g.choice(["1", "-1", "300", "1.5", "'abc'", "'7'", "nil"]) for _ in range(4))))
    if roll < 0.8:
        return evaluated(g, "local r = {pcall(struct.unpack, %r, '%s'%s)} for i, v in ipairs(r) do r[i] = tostring(v) end return r"
                         % (form, g.choice(["\\1\\2\\3\\4\\5\\6\\7\\8", "abc\\0def", "\\2abcdef\\0", "", "\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255", "\\63" * 40]), g.choice(["", "", ", 2", ", 0", ", -1", ", 99"])))
    return evaluated(g, "return {pcall(struct.size, %r)}" % form)


def bits(g):
    return evaluated(g, "return {pcall(bit.%s, %s)}" % (g.choice(BIT_CALLS), ", ".join(g.choice(NUMBERS + ["-4", "8", "'x'"]) for _ in range(g.choice([0, 1, 2, 2, 3])))))


def shebang(g):
    return evaluated(g, g.choice(SHEBANGS) + g.choice(["return 1", "return redis.call('set', KEYS[1], 1)", "error('x')", "return redis.call('get', KEYS[1])"]))


def counts(g):
    return Step([g.choice([b"EVAL", b"EVAL_RO", b"EVALSHA", b"FCALL", b"FCALL_RO"]), g.choice([b"return {KEYS, ARGV}", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"sc_echo", b"SC_ECHO", b"nothing"]), g.integer()]
                + [argument(g) for _ in range(g.rng.randint(0, 3))], fixed=True)


def cache(g):
    return Step(g.choice([[b"SCRIPT", b"LOAD", b"return 1"], [b"SCRIPT", b"LOAD", b"if"], [b"SCRIPT", b"EXISTS", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"x"], [b"SCRIPT", b"FLUSH", g.choice([b"ASYNC", b"sync", b"x"])],
                          [b"SCRIPT", b"KILL"], [b"FUNCTION", b"KILL"], [b"SCRIPT", b"nothing"], [b"EVALSHA", b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", b"0"]]), fixed=True)


def functions(g):
    roll = g.rng.random()
    if roll < 0.25:
        return Step([b"FUNCTION", b"LOAD"] + ([b"REPLACE"] if g.chance(0.6) else []) + [LIBRARY], fixed=True)
    if roll < 0.45:
        return Step([b"FUNCTION", b"LOAD", ("#!lua name=other\n" + g.choice(LOADS)).encode()], fixed=True)
    if roll < 0.55:
        return Step([b"FUNCTION", b"LOAD", g.choice([b"x", b"#!lua\nx", b"#!foo name=x\nx", b"#!lua name=a-b\nx", b"#!lua name=a name=b\nx", b"#!lua x=a\nx", b"#!lua name=a", b"#!lua name=\nx"])], fixed=True)
    if roll < 0.85:
        return Step([g.choice([b"FCALL", b"FCALL", b"FCALL_RO"]), g.choice([b"sc_echo", b"sc_get", b"sc_error", b"sc_global", b"nothing"]), b"1", g.choice(KEYS), argument(g)], fixed=True)
    return Step(g.choice([[b"FUNCTION", b"DELETE", g.choice([b"sclib", b"nothing"])], [b"FUNCTION", b"FLUSH"], [b"FUNCTION", b"FLUSH", b"x"], [b"FUNCTION", b"STATS"], [b"FUNCTION", b"LIST", b"LIBRARYNAME"],
                          [b"FUNCTION", b"LIST", b"x"], [b"FUNCTION", b"LIST", b"LIBRARYNAME", b"nothing*"], [b"FUNCTION", b"RESTORE", b"x"], [b"FUNCTION", b"RESTORE", b"x", b"y"], [b"FUNCTION", b"nothing"]]), fixed=True)


MAKERS = [call] * 6 + [value] * 3 + [raised] * 3 + [json] * 3 + [msgpack] * 2 + [structs] * 3 + [bits, shebang, counts, cache, functions, functions]


def one(g):
    if g.chance(0.2):
        return Step(g.choice(WRITES), exact, fixed=True)
    return g.choice(MAKERS)(g)
