# SPDX-License-Identifier: BSD-3-Clause
"""TLS: who may come in, with which versions and ciphers, what a certificate says about its holder, renewed certificates,
and what becomes of those who break the rules. The same libraries as over plain connections."""
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from certificates import Authority, directives, run
from keel import IS_PEER, PATIENCE, Server, config_get, free_port, info_of, keel_only, npm_package, tls_client, wait_for
from resp import Client, Closed, Error, encode


@pytest.fixture(scope="module")
def authority():
    made = Authority()
    made.issue("server")
    made.issue("other")
    made.issue("bob", "/O=keel/CN=bob", "URI:urn:keel:carol,DNS:bob.example")
    yield made
    made.remove()


class TlsServer(Server):
    """Asked for an answer over TLS while it starts."""

    def __init__(self, authority, certificate="server", config=None, **more):
        self.authority = authority
        self.tls_port = free_port()
        config = dict(directives(authority, self.tls_port, certificate, **more), **(config or {}))
        self.tls = None
        super().__init__(config)

    def client(self, certificate="bob", timeout=10.0 * PATIENCE, context=None, resp=2):
        c = Client(self.tls_port, timeout=timeout, tls=context or tls_client(self.authority, certificate))
        if resp == 3:
            c("HELLO", "3")
        return c


@pytest.fixture
def tls(authority):
    servers = []

    def factory(**more):
        servers.append(TlsServer(authority, **more))
        return servers[-1]

    yield factory
    wrong = [w for w in (s.stop() for s in servers) if w]
    assert not wrong, "\n".join(wrong)


def refused(server, **how):
    """The way in is barred: the handshake, or the first read after it (TLS 1.3 tells the client late), fails."""
    try:
        with server.client(**how) as c:
            reply = c("PING")
    except (ssl.SSLError, Closed, ConnectionError):
        return True
    return reply != "PONG"


# --- who may come in ---
def test_clients_must_show_a_certificate_by_default(tls, authority):
    server = tls()
    with server.client("bob") as c:
        assert c("PING") == "PONG" and config_get(c, "tls-auth-clients") == "yes"
    assert refused(server, certificate=None)
    server.wait_log("Error accepting a client connection: .*peer did not return a certificate")


def test_a_certificate_may_be_left_out_where_it_is_optional_or_not_asked_for(tls):
    server = tls(tls_auth_clients="optional")
    with server.client(None) as c:
        assert c("PING") == "PONG"
        assert c("CONFIG", "SET", "tls-auth-clients", "yes") == "OK"
        assert c("PING") == "PONG"  # who is in stays in
        assert refused(server, certificate=None)
        assert c("CONFIG", "SET", "tls-auth-clients", "no") == "OK"
        with server.client(None) as second:
            assert second("PING") == "PONG"


@pytest.mark.parametrize("how", ["yes", "optional"])
def test_a_certificate_of_another_authority_is_refused(tls, authority, how):
    stranger = Authority("Stranger")
    stranger.issue("eve", "/CN=bob")
    server = tls(tls_auth_clients=how)
    context = ssl.create_default_context(cafile=authority.path("ca.crt"))
    context.load_cert_chain(stranger.path("eve.crt"), stranger.path("eve.key"))
    assert refused(server, context=context)
    stranger.remove()


@keel_only
@pytest.mark.parametrize("part, name", [("CN", "bob"), ("URI", "urn:keel:carol")])
def test_a_certificate_names_the_user(tls, part, name):
    server = tls(tls_auth_clients_user=part, config={"user": ["%s on >secret ~x:* +@all" % name, "default on nopass ~* +@all"]})
    with server.client("bob") as c:
        assert c("ACL", "WHOAMI") == name.encode()
        assert c("SET", "x:1", "v") == "OK"
        assert c("SET", "y:1", "v").code == "NOPERM"
        assert c("AUTH", "default", "any") == "OK" and c("ACL", "WHOAMI") == b"default"
        # Whoever has no user of that name stays who it is, and that is counted.
        assert c("ACL", "DELUSER", name) == 1
    with server.client("bob") as c:
        assert c("ACL", "WHOAMI") == b"default"
        assert info_of(c, "stats")["acl_access_denied_tls_cert"] == "1"
        entry = c("ACL", "LOG")[0]
        assert entry[entry.index(b"reason") + 1] == b"tls-cert" and entry[entry.index(b"object") + 1] == name.encode()


