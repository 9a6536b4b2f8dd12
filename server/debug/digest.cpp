// SPDX-License-Identifier: BSD-3-Clause
#include "server/debug/digest.h"

#include <fmt/format.h>
#include <openssl/sha.h>

namespace keel {

void Digest::blend(Bytes bytes) {
    State hash;
    SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i] = static_cast<std::uint8_t>(state_[i] ^ hash[i]);
}

void Digest::add(Bytes bytes) { blend(bytes); }

void Digest::mix(Bytes bytes) {
    blend(bytes);
    const State before = state_;
    SHA1(before.data(), before.size(), state_.data());
}

void Digest::mix(std::uint32_t number) {
    const char big_endian[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                               static_cast<char>(number >> 8), static_cast<char>(number)};
    mix(Bytes{big_endian, sizeof(big_endian)});
}

void Digest::unordered(std::initializer_list<Bytes> pieces) {
    if (pieces.size() == 1) return add(*pieces.begin());
    Digest member;
    for (const Bytes piece : pieces) member.mix(piece);
    add(member.bytes());
}

void Digest::add_value(const Entry& entry) {
    const ValueRef value = entry.value();
    mix(static_cast<std::uint32_t>(value.type));
    type_ops(value.type).digest(value, *this);
    if (entry.has_deadline()) add("!!expire!!");
}

std::string Digest::hex() const {
    std::string out;
    for (const std::uint8_t byte : state_) out += fmt::format("{:02x}", byte);
    return out;
}

Digest digest_of(const Keyspace& keyspace) {
    Digest all;
    for (int i = 0; i < keyspace.count(); ++i) {
        const Database& db = keyspace.db(i);
        if (db.size() == 0) continue;
        all.mix(static_cast<std::uint32_t>(i));
        db.each([&all](const Entry& entry) {
            Digest key;
            key.mix(entry.key());
            key.add_value(entry);
            all.add(key.bytes());
        });
    }
    return all;
}

}  // namespace keel
