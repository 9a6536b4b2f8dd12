# SPDX-License-Identifier: BSD-3-Clause
"""What one client may cost: input, output, connections, memory; and that the others notice nothing."""
import random
import socket
import time

from keel import IS_PEER, PATIENCE, info_of, keel_only, plain_only, wait_for
from resp import Client, Closed, Error, encode


def test_query_buffer_limit(server, c):
    assert c("CONFIG", "SET", "client-query-buffer-limit", "1mb") == "OK"
    with server.client() as d:
        try:
            d.send_raw(b"*2\r\n$4\r\nECHO\r\n$9000000\r\n" + b"x" * 8_000_000)
        except OSError:
            pass
        assert d.closed_within(5 * PATIENCE)
    assert c("PING") == "PONG"
    server.wait_log("Closing client that reached max query buffer length")
    if not IS_PEER:  # a field of 7.2
        assert int(info_of(c)["client_query_buffer_limit_disconnections"]) >= 1


def test_query_buffer_limit_has_a_least_value(c):
    assert isinstance(c("CONFIG", "SET", "client-query-buffer-limit", "1000"), Error)


def test_output_buffer_hard_limit(server, c):
    c("SET", "big", b"x" * 1_000_000)
    assert c("CONFIG", "SET", "client-output-buffer-limit", "normal 5mb 0 0") == "OK"
    with server.client() as d:
        me = d("CLIENT", "ID")
        d.send_raw(encode("GET", "big") * 100)
        wait_for(lambda: c("CLIENT", "LIST", "ID", me) == b"", 10)
        got = d.drain(5)
        assert len(got) < 100_000_000
    server.wait_log("scheduled to be closed ASAP for overcoming of output buffer limits")
    if not IS_PEER:
        assert int(info_of(c)["client_output_buffer_limit_disconnections"]) >= 1


def test_output_buffer_soft_limit(server, c):
    c("SET", "big", b"x" * 1_000_000)
    assert c("CONFIG", "SET", "client-output-buffer-limit", "normal 0 2mb 1") == "OK"
    with server.client() as d:
        me = d("CLIENT", "ID")
        began = time.monotonic()
        d.send_raw(encode("GET", "big") * 30)
        wait_for(lambda: c("CLIENT", "LIST", "ID", me) == b"", 10)
        assert time.monotonic() - began > 0.8


def test_a_reader_under_the_limit_is_left_alone(server, c):
    c("SET", "big", b"x" * 1_000_000)
    assert c("CONFIG", "SET", "client-output-buffer-limit", "normal 50mb 0 0") == "OK"
    with server.client() as d:
        d.send_raw(encode("GET", "big") * 20)
        time.sleep(0.3)
        assert [len(d.read()) for _ in range(20)] == [1_000_000] * 20


@plain_only
def test_maxclients(server, c):
    assert c("CONFIG", "SET", "maxclients", "4") == "OK"
    kept = [server.client() for _ in range(3)]
    assert all(k("PING") == "PONG" for k in kept)
    with server.client() as d:
        assert d.read() == Error("ERR max number of clients reached")
        assert d.closed_within(2)
    assert int(info_of(c)["rejected_connections"]) >= 1
    assert c("PING") == "PONG"
    kept.pop().close()
    wait_for(lambda: info_of(c)["connected_clients"] == "3")
    with server.client() as d:
        assert d("PING") == "PONG"
    for k in kept:
        k.close()
    assert c("CONFIG", "SET", "maxclients", "10000") == "OK"  # room for whoever comes before these are seen to be gone


@keel_only  # the peer tries each limit below, for minutes
def test_maxclients_beyond_the_file_limit(start):
    server = start(file_limit=1000)
    with server.client() as c:
        reply = c("CONFIG", "SET", "maxclients", "100000000")
        assert reply.code == "ERR" and "maxclients" in reply


