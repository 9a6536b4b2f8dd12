// SPDX-License-Identifier: BSD-3-Clause
#include "server/setting_hooks.h"

#include <fmt/core.h>

#include "datatypes/encodings/used_memory.h"
#include "protocol/base/log.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/process.h"
#include "server/server.h"

namespace keel {

namespace {

// Listens where the settings say; where that cannot be, the old sockets go on as they were.
Status listen_anew(Server& server) {
    Loop& loop = *server.loop;
    const Network& network = server.settings.network;
    const int tls_port = server.settings.tls.port;
    KEEL_TRY(auto opened, Listeners::open(loop.context(), network, tls_port, loop.listeners.get()));
    if (loop.listeners) loop.listeners->stop(server);
    loop.listeners = std::move(opened);
    loop.listeners->start(server);
    return {};
}

void follow_addresses(Server& server) {
    const auto hook = [&server](Bytes refusal) {
        return [&server, refusal]() -> Status {
            if (const Status heard = listen_anew(server); !heard) {
                log_warning("{}", heard.error().text());
                return Error{std::string{refusal}};
            }
            return set_process_title(server, server.settings.process.title_template);
        };
    };
    server.config.on_change({"port", "tls-port"}, hook("Unable to listen on this port. Check server logs."));
    server.config.on_change({"bind"}, hook("Failed to bind to specified addresses."));
}

// The files are read as soon as there is a TLS port, and kept should it go.
Status read_tls(Server& server) {
    if (server.settings.tls.port == 0) return {};
    const Status read = server.loop->tls.configure(server.settings.tls);
    if (read) return {};
    log_warning("Failed to configure TLS: {}", read.error().text());
    return Error{"Unable to update TLS configuration. Check server logs."};
}

void follow_tls(Server& server) {
    server.config.on_change(
        {"tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-ca-cert-file", "tls-ca-cert-dir",
         "tls-dh-params-file", "tls-protocols", "tls-ciphers", "tls-ciphersuites", "tls-prefer-server-ciphers",
         "tls-session-caching", "tls-session-cache-size", "tls-session-cache-timeout", "tls-auth-clients",
         "tls-cluster", "tls-replication", "tls-port"},
        [&server] { return read_tls(server); });
}

void follow_memory(Server& server) {
    server.config.on_change({"maxmemory"}, [&server]() -> Status {
        const std::uint64_t limit = server.settings.memory.max_bytes;
        const std::uint64_t used = used_memory();
        if (limit == 0 || used <= limit) return {};
        log_warning(
            "WARNING: the new maxmemory value set via CONFIG SET ({}) is smaller than the current memory usage ({}). "
            "Keys will be evicted, or commands that take memory refused, as maxmemory-policy says.",
            limit, used);
        server.make_room();  // a first step; more come with each command and periodically
        return {};
    });
    server.config.on_change({"maxmemory-clients"}, [&server]() -> Status {
        server.clients.evict_clients();
        return {};
    });
}

void follow_clients(Server& server) {
    server.config.on_change({"maxclients"}, [&server]() -> Status {
        const std::uint32_t wanted = server.settings.clients.max_clients;
        const std::uint32_t possible = raise_file_limit(wanted);
        if (possible >= wanted) return {};
        return Error{fmt::format(
            "The operating system is not able to handle the specified number of clients, try with {}", possible)};
    });
}

}  // namespace

void follow_settings(Server& server) {
    server.config.on_change({"appendonly"}, [&server]() -> Status {
        if (server.settings.aof.enabled) return server.append_log.start();
        server.append_log.stop();
        return {};
    });
    server.config.on_change(
        {"maxmemory-policy", "lfu-log-factor", "lfu-decay-time", "lazyfree-lazy-expire", "lazyfree-lazy-server-del",
         "slowlog-log-slower-than", "slowlog-max-len", "commandlog-request-larger-than",
         "commandlog-large-request-max-len", "commandlog-reply-larger-than", "commandlog-large-reply-max-len",
         "latency-monitor-threshold", "jemalloc-bg-thread"},
        [&server]() -> Status {
            server.apply_settings();
            return {};
        });
    follow_memory(server);
    follow_clients(server);
    follow_tls(server);  // before a TLS port opens
    follow_addresses(server);
}

}  // namespace keel
