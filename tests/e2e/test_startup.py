# SPDX-License-Identifier: BSD-3-Clause
"""From the command line to the first answer: what is said on stdout and stderr, and what makes a start fail."""
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from keel import BINARY, IS_PEER, PATIENCE, SANITIZED, Server, config_get, free_port, keel_only, wait_for
from resp import Client, Error

REDIS_CONF = "/etc/redis/redis.conf"


def run(*args, stdin=None, cwd="/tmp"):
    return subprocess.run([BINARY, *args], input=stdin, capture_output=True, text=True, timeout=20 * PATIENCE, cwd=cwd)


def refused(start, text, *patterns, args=()):
    """A server with this file does not start: status 1, and stderr (or the log) says why."""
    server = start(text=text, args=args, ready=False)
    assert server.wait_exit() == 1
    said = server.stderr() + server.log()
    for pattern in patterns:
        assert re.search(pattern, said), "%r is not in:\n%s" % (pattern, said)


def test_version_and_help():
    for flag in ("--version", "-v"):
        out = run(flag)
        assert out.returncode == 0
        assert re.search(r"v=\d+\.\d+\.\d+", out.stdout)
    for flag in ("--help", "-h"):
        out = run(flag)
        assert "--port" in out.stdout + out.stderr and "Usage" in out.stdout + out.stderr


def test_stdout_tells_the_pid_then_initialized_then_ready(start):
    server = start()
    server.wait_log("Ready to accept")
    log = server.log()
    pid = log.index(" PID: %d" % server.pid)
    initialized = log.index("Server initialized")
    ready = log.index("Ready to accept")
    assert pid < initialized < ready
    assert "already in use" not in log.split("\n")[0]


def test_log_lines_have_pid_role_date_level(start):
    server = start()
    server.wait_log("Ready to accept")
    line = next(l for l in server.log().split("\n") if "Ready to accept" in l)
    assert re.match(r"%d:M \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] " % server.pid, line), line


def test_a_restarted_server_appends_to_its_log(start):
    server = start()
    server.wait_log("Ready to accept")
    server.restart()
    wait_for(lambda: server.log().count("Ready to accept") == 2)


def test_a_full_stderr_does_not_change_how_a_start_fails(tmp_path):
    for args in (["--port", "no"], ["--port", "0", "--bind", "", "--dir", str(tmp_path)]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, *args], stdout=full, stderr=full, timeout=20 * PATIENCE, cwd=tmp_path)
        assert done.returncode == 1, args


@keel_only
@pytest.mark.skipif(SANITIZED, reason="a sanitizer has its own place for stacks")
def test_a_system_without_a_thread_for_us_is_told(tmp_path):
    """Threads take stacks as large as that of the process may grow: here larger than what there is."""
    def no_threads():
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 46, resource.getrlimit(resource.RLIMIT_STACK)[1]))

    if resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY:
        pytest.skip("the limit of stacks cannot be raised here")
    done = subprocess.run([BINARY, "--port", str(free_port()), "--dir", str(tmp_path)], capture_output=True, text=True,
                          timeout=20 * PATIENCE, preexec_fn=no_threads)
    # jemalloc, which wants a thread too, says so before.
    sentence = "Can't create the thread bio_lazy_free: Resource temporarily unavailable\n"
    assert done.returncode == 1 and done.stderr.endswith(sentence) and done.stdout.endswith("# " + sentence), done


@pytest.mark.parametrize("lines", ["port 0", "bind", 'bind ""'])
def test_nowhere_to_listen(start, lines):
    server = start(text="%s\n" % lines, ready=False, args=["--port", "0"] if lines == "port 0" else ["--port", str(free_port())])
    assert server.wait_exit() == 1
    assert "Configured to not listen anywhere, exiting." in server.log()