@keel_only
def test_a_named_user_needs_no_password_where_all_others_do(tls):
    server = tls(tls_auth_clients_user="CN", tls_auth_clients="optional", config={"user": ["bob on nopass ~* +@all", "default off"]})
    with server.client("bob") as c:
        assert c("ACL", "WHOAMI") == b"bob"
        assert c("ACL", "SETUSER", "bob", "off") == "OK"
    with server.client("bob") as c:
        assert c("PING").code == "NOAUTH"
    with server.client(None) as c:
        assert c("PING").code == "NOAUTH"


def test_passwords_are_asked_for_as_ever(tls):
    server = tls(requirepass="secret")
    with server.client() as c:
        assert c("GET", "a").code == "NOAUTH"
        assert c("AUTH", "secret") == "OK" and c("GET", "a") is None


# --- versions and ciphers ---
def version_of(server, low, high):
    context = tls_client(server.authority, "bob")
    context.minimum_version, context.maximum_version = low, high
    with server.client(context=context) as c:
        assert c("PING") == "PONG"
        return c.socket.version(), c.socket.cipher()[0]


def test_versions(tls):
    v = ssl.TLSVersion
    server = tls(tls_protocols='"TLSv1.2"')
    assert version_of(server, v.TLSv1_2, v.TLSv1_3)[0] == "TLSv1.2"
    with pytest.raises((ssl.SSLError, OSError, Closed)):
        version_of(server, v.TLSv1_3, v.TLSv1_3)
    with server.client() as c:
        assert "Unable to update TLS configuration. Check server logs." in c("CONFIG", "SET", "tls-protocols", "TLSv9")
        assert config_get(c, "tls-protocols") == "TLSv1.2"
        assert c("CONFIG", "SET", "tls-protocols", "") == "OK"
    assert version_of(server, v.TLSv1_2, v.TLSv1_3)[0] == "TLSv1.3"
    assert version_of(server, v.TLSv1_2, v.TLSv1_2)[0] == "TLSv1.2"


def test_ciphers(tls):
    v = ssl.TLSVersion
    server = tls(tls_ciphers="ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", tls_ciphersuites="TLS_CHACHA20_POLY1305_SHA256")
    assert version_of(server, v.TLSv1_3, v.TLSv1_3)[1] == "TLS_CHACHA20_POLY1305_SHA256"
    context = tls_client(server.authority, "bob")
    context.maximum_version = v.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    with server.client(context=context) as c:
        assert "AES128" in c.socket.cipher()[0]  # the client's order
        assert c("CONFIG", "SET", "tls-prefer-server-ciphers", "yes") == "OK"
        with server.client(context=context) as second:
            assert "AES256" in second.socket.cipher()[0]
        assert isinstance(c("CONFIG", "SET", "tls-ciphers", "NO-SUCH-CIPHER"), Error)


def test_sessions_are_resumed(tls):
    server = tls(tls_protocols='"TLSv1.2"')
    context = tls_client(server.authority, "bob")
    def reused(session):
        with socket.create_connection(("127.0.0.1", server.tls_port), 5) as raw:
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as s:
                s.sendall(encode("PING"))
                assert s.recv(100) == b"+PONG\r\n"
                return s.session, s.session_reused
    first, _ = reused(None)
    assert reused(first)[1]


# --- files ---
@keel_only  # redis-server's reasons say less
def test_a_start_without_what_tls_needs_says_what(start, authority):
    for config, words in (
            ({}, "No tls-cert-file configured!"),
            ({"tls-cert-file": authority.path("server.crt")}, "No tls-key-file configured!"),
            ({"tls-cert-file": authority.path("server.crt"), "tls-key-file": authority.path("server.key")},
             "Either tls-ca-cert-file or tls-ca-cert-dir must be specified"),
            ({"tls-cert-file": "/no/such.crt", "tls-key-file": authority.path("server.key")}, "/no/such.crt: No such file or directory"),
            ({"tls-cert-file": authority.path("server.crt"), "tls-key-file": authority.path("other.key")}, "other.key"),
            ({"tls-cert-file": authority.path("server.key"), "tls-key-file": authority.path("server.key")}, "server.key")):
        server = start(dict({"tls-port": free_port()}, **config), ready=False)
        assert server.wait_exit() == 1
        assert words in server.log() + server.stderr()


