// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace keel {

namespace {
std::atomic<CheckHook> g_hook{nullptr};
}

void set_check_hook(CheckHook hook) noexcept { g_hook = hook; }

void check_failed(const char* file, int line, const char* what) noexcept {
    // The hook runs once: a check that fails inside the crash report must not recurse.
    if (CheckHook hook = g_hook.exchange(nullptr)) hook(file, line, what);
    else std::fprintf(stderr, "keel: check failed at %s:%d: %s\n", file, line, what);
    std::abort();
}

}  // namespace keel
