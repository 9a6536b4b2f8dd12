// SPDX-License-Identifier: BSD-3-Clause
//
//     keel-check-aof appendonlydir/appendonly.aof.manifest            is the log good? Exit status 0 if so
//     keel-check-aof FOLDER                                           the same, of the log that is found there
//     keel-check-aof --fix FILE                                       cut a bad end off, after asking
//     keel-check-aof --truncate-to-timestamp 1700000000 FILE          cut off what was logged later
//                                                                     (aof-timestamp-enabled)
//     keel-check-aof --json FILE                                      the findings for a program; with --fix it does
//                                                                     not ask
#include <cstdio>

#include "conf/config.h"
#include "persistence/posix_file_system.h"
#include "protocol/base/clock.h"
#include "server/log_applier.h"
#include "server/server.h"
#include "tools/check_aof/checker.h"
#include "tools/check_rdb/checker.h"

int main(int count, char** words) {
    const auto options = keel::check_aof::parse_options(count - 1, words + 1);
    if (!options) {
        std::fputs(keel::check_aof::kUsage, stdout);
        return 1;
    }
    keel::PosixFileSystem files;
    const keel::SystemClock clock;
    // Never run: it knows the commands that a start knows.
    keel::RealMachine machine;
    keel::Config config{machine, "keel-check-aof"};
    keel::Server server{config, clock, {}};
    const keel::LogApplier applier{server};
    keel::check_aof::Checker checker{files, clock, *options, stdout, stderr, stdin};
    checker.set_check_rdb(keel::check_rdb::check_beginning);
    checker.set_judge([&applier](std::span<const keel::Bytes> command) { return applier.accepts(command); });
    return checker.run();
}
