// SPDX-License-Identifier: BSD-3-Clause
//
// INFO server, clients, cpu, modules, tls: the process itself, and who is connected to it.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "server/build_facts.h"
#include "server/info/sections.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/net/tls_context.h"
#include "server/server.h"
#include "server/version.h"

namespace keel::info {

namespace {

std::string system_name() {
    utsname name{};
    if (uname(&name) != 0) return "unknown";
    return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

Bytes supervisor(const Process& settings) {
    using S = Process::Supervised;
    const bool may_be_systemd = settings.supervised == S::systemd || settings.supervised == S::automatic;
    if (may_be_systemd && std::getenv("NOTIFY_SOCKET") != nullptr) return "systemd";
    const bool may_be_upstart = settings.supervised == S::upstart || settings.supervised == S::automatic;
    if (may_be_upstart && std::getenv("UPSTART_JOB") != nullptr) return "upstart";
    return settings.supervised == S::no || settings.supervised == S::automatic ? "no" : "unknown";
}

Bytes compiler() {
#if defined(__clang__)
    return "0.0.0";  // the field is about gcc
#else
    static const std::string kVersion = fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    return kVersion;
#endif
}

std::string cpu_seconds(const timeval& time) { return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec); }

}  // namespace

void server(const Server& server, InfoText& out) {
    const Process& process = server.settings.process;
    const Bytes mode = server.settings.cluster.enabled ? "cluster" : "standalone";
    const std::int64_t now_us = server.clock.wall_us();
    const std::int64_t uptime_s = (server.clock.steady_us() - server.facts.started_us) / 1'000'000;
    out.field("redis_version", kRedisVersion);
    out.field("server_name", "keel");
    out.field("keel_version", kKeelVersion);
    out.field("redis_git_sha1", kBuildFacts.commit);
    out.field("redis_git_dirty", kBuildFacts.modified ? 1 : 0);
    out.field("redis_build_id", build_id());
    out.field("redis_mode", mode);
    out.field("server_mode", mode);
    out.field("os", system_name());
    out.field("arch_bits", 8 * sizeof(void*));
    out.field("monotonic_clock", "POSIX clock_gettime");
    out.field("multiplexing_api", "epoll");
    out.field("atomicvar_api", "c11-builtin");
    out.field("gcc_version", compiler());
    out.field("process_id", getpid());
    out.field("process_supervised", supervisor(process));
    out.field("run_id", server.facts.run_id);
    out.field("tcp_port", server.settings.network.port != 0 ? server.settings.network.port : server.settings.tls.port);
    out.field("server_time_usec", now_us);
    out.field("uptime_in_seconds", uptime_s);
    out.field("uptime_in_days", uptime_s / 86400);
    out.field("hz", process.hz);
    out.field("configured_hz", process.hz);
    out.field("clients_hz", process.hz);
    out.field("lru_clock", server.keyspace.ages.clock_seconds());
    out.field("executable", server.facts.executable);
    out.field("config_file", server.config.file());
    out.field("io_threads_active", 0);  // commands, and their input and output, are one thread's work
    out.field("availability_zone", process.availability_zone);
    if (!server.loop->listeners) return;
    std::size_t number = 0;
    for (const std::string& listener : server.loop->listeners->descriptions()) {
        out.field(fmt::format("listener{}", number++), listener);
    }
}

void clients(const Server& server, InfoText& out) {
    std::size_t replicas = 0;
    std::size_t subscribed = 0;
    std::size_t paused = 0;
    server.clients.each([&](const Session& session) {
        replicas += session.client_class == ClientClass::replica ? 1 : 0;
        subscribed += session.subscribed() ? 1 : 0;
        paused += session.parked == Parked::paused ? 1 : 0;
    });
    const Pause& pause = server.pause;
    const std::int64_t pause_left_ms = pause.active() ? pause.until_ms() - server.keyspace.now() : 0;
    out.field("connected_clients", server.clients.count() - replicas);
    out.field("maxclients", server.settings.clients.max_clients);
    out.field("client_recent_max_input_buffer", server.clients.recent_max_input());
    out.field("client_recent_max_output_buffer", server.clients.recent_max_output());
    out.field("blocked_clients", server.blocking.count() + paused);
    out.field("pubsub_clients", subscribed);
    out.field("monitor_clients", server.monitors.count());
    out.field("paused_reason", pause.active() ? "client_pause" : "none");
    out.field("paused_actions", !pause.active() ? "none" : pause.mode() == Pause::Mode::all ? "all" : "write");
    out.field("paused_timeout_milliseconds", std::max<std::int64_t>(pause_left_ms, 0));
    // Idle: cluster bus.
    out.field("cluster_connections", 0);
    out.field("tracking_clients", server.tracking.client_count());
    out.field("clients_in_timeout_table", server.blocking.timeout_count());
    out.field("watching_clients", server.watches.client_count());
    out.field("total_watched_keys", server.watches.key_count());
    out.field("total_blocking_keys", server.blocking.key_count());
    out.field("total_blocking_keys_on_nokey", server.blocking.gone_key_count());
}

void cpu(const Server&, InfoText& out) {
    rusage own{};
    rusage children{};
    rusage thread{};
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    getrusage(RUSAGE_THREAD, &thread);  // INFO runs on the thread that runs all commands
    out.field("used_cpu_sys", cpu_seconds(own.ru_stime));
    out.field("used_cpu_user", cpu_seconds(own.ru_utime));
    out.field("used_cpu_sys_children", cpu_seconds(children.ru_stime));
    out.field("used_cpu_user_children", cpu_seconds(children.ru_utime));
    out.field("used_cpu_sys_main_thread", cpu_seconds(thread.ru_stime));
    out.field("used_cpu_user_main_thread", cpu_seconds(thread.ru_utime));
}

// What of TLS runs out one day. A certificate that is not there has no fields.
void tls(const Server& server, InfoText& out) {
    const std::int64_t now_ms = server.clock.wall_ms();
    const auto show = [&out](Bytes whose, const std::optional<CertificateFacts>& facts) {
        if (!facts) return;
        out.field(fmt::format("tls_{}_cert_serial", whose), facts->serial);
        out.field(fmt::format("tls_{}_cert_expires_in_seconds", whose), facts->expires_in_s);
    };
    out.field("tls_port", server.settings.tls.port);
    show("server", server.loop->tls.certificate(now_ms));
    show("ca", server.loop->tls.authority(now_ms));
}

// There are none to list: keel loads no modules.
void modules(const Server&, InfoText&) {}

}  // namespace keel::info
