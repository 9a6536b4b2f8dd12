// SPDX-License-Identifier: BSD-3-Clause
#include "server/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"
#include "server/build_facts.h"
#include "server/cpu_list.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/server.h"
#include "server/version.h"

extern "C" {
extern char** environ;
extern const char __executable_start;  // where the linker put the program's code
extern const char etext;               // and its end
}

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
    const int why = errno;
    ::close(fd);
    errno = why;
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
    server.pid_file = path;
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
    const ssize_t sent =
        ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
    return sent == static_cast<ssize_t>(message.size());
}

bool supervised_by_systemd(const Process& settings) {
    using S = Process::Supervised;
    const bool there = std::getenv("NOTIFY_SOCKET") != nullptr;
    return settings.supervised == S::systemd || (settings.supervised == S::automatic && there);
}

// The first word of a file of /proc or /sys; empty if there is none.
std::string first_word(const char* path) {
    char word[64] = "";
    if (std::FILE* file = std::fopen(path, "re")) {
        if (std::fscanf(file, "%63s", word) != 1) word[0] = '\0';
        std::fclose(file);
    }
    return word;
}

int g_daemon_pipe = -1;  // to the waiting parent

// How SORT ALPHA compares. A name that the machine does not know leaves it as it was.
Status set_collation(const Process& process) {
    if (std::setlocale(LC_COLLATE, process.collate.c_str()) != nullptr) return {};
    return Error{"Invalid locale name"};
}

// Of the primary, a replica or a child: the place among the values.
Status adjust_oom_score(const Process& settings, std::size_t who = 0) {
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
    if (settings.oom_score_adjust == O::relative) score += settings.oom_score_values[who];
    if (settings.oom_score_adjust == O::absolute) score = settings.oom_score_values[who];
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
        const Bytes text = opened.error().text();
        const auto colon = text.rfind(": ");
        const Bytes why = colon == Bytes::npos ? text : text.substr(colon + 2);
        return Error{
            fmt::format("\n*** FATAL CONFIG FILE ERROR (keel {}) ***\n>>> 'logfile {}'\nCan't open the log file: {}\n",
                        kKeelVersion, quoted(settings.file), why)};
    }
    log_level(static_cast<LogLevel>(settings.level));
    return {};
}

bool greet_supervisor(const Process& settings) {
    using S = Process::Supervised;
    const bool upstart_there = std::getenv("UPSTART_JOB") != nullptr;
    if (settings.supervised == S::upstart && !upstart_there) {
        log_warning("upstart supervision requested, but UPSTART_JOB not found!");
        return false;
    }
    if (settings.supervised == S::upstart || (settings.supervised == S::automatic && upstart_there)) {
        log_notice("supervised by upstart, will stop to signal readiness.");
        raise(SIGSTOP);
        unsetenv("UPSTART_JOB");
        return true;
    }
    if (!supervised_by_systemd(settings)) return false;
    log_notice(
        "supervised by systemd: see that TimeoutStartSec and TimeoutStopSec of the unit allow for loading and saving.");
    const bool told = notify_systemd("STATUS=Starting\n");
    if (!told)
        log_warning("systemd supervision requested, but its notification socket (NOTIFY_SOCKET) does not answer.");
    return told;
}

void notify_supervisor(const Process& settings, const std::string& message) {
    if (supervised_by_systemd(settings) && !notify_systemd(message)) {
        log_warning("systemd supervision requested, but its notification socket (NOTIFY_SOCKET) does not answer.");
    }
}

void map_program() noexcept {
#ifdef MADV_POPULATE_READ
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) & ~(page - 1);
    const auto end = (reinterpret_cast<std::uintptr_t>(&etext) + page - 1) & ~(page - 1);
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#endif
}

void daemonize() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        log_warning("Cannot go to the background: {}", std::strerror(errno));
        std::exit(1);
    }
    const pid_t child = fork();
    if (child < 0) {
        log_warning("Cannot go to the background: {}", std::strerror(errno));
        std::exit(1);
    }
    if (child > 0) {
        ::close(ends[1]);
        char word = 0;
        ssize_t got = 0;
        while ((got = ::read(ends[0], &word, 1)) < 0 && errno == EINTR) {
        }
        std::_Exit(got == 1 ? 0 : 1);
    }
    ::close(ends[0]);
    g_daemon_pipe = ends[1];
    setsid();
}

void daemon_ready() {
    if (g_daemon_pipe < 0) return;
    [[maybe_unused]] const ssize_t told = ::write(g_daemon_pipe, "r", 1);  // a parent that was killed needs no answer
    ::close(std::exchange(g_daemon_pipe, -1));
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0) return;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, stream);
    if (null > STDERR_FILENO) ::close(null);
}

void warn_of_machine(const Settings& settings) {
    const auto backlog = parse_integer(first_word("/proc/sys/net/core/somaxconn"));
    if (backlog && *backlog > 0 && *backlog < settings.network.tcp_backlog) {
        log_warning(
            "WARNING: The TCP backlog setting of {} cannot be enforced because /proc/sys/net/core/somaxconn is set to "
            "the "
            "lower value of {}.",
            settings.network.tcp_backlog, *backlog);
    }
    if (first_word("/proc/sys/vm/overcommit_memory") == "0") {
        log_warning(
            "WARNING overcommit_memory is set to 0! When memory is short, saving in the background can fail. To allow "
            "it, "
            "set 'vm.overcommit_memory = 1' in /etc/sysctl.conf, and for now run 'sysctl vm.overcommit_memory=1'.");
    }
    if (!settings.process.disable_thp && first_word("/sys/kernel/mm/transparent_hugepage/enabled") == "[always]") {
        log_warning(
            "WARNING Transparent Huge Pages are always on, which costs latency and memory. Leave disable-thp at yes, "
            "or run "
            "'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'.");
    }
}

