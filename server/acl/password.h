// SPDX-License-Identifier: BSD-3-Clause
//
// Passwords are kept and compared as their SHA-256, never as they are said.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"

namespace keel::acl {

using PasswordHash = std::array<std::uint8_t, 32>;

[[nodiscard]] PasswordHash hash_password(Bytes password);

// 64 hex digits, lower case only, as rules and files spell a hash.
[[nodiscard]] std::optional<PasswordHash> parse_hash(Bytes hex);
[[nodiscard]] std::string hash_text(const PasswordHash& hash);

// Takes as long whatever the difference.
[[nodiscard]] bool same_hash(const PasswordHash& a, const PasswordHash& b);

}  // namespace keel::acl