def test_an_encrypted_key_needs_its_passphrase(tls, authority):
    run("pkey", "-in", authority.path("server.key"), "-aes256", "-passout", "pass:1234", "-out", authority.path("sealed.key"))
    server = tls()
    with server.client() as c:
        reply = c("CONFIG", "SET", "tls-key-file", authority.path("sealed.key"))
        assert reply.endswith("Unable to update TLS configuration. Check server logs.")
        assert config_get(c, "tls-key-file") == authority.path("server.key")
        assert c("CONFIG", "SET", "tls-key-file-pass", "1234", "tls-key-file", authority.path("sealed.key")) == "OK"
    with server.client() as c:
        assert c("PING") == "PONG"


def serial(server):
    with server.client() as c:
        return c.socket.getpeercert()["serialNumber"]


def renew(authority, source, target):
    """As certificate tools do: beside, and then into the old one's place."""
    for end in (".key", ".crt"):
        shutil.copy(authority.path(source + end), authority.path(target + end + ".new"))
        os.rename(authority.path(target + end + ".new"), authority.path(target + end))


def test_a_certificate_is_renewed_by_config_set(tls, authority):
    authority.issue("renewed")
    server = tls(certificate="renewed")
    before = serial(server)
    with server.client() as old:
        renew(authority, "other", "renewed")
        assert serial(server) == before
        assert old("CONFIG", "SET", "tls-cert-file", authority.path("renewed.crt")) == "OK"
        assert serial(server) != before
        assert old("PING") == "PONG"


@keel_only
def test_a_certificate_is_renewed_when_its_files_change(tls, authority):
    authority.issue("renewed")
    server = tls(certificate="renewed", tls_auto_reload_interval=1)
    before = serial(server)
    renew(authority, "other", "renewed")
    wait_for(lambda: serial(server) != before, 10, what="the new certificate")
    server.wait_log("TLS materials reloaded successfully")
    with open(authority.path("renewed.crt"), "w") as f:
        f.write("nonsense")
    server.wait_log("TLS files changed, and cannot be used: .*renewed.crt")
    assert serial(server) != before  # what was read before serves on
    with server.client() as c:
        facts = info_of(c, "tls")
        assert 0 < int(facts["tls_server_cert_expires_in_seconds"]) <= 2 * 86400
        assert int(facts["tls_server_cert_serial"], 16) == int(serial(server), 16)


def test_ports_change_places(tls, authority):
    server = tls(tls_auth_clients="no")
    with server.client() as c:
        assert c("CONFIG", "SET", "tls-port", "0") == "OK"
        assert c("CONFIG", "SET", "port", str(server.tls_port)) == "OK"
    with Client(server.tls_port) as plain:
        assert plain("PING") == "PONG"
        assert plain("CONFIG", "SET", "port", "0") == "OK"
        assert plain("CONFIG", "SET", "tls-port", str(server.tls_port)) == "OK"
    with server.client() as c:
        assert c("PING") == "PONG"


@keel_only  # at the peer they cannot change places
def test_one_port_cannot_be_both(tls, start, authority):
    port = free_port()
    server = tls(config={"port": port})
    with Client(port) as c:
        for name, taken in (("tls-port", port), ("port", server.tls_port)):
            assert "Unable to listen on this port. Check server logs." in c("CONFIG", "SET", name, str(taken))
        with Client(port) as plain, server.client() as second:
            assert plain("PING") == "PONG" and second("PING") == "PONG"
        assert c("CONFIG", "SET", "port", str(server.tls_port), "tls-port", str(port)) == "OK"  # but they can change places
        with Client(server.tls_port) as plain:
            assert plain("PING") == "PONG"
    refused_start = start(dict(directives(authority, port), port=port), ready=False)
    assert refused_start.wait_exit() == 1


@keel_only
def test_both_ports_side_by_side(tls, authority):
    port = free_port()
    server = tls(config={"port": port})
    with Client(port) as plain, server.client() as c:
        assert plain("SET", "a", "1") == "OK" and c("GET", "a") == b"1"
        listeners = [v for k, v in info_of(c, "server").items() if k.startswith("listener")]
        assert listeners == ["name=tcp,bind=127.0.0.1,port=%d" % port, "name=tls,bind=127.0.0.1,port=%d" % server.tls_port]


