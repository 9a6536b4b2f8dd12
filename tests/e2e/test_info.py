# SPDX-License-Identifier: BSD-3-Clause
"""INFO: sections, fields, and that the figures mean something."""
import os
import re
import shutil
import subprocess
import time

import pytest

from keel import BINARY, ROOT, info_of, keel_only, wait_for
from resp import Error, encode

SECTIONS = {
    "server": "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits monotonic_clock multiplexing_api "
              "gcc_version process_id process_supervised run_id tcp_port server_time_usec uptime_in_seconds uptime_in_days hz "
              "configured_hz lru_clock executable config_file io_threads_active",
    "clients": "connected_clients cluster_connections maxclients client_recent_max_input_buffer "
               "client_recent_max_output_buffer blocked_clients tracking_clients clients_in_timeout_table",
    "memory": "used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak used_memory_peak_human "
              "used_memory_peak_perc used_memory_overhead used_memory_startup used_memory_dataset used_memory_dataset_perc "
              "allocator_allocated allocator_active allocator_resident total_system_memory used_memory_lua used_memory_vm_eval "
              "used_memory_scripts_eval number_of_cached_scripts number_of_functions number_of_libraries maxmemory "
              "maxmemory_human maxmemory_policy allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio rss_overhead_ratio "
              "mem_fragmentation_ratio mem_fragmentation_bytes mem_not_counted_for_evict mem_replication_backlog "
              "mem_clients_slaves mem_clients_normal mem_cluster_links mem_aof_buffer mem_allocator active_defrag_running "
              "lazyfree_pending_objects lazyfreed_objects",
    "persistence": "loading async_loading current_cow_peak current_cow_size current_cow_size_age current_fork_perc "
                   "current_save_keys_processed current_save_keys_total rdb_changes_since_last_save rdb_bgsave_in_progress "
                   "rdb_last_save_time rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_saves "
                   "rdb_last_cow_size aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_bgrewrite_status "
                   "aof_last_write_status module_fork_in_progress",
    "stats": "total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes "
             "total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps rejected_connections sync_full "
             "sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count evicted_keys "
             "evicted_clients total_eviction_exceeded_time current_eviction_exceeded_time keyspace_hits keyspace_misses "
             "pubsub_channels pubsub_patterns latest_fork_usec total_forks migrate_cached_sockets slave_expires_tracked_keys "
             "active_defrag_hits active_defrag_misses tracking_total_keys unexpected_error_replies total_error_replies "
             "dump_payload_sanitizations total_reads_processed total_writes_processed io_threaded_reads_processed "
             "io_threaded_writes_processed reply_buffer_shrinks reply_buffer_expands",
    "replication": "role connected_slaves master_failover_state master_replid master_replid2 master_repl_offset "
                   "second_repl_offset repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen",
    "cpu": "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children used_cpu_sys_main_thread "
           "used_cpu_user_main_thread",
    "cluster": "cluster_enabled",
}


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_section_has_its_fields(c, section):
    missing = set(SECTIONS[section].split()) - set(info_of(c, section))
    assert not missing


def headings(c, *sections):
    return [l[2:] for l in c("INFO", *sections).decode().split("\r\n") if l.startswith("# ")]


def test_sections_by_name(c):
    c("SET", "a", "1")
    usual = headings(c)
    assert usual[:8] == ["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules"]
    assert usual[-1] == "Keyspace" and "Commandstats" not in usual
    assert headings(c, "default") == usual
    everything = headings(c, "everything")
    assert {"Commandstats", "Errorstats", "Latencystats"} <= set(everything) and set(usual) <= set(everything)
    assert headings(c, "cPu", "keyspace") == ["CPU", "Keyspace"]
    assert headings(c, "nosuch") == []
    assert headings(c, "server", "nosuch", "server") == ["Server"]
    assert {"Commandstats", "Server"} <= set(headings(c, "all"))


def test_lines_end_as_they_should(c):
    text = c("INFO").decode()
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    assert text.startswith("# Server\r\nredis_version:")


def test_process_fields(server, c):
    info = info_of(c)
    assert info["process_id"] == str(server.pid) and info["tcp_port"] == str(server.port)
    assert info["config_file"] == server.config_file
    assert len(info["run_id"]) == 40 and len(info["master_replid"]) == 40
    assert info["role"] == "master" and info["redis_mode"] == "standalone"
    assert abs(int(info["server_time_usec"]) / 1e6 - time.time()) < 5


def test_keyspace_section(c):
    assert headings(c, "keyspace") == ["Keyspace"]
    c("SET", "a", "1")
    c("SET", "b", "1", "EX", "1000")
    c("SELECT", "3")
    c("SET", "a", "1")
    keyspace = info_of(c, "keyspace")
    assert keyspace["db0"].startswith("keys=2,expires=1,avg_ttl=") and keyspace["db3"].startswith("keys=1,expires=0,avg_ttl=0")
    assert "db1" not in keyspace


def test_hits_and_misses(c):
    c("CONFIG", "RESETSTAT")
    c("SET", "a", "1")
    c("GET", "a")
    c("GET", "b")
    c("MGET", "a", "b", "c")
    c("EXISTS", "a", "b")
    c("TTL", "b")
    info = info_of(c, "stats")
    assert (info["keyspace_hits"], info["keyspace_misses"]) == ("3", "5")