def test_taken_port(start):
    first = start()
    second = start({"port": first.port}, ready=False)
    assert second.wait_exit() == 1
    said = second.log() + second.stderr()
    assert "Failed listening on port %d" % first.port in said
    with first.client() as c:
        assert c("PING") == "PONG"


def test_taken_port_names_the_socket(start):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        server = start({"port": s.getsockname()[1]}, ready=False)
        assert server.wait_exit() == 1
        assert "bind: Address already in use" in server.log() + server.stderr()


@pytest.mark.parametrize("text, patterns", [
    ("port abc\n", ["FATAL CONFIG FILE ERROR", r"Reading the configuration file, at line 1", r">>> 'port abc'",
                    "argument couldn't be parsed into an integer"]),
    ("\n# c\nnosuch yes\n", ["at line 3", r">>> 'nosuch yes'", "Bad directive or wrong number of arguments"]),
    ("port\n", ["at line 1", "wrong number of arguments"]),
    ("port 1 2\n", ["at line 1", ">>> 'port 1 2'", "wrong number of arguments"]),
    ("port 70000\n", ["argument must be between 0 and 65535 inclusive"]),
    ("port -1\n", ["argument must be between 0 and 65535 inclusive"]),
    ("appendonly maybe\n", ["argument must be 'yes' or 'no'"]),
    ("maxmemory-policy none\n", [r"argument\(s\) must be one of the following: .*noeviction"]),
    ("loglevel loud\n", [r"argument\(s\) must be one of the following"]),
    ("maxmemory 12x\n", ["argument must be a memory value"]),
    ('dir "unbalanced\n', ["at line 1", "Unbalanced quotes in configuration line"]),
    ("save 60\n", ["Invalid save parameters"]),
    ("requirepass\n", ["wrong number of arguments"]),
    ("shutdown-on-sigint\n", [r"argument\(s\) must be one of the following: default, save"]),
    ("oom-score-adj-values\n", ["wrong number of arguments"]),
    ("databases 0\n", ["argument must be between 1 and 2147483647 inclusive"]),
    ("client-output-buffer-limit nosuch 0 0 0\n", ["Invalid client class specified in buffer limit configuration"]),
    ("dir /nonexistent/folder\n", ["No such file or directory"]),
    ("include /nonexistent/keel.conf\n", ["can't open config file"]),
    ("rename-command NOSUCH x\n", ["No such command in rename-command"]),
])
def test_a_bad_configuration_stops_the_start(start, text, patterns):
    refused(start, text, *patterns)


def test_a_bad_argument_stops_the_start(start):
    refused(start, "", "wrong number of arguments", args=["--port"])
    refused(start, "", r"""'port "6379" "6380"'""", "wrong number of arguments", args=["--port", "6379", "6380"])
    refused(start, "", "Bad directive or wrong number of arguments", args=["--nosuch", "1"])


def test_a_missing_file_stops_the_start():
    out = run("/nonexistent/keel.conf")
    assert out.returncode == 1
    assert "can't open config file '/nonexistent/keel.conf': No such file or directory" in out.stdout + out.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_stops_the_start(tmp_path):
    file = tmp_path / "keel.conf"
    file.write_text("port 1\n")
    file.chmod(0)
    out = run(str(file))
    assert out.returncode == 1 and "Permission denied" in out.stdout + out.stderr


# --- data that cannot be read, or written ---

def make_folder(path):
    os.makedirs(path)


def make_file(path):
    with open(path, "w") as f:
        f.write("nothing that keel knows")


UNREADABLE = {
    "a folder for a snapshot": ("dump.rdb", make_folder, "no", r"Can't read \S*dump\.rdb: Is a directory"),
    "a folder for a snapshot, with a log": ("dump.rdb", make_folder, "yes", r"Can't read \S*dump\.rdb: Is a directory"),
    "a pipe for a snapshot": ("dump.rdb", os.mkfifo, "no", r"Can't read \S*dump\.rdb: It is a pipe or a device"),
    "a file for the folder of the log": ("appendonlydir", make_file, "yes", r"Can't make the folder \S*appendonlydir: Not a directory"),
    "a folder for the manifest": ("appendonlydir/appendonly.aof.manifest", make_folder, "yes", r"Can't read \S*\.manifest: Is a directory"),
    "a pipe for the manifest": ("appendonlydir/appendonly.aof.manifest", os.mkfifo, "yes", r"Can't read \S*\.manifest: It is a pipe or a device"),
}


