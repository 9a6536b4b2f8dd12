// SPDX-License-Identifier: BSD-3-Clause
//
//     keel-check-rdb dump.rdb                    is the file good? Exit status 0 if so; and what is in it
//     keel-check-rdb --json --biggest 100 FILE   the findings for a program
#include <cstdio>

#include "persistence/posix_file_system.h"
#include "tools/check_rdb/checker.h"

int main(int count, char** words) {
    const auto options = keel::check_rdb::parse_options(count - 1, words + 1);
    if (!options) {
        std::fputs(keel::check_rdb::kUsage, stdout);
        return 1;
    }
    keel::PosixFileSystem files;
    const keel::SystemClock clock;
    keel::check_rdb::Checker checker{files, clock, *options, stdout, stderr};
    return checker.run();
}
