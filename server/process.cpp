// SPDX-License-Identifier: BSD-3-Clause
#include "server/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "protocol/base/log.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/server.h"
#include "server/version.h"

extern "C" char** environ;

namespace keel {

namespace {

constexpr std::uint64_t kReservedFiles = 32;  // log, sockets, snapshot, append-only files

// The memory that held the arguments and the environment: ps reads it.
char* g_title_begin = nullptr;
char* g_title_end = nullptr;
std::string g_program;

Bytes facility_name(Logging::Facility facility) {
    static constexpr Bytes kNames[] = {"user",   "local0", "local1", "local2", "local3",
                                       "local4", "local5", "local6", "local7"};
    return kNames[static_cast<std::size_t>(facility)];
}

bool write_file(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
}

void write_pid_file(Server& server) {
    const Process& settings = server.settings.process;
    std::string path = settings.pid_file;
    if (path.empty() && settings.daemonize) path = "/var/run/keel.pid";
    if (path.empty()) return;
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) {
        log_warning("Failed to write PID file: {}", std::strerror(errno));
        return;
    }
    fmt::print(file, "{}\n", getpid());
    std::fclose(file);
    server.pid_file_written = true;
}

// systemd's readiness protocol: a datagram to the socket that the environment names.
bool notify_systemd(const std::string& message) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@') || std::strlen(path) < 2) return false;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::min(std::strlen(path), sizeof(address.sun_path) - 1);
    std::memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = '\0';  // abstract
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    const ssize_t sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                                  reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
    return sent == static_cast<ssize_t>(message.size());
}

bool supervised_by_systemd(const Process& settings) {
    using S = Process::Supervised;
    const bool there = std::getenv("NOTIFY_SOCKET") != nullptr;
    return settings.supervised == S::systemd || (settings.supervised == S::automatic && there);
}

Status adjust_oom_score(const Process& settings) {
    using O = Process::OomScore;
    static bool adjusted = false;
    static int at_start = 0;
    if (settings.oom_score_adjust == O::no && !adjusted) return {};
    if (!adjusted) {
        if (std::FILE* file = std::fopen("/proc/self/oom_score_adj", "re")) {
            if (std::fscanf(file, "%d", &at_start) != 1) at_start = 0;
            std::fclose(file);
        }
    }
    adjusted = settings.oom_score_adjust != O::no;
    int score = at_start;
    if (settings.oom_score_adjust == O::relative) score += settings.oom_score_values[0];
    if (settings.oom_score_adjust == O::absolute) score = settings.oom_score_values[0];
    score = std::clamp(score, -1000, 1000);
    if (write_file("/proc/self/oom_score_adj", std::to_string(score))) return {};
    log_warning("Unable to write oom_score_adj: {}", std::strerror(errno));
    return Error{"Failed to apply new oom_score_adj configuration, check server logs."};
}

void disable_huge_pages(const Process& settings) {
    if (settings.disable_thp) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

}  // namespace

Status open_log(const Logging& settings) {
    LogTarget target;
    target.file = settings.file;
    target.syslog = settings.syslog;
    target.syslog_ident = settings.syslog_ident;
    target.syslog_facility = facility_name(settings.syslog_facility);
    if (const Status opened = log_open(target); !opened) {
        return Error{fmt::format("Can't open the log file: {}", opened.error().text())};
    }
    log_level(static_cast<LogLevel>(settings.level));
    return {};
}

void daemonize() {
    if (fork() != 0) std::_Exit(0);
    setsid();
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0) return;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, stream);
    if (null > STDERR_FILENO) ::close(null);
}

void announce_start(const Config& config, const ProcessFacts&) {
    const Settings& settings = config.settings();
    log_notice("oO0OoO0OoO0Oo keel is starting oO0OoO0OoO0Oo");
    log_notice("keel version={}, bits={}, redis_version={}, pid={}, just started", kKeelVersion, 8 * sizeof(void*),
               kRedisVersion, getpid());
    if (config.file().empty()) {
        log_warning("Warning: no config file specified, using the default config. In order to specify a config file use "
                    "keel-server /path/to/keel.conf");
    } else {
        log_notice("Configuration loaded");
    }
    const bool logo = settings.process.always_show_logo || (!settings.logging.syslog && settings.logging.file.empty() && isatty(STDOUT_FILENO) == 1);
    const char* mode = settings.cluster.enabled ? "cluster" : "standalone";
    if (logo) {
        log_raw(fmt::format("\n"
                            "      _              _\n"
                            "     | | _____  ___ | |      keel {} ({} bit), speaks Redis {}\n"
                            "     | |/ / _ \\/ _ \\| |      Running in {} mode\n"
                            "     |   <  __/  __/| |      Port: {}\n"
                            "     |_|\\_\\___|\\___||_|      PID: {}\n\n",
                            kKeelVersion, 8 * sizeof(void*), kRedisVersion, mode, settings.network.port, getpid()));
    } else {
        log_notice("Running mode={}, port={}.", mode, settings.network.port);
    }
}

