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

// Goes to the background: fork, new session, standard streams to /dev/null. The parent exits with 0.
void daemonize();

// The first lines of the log: what starts, with which configuration, and as which process.
void announce_start(const Config& config, const ProcessFacts& facts);
// The last: where it listens; tells a supervisor.
void announce_ready(Server& server);

// Raises the limit of open files to what so many clients need, where that is allowed. Returns how many clients fit,
// at most as many as asked for.
std::uint32_t raise_file_limit(std::uint32_t clients);
// The same at the start: lowers maxclients to what fits, with lines in the log. An error if nobody fits.
Status fit_clients_to_file_limit(Config& config);

// Pid file, title, out-of-memory score, transparent huge pages; and from then on whenever CONFIG SET changes them.
void adopt_process_settings(Server& server);

// To be called first in main(): setting the title writes over the arguments' memory.
void remember_title_area(int argc, char** argv);
// Sets what ps shows, from proc-title-template.
Status set_process_title(const Server& server, const std::string& title_template);

// Absolute path of the running binary.
std::string executable_path();

}  // namespace keel
