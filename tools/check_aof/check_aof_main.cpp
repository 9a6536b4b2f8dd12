// SPDX-License-Identifier: BSD-3-Clause
//
//     keel-check-aof appendonlydir/appendonly.aof.manifest            is the log good? Exit status 0 if so
//     keel-check-aof --fix FILE                                       cut a bad end off, after asking
//     keel-check-aof --truncate-to-timestamp 1700000000 FILE          cut off what was logged later
//                                                                     (aof-timestamp-enabled)
//     keel-check-aof --json FILE                                      the findings for a program; with --fix it does
//                                                                     not ask
#include <cstdio>

#include "persistence/posix_file_system.h"
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
    keel::check_aof::Checker checker{files, clock, *options, stdout, stderr, stdin};
    checker.set_check_rdb(keel::check_rdb::check_beginning);
    return checker.run();
}
