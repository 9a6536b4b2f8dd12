// SPDX-License-Identifier: BSD-3-Clause
//
// The process and the machine around it: log, daemon, pid file, file limit, title, out-of-memory score, supervisor.
// Everything that talks to the operating system at the start, and when CONFIG SET changes it.
#pragma once

#include <cstdint>
#include <string>

#include "conf/config.h"
#include "conf/settings.h"
#include "protocol/base/result.h"

namespace keel {

struct Server;
struct ProcessFacts;

// Log, level and syslog as the settings say.
Status open_log(const Logging& settings);

// Whether a supervisor (upstart, systemd) started us, as far as `supervised` wants to know; tells it that we start.
// To be called once, before daemonize(), which is not for the supervised.
bool greet_supervisor(const Process& settings);
// Tells systemd, if it supervises us.
void notify_supervisor(const Process& settings, const std::string& message);

// Maps the program's code whole, so that the first use of a command waits neither for the disk nor for page faults.
// Where the kernel cannot, pages come as they are used.
void map_program() noexcept;

// Goes to the background: fork, new session. The parent waits for daemon_ready() and exits with 0, or with 1 when the
// child ends before it, so that a start that fails is seen; until then the child keeps the standard streams.
void daemonize();
// The start has succeeded: standard streams to /dev/null. Nothing if daemonize() was not called.
void daemon_ready();

// The first lines of the log: what starts, with which configuration, and as which process.
void announce_start(const Config& config, const ProcessFacts& facts);
// The last: where it listens; tells a supervisor.
void announce_ready(Server& server);

// Raises the limit of open files to what so many clients need, where that is allowed. Returns how many clients fit,
// at most as many as asked for; `refusal` (may be null) becomes the error number if the system would not.
std::uint32_t raise_file_limit(std::uint32_t clients, int* refusal = nullptr);
// The same at the start: lowers maxclients to what fits, with lines in the log. An error if nobody fits.
Status fit_clients_to_file_limit(Config& config);

// Lines in the log about settings of the machine that will hurt: overcommit, huge pages, the kernel's limit of the
// listening queue.
void warn_of_machine(const Settings& settings);

// Pid file, title, out-of-memory score, processors, transparent huge pages, collation; and from then on whenever CONFIG SET changes
// them. An error, before anything else is done, if the machine does not know the locale.
Status adopt_process_settings(Server& server);

// In a forked child that saves: its out-of-memory score and its processors.
enum class ChildWork : std::uint8_t { snapshot, log_rewrite };
void adjust_child(const Process& settings, ChildWork work = ChildWork::snapshot);

// To be called first in main(): setting the title writes over the arguments' memory.
void remember_title_area(int argc, char** argv);
// Sets what ps shows, from proc-title-template.
Status set_process_title(const Server& server, const std::string& title_template);

// Absolute path of the running binary.
std::string executable_path();

}  // namespace keel