def test_maxmemory_clients_evicts_the_largest(server, c):
    assert c("CONFIG", "SET", "maxmemory-clients", "20mb") == "OK"
    assert c("CLIENT", "NO-EVICT", "ON") == "OK"
    small = server.client()
    small("CLIENT", "SETNAME", "small")
    with server.client() as big:
        big("CLIENT", "SETNAME", "large")
        try:
            big.send_raw(b"*2\r\n$4\r\nECHO\r\n$60000000\r\n" + b"x" * 50_000_000)
        except OSError:
            pass
        assert big.closed_within(5 * PATIENCE)
    assert small("PING") == "PONG"
    assert int(info_of(c)["evicted_clients"]) >= 1
    small.close()


def test_no_evict_protects(server, c):
    assert c("CONFIG", "SET", "maxmemory-clients", "20mb") == "OK"
    with server.client() as d:
        assert d("CLIENT", "NO-EVICT", "ON") == "OK"
        assert "flags=e" in d("CLIENT", "INFO").decode()
        d.send_raw(b"*2\r\n$4\r\nECHO\r\n$60000000\r\n" + b"x" * 50_000_000)
        time.sleep(0.3)
        d.send_raw(b"x" * 10_000_000 + b"\r\n")
        assert len(d.read()) == 60_000_000


def test_idle_timeout(server, c):
    assert c("CONFIG", "SET", "timeout", "1") == "OK"
    with server.client() as d:
        assert d("PING") == "PONG"
        assert wait_for(lambda: c("PING") and d.closed_within(0.1), 5)


def test_protected_mode_lets_loopback_in(start):
    server = start({"protected-mode": "yes", "bind": "*"})
    with server.client() as c:
        assert c("PING") == "PONG"


def test_thousand_connections(server, c):
    if int(info_of(c)["maxclients"]) < 1100:
        return
    many = [server.client() for _ in range(1000)]
    for m in many:
        m.send("INCR", "n")
    assert sorted(m.read() for m in many) == list(range(1, 1001))
    assert int(info_of(c)["connected_clients"]) == 1001
    for m in many:
        m.close()
    wait_for(lambda: info_of(c)["connected_clients"] == "1")


def test_one_slow_request_writer_does_not_hold_up_others(server, c):
    with server.client() as d:
        d.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\n" + b"x" * 1000)
        began = time.monotonic()
        for _ in range(200):
            assert c("PING") == "PONG"
        assert time.monotonic() - began < 2 * PATIENCE
        d.send_raw(b"x" * 499_000 + b"\r\n")
        assert d.read() == "OK"