@keel_only
@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_there_and_no_data_ends_the_start(start, what):
    """Nothing begins empty in its place, and nothing waits for whoever might write to a pipe."""
    name, make, log, says = UNREADABLE[what]
    server = start(ready=True)
    server.kill()
    server.wait_exit()
    os.makedirs(os.path.dirname(server.file(name)), exist_ok=True)
    make(server.file(name))
    server.args += ["--appendonly", log]
    server.expect_exit = True
    server.start(ready=False)
    assert server.wait_exit() == 1
    assert re.search(says, server.stderr()), server.stderr()
    assert os.path.exists(server.file(name))


def as_nobody(server, mode=0o755):
    """A start without a right to what is not for everybody; its status and what it said."""
    def become_nobody():
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
    os.chmod(server.dir, mode)
    try:
        done = subprocess.run([server.binary, server.config_file] + server.args, capture_output=True, text=True, timeout=20 * PATIENCE,
                              preexec_fn=become_nobody if os.geteuid() == 0 else None)
    except PermissionError:
        pytest.skip("not everybody may run this program")
    return done.returncode, done.stdout + done.stderr


@keel_only
@pytest.mark.parametrize("log", ["no", "yes"])
@pytest.mark.parametrize("locked", ["dump.rdb", "appendonlydir", "appendonlydir/appendonly.aof.manifest"])
def test_data_without_a_right_to_read_it_ends_the_start(start, locked, log):
    server = start({"appendonly": "yes"})
    with server.client() as c:
        assert c("SET", "k", "1") == "OK" and c("SAVE") == "OK"
    server.kill()
    server.wait_exit()
    if locked == "dump.rdb":
        for name in os.listdir(server.file("appendonlydir")):
            os.remove(os.path.join(server.file("appendonlydir"), name))
        os.rmdir(server.file("appendonlydir"))
    elif log == "no":
        pytest.skip("a log that is off is not looked at")
    os.chmod(server.file(locked), 0)
    server.args = ["--appendonly", log]
    status, said = as_nobody(server, 0o777)  # there is room for what a start makes
    os.chmod(server.file(locked), 0o755)
    assert status == 1 and re.search(r"Can't [\w ]+ \S*%s\S*: Permission denied" % re.escape(locked), said), said
    server.args = ["--appendonly", "no" if locked == "dump.rdb" else "yes"]
    server.start()
    with server.client() as c:
        assert c("GET", "k") == b"1"


@keel_only
def test_a_folder_that_cannot_be_written_ends_the_start_of_a_log(start):
    server = start()
    with server.client() as c:
        c("SET", "k", "1"), c("SAVE")
    server.kill()
    server.wait_exit()
    os.chmod(server.file("dump.rdb"), 0o444)
    server.args = ["--appendonly", "yes"]
    status, said = as_nobody(server) if os.geteuid() == 0 else (1, "Can't make the folder appendonlydir: Permission denied")
    assert status == 1 and re.search(r"Can't make the folder \S*appendonlydir: Permission denied", said), said


