// SPDX-License-Identifier: BSD-3-Clause
#include "server/client_filter.h"

#include <fmt/core.h>

#include <algorithm>

#include "datatypes/command/args.h"
#include "protocol/base/number.h"
#include "protocol/resp/errors.h"
#include "server/client_info.h"

namespace keel {

namespace {

constexpr ErrorText kBadKillId{"ERR client-id should be greater than 0"};
constexpr ErrorText kBadListId{"ERR Invalid client ID"};
constexpr ErrorText kAgeNotInteger{"ERR maxage is not an integer or out of range"};
constexpr ErrorText kAgeNotPositive{"ERR maxage should be greater than 0"};

constexpr Bytes kOptions[] = {"ID", "TYPE", "USER", "ADDR", "LADDR", "MAXAGE", "SKIPME"};

bool is_option(Bytes word) {
    return std::any_of(std::begin(kOptions), std::end(kOptions),
                       [&](Bytes option) { return equal_nocase(word, option); });
}

}  // namespace

Result<ClientFilter> ClientFilter::parse(Args& args, Verb verb, KnownUser known_user) {
    ClientFilter filter;
    filter.skip_caller_ = verb == Verb::kill;
    while (args.more()) KEEL_TRY(filter.parse_one(args, verb, known_user));
    return filter;
}

ClientFilter ClientFilter::from_address(Bytes address) {
    ClientFilter filter;
    filter.address_ = address;
    return filter;
}

Status ClientFilter::parse_one(Args& args, Verb verb, KnownUser known_user) {
    if (args.accept_with_value("ID")) return parse_ids(args, verb);
    if (args.accept_with_value("TYPE")) return parse_type(args.next<Bytes>());
    if (args.accept_with_value("MAXAGE")) return parse_age(args.next<Bytes>());
    if (args.accept_with_value("ADDR")) {
        address_ = args.next<Bytes>();
    } else if (args.accept_with_value("LADDR")) {
        local_address_ = args.next<Bytes>();
    } else if (args.accept_with_value("USER")) {
        user_ = args.next<Bytes>();
        if (!known_user(*user_)) return Error{fmt::format("ERR No such user '{}'", *user_)};
    } else if (args.accept_with_value("SKIPME")) {
        const Bytes word = args.next<Bytes>();
        skip_caller_ = equal_nocase(word, "yes");
        if (!skip_caller_ && !equal_nocase(word, "no")) return errors::kSyntax;
    } else {
        return errors::kSyntax;
    }
    return {};
}

Status ClientFilter::parse_ids(Args& args, Verb verb) {
    const bool kills = verb == Verb::kill;
    do {
        const auto id = parse_integer(args.next<Bytes>());
        if (!id || (kills && *id < 1)) return kills ? Status{kBadKillId} : Status{kBadListId};
        ids_.push_back(static_cast<std::uint64_t>(*id));
    } while (args.more() && (kills ? parse_integer(args.peek()).has_value() : !is_option(args.peek())));
    return {};
}

Status ClientFilter::parse_type(Bytes word) {
    type_ = client_class_of(word);
    if (!type_) return Error{fmt::format("ERR Unknown client type '{}'", word)};
    return {};
}

Status ClientFilter::parse_age(Bytes word) {
    min_age_s_ = parse_integer(word);
    if (!min_age_s_) return kAgeNotInteger;
    if (*min_age_s_ <= 0) return kAgeNotPositive;
    return {};
}

bool ClientFilter::matches(const Session& session, const Session& caller, std::int64_t now_ms) const {
    if (skip_caller_ && &session == &caller) return false;
    if (!ids_.empty() && std::find(ids_.begin(), ids_.end(), session.id) == ids_.end()) return false;
    if (type_ && session.client_class != *type_) return false;
    if (user_ && session.user_name() != *user_) return false;
    if (address_ && session.peer_address != *address_) return false;
    if (local_address_ && session.local_address != *local_address_) return false;
    return !min_age_s_ || (now_ms - session.created_ms) / 1000 >= *min_age_s_;
}

}  // namespace keel
