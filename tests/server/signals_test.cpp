// SPDX-License-Identifier: BSD-3-Clause
#include "server/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using namespace keel;

TEST_CASE("signals: they come out in the order they came in") {
    StopSignals signals;
    CHECK_FALSE(signals.take());
    raise(SIGTERM);
    raise(SIGTERM);
    CHECK(signals.take() == SIGTERM);
    CHECK(signals.take() == SIGTERM);
    CHECK_FALSE(signals.take());
}

TEST_CASE("signals: a second SIGINT ends the process at once, unless the first was called off") {
    const auto status_of = [](auto&& act) {
        const pid_t child = fork();
        if (child == 0) {
            StopSignals signals;
            act();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    };
    CHECK(status_of([] { raise(SIGINT); }) == 0);
    CHECK(status_of([] { raise(SIGINT), raise(SIGINT); }) == 1);
    CHECK(status_of([] { raise(SIGTERM), raise(SIGINT); }) == 1);
    CHECK(status_of([] { raise(SIGINT), raise(SIGTERM); }) == 0);
    CHECK(status_of([] { raise(SIGINT), StopSignals::forget(), raise(SIGINT); }) == 0);
}
