// SPDX-License-Identifier: BSD-3-Clause
//
// keel-server: flags, configuration, start, run.
//
//     keel-server [FILE | -] [--directive value ...]
//
// Order of a start: arguments and file (any mistake ends here, on stderr), directory and log, daemon, file limit,
// sockets (a taken port ends here), data, "Ready to accept connections".
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "conf/config.h"
#include "protocol/base/log.h"
#include "protocol/base/memory_use.h"
#include "server/cycle_clock.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/process.h"
#include "server/server.h"
#include "server/setting_hooks.h"
#include "server/version.h"

namespace keel {

namespace {

constexpr const char* kHelp =
    "Usage: keel-server [FILE | -] [--directive value ...]\n"
    "\n"
    "  FILE          a configuration file, in the format of redis.conf; '-' reads standard input\n"
    "  --NAME VALUE  a directive of that file, over what the file says\n"
    "  --version     says which version this is\n"
    "  --help        this text\n"
    "\n"
    "Examples:\n"
    "  keel-server                                 listens on port 6379, with default settings\n"
    "  keel-server /etc/keel/keel.conf\n"
    "  keel-server --port 7777 --maxmemory 2gb --maxmemory-policy allkeys-lru\n"
    "  keel-server /etc/redis/redis.conf --port 6380 --loglevel verbose\n";

int fail(Bytes text) {
    fmt::print(stderr, "{}{}", text, text.ends_with('\n') ? "" : "\n");
    return 1;
}

int serve(Config& config, ProcessFacts facts) {
    const Settings& settings = config.settings();
    const SystemClock clock;
    if (const Status opened = open_log(settings.logging); !opened) return fail(opened.error().text());
    if (settings.process.daemonize) daemonize();
    announce_start(config, facts);

    if (const Status fits = fit_clients_to_file_limit(config); !fits) {
        log_warning("{}", fits.error().text());
        return fail(fits.error().text());
    }
    Server server{config, clock, std::move(facts)};
    if (const Status renamed = server.rename_commands(); !renamed) return fail(renamed.error().text());
    auto listeners = Listeners::open(server.loop->context(), settings.network);
    if (!listeners) {
        log_warning("{}", listeners.error().text());
        return fail(listeners.error().text());
    }
    server.loop->listeners = *std::move(listeners);
    if (settings.network.port == 0 && settings.network.unix_socket.empty()) {
        log_warning("Configured to not listen anywhere, exiting.");
        return 1;
    }
    adopt_process_settings(server);
    follow_settings(server);
    log_notice("Server initialized");
    for (const std::string& note : config.notes()) log_notice("{}", note);
    server.loop->listeners->start(server);
    announce_ready(server);
    server.loop->run(server);
    return 0;
}

int run(int argc, const char* const* argv) {
    RealMachine machine;
    Config config{machine, fmt::format("keel {}", kKeelVersion)};
    const Arguments arguments = parse_arguments({argv, static_cast<std::size_t>(argc)});
    switch (arguments.action) {
        case Arguments::Action::show_version:
            fmt::print("keel server v={} redis={} malloc={} bits={}\n", kKeelVersion, kRedisVersion, allocator_name(),
                       8 * sizeof(void*));
            return 0;
        case Arguments::Action::show_help: fmt::print("{}", kHelp); return 0;
        default: break;
    }
    ProcessFacts facts;
    facts.arguments.assign(argv, argv + argc);
    facts.executable = executable_path();
    std::vector<std::pair<std::string, std::string>> renames;
    config.on_directive("rename-command", [&renames](std::span<const std::string> words) -> Status {
        renames.emplace_back(words[0], words[1]);
        return {};
    });
    if (const Status loaded = config.load(arguments); !loaded) return fail(loaded.error().text());
    facts.renames = std::move(renames);
    return serve(config, std::move(facts));
}

}  // namespace

}  // namespace keel

int main(int argc, char** argv) {
    keel::CycleClock::calibrate();
    keel::register_thread_memory();
    keel::remember_title_area(argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    try {
        return keel::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "keel-server: {}\n", error.what());
        return 1;
    }
}
