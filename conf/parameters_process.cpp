// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: the process, its log, access.
#include <algorithm>

#include "conf/checks.h"
#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto process = field<&Settings::process, Member>;
template <auto Member>
constexpr auto logging = field<&Settings::logging, Member>;
template <auto Member>
constexpr auto acl = field<&Settings::acl, Member>;

constexpr Named<Process::Supervised> kSupervised[] = {{"upstart", Process::Supervised::upstart},
                                                      {"systemd", Process::Supervised::systemd},
                                                      {"auto", Process::Supervised::automatic},
                                                      {"no", Process::Supervised::no}};

constexpr Named<std::uint8_t> kShutdownFlags[] = {{"default", 0},
                                                  {"save", kShutdownSave},
                                                  {"nosave", kShutdownNosave},
                                                  {"now", kShutdownNow},
                                                  {"force", kShutdownForce}};

// "relative" comes last: of two names of one value the first is shown, as the peers do.
constexpr Named<Process::OomScore> kOomScore[] = {{"no", Process::OomScore::no},
                                                  {"yes", Process::OomScore::relative},
                                                  {"relative", Process::OomScore::relative},
                                                  {"absolute", Process::OomScore::absolute}};

constexpr Named<Logging::Level> kLogLevels[] = {{"debug", Logging::Level::debug},
                                                {"verbose", Logging::Level::verbose},
                                                {"notice", Logging::Level::notice},
                                                {"warning", Logging::Level::warning},
                                                {"nothing", Logging::Level::nothing}};

constexpr Named<Logging::Format> kLogFormats[] = {{"legacy", Logging::Format::legacy},
                                                  {"logfmt", Logging::Format::logfmt}};

constexpr Named<Logging::Timestamp> kLogTimestamps[] = {{"legacy", Logging::Timestamp::legacy},
                                                        {"iso8601", Logging::Timestamp::iso8601},
                                                        {"milliseconds", Logging::Timestamp::milliseconds}};

constexpr Named<Logging::Facility> kFacilities[] = {
    {"user", Logging::Facility::user},     {"local0", Logging::Facility::local0},
    {"local1", Logging::Facility::local1}, {"local2", Logging::Facility::local2},
    {"local3", Logging::Facility::local3}, {"local4", Logging::Facility::local4},
    {"local5", Logging::Facility::local5}, {"local6", Logging::Facility::local6},
    {"local7", Logging::Facility::local7}};

constexpr Named<Protected> kProtected[] = {{"no", Protected::no}, {"yes", Protected::yes}, {"local", Protected::local}};

constexpr Named<bool> kPubsubDefault[] = {{"allchannels", true}, {"resetchannels", false}};

// As the peers do: any number is taken, and the nearest sensible one is kept.
void keep_hz_in_bounds(Settings& settings) { settings.process.hz = std::clamp(settings.process.hz, 1, 500); }

void add_process(Rows& rows) {
    rows.push_back(yes_no("daemonize", process<&Process::daemonize>, ParameterFlag::immutable,
                          "Leave the terminal and run in the background."));
    rows.push_back(choice("supervised", process<&Process::supervised>, kSupervised, ParameterFlag::immutable,
                          "Who watches the process, and is told when it is ready."));
    rows.push_back(string("pidfile", process<&Process::pid_file>, ParameterFlag::immutable,
                          "File that holds the process id while we run."));
    rows.push_back(string("dir", process<&Process::directory>, {ParameterFlag::guarded, ParameterFlag::not_loading},
                          "Working directory: data files live here.")
                       .checked(checks::directory));
    rows.push_back(integer("databases", process<&Process::databases>, {1, kMaxInt}, ParameterFlag::immutable,
                           "Number of databases that SELECT reaches."));
    rows.push_back(
        integer("hz", process<&Process::hz>, {0, kMaxInt}, {}, "How often a second periodic work runs (1 to 500).")
            .adjusted(keep_hz_in_bounds));
    rows.push_back(
        yes_no("dynamic-hz", process<&Process::dynamic_hz>, {}, "Raise hz while many clients are connected."));
    rows.push_back(yes_no("always-show-logo", process<&Process::always_show_logo>, ParameterFlag::immutable,
                          "Show the start banner in a log file too."));
    rows.push_back(yes_no("set-proc-title", process<&Process::set_title>, ParameterFlag::immutable,
                          "Show port and mode in the process list."));
    rows.push_back(string("proc-title-template", process<&Process::title_template>, {}, "What the process list shows.")
                       .checked(checks::title_template));
    rows.push_back(string("locale-collate", process<&Process::collate>, {},
                          "Locale that SORT ALPHA compares by; empty: from the environment."));
    rows.push_back(
        string("availability-zone", process<&Process::availability_zone>, {}, "Where we run, told to clients."));
    rows.push_back(
        yes_no("activerehashing", process<&Process::active_rehashing>, {}, "Grow and shrink tables in idle time too."));
    rows.push_back(string("hash-seed", process<&Process::hash_seed>, ParameterFlag::immutable,
                          "Fixes the secret of hashing, so that SCAN order is the same on several servers."));
    rows.push_back(yes_no("import-mode", process<&Process::import_mode>, {},
                          "Data is being copied in: nothing expires or is evicted by itself."));
}