@keel_only
def test_names_with_blanks_and_quotes_in_a_relative_folder(start):
    server = start()
    server.kill()
    server.wait_exit()
    for folder in ("sub", "sub/appendonlydir", "other"):
        os.mkdir(server.file(folder))
    server.args = ["--dir", "sub", "--appendonly", "yes", "--appendfilename", "my \"log\" 'of' keys.aof", "--dbfilename", "a \"dump\".rdb",
                   "--appenddirname", "a folder", "--aof-use-rdb-preamble", "no"]
    server.start()
    with server.client() as c:
        assert c("SET", "k", "1") == "OK" and c("SAVE") == "OK"
        assert c("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('f', function() return 'from one' end)") == b"one"
        assert c("BGREWRITEAOF").startswith("Background append only file rewriting")
        wait_for(lambda: server.info("persistence")["aof_rewrite_in_progress"] == "0")
        assert c("SET", "l", "1") == "OK"
        before = c("DEBUG", "DIGEST")
    assert os.path.exists(server.file("sub/a \"dump\".rdb"))
    assert [n for n in os.listdir(server.file("sub/a folder")) if n.startswith("my \"log\" 'of' keys.aof.") and n.endswith(".base.aof")]
    server.kill(signal.SIGKILL)
    server.wait_exit()
    server.start()
    with server.client() as c:
        assert c("DEBUG", "DIGEST") == before and c("FCALL", "f", "0") == b"from one"


