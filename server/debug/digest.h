// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG DIGEST: 20 bytes that are equal for equal data. The scheme is Redis's, so digests of both can be compared:
//
//     add(d, x):  d ^= SHA1(x)                 the order of adding does not matter
//     mix(d, x):  d ^= SHA1(x); d = SHA1(d)    the order matters
//
//     value:     mix(type as u32, big-endian), then what the type tells; with a deadline add("!!expire!!")
//     database:  for each that has keys, in order: mix(number as u32, big-endian), then add(digest of each key)
//     key:       mix(key), then its value
//
//     member:    alone: add(member); with a value: add(mix(member), mix(value))
//
// The bytes of `add` for a whole digest are the digest itself. No keys at all: 20 zero bytes.
//
// Not here: the words of each type (its TypeOps::digest).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "datatypes/core/digest.h"
#include "datatypes/keyspace/keyspace.h"

namespace keel {

class Digest final : public DigestSink {
  public:
    void add(Bytes bytes);
    void mix(Bytes bytes);
    void mix(std::uint32_t number);
    // The value of an entry with its deadline.
    void add_value(const Entry& entry);

    void ordered(Bytes piece) override { mix(piece); }
    void unordered(std::initializer_list<Bytes> pieces) override;

    [[nodiscard]] Bytes bytes() const { return {reinterpret_cast<const char*>(state_.data()), state_.size()}; }
    [[nodiscard]] std::string hex() const;

  private:
    using State = std::array<std::uint8_t, 20>;
    void blend(Bytes bytes);  // state ^= SHA1(bytes)

    State state_{};
};

// Of all databases. O(data).
[[nodiscard]] Digest digest_of(const Keyspace& keyspace);

}  // namespace keel