void add_system(Rows& rows) {
    rows.push_back(integer("shutdown-timeout", process<&Process::shutdown_timeout_s>, {0, kMaxInt}, {},
                           "Seconds a shutdown waits for lagging replicas."));
    rows.push_back(any_of("shutdown-on-sigint", process<&Process::shutdown_on_sigint>, kShutdownFlags,
                          ParameterFlag::multi_word, "What SIGINT does: save, nosave, now, force.")
                       .checked(checks::shutdown_flags));
    rows.push_back(any_of("shutdown-on-sigterm", process<&Process::shutdown_on_sigterm>, kShutdownFlags,
                          ParameterFlag::multi_word, "What SIGTERM does: save, nosave, now, force.")
                       .checked(checks::shutdown_flags));
    rows.push_back(choice("oom-score-adj", process<&Process::oom_score_adjust>, kOomScore, {},
                          "Tell the kernel whom to kill first when memory runs out."));
    rows.push_back(oom_score_values(ParameterFlag::multi_word, "Scores of a primary, a replica and a saving child."));
    rows.push_back(yes_no("disable-thp", process<&Process::disable_thp>, ParameterFlag::immutable,
                          "Ask the kernel for no transparent huge pages."));
    rows.push_back(string("server-cpulist", process<&Process::server_cpus>, ParameterFlag::immutable,
                          "Processors of the main thread, as in 0,2,4-6 or 0-7:2.")
                       .also("server_cpulist"));
    rows.push_back(string("bio-cpulist", process<&Process::background_cpus>, ParameterFlag::immutable,
                          "Processors of the helper thread.")
                       .also("bio_cpulist"));
    rows.push_back(string("aof-rewrite-cpulist", process<&Process::aof_rewrite_cpus>, ParameterFlag::immutable,
                          "Processors of a child that rewrites the AOF.")
                       .also("aof_rewrite_cpulist"));
    rows.push_back(string("bgsave-cpulist", process<&Process::snapshot_cpus>, ParameterFlag::immutable,
                          "Processors of a child that saves.")
                       .also("bgsave_cpulist"));
    rows.push_back(string("ignore-warnings", process<&Process::ignored_warnings>, {},
                          "System warnings that do not stop the start."));
}

void add_logging(Rows& rows) {
    rows.push_back(
        choice("loglevel", logging<&Logging::level>, kLogLevels, {}, "The least important line that is logged."));
    rows.push_back(string("logfile", logging<&Logging::file>, ParameterFlag::immutable,
                          "Where the log goes; empty: standard output."));
    rows.push_back(choice("log-format", logging<&Logging::format>, kLogFormats, {},
                          "Lines as the peers write them, or key=value pairs."));
    rows.push_back(
        choice("log-timestamp-format", logging<&Logging::timestamp>, kLogTimestamps, {}, "How a line shows the time."));
    rows.push_back(yes_no("syslog-enabled", logging<&Logging::syslog>, ParameterFlag::immutable, "Log to syslog too."));
    rows.push_back(
        string("syslog-ident", logging<&Logging::syslog_ident>, ParameterFlag::immutable, "Our name in syslog."));
    rows.push_back(choice("syslog-facility", logging<&Logging::syslog_facility>, kFacilities, ParameterFlag::immutable,
                          "Our facility in syslog."));
    rows.push_back(
        yes_no("crash-log-enabled", logging<&Logging::crash_log>, {}, "Write a report when the process crashes."));
    rows.push_back(
        yes_no("crash-memcheck-enabled", logging<&Logging::crash_memcheck>, {}, "Check memory after a crash."));
    rows.push_back(yes_no("hide-user-data-from-log", logging<&Logging::hide_user_data>, {},
                          "Keep keys and values out of the log."));
}

void add_access(Rows& rows) {
    rows.push_back(string("requirepass", acl<&Acl::require_pass>, ParameterFlag::sensitive,
                          "Password of the user `default`; empty: none."));
    rows.push_back(
        string("aclfile", acl<&Acl::file>, ParameterFlag::immutable, "File with the users, instead of `user` lines."));
    rows.push_back(choice("acl-pubsub-default", acl<&Acl::pubsub_all_channels>, kPubsubDefault, {},
                          "Channels that a fresh user may use."));
    rows.push_back(integer("acllog-max-len", acl<&Acl::log_max_entries>, {0, kMaxLong}, {}, "Entries of ACL LOG."));
    rows.push_back(choice("enable-protected-configs", acl<&Acl::protected_configs>, kProtected,
                          ParameterFlag::immutable, "Who may CONFIG SET dir and dbfilename."));
    rows.push_back(choice("enable-debug-command", acl<&Acl::debug_command>, kProtected, ParameterFlag::immutable,
                          "Who may use DEBUG."));
    rows.push_back(choice("enable-module-command", acl<&Acl::module_command>, kProtected, ParameterFlag::immutable,
                          "Who may use MODULE."));
}

}  // namespace

void add_process_rows(Rows& rows) {
    add_process(rows);
    add_system(rows);
    add_logging(rows);
    add_access(rows);
}

}  // namespace keel
