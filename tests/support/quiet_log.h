// SPDX-License-Identifier: BSD-3-Clause
//
// Nothing is logged while one of these lives: for tests that go through thousands of failures.
#pragma once

#include "protocol/base/log.h"

namespace keel {

struct QuietLog {
    QuietLog() : before(log_detail::g_least) { log_level(LogLevel::nothing); }
    ~QuietLog() { log_level(before); }
    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;
    LogLevel before;
};

}  // namespace keel