# --- those who break the rules ---
@keel_only
def test_who_speaks_plainly_is_told_so(tls):
    server = tls()
    for words in (encode("PING"), b"PING\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.tls_port), 5) as s:
            s.sendall(words)
            assert s.recv(1000).startswith(b"-ERR This port speaks TLS.")
            assert s.recv(1000) == b""
    with server.client() as c:
        assert c("PING") == "PONG"


def test_broken_records_end_the_connection_and_nothing_else(tls):
    server = tls(tls_auth_clients="no")
    with server.client(None) as good:
        hello = b"\x16\x03\x01"
        for junk in (hello + b"\x00\x05hello", hello + b"\xff\xff" + b"x" * 70000, hello + struct.pack(">H", 4) + b"\x01\x00\xff\xff",
                     b"\x16", hello, b"\x17\x03\x03\x00\x10" + b"z" * 16):
            with socket.create_connection(("127.0.0.1", server.tls_port), 5) as s:
                try:
                    s.sendall(junk)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(10000):
                        pass
                except TimeoutError:
                    raise
                except OSError:
                    pass  # ended while we were still talking
        # In the middle of an established connection, too.
        with server.client(None) as c:
            assert c("PING") == "PONG"
            raw = c.socket.detach()
            s = socket.socket(fileno=raw)
            s.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
            s.settimeout(5)
            try:
                while s.recv(10000):
                    pass
            except ConnectionResetError:
                pass  # instead of an end
            s.close()
        assert good("PING") == "PONG"
        wait_for(lambda: info_of(good, "clients")["connected_clients"] == "1", what="the others to be gone")


class Bare:
    """TLS whose records are ours to put together: what one send() holds arrives at once."""

    def __init__(self, server):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls_client(server.authority).wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.socket = socket.create_connection(("127.0.0.1", server.tls_port), 10 * PATIENCE)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.socket.recv(65536))
        self.flush()

    def flush(self, more=b""):
        self.socket.sendall(self.outgoing.read() + more)

    def read_until_end(self):
        out = b""
        try:
            while True:
                piece = self.socket.recv(65536)
                if not piece:
                    return out
                self.incoming.write(piece)
                try:
                    out += self.tls.read(65536)
                except (ssl.SSLError, ssl.SSLWantReadError):
                    pass
        except ConnectionResetError:
            return out


def test_an_end_and_a_broken_record_right_behind_a_request(tls):
    server = tls(tls_auth_clients="no")
    with server.client(None) as good:
        for commands in (encode("PING"), encode("SUBSCRIBE", "news"), encode("MONITOR"), encode("BLPOP", "nothing", 0), b""):
            broken = Bare(server)
            if commands:
                broken.tls.write(commands)
            broken.flush(b"\x17\x03\x03\x00\x20" + b"z" * 32)
            broken.read_until_end()
            finished = Bare(server)
            if commands:
                finished.tls.write(commands)
            try:
                finished.tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            finished.flush()
            answer = finished.read_until_end()
            assert commands != encode("PING") or answer == b"+PONG\r\n"
        wait_for(lambda: info_of(good, "clients")["connected_clients"] == "1", what="all of them to be gone")


@keel_only
def test_one_who_was_slow_costs_no_more_afterwards(tls):
    server = tls(tls_auth_clients="no")
    with server.client(None) as c:
        c("SET", "v", b"x" * 3_000_000)
        slow = []
        for _ in range(20):
            s = tls_client(server.authority).wrap_socket(Server.connect(server, receive_buffer=4096), server_hostname="localhost")
            s.sendall(encode("PING"))
            s.recv(100)
            slow.append(s)
        before = int(info_of(c, "memory")["mem_clients_normal"])
        for s in slow:
            s.sendall(encode("GET", "v"))
            got = 0
            while got < 3_000_012:
                got += len(s.recv(1 << 18))
        wait_for(lambda: int(info_of(c, "memory")["mem_clients_normal"]) < before + 20 * 8192, what="their memory to be given back")
        for s in slow:
            s.close()


def test_handshakes_that_stop_half_way_cost_little_and_harm_nobody(tls):
    server = tls(tls_auth_clients="no")
    halves = []
    with server.client(None) as c:
        before = int(info_of(c, "memory")["used_memory"])
        for _ in range(100):
            s = socket.create_connection(("127.0.0.1", server.tls_port), 5)
            s.sendall(b"\x16\x03\x01\x02\x00")
            halves.append(s)
        wait_for(lambda: info_of(c, "clients")["connected_clients"] == "101", what="all to be taken")
        assert int(info_of(c, "memory")["used_memory"]) - before < 100 * 100_000
        assert c("PING") == "PONG"
        for s in halves:
            s.close()
        wait_for(lambda: info_of(c, "clients")["connected_clients"] == "1", what="all to be gone")


