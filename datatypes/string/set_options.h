// SPDX-License-Identifier: BSD-3-Clause
//
// The options that SET, GETEX and MSETEX share: a condition, a time to live, GET.
//
//     NX | XX | IFEQ comparison-value        EX s | PX ms | EXAT s | PXAT ms | KEEPTTL | PERSIST        GET
//     `- at most one kind                    `- at most one kind; the last of several of one kind counts
//
// Parsing and reading the time are two steps, because a syntax error comes before everything else but a bad time
// only after what the command looks at first.
#pragma once

#include <optional>

#include "datatypes/command/context.h"

namespace keel::string {

struct SetOptions {
    enum class Condition : std::uint8_t { none, absent, present, equal };
    enum class Time : std::uint8_t { none, ex, px, exat, pxat, keep, persist };

    Condition condition = Condition::none;
    Time time = Time::none;
    bool get = false;
    Bytes comparison{};  // of IFEQ
    Bytes amount{};      // of EX, PX, EXAT and PXAT, not yet read as a number

    [[nodiscard]] bool has_deadline() const { return time >= Time::ex && time <= Time::pxat; }
    // The time is counted from now, or in seconds: replicas must be told in other words.
    [[nodiscard]] bool needs_absolute_time() const { return time >= Time::ex && time <= Time::exat; }
};

// Which options beyond NX, XX, EX, PX, EXAT and PXAT a command knows.
struct KnownOptions {
    bool conditions = true;  // NX, XX
    bool equal = false;      // IFEQ
    bool get = false;
    bool keep_ttl = false;
    bool persist = false;
};

// Reads all words that are left as options. Anything else: a syntax error.
[[nodiscard]] Result<SetOptions> parse_set_options(Args& args, const KnownOptions& known);

// A moment from a time to live: `amount` is in seconds or milliseconds, from now on or since 1970. Errors: not an
// integer; not positive, or out of range ("invalid expire time in 'x' command").
[[nodiscard]] Result<UnixMs> deadline_of(Bytes amount, SetOptions::Time time, const Context& cx);

// The moment the options name, kNoDeadline if they name none.
[[nodiscard]] inline Result<UnixMs> deadline_of(const SetOptions& options, const Context& cx) {
    if (!options.has_deadline()) return kNoDeadline;
    return deadline_of(options.amount, options.time, cx);
}

}  // namespace keel::string