def test_a_folder_is_no_configuration_file(tmp_path):
    out = subprocess.Popen([BINARY, str(tmp_path), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out.wait(3 * PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        out.kill()
        text = out.communicate()[0]
    if not IS_PEER:  # the peer reads a folder as an empty file
        assert out.returncode == 1 and str(tmp_path) in text


def test_arguments_follow_the_file_and_win(start):
    server = start({"maxclients": 111, "timeout": 7}, args=["--maxclients", "222"])
    with server.client() as c:
        assert config_get(c, "maxclients") == "222"
        assert config_get(c, "timeout") == "7"


def test_argument_spellings(start):
    server = start(args=["--maxmemory 10mb", "--proc-title-template", "--my--title--", "--loglevel", "debug",
                         "--client-output-buffer-limit", "normal", "1mb", "2mb", "3", "pubsub", "4mb", "5mb", "6"])
    with server.client() as c:
        assert config_get(c, "maxmemory") == "10485760"
        assert config_get(c, "proc-title-template") == "--my--title--"
        assert config_get(c, "loglevel") == "debug"
        limits = config_get(c, "client-output-buffer-limit")
        assert "normal 1048576 2097152 3" in limits and "pubsub 4194304 5242880 6" in limits


def test_save_lines(start):
    def save_of(config, args=()):
        server = start(config, args=args)
        with server.client() as c:
            return config_get(c, "save")

    assert save_of({"save": ["100 10", "60 1000"]}) == "100 10 60 1000"
    assert save_of({"save": '""'}) == ""
    assert save_of({"save": "100 10"}, ["--save", "200", "20"]) == "100 10 200 20"
    assert save_of({"save": "100 10"}, ["--save", ""]) == ""
    assert save_of({"save": ""}) == ""


def test_lists_may_be_empty(start):
    server = start({"latency-tracking-info-percentiles": "", "client-output-buffer-limit": ""})
    with server.client() as c:
        assert config_get(c, "latency-tracking-info-percentiles") == ""
        assert config_get(c, "client-output-buffer-limit").startswith("normal 0 0 0 ")


def test_default_save_points(start):
    port = free_port()
    server = start(text="port %d\nbind 127.0.0.1\n" % port, ready=False)
    server.port, server.expect_exit = port, False
    wait_for(server._answers)
    with server.client() as c:
        assert config_get(c, "save") == "3600 1 300 100 60 10000"
    server.kill()
    server.wait_exit()


def test_configuration_from_stdin(tmp_path):
    port = free_port()
    p = subprocess.Popen([BINARY, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        p.stdin.write(b"port %d\nbind 127.0.0.1\nmaxclients 77\n" % port)
        p.stdin.close()

        def answer():
            try:
                with Client(port, timeout=1) as c:
                    return config_get(c, "maxclients")
            except OSError:
                return None

        assert wait_for(answer) == "77"
    finally:
        p.terminate()
        assert p.wait(10 * PATIENCE) == 0


def test_include(start, tmp_path):
    (tmp_path / "a.conf").write_text("maxclients 55\n")
    (tmp_path / "b1.conf").write_text("timeout 3\n")
    (tmp_path / "b2.conf").write_text("timeout 4\n")
    server = start({"include": ['"%s/a.conf"' % tmp_path, "%s/b*.conf" % tmp_path]})
    with server.client() as c:
        assert config_get(c, "maxclients") == "55"
        assert config_get(c, "timeout") == "4"


def test_quoting_and_units(start):
    server = start({"maxmemory": "1g", "repl-backlog-size": "1GB", '"proto-max-bulk-len"': "'2mb'",
                    "requirepass": r'"a b\x41\""'})
    with server.client() as c:
        assert c("AUTH", 'a bA"') == "OK"
        assert config_get(c, "maxmemory") == "1000000000"
        assert config_get(c, "proto-max-bulk-len") == "2097152"
        assert config_get(c, "repl-backlog-size") == "1073741824"


@pytest.mark.skipif(not os.path.exists(REDIS_CONF) or not os.access(REDIS_CONF, os.R_OK), reason="no redis.conf here")
def test_debians_redis_conf_starts_it_unchanged(start, tmp_path):
    # Behind the include line stands what must differ here: the file has port 6379, a daemon, and files below /var.
    port = free_port()
    own = {"port": port, "bind": "127.0.0.1", "dir": tmp_path, "daemonize": "no", "supervised": "no", "save": '""',
           "logfile": '""', "pidfile": tmp_path / "pid"}
    server = start(text="include %s\n" % REDIS_CONF + "".join(Server._lines(own)), ready=False)
    server.port, server.expect_exit = port, False
    wait_for(server._answers)
    with server.client() as c:
        assert c("SET", "a", "b") == "OK"
        assert config_get(c, "tcp-backlog") == "511"


def test_unix_socket(start):
    folder = tempfile.mkdtemp(prefix="keel-sock-")
    path = folder + "/s"
    server = start({"port": 0, "unixsocket": path, "unixsocketperm": "700"})
    with server.client() as c:
        assert c("PING") == "PONG"
        assert b"addr=%s:0" % path.encode() in c("CLIENT", "LIST")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    server.kill()
    server.wait_exit()
    assert not os.path.exists(path)
    os.rmdir(folder)


def test_bind_several_and_optional(start):
    server = start({"bind": "127.0.0.1 127.0.0.2 -203.0.113.7"})
    for host in ("127.0.0.1", "127.0.0.2"):
        with Client(server.port, host=host) as c:
            assert c("PING") == "PONG"
    with pytest.raises(OSError):
        Client(server.port, host="127.0.0.3", timeout=1)


def test_bind_to_an_address_that_is_not_ours_fails(start):
    server = start({"bind": "203.0.113.7"}, ready=False)
    assert server.wait_exit() == 1
    assert "Failed listening on port" in server.log() + server.stderr()


def test_ipv6(start):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    server = start({"bind": "127.0.0.1 ::1"})
    with Client(server.port, host="::1") as c:
        assert c("PING") == "PONG"
        assert b"addr=[::1]:" in c("CLIENT", "INFO")


def test_pidfile_is_written_and_removed(start, tmp_path):
    file = tmp_path / "keel.pid"
    server = start({"pidfile": str(file)})
    assert int(file.read_text()) == server.pid
    server.kill()
    server.wait_exit()
    assert not file.exists()


def test_logfile(start, tmp_path):
    file = tmp_path / "keel.log"
    file.write_text("### Starting test\n")
    server = start({"logfile": str(file)})
    with server.client() as c:
        c("DEBUG", "LOG", "hello log")
    text = file.read_text()
    assert text.startswith("### Starting test\n")
    assert "Ready to accept" in text and "DEBUG LOG: hello log" in text


def test_logfile_that_cannot_be_opened(start):
    refused(start, "logfile /nonexistent/folder/log\n", "Can't open the log file: No such file or directory")


def test_loglevels(start):
    with start({"loglevel": "warning"}).client() as c:
        c("DEBUG", "LOG", "warned")
    quiet = start({"loglevel": "warning", "always-show-logo": "no"})
    assert "Ready to accept" not in quiet.log()
    assert "DEBUG LOG" not in quiet.log()
    loud = start({"loglevel": "debug"})
    with loud.client() as c:
        c("PING")
    loud.wait_log("Accepted 127.0.0.1:")


def test_daemonize(start, tmp_path):
    file = tmp_path / "pid"
    port = free_port()
    out = subprocess.run([BINARY, "--daemonize", "yes", "--port", str(port), "--bind", "127.0.0.1", "--pidfile", str(file),
                          "--dir", str(tmp_path), "--logfile", str(tmp_path / "log"), "--save", ""], timeout=20, cwd=tmp_path)
    assert out.returncode == 0
    wait_for(file.exists)
    pid = int(wait_for(file.read_text))
    try:
        def up():
            try:
                with Client(port, timeout=1) as c:
                    return c("PING") == "PONG"
            except OSError:
                return False
        wait_for(up)
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists("/proc/%d" % pid) or "Z" in open("/proc/%d/stat" % pid).read().split()[2], 10)


def test_low_file_limit_is_reported_and_respected(start):
    server = start({"maxclients": 10000}, file_limit=100)
    assert re.search("maximum open files|max number of open files|open files", server.log())
    with server.client() as c:
        assert int(config_get(c, "maxclients")) < 100


def test_proc_title(start):
    server = start({"proc-title-template": '"{title} {listen-addr} {server-mode} {port} end"'})
    with open("/proc/%d/cmdline" % server.pid) as f:
        title = f.read().rstrip("\0 ")
    assert title.endswith(" 127.0.0.1:%d  %d end" % (server.port, server.port)), title
    assert os.path.basename(BINARY) in title


def test_oom_score(start):
    server = start({"oom-score-adj": "absolute", "oom-score-adj-values": "10 20 30"})
    with open("/proc/%d/oom_score_adj" % server.pid) as f:
        assert int(f.read()) == 10


def test_supervised_systemd(start, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(5 * PATIENCE)
        start({"supervised": "systemd"}, environment={"NOTIFY_SOCKET": path})
        said = b""
        end = time.time() + 5 * PATIENCE
        while b"READY=1" not in said and time.time() < end:
            said += s.recv(1000)
        assert b"READY=1" in said


def test_an_unwritable_pidfile_is_no_reason_to_stop(start):
    server = start({"pidfile": "/nonexistent/x.pid"})
    with server.client() as c:
        assert c("PING") == "PONG"


@keel_only
def test_a_locale_that_is_not_there_stops_the_start(start, tmp_path):
    pidfile = tmp_path / "keel.pid"
    server = start({"locale-collate": "no_SUCH.locale", "pidfile": str(pidfile)}, ready=False)
    assert server.wait_exit() == 1
    assert "Unknown locale 'no_SUCH.locale'" in server.log() + server.stderr() and not pidfile.exists()


@keel_only
def test_directives_of_the_peers_without_a_meaning_here_are_accepted(start):
    """One log line each, and the server starts."""
    server = start({"io-threads": 4, "activedefrag": "no", "repl-diskless-load": "disabled", "jemalloc-bg-thread": "yes",
                    "rdma-port": 0, "hash-max-ziplist-entries": 64, "set-proc-title": "yes"})
    with server.client() as c:
        assert c("PING") == "PONG"


@keel_only
def test_says_where_the_mistake_stands(start):
    refused(start, "port 7000\ntimeout 1\ndatabases many\n", "at line 3", ">>> 'databases many'",
            "argument couldn't be parsed into an integer")
