// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/args.h"

#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel {

Bytes Args::ran_out() {
    fail(errors::kSyntax);
    return {};
}

template <>
std::int64_t Args::next<std::int64_t>() {
    const Bytes word = next<Bytes>();
    if (const auto value = parse_integer(word)) return *value;
    fail(errors::kNotInteger);
    return 0;
}

template <>
double Args::next<double>() {
    const Bytes word = next<Bytes>();
    if (const auto value = parse_double(word)) return *value;
    fail(errors::kNotFloat);
    return 0;
}

template <>
long double Args::next<long double>() {
    const Bytes word = next<Bytes>();
    if (const auto value = parse_long_double(word)) return *value;
    fail(errors::kNotFloat);
    return 0;
}

Status Args::done() {
    if (more()) fail(errors::kSyntax);
    return checked();
}

}  // namespace keel
