// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/hash.h"

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace keel;

TEST_CASE("hash: equal bytes hash alike, others apart, at every length") {
    std::set<std::uint64_t> seen;
    for (std::size_t n = 0; n < 600; ++n) {
        const std::string text(n, 'k');
        CHECK(hash_bytes(text) == hash_bytes(std::string(text)));
        seen.insert(hash_bytes(text));
        seen.insert(hash_bytes(text + "l"));
    }
    CHECK(seen.size() == 1200);
}

TEST_CASE("hash: another secret gives other hashes, the same secret the same ones") {
    // The tables of other tests live only inside their cases, so a change of secret between cases is allowed.
    std::array<std::uint8_t, kHashSecretBytes> secret{};
    for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i * 37 + 11);
    set_hash_secret(secret);
    const auto first = hash_bytes("user:1000");
    set_random_hash_secret();
    CHECK(hash_bytes("user:1000") != first);
    set_hash_secret(secret);
    CHECK(hash_bytes("user:1000") == first);
}