# --- much data, in pieces of all kinds ---
def test_large_values_and_pipelines(tls):
    server = tls()
    with server.client() as c:
        big = os.urandom(5_000_000)
        assert c("SET", "big", big) == "OK"
        assert c("GET", "big") == big
        for size in (1, 16383, 16384, 16385, 32768, 65536, 70001):
            assert c("SET", "v", big[:size]) == "OK" and c("GET", "v") == big[:size]
        assert c.pipeline([("INCR", "n")] * 20000) == list(range(1, 20001))
        assert c.pipeline([("GET", "v")] * 300) == [big[:70001]] * 300


def test_bytes_that_come_one_by_one(tls):
    server = tls()
    with server.client() as c:
        for byte in encode("SET", "slow", "x" * 50):
            c.send_raw(bytes([byte]))
        assert c.read() == "OK"


def test_a_reader_that_stops_holds_up_nobody_and_gets_all(tls):
    server = tls()
    with server.client() as slow, server.client() as c:
        c("SET", "v", "y" * 1_000_000)
        for _ in range(20):
            slow.send("GET", "v")
        began = time.monotonic()
        assert c.pipeline([("PING",)] * 100) == ["PONG"] * 100
        assert time.monotonic() - began < 5 * PATIENCE
        assert [slow.read() for _ in range(20)] == [b"y" * 1_000_000] * 20


@keel_only  # the figure is newer than 7.0
def test_a_slow_subscriber_is_bounded(tls):
    server = tls(client_output_buffer_limit='"pubsub 1mb 0 0"')
    with server.client() as slow, server.client() as c:
        slow("SUBSCRIBE", "news")
        message = "z" * 100_000
        for _ in range(200):
            c("PUBLISH", "news", message)
        wait_for(lambda: info_of(c, "stats")["client_output_buffer_limit_disconnections"] == "1", what="the slow one to be closed")


def test_what_was_asked_before_the_end_is_answered(tls):
    server = tls()
    with server.client() as c:
        c.send_raw(b"".join(encode("INCR", "n") for _ in range(1000)) + encode("QUIT"))
        assert [c.read() for _ in range(1001)] == list(range(1, 1001)) + ["OK"]
        with pytest.raises(Closed):
            c.read()  # with a goodbye: an end without one is an error of ssl's


def test_waiting_killed_and_pushed_to(tls):
    server = tls()
    with server.client(resp=3) as waiting, server.client(resp=3) as c:
        waiting.send("BLPOP", "q", "0")
        wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="the wait")
        assert c("LPUSH", "q", "v") == 1
        assert waiting.read() == [b"q", b"v"]
        waiting("CLIENT", "TRACKING", "ON")
        waiting("GET", "k")
        c("SET", "k", "1")
        assert waiting.read() == [b"invalidate", [b"k"]]
        number = waiting("CLIENT", "ID")
        waiting.send("BLPOP", "q", "0")
        wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="the wait")
        assert c("CLIENT", "KILL", "ID", number) == 1
        with pytest.raises((Closed, ssl.SSLError)):
            waiting.read()


def test_others_are_answered_while_a_script_runs(tls):
    server = tls(busy_reply_threshold=50)
    with server.client() as busy, server.client() as c:
        busy.send("EVAL", "while true do end", "0")
        wait_for(lambda: isinstance(c("PING"), Error), what="BUSY")
        with server.client() as newcomer:  # its handshake as well
            assert newcomer("PING").code == "BUSY"
            assert newcomer("SCRIPT", "KILL") == "OK"
        assert isinstance(busy.read(), Error)


