// SPDX-License-Identifier: BSD-3-Clause
//
// keel-server: flags, configuration, start, run.
//
//     keel-server [FILE | -] [--directive value ...]
//
// Order of a start: arguments and file (any mistake ends here, on stderr), directory and log, daemon, file limit,
// commands' names, sockets (a taken port ends here), data (clients get LOADING meanwhile), "Ready to accept
// connections". Whatever ends it is said in
// the log and on stderr, with exit status 1; a daemon's parent waits and passes that on.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "conf/config.h"
#include "protocol/base/log.h"
#include "protocol/base/memory_use.h"
#include "server/acl/access.h"
#include "server/build_facts.h"
#include "server/crash_report.h"
#include "server/cycle_clock.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/process.h"
#include "server/server.h"
#include "server/setting_hooks.h"
#include "server/start_checks.h"
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

// Nothing can be done where stderr is full.
int fail(Bytes text) {
    const std::string line = fmt::format("{}{}", text, text.ends_with('\n') ? "" : "\n");
    static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
    return 1;
}

// Said on stderr too: the log may be elsewhere.
int fail_logged(Bytes text) {
    log_warning("{}", text);
    return fail(text);
}

int serve(Config& config, ProcessFacts facts) {
    const Settings& settings = config.settings();
    const SystemClock clock;
    if (const Status opened = open_log(settings.logging); !opened) return fail(opened.error().text());
    if (const Status safe = refuse_unsafe(settings); !safe) return fail_logged(safe.error().text());
    const bool supervised = greet_supervisor(settings.process);
    if (settings.process.daemonize && !supervised) daemonize();
    map_program();
    announce_start(config, facts);
    if (const Status fits = fit_clients_to_file_limit(config); !fits) return fail_logged(fits.error().text());

    Server server{config, clock, std::move(facts)};
    const CrashReportScope crash_report{server};
    if (const Status& started = server.background.started(); !started) return fail_logged(started.error().text());
    if (const Status renamed = server.rename_commands(); !renamed) return fail(renamed.error().text());
    if (const Status loaded = acl::load_users(server); !loaded) return fail_logged(loaded.error().text());
    config.own_lines("user", [&server] { return acl::user_lines(server); });
    const bool no_tcp = settings.network.bind.empty() || (settings.network.port == 0 && settings.tls.port == 0);
    if (no_tcp && settings.network.unix_socket.empty()) {
        return fail_logged("Configured to not listen anywhere, exiting.");
    }
    if (settings.tls.port != 0) {
        if (const Status made = server.loop->tls.configure(settings.tls); !made)
            return fail_logged(fmt::format("Failed to configure TLS: {}", made.error().text()));
    }
    auto listeners = Listeners::open(server.loop->context(), settings.network, settings.tls.port);
    if (!listeners) return fail_logged(listeners.error().text());
    server.loop->listeners = *std::move(listeners);
    if (const Status adopted = adopt_process_settings(server); !adopted) return fail_logged(adopted.error().text());
    follow_settings(server);
    log_notice("Server initialized");
    warn_of_machine(settings);
    for (const std::string& note : config.notes()) log_notice("{}", note);
    // Who comes while the data is loaded is told so.
    server.loop->begin(server);
    server.loop->listeners->start(server);
    const Status loaded = settings.aof.enabled ? server.append_log.load() : server.snapshots.load();
    if (!loaded && !server.loop->stopped()) return fail_logged(loaded.error().text());
    if (loaded) {
        announce_ready(server);
        daemon_ready();
        server.loop->run(server);
    }
    const int status = server.finish() ? 0 : 1;
#ifdef KEEL_SANITIZED
    return status;  // everything is taken down, so that leaks show
#else
    std::_Exit(status);  // the kernel frees the data faster than we do
#endif
}

// Lines that are no parameters.
void read_directives(Config& config, ProcessFacts& facts) {
    config.on_directive("rename-command", [&facts](std::span<const std::string> words) -> Status {
        facts.renames.emplace_back(words[0], words[1]);
        return {};
    });
    config.on_directive("user", [&facts](std::span<const std::string> words) -> Status {
        KEEL_TRY(acl::check_user_line(words));
        if (std::any_of(facts.users.begin(), facts.users.end(),
                        [&](const auto& user) { return user[0] == words[0]; })) {
            return Error{
                fmt::format("Error in user declaration '{}': Duplicate user found. A user can only be defined once "
                            "in config files",
                            words[0])};
        }
        facts.users.emplace_back(words.begin(), words.end());
        return {};
    });
    config.on_directive("loadmodule", [](std::span<const std::string> words) -> Status {
        return Error{fmt::format("Can't load module from {}: keel runs no modules", words[0])};
    });
}

int run(int argc, const char* const* argv) {
    RealMachine machine;
    Config config{machine, fmt::format("keel {}", kKeelVersion)};
    const Arguments arguments = parse_arguments({argv, static_cast<std::size_t>(argc)});
    switch (arguments.action) {
        case Arguments::Action::show_version:
            fmt::print("keel server v={} redis={} sha={}:{} malloc={} bits={} build={}\n", kKeelVersion, kRedisVersion,
                       kBuildFacts.commit, kBuildFacts.modified ? 1 : 0, allocator_name(), 8 * sizeof(void*),
                       build_id());
            return 0;
        case Arguments::Action::show_help: fmt::print("{}", kHelp); return 0;
        default: break;
    }
    ProcessFacts facts;
    facts.arguments.assign(argv, argv + argc);
    facts.executable = executable_path();
    read_directives(config, facts);
    if (const Status loaded = config.load(arguments); !loaded) return fail(loaded.error().text());
    return serve(config, std::move(facts));
}

}  // namespace

}  // namespace keel

int main(int argc, char** argv) {
    keel::CycleClock::calibrate();
    keel::register_thread_memory();
    keel::remember_title_area(argc, argv);
    keel::install_crash_report();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error like a full disk
    try {
        return keel::run(argc, argv);
    } catch (const std::exception& error) {
        return keel::fail(fmt::format("keel-server: {}", error.what()));
    }
}