def test_string_length_limit(c):
    assert c("SETRANGE", "s", str(512 * 1024 * 1024), "x") == Error(
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    assert c("SETRANGE", "s", str(2**62), "x") == Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    assert c("EXISTS", "s") == 0


def test_the_server_survives_random_bytes(server, c):
    seed = int(time.time())
    print("seed", seed)
    rng = random.Random(seed)
    pieces = [b"*3\r\n", b"$3\r\n", b"SET\r\n", b"$-1\r\n", b"*-1\r\n", b"\r\n", b"GET a\r\n", b"$5\r\nhello\r\n", b"*1\r\n",
              b"\"", b"'", b"\\x", b"\0", b"+OK\r\n", b"%2\r\n", b"CONFIG GET *\r\n", b"COMMAND\r\n"]
    for _ in range(150):
        with server.client(timeout=1) as d:
            data = b"".join(rng.choice(pieces) if rng.random() < 0.8 else rng.randbytes(rng.randint(1, 50)) for _ in range(30))
            try:
                d.send_raw(data)
                d.drain(0.002)
            except (OSError, Closed):
                pass
    assert c("PING") == "PONG"
    assert isinstance(Client(server.port), Client)


@keel_only  # the peer drops what it has not sent when it reads the end of input
@plain_only
def test_who_closes_the_sending_side_gets_all_replies(server, c):
    """printf ... | nc: everything was sent, and the end of input follows at once."""
    c("SET", "big", b"x" * 1_000_000)
    with server.client() as d:
        d.send_raw(encode("GET", "big") * 40 + encode("PING"))
        d.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        for _ in range(40):
            assert len(d.read()) == 1_000_000
        assert d.read() == "PONG"
        assert d.closed_within(3)


@plain_only
def test_half_a_request_and_the_end_of_input(server, c):
    with server.client() as d:
        d.send_raw(encode("PING") + b"*2\r\n$3\r\nGET\r\n$5\r\nab")
        d.socket.shutdown(socket.SHUT_WR)
        assert d.read() == "PONG"
        assert d.closed_within(3)


@keel_only
def test_who_does_not_read_is_served_no_further(server, c):
    """What waits for a client is bounded even with no limit set; and the client gets all of it in the end."""
    c("SET", "big", b"x" * 1_000_000)
    with server.client() as d:
        me = str(d("CLIENT", "ID"))
        d.send_raw(encode("GET", "big") * 300)
        time.sleep(0.5)
        line = c("CLIENT", "LIST", "ID", me).decode()
        assert int(line.split("omem=")[1].split()[0]) < 80_000_000
        assert c("PING") == "PONG"
        for _ in range(300):
            assert len(d.read()) == 1_000_000
        assert d("PING") == "PONG"


def test_killed_in_the_middle_of_a_pipeline(server, c):
    with server.client() as d:
        me = d("CLIENT", "ID")
        d.send_raw(encode("SET", "k", "before") + encode("CLIENT", "KILL", "ID", me, "SKIPME", "no") + encode("SET", "k", "after"))
        assert d.read() == "OK" and d.read() == 1
        assert d.closed_within(3)
    assert c("GET", "k") == b"before"


def test_a_long_request_in_small_pieces(server, c):
    """Many arguments, none of them large: time must not grow with the square of what has come."""
    request = encode("PING", "x") * 10 + b"*200002\r\n" + b"$4\r\nPING\r\n" + b"$8\r\nabcdefgh\r\n" * 200_001 + encode("PING", "end")
    with server.client(timeout=20) as d:
        d.send_raw(request)
        for _ in range(10):
            assert d.read() == b"x"
        assert isinstance(d.read(), Error)
        assert d.read() == b"end"


@keel_only
def test_memory_of_clients_is_counted_and_given_back(server, c):
    def of_clients():
        return sum(int(line.split("tot-mem=")[1].split()[0]) for line in c("CLIENT", "LIST").decode().strip().split("\n"))

    before = of_clients()
    with server.client() as d:
        d.send_raw(b"*2\r\n$4\r\nPING\r\n$3000000\r\n" + b"x" * 2_900_000)
        time.sleep(0.1)
        assert of_clients() - before > 2_900_000
        d.send_raw(b"x" * 100_000 + b"\r\n")
        assert len(d.read()) == 3_000_000
        wait_for(lambda: of_clients() - before < 100_000)


@keel_only
def test_a_few_words_do_not_ask_for_a_reply_of_any_size(server, c):
    c("SADD", "set", *range(10))
    c("HSET", "hash", *range(10))
    c("ZADD", "zset", *range(10))
    began = time.monotonic()
    for count in ("-9223372036854775807", "-4611686018427387903", "-2147483648", "-200000000"):
        for words in (("SRANDMEMBER", "set", count), ("HRANDFIELD", "hash", count), ("ZRANDMEMBER", "zset", count)):
            assert c(*words).startswith("ERR the reply would be larger than 1073741824 bytes"), words
    for words in (("HRANDFIELD", "hash", "-2147483648", "WITHVALUES"), ("ZRANDMEMBER", "zset", "-2147483648", "WITHSCORES")):
        assert c(*words).startswith("ERR the reply would be larger"), words
    assert time.monotonic() - began < 1 * PATIENCE
    # Few draws of something large; and a limit of the client's.
    c("SADD", "large", "x" * 10_000_000)
    assert c("SRANDMEMBER", "large", "-200").startswith("ERR the reply would be larger")
    c("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
    assert c("SRANDMEMBER", "set", "-200000").startswith("ERR the reply would be larger than 1048576 bytes")
    assert len(c("SRANDMEMBER", "set", "-1000")) == 1000
    assert c("SRANDMEMBER", "nosuch", "-9223372036854775807") == []
