// SPDX-License-Identifier: BSD-3-Clause
//
// The one hash of keys, members and fields: XXH3 (64 bits) under a secret of this process, so that nobody outside
// can choose keys that collide. Every bit of it is good: tables use the low, the middle and the high ones.
//
// Not here: CRC16 of cluster slots (datatypes/keyspace), which clients must be able to compute.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/bytes.h"

namespace keel {

inline constexpr std::size_t kHashSecretBytes = 192;

// Sets the secret. Once, before the first table holds an item: tables don't notice a change. Until then the
// secret is a fixed one, known to all: good for tests only.
void set_hash_secret(std::span<const std::uint8_t, kHashSecretBytes> secret) noexcept;

// The same with bytes from the kernel's generator: what the server does at its start.
void set_random_hash_secret();

[[nodiscard]] std::uint64_t hash_bytes(Bytes bytes) noexcept;

}  // namespace keel
