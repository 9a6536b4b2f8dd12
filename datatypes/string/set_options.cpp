// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/set_options.h"

#include "protocol/base/number.h"

namespace keel::string {

namespace {

using Condition = SetOptions::Condition;
using Time = SetOptions::Time;

// Takes a time option, which must not meet one of another kind.
bool accept_time(Args& args, SetOptions& out) {
    struct Word {
        Bytes keyword;
        Time time;
    };
    static constexpr Word kWords[] = {{"EX", Time::ex}, {"PX", Time::px}, {"EXAT", Time::exat}, {"PXAT", Time::pxat}};
    for (const Word& word : kWords) {
        if (!equal_nocase(args.peek(), word.keyword)) continue;
        if ((out.time != Time::none && out.time != word.time) || args.left() < 2) return false;
        args.skip(1);
        out.amount = args.next<Bytes>();
        out.time = word.time;
        return true;
    }
    return false;
}

// Takes the keyword if the present choice is none or the very one it stands for.
template <typename Choice>
bool accept_choice(Args& args, Bytes keyword, Choice& present, Choice meant) {
    if ((present != Choice::none && present != meant) || !args.accept(keyword)) return false;
    present = meant;
    return true;
}

bool accept_condition(Args& args, const KnownOptions& known, SetOptions& out) {
    if (known.conditions && accept_choice(args, "NX", out.condition, Condition::absent)) return true;
    if (known.conditions && accept_choice(args, "XX", out.condition, Condition::present)) return true;
    if (!known.equal || out.condition != Condition::none || !args.accept_with_value("IFEQ")) return false;
    out.condition = Condition::equal;
    out.comparison = args.next<Bytes>();
    return true;
}

}  // namespace

Result<SetOptions> parse_set_options(Args& args, const KnownOptions& known) {
    SetOptions out;
    while (args.more()) {
        if (accept_time(args, out) || accept_condition(args, known, out)) continue;
        if (known.get && args.accept("GET")) {
            out.get = true;
            continue;
        }
        if (known.keep_ttl && accept_choice(args, "KEEPTTL", out.time, Time::keep)) continue;
        if (known.persist && accept_choice(args, "PERSIST", out.time, Time::persist)) continue;
        return errors::kSyntax;
    }
    return out;
}

Result<UnixMs> deadline_of(Bytes amount, SetOptions::Time time, const Context& cx) {
    const auto read = parse_integer(amount);
    if (!read) return errors::kNotInteger;
    const bool in_seconds = time == Time::ex || time == Time::exat;
    const bool from_now = time == Time::ex || time == Time::px;
    std::optional<std::int64_t> at = *read > 0 ? read : std::nullopt;
    if (at && in_seconds) at = mul_checked(*at, 1000);
    if (at && from_now) at = add_checked(*at, cx.now());
    if (!at) return errors::invalid_expire(cx.command->name());
    return *at;
}

}  // namespace keel::string