void announce_ready(Server& server) {
    const Network& network = server.settings.network;
    if (network.port != 0) log_notice("Ready to accept connections tcp");
    if (!network.unix_socket.empty()) log_notice("Ready to accept connections unix");
    if (supervised_by_systemd(server.settings.process)) {
        if (!notify_systemd("STATUS=Ready to accept connections\nREADY=1\n")) {
            log_warning("systemd supervision requested or auto-detected, but Redis is unable to send notifications");
        }
    }
}

std::uint32_t raise_file_limit(std::uint32_t clients) {
    const rlim_t wanted = rlim_t{clients} + kReservedFiles;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;  // nothing known, nothing enforced
    if (limit.rlim_cur < wanted) {
        const rlim_t hard = limit.rlim_max;
        limit = {wanted, std::max(hard, wanted)};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            limit = {std::min(hard, wanted), hard};
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) return clients;
    return limit.rlim_cur <= kReservedFiles ? 0 : static_cast<std::uint32_t>(limit.rlim_cur - kReservedFiles);
}

Status fit_clients_to_file_limit(Config& config) {
    Clients& settings = config.edit().clients;
    const std::uint32_t asked = settings.max_clients;
    const std::uint64_t wanted = asked + kReservedFiles;
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const std::uint32_t fitting = raise_file_limit(asked);
    if (fitting == 0) {
        return Error{fmt::format("Your current 'ulimit -n' of {} is not enough for the server to start. Please increase your open "
                                 "file limit to at least {}. Exiting.", before.rlim_cur, wanted)};
    }
    if (fitting == asked) {
        if (before.rlim_cur < wanted) {
            log_notice("Increased maximum number of open files to {} (it was originally set to {}).", wanted, before.rlim_cur);
        }
        return {};
    }
    settings.max_clients = fitting;
    log_warning("You requested maxclients of {} requiring at least {} max file descriptors.", asked, wanted);
    log_warning("Server can't set maximum open files to {} because of OS error: {}.", wanted, std::strerror(EPERM));
    log_warning("Current maximum open files is {}. maxclients has been reduced to {} to compensate for low ulimit. If you need "
                "higher maxclients increase 'ulimit -n'.", fitting + kReservedFiles, fitting);
    return {};
}

void adopt_process_settings(Server& server) {
    const Process& process = server.settings.process;
    write_pid_file(server);
    disable_huge_pages(process);
    (void)adjust_oom_score(process);
    (void)set_process_title(server, process.title_template);
    server.config.on_change({"oom-score-adj", "oom-score-adj-values"},
                            [&server] { return adjust_oom_score(server.settings.process); });
    server.config.on_change({"proc-title-template"}, [&server] {
        return set_process_title(server, server.settings.process.title_template);
    });
    server.config.on_change({"loglevel"}, [&server]() -> Status {
        log_level(static_cast<LogLevel>(server.settings.logging.level));
        return {};
    });
}

void remember_title_area(int argc, char** argv) {
    g_program = argc > 0 ? argv[0] : "keel-server";
    // Arguments and environment lie one behind the other; the environment is moved away to make room.
    char* end = argc > 0 ? argv[argc - 1] + std::strlen(argv[argc - 1]) + 1 : nullptr;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (*variable == end) end = *variable + std::strlen(*variable) + 1;
    }
    for (char** variable = environ; *variable != nullptr; ++variable) {
        char* copy = strdup(*variable);
        if (copy == nullptr) return;
        *variable = copy;
    }
    g_title_begin = argc > 0 ? argv[0] : nullptr;
    g_title_end = end;
}

Status set_process_title(const Server& server, const std::string& title_template) {
    if (!server.settings.process.set_title || g_title_begin == nullptr) return {};
    const Network& network = server.settings.network;
    const std::string first = server.loop->listeners ? server.loop->listeners->first_address() : "";
    const std::pair<Bytes, std::string> variables[] = {
        {"{title}", g_program},
        {"{listen-addr}", first},
        {"{server-mode}", server.settings.cluster.enabled ? "[cluster]" : ""},
        {"{port}", std::to_string(network.port)},
        {"{tls-port}", std::to_string(server.settings.tls.port)},
        {"{unixsocket}", network.unix_socket},
        {"{config-file}", server.config.file()},
    };
    std::string title = title_template;
    for (const auto& [name, value] : variables) {
        for (std::size_t at = 0; (at = title.find(name, at)) != std::string::npos; at += value.size()) {
            title.replace(at, name.size(), value);
        }
    }
    while (!title.empty() && title.back() == ' ') title.pop_back();
    const auto room = static_cast<std::size_t>(g_title_end - g_title_begin);
    std::memset(g_title_begin, 0, room);
    std::memcpy(g_title_begin, title.data(), std::min(title.size(), room - 1));
    return {};
}

std::string executable_path() {
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string{};
}

}  // namespace keel