def test_connections_come_and_go_at_random(tls):
    """Killed, dropped and finished at any moment, from several threads; under the sanitizers nothing is left behind."""
    server = tls()
    wrong = []

    def one(seed):
        try:
            for i in range(15):
                c = server.client()
                c.send_raw(b"".join(encode("SET", "k%d" % (seed + j), "v" * 3000) + encode("GET", "k%d" % seed) for j in range(i * 7 + 1)))
                if (seed + i) % 3 == 0:
                    c.socket.close()
                elif (seed + i) % 3 == 1:
                    with server.client() as other:
                        other("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", "USER", "default", "LADDR", "127.0.0.1:1")
                    c.read()
                    c.socket.close()
                else:
                    for _ in range(i * 14 + 2):
                        c.read()
                    c.socket.close()
        except Exception as e:  # pragma: no cover
            wrong.append(e)

    threads = [threading.Thread(target=one, args=(n * 100,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * PATIENCE)
    assert not wrong
    with server.client() as c:
        wait_for(lambda: info_of(c, "clients")["connected_clients"] == "1", what="all to be gone")


# --- the libraries people use ---
def test_redis_cli(tls, authority):
    cli = shutil.which("redis-cli")
    if not cli:
        pytest.skip("redis-cli is not installed")
    server = tls()
    def ask(*words):
        done = subprocess.run([cli, "--tls", "--cacert", authority.path("ca.crt"), "--cert", authority.path("bob.crt"), "--key",
                               authority.path("bob.key"), "-h", "127.0.0.1", "-p", str(server.tls_port), *words],
                              capture_output=True, text=True, timeout=30)
        return done.stdout.strip() or done.stderr.strip()
    assert ask("PING") == "PONG" and ask("SET", "a", "1") == "OK" and ask("GET", "a") == "1"
    if IS_PEER:
        return
    plain = subprocess.run([cli, "-p", str(server.tls_port), "PING"], capture_output=True, text=True, timeout=30)
    assert "This port speaks TLS" in plain.stdout + plain.stderr


def test_python_redis(tls, authority):
    redis = pytest.importorskip("redis")
    server = tls()
    r = redis.Redis(host="localhost", port=server.tls_port, ssl=True, ssl_ca_certs=authority.path("ca.crt"), ssl_certfile=authority.path("bob.crt"),
                    ssl_keyfile=authority.path("bob.key"), decode_responses=True)
    with r.pipeline() as p:
        assert p.set("a", 1).incr("a").execute() == [True, 2]
    with r.pipeline(transaction=False) as p:
        for i in range(5000):
            p.set("key:%d" % i, "x" * 100)
        assert all(p.execute())
    pubsub = r.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("news")
    pubsub.get_message(timeout=1)
    assert r.publish("news", "hello") == 1
    assert pubsub.get_message(timeout=5)["data"] == "hello"
    assert r.eval("return redis.call('GET', KEYS[1])", 1, "a") == "2"
    pubsub.close()
    with pytest.raises(redis.ConnectionError):
        redis.Redis(host="localhost", port=server.tls_port, ssl=True, ssl_ca_certs=authority.path("ca.crt")).ping()
    r.close()


IOREDIS = """
const fs = require('fs');
const Redis = require('ioredis');
const [port, folder] = process.argv.slice(2);
const tls = { ca: fs.readFileSync(folder + '/ca.crt'), cert: fs.readFileSync(folder + '/bob.crt'), key: fs.readFileSync(folder + '/bob.key') };
(async () => {
  const r = new Redis(Number(port), 'localhost', { tls });
  const out = {};
  out.pipeline = (await r.pipeline().set('a', 1).incr('a').get('a').exec()).map(x => x[1]);
  out.multi = (await r.multi().incr('a').lpush('l', 'x').exec()).map(x => x[1]);
  r.defineCommand('add', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
  out.script = await r.add('a', 10);
  const sub = new Redis(Number(port), 'localhost', { tls });
  await sub.subscribe('news');
  const got = new Promise(resolve => sub.on('message', (channel, text) => resolve([channel, text])));
  await r.publish('news', 'hello');
  out.message = await got;
  out.large = (await r.set('big', Buffer.alloc(3000000, 'q')), (await r.getBuffer('big')).length);
  console.log(JSON.stringify(out));
  r.disconnect(); sub.disconnect();
})().catch(e => { console.error(e); process.exit(1); });
"""


def test_ioredis(tls, authority, tmp_path):
    folder = npm_package("ioredis")
    server = tls()
    script = tmp_path / "tls.js"
    script.write_text(IOREDIS)
    done = subprocess.run(["node", str(script), str(server.tls_port), authority.folder], capture_output=True, text=True,
                          timeout=60, env=dict(os.environ, NODE_PATH=os.path.join(folder, "node_modules")))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"pipeline": ["OK", 2, "2"], "multi": [3, 1], "script": 13, "message": ["news", "hello"],
                                       "large": 3000000}
