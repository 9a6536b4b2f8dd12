// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/hash.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include "protocol/base/random.h"

namespace keel {

namespace {

static_assert(kHashSecretBytes >= XXH3_SECRET_SIZE_MIN);

// Until a real secret is set: splitmix64 of a fixed seed, so that tests repeat.
constexpr std::array<std::uint8_t, kHashSecretBytes> fixed_secret() {
    std::array<std::uint8_t, kHashSecretBytes> out{};
    std::uint64_t state = 0x6b65656c;  // "keel"
    for (std::size_t i = 0; i < out.size(); i += 8) {
        state += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        for (std::size_t k = 0; k < 8; ++k) out[i + k] = static_cast<std::uint8_t>(z >> (8 * k));
    }
    return out;
}

alignas(64) constinit std::array<std::uint8_t, kHashSecretBytes> process_secret = fixed_secret();

}  // namespace

void set_hash_secret(std::span<const std::uint8_t, kHashSecretBytes> secret) noexcept {
    std::copy(secret.begin(), secret.end(), process_secret.begin());
}

void set_random_hash_secret() { fill_secret(process_secret); }

std::uint64_t hash_bytes(Bytes bytes) noexcept {
    return XXH3_64bits_withSecret(bytes.data(), bytes.size(), process_secret.data(), process_secret.size());
}

}  // namespace keel
