// SPDX-License-Identifier: BSD-3-Clause
//
// Which clients CLIENT LIST and CLIENT KILL mean: the options after them, all of which must hold.
//
//     ID 7 9  TYPE normal  USER bob  ADDR 10.0.0.1:5000  LADDR 10.0.0.2:6379  MAXAGE 3600  SKIPME no
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "server/session.h"

namespace keel {

class Args;

class ClientFilter {
  public:
    // The two commands have error texts of their own, and KILL spares the caller unless told otherwise.
    enum class Verb : std::uint8_t { list, kill };

    // Whether there is a user of that name.
    using KnownUser = absl::FunctionRef<bool(Bytes)>;

    // Reads all that is left of `args`.
    static Result<ClientFilter> parse(Args& args, Verb verb, KnownUser known_user);
    // Everyone who came from this address.
    static ClientFilter from_address(Bytes address);

    [[nodiscard]] bool matches(const Session& session, const Session& caller, std::int64_t now_ms) const;

  private:
    Status parse_one(Args& args, Verb verb, KnownUser known_user);
    Status parse_ids(Args& args, Verb verb);
    Status parse_type(Bytes word);
    Status parse_age(Bytes word);

    std::vector<std::uint64_t> ids_;  // empty: any
    std::optional<ClientClass> type_;
    std::optional<std::string> user_, address_, local_address_;
    std::optional<std::int64_t> min_age_s_;
    bool skip_caller_ = false;
};

}  // namespace keel
