// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/password.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace keel::acl {

namespace {

constexpr Bytes kDigits = "0123456789abcdef";

}  // namespace

PasswordHash hash_password(Bytes password) {
    PasswordHash out;
    static_assert(out.size() == SHA256_DIGEST_LENGTH);
    SHA256(reinterpret_cast<const unsigned char*>(password.data()), password.size(), out.data());
    return out;
}

std::optional<PasswordHash> parse_hash(Bytes hex) {
    PasswordHash out;
    if (hex.size() != 2 * out.size()) return std::nullopt;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto high = kDigits.find(hex[2 * i]);
        const auto low = kDigits.find(hex[2 * i + 1]);
        if (high == Bytes::npos || low == Bytes::npos) return std::nullopt;
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return out;
}

std::string hash_text(const PasswordHash& hash) {
    std::string out;
    for (const std::uint8_t byte : hash) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

bool same_hash(const PasswordHash& a, const PasswordHash& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace keel::acl
