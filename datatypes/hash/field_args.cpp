// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/hash/field_args.h"

namespace keel::hash {

std::optional<Clocking> clocking_of(Bytes word) {
    if (equal_nocase(word, "EX")) return Clocking::ex;
    if (equal_nocase(word, "PX")) return Clocking::px;
    if (equal_nocase(word, "EXAT")) return Clocking::exat;
    if (equal_nocase(word, "PXAT")) return Clocking::pxat;
    return std::nullopt;
}

Result<UnixMs> moment(const Context& cx, Bytes amount, Clocking clocking) {
    const auto read = parse_integer(amount);
    if (!read) return errors::kNotInteger;
    if (*read < 0) return errors::kExpireNegative;
    const std::int64_t unit_ms = in_seconds(clocking) ? 1000 : 1;
    const UnixMs base = is_absolute(clocking) ? 0 : cx.now();
    if (base > kLastDeadline || *read > (kLastDeadline - base) / unit_ms)
        return errors::invalid_expire(cx.command->name());
    return base + *read * unit_ms;
}

Result<std::span<const Bytes>> read_fields(Args& args, const ErrorText& bad_count) {
    if (!args.accept("FIELDS") || !args.more()) return errors::kFieldsMissing;
    const auto count = parse_integer(args.next<Bytes>());
    if (!count || *count < 1) return bad_count;
    const auto fields = args.rest();
    if (static_cast<std::uint64_t>(*count) != fields.size()) return errors::kNumFieldsMismatch;
    return fields;
}

void replicate_fields(Context& cx, std::initializer_list<Bytes> words, const std::vector<Bytes>& fields) {
    if (!cx.effects.heard()) return;
    std::vector<std::string> all(words.begin(), words.end());
    all.emplace_back("FIELDS");
    all.push_back(std::to_string(fields.size()));
    all.insert(all.end(), fields.begin(), fields.end());
    cx.effects.replicate_as(cx.db().index(), std::move(all));
}

void replicate_hdel(Context& cx, Bytes key, std::span<const Bytes> fields) {
    if (!cx.effects.heard()) return;
    std::vector<std::string> all{"HDEL", std::string{key}};
    all.insert(all.end(), fields.begin(), fields.end());
    cx.effects.replicate_as(cx.db().index(), std::move(all));
}

}  // namespace keel::hash
