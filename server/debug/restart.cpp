// SPDX-License-Identifier: BSD-3-Clause
#include "server/debug/restart.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "protocol/base/log.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kNoProgram{"ERR can't restart: the program's file is gone or may not be executed"};
constexpr ErrorText kFromInput{"ERR can't restart: the configuration was read from standard input"};

void wait_ms(std::int64_t ms) {
    timespec left{.tv_sec = static_cast<time_t>(ms / 1000), .tv_nsec = static_cast<long>(ms % 1000 * 1'000'000)};
    while (nanosleep(&left, &left) != 0) {
    }
}

}  // namespace

Status restart_process(const ProcessFacts& facts, std::int64_t delay_ms) {
    if (facts.arguments.empty() || access(facts.executable.c_str(), X_OK) != 0) return kNoProgram;
    if (std::find(facts.arguments.begin() + 1, facts.arguments.end(), "-") != facts.arguments.end()) return kFromInput;
    std::vector<char*> arguments;
    for (const std::string& argument : facts.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    log_warning("Restarting: running {} again in {} ms", facts.executable, delay_ms);
    if (delay_ms > 0) wait_ms(delay_ms);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execv(facts.executable.c_str(), arguments.data());
    std::_Exit(1);  // the descriptors are gone: there is nothing to go back to
}

}  // namespace keel