def test_command_statistics(c):
    c("CONFIG", "RESETSTAT")
    c("SET", "a", "x")
    c("SET", "a", "x")
    c("INCR", "a")
    c("GET")
    c("CLIENT", "ID")
    info = info_of(c)
    assert info["cmdstat_set"].startswith("calls=2,usec=") and info["cmdstat_set"].endswith(",rejected_calls=0,failed_calls=0")
    assert info["cmdstat_incr"].startswith("calls=1,") and info["cmdstat_incr"].endswith(",rejected_calls=0,failed_calls=1")
    assert info["cmdstat_get"].startswith("calls=0,") and info["cmdstat_get"].endswith(",rejected_calls=1,failed_calls=0")
    assert info["cmdstat_client|id"].startswith("calls=1,")
    assert info["latency_percentiles_usec_set"].startswith("p50=")


def test_error_statistics(c):
    c("CONFIG", "RESETSTAT")
    for words in (("GET",), ("NOSUCH",), ("SETRANGE", "a", "x", "y")):
        c(*words)
    info = info_of(c)
    assert info["errorstat_ERR"] == "count=3"
    assert info["total_error_replies"] == "3"


def test_an_error_inside_of_exec_is_counted_once(c):
    c("CONFIG", "RESETSTAT")
    c("MULTI"), c("SET", "a", "x"), c("INCR", "a"), c("INCR", "a")
    assert [type(reply).__name__ for reply in c("EXEC")] == ["Simple", "Error", "Error"]
    info = info_of(c)
    assert info["errorstat_ERR"] == "count=2"
    assert info["cmdstat_incr"].endswith(",rejected_calls=0,failed_calls=2")
    assert info["cmdstat_exec"].endswith(",rejected_calls=0,failed_calls=0")
    assert c("EXEC") == Error("ERR EXEC without MULTI")
    info = info_of(c)
    assert info["errorstat_ERR"] == "count=3"
    assert info["cmdstat_exec"].endswith(",rejected_calls=0,failed_calls=1")


def test_commands_and_bytes_are_counted(c):
    before = info_of(c, "stats")
    c.pipeline([("SET", "k", b"v" * 1000)] * 100)
    after = info_of(c, "stats")
    assert int(after["total_commands_processed"]) - int(before["total_commands_processed"]) in (100, 101)
    assert int(after["total_net_input_bytes"]) - int(before["total_net_input_bytes"]) > 100_000
    assert int(after["total_net_output_bytes"]) - int(before["total_net_output_bytes"]) > 500


def test_memory_follows_the_data(c):
    before = int(info_of(c, "memory")["used_memory"])
    for i in range(20):
        c("SET", "big:%d" % i, b"x" * 1_000_000)
    full = info_of(c, "memory")
    assert 20_000_000 <= int(full["used_memory"]) - before < 40_000_000
    assert int(full["used_memory_peak"]) >= int(full["used_memory"])
    wait_for(lambda: int(info_of(c, "memory")["used_memory_rss"]) > 20_000_000)  # read at intervals only
    c("FLUSHALL")
    wait_for(lambda: int(info_of(c, "memory")["used_memory"]) - before < 5_000_000)


def test_expired_and_changes_are_counted(c):
    before = info_of(c)
    c("SET", "a", "1", "PX", "1")
    time.sleep(0.02)
    assert c("GET", "a") is None
    wait_for(lambda: int(info_of(c)["expired_keys"]) == int(before["expired_keys"]) + 1)
    assert int(info_of(c)["rdb_changes_since_last_save"]) > int(before["rdb_changes_since_last_save"])


def test_ops_per_second_are_seen(server, c):
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        c.send_raw(encode("PING") * 100)
        for _ in range(100):
            c.read()
    assert int(info_of(c, "stats")["instantaneous_ops_per_sec"]) > 100


@keel_only
def test_keels_own_fields(c):
    info = info_of(c)
    assert info["server_name"] == "keel" and info["keel_version"][0].isdigit()
    assert info["redis_version"] == "7.4.0"


@keel_only
def test_fields_of_newer_peers(c):
    missing = set("total_active_defrag_time client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections "
                  "acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel pubsub_clients "
                  "watching_clients total_watched_keys total_blocking_keys eventloop_cycles eventloop_duration_sum "
                  "eventloop_duration_cmd_sum instantaneous_eventloop_cycles_per_sec "
                  "instantaneous_eventloop_duration_usec".split()) - set(info_of(c))
    assert not missing


@keel_only
def test_expiry_lag_is_shown(c):
    lag = [name for name in info_of(c) if "lag" in name and "expir" in name]
    assert len(lag) >= 3, "p50, p99 and max of how late expiry came"


@keel_only
def test_the_build_is_told(c):
    info = info_of(c, "server")
    assert re.fullmatch(r"[0-9a-f]{8}", info["redis_git_sha1"])
    assert info["redis_git_dirty"] in ("0", "1")
    assert re.fullmatch(r"[0-9a-f]{16}", info["redis_build_id"])
    out = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=20).stdout
    assert " sha=%s:%s " % (info["redis_git_sha1"], info["redis_git_dirty"]) in out
    assert out.endswith(" build=%s\n" % info["redis_build_id"])
    source = os.path.join(ROOT, ".git")
    if os.path.exists(source) and shutil.which("git"):
        assert info["redis_git_sha1"] != "00000000"
