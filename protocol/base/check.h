// SPDX-License-Identifier: BSD-3-Clause
//
// KEEL_CHECK: what only our own mistake can make false. A wrong answer is worse than a restart, so a failed
// check logs where and what, runs the crash hook (server/crash_report installs it), and aborts.
// KEEL_DCHECK is the same in debug and sanitizer builds and nothing in release builds.
#pragma once

namespace keel {

// Called once with the text of a failed check, before abort(). May be null.
using CheckHook = void (*)(const char* file, int line, const char* what);
void set_check_hook(CheckHook hook) noexcept;

[[noreturn, gnu::cold]] void check_failed(const char* file, int line, const char* what) noexcept;

}  // namespace keel

#define KEEL_CHECK(condition) \
    (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                       : ::keel::check_failed(__FILE__, __LINE__, #condition))

#if defined(KEEL_DEBUG)
#define KEEL_DCHECK(condition) KEEL_CHECK(condition)
#else
#define KEEL_DCHECK(condition) static_cast<void>(0)
#endif