void announce_start(const Config& config, const ProcessFacts&) {
    const Settings& settings = config.settings();
    log_notice("oO0OoO0OoO0Oo keel is starting oO0OoO0OoO0Oo");
    log_notice("keel version={}, bits={}, redis_version={}, commit={}, modified={}, pid={}, just started", kKeelVersion,
               8 * sizeof(void*), kRedisVersion, kBuildFacts.commit, kBuildFacts.modified ? 1 : 0, getpid());
    if (config.file().empty()) {
        log_warning(
            "Warning: no config file specified, using the default config. In order to specify a config file use "
            "keel-server /path/to/keel.conf");
    } else {
        log_notice("Configuration loaded");
    }
    const bool logo = settings.process.always_show_logo ||
                      (!settings.logging.syslog && settings.logging.file.empty() && isatty(STDOUT_FILENO) == 1);
    const int port = settings.network.port != 0 ? settings.network.port : settings.tls.port;
    const char* mode = settings.cluster.enabled ? "cluster" : "standalone";
    if (logo) {
        log_raw(
            fmt::format("\n"
                        "      _              _\n"
                        "     | | _____  ___ | |      keel {} ({} bit), speaks Redis {}\n"
                        "     | |/ / _ \\/ _ \\| |      Running in {} mode\n"
                        "     |   <  __/  __/| |      Port: {}\n"
                        "     |_|\\_\\___|\\___||_|      PID: {}\n\n",
                        kKeelVersion, 8 * sizeof(void*), kRedisVersion, mode, port, getpid()));
    } else {
        log_notice("Running mode={}, port={}.", mode, port);
    }
}

void announce_ready(Server& server) {
    const Network& network = server.settings.network;
    if (network.port != 0) log_notice("Ready to accept connections tcp");
    if (server.settings.tls.port != 0) log_notice("Ready to accept connections tls");
    if (!network.unix_socket.empty()) log_notice("Ready to accept connections unix");
    notify_supervisor(server.settings.process, "STATUS=Ready to accept connections\nREADY=1\n");
}

std::uint32_t raise_file_limit(std::uint32_t clients, int* refusal) {
    const rlim_t wanted = rlim_t{clients} + kReservedFiles;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;  // nothing known, nothing enforced
    if (limit.rlim_cur < wanted) {
        const rlim_t hard = limit.rlim_max;
        limit = {wanted, std::max(hard, wanted)};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            if (refusal != nullptr) *refusal = errno;
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
    int refusal = EPERM;
    const std::uint32_t fitting = raise_file_limit(asked, &refusal);
    if (fitting == 0) {
        return Error{fmt::format(
            "Your current 'ulimit -n' of {} is not enough for the server to start. Please increase your open "
            "file limit to at least {}, which is for one client; {} is for the {} of maxclients. Exiting.",
            before.rlim_cur, kReservedFiles + 1, wanted, asked)};
    }
    if (fitting == asked) {
        if (before.rlim_cur < wanted) {
            log_notice("Increased maximum number of open files to {} (it was originally set to {}).", wanted,
                       before.rlim_cur);
        }
        return {};
    }
    settings.max_clients = fitting;
    log_warning("You requested maxclients of {} requiring at least {} max file descriptors.", asked, wanted);
    log_warning("Server can't set maximum open files to {} because of OS error: {}.", wanted, std::strerror(refusal));
    log_warning(
        "Current maximum open files is {}. maxclients has been reduced to {} to compensate for low ulimit. If you need "
        "higher maxclients increase 'ulimit -n'.",
        fitting + kReservedFiles, fitting);
    return {};
}

Status adopt_process_settings(Server& server) {
    const Process& process = server.settings.process;
    if (!set_collation(process)) {
        return Error{fmt::format("Unknown locale '{}' in locale-collate: `locale -a` lists those of this machine",
                                 process.collate)};
    }
    write_pid_file(server);
    disable_huge_pages(process);
    bind_thread("server-cpulist", process.server_cpus);
    // By itself: it was there before, and inherits nothing.
    server.background.submit([list = process.background_cpus] { bind_thread("bio-cpulist", list); });
    (void)adjust_oom_score(process);
    (void)set_process_title(server, process.title_template);
    server.config.on_change({"oom-score-adj", "oom-score-adj-values"},
                            [&server] { return adjust_oom_score(server.settings.process); });
    server.config.on_change({"locale-collate"}, [&server] { return set_collation(server.settings.process); });
    server.config.on_change({"proc-title-template"},
                            [&server] { return set_process_title(server, server.settings.process.title_template); });
    server.config.on_change({"loglevel"}, [&server]() -> Status {
        log_level(static_cast<LogLevel>(server.settings.logging.level));
        return {};
    });
    return {};
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

void adjust_child(const Process& settings, ChildWork work) {
    constexpr std::size_t kChild = 2;
    (void)adjust_oom_score(settings, kChild);
    if (work == ChildWork::snapshot)
        bind_thread("bgsave-cpulist", settings.snapshot_cpus);
    else
        bind_thread("aof-rewrite-cpulist", settings.aof_rewrite_cpus);
}

std::string executable_path() {
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string{};
}

}  // namespace keel
