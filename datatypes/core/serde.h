// SPDX-License-Identifier: BSD-3-Clause
//
// The door between values and files: a type writes itself to a Saver and reads itself from a Loader without knowing
// whether there is a file, a payload of DUMP or a socket behind it. Both speak the words that RDB is made of:
//
//     length    an unsigned number in 1, 2, 5 or 9 bytes
//     string    bytes behind their length; the decimal form of an integer of 32 bits as that, or squeezed by LZF
//     raw       bytes as they are; numbers are little-endian
//
// Always true:
//   1. What a Loader gives is as trustworthy as the file: any bytes may come. But a length or a count that it gave
//      fits the bytes that are left (see count()), so memory and time stay in proportion to what is there.
//   2. A view that string() or raw() gave is good until the Loader is asked for the next thing.
//   3. A Saver takes everything; what goes wrong while writing is told by whoever made it.
//
// Not here: the bytes themselves (persistence/rdb/writer.h, reader.h), which tag stands for what (rdb_tags.h).
#pragma once

#include <bit>
#include <cstdint>

#include "protocol/base/block.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

class Saver {
  public:
    virtual ~Saver() = default;

    virtual void length(std::uint64_t value) = 0;
    // Takes as few bytes as the format allows, if the server wants strings squeezed.
    virtual void string(Bytes text) = 0;
    // The string that is the decimal form of the integer.
    virtual void integer_string(std::int64_t integer) = 0;
    // A string of `bytes` bytes that is squeezed by LZF already.
    virtual void squeezed_string(Bytes lzf, std::size_t bytes) = 0;
    virtual void raw(Bytes bytes) = 0;

    void byte(std::uint8_t value) { raw({reinterpret_cast<const char*>(&value), 1}); }
    void u64(std::uint64_t value) {
        char bytes[8];
        store_le(bytes, value);
        raw({bytes, sizeof(bytes)});
    }
    void binary_double(double value) { u64(std::bit_cast<std::uint64_t>(value)); }
};

class Loader {
  public:
    virtual ~Loader() = default;

    virtual Result<std::uint64_t> length() = 0;
    // A string of any size, unfolded. See truth 2.
    virtual Result<Bytes> string() = 0;
    // The same; if it is longer than `most`, in a block of its own (else `block` is null, and the view ends soon).
    struct Text {
        Bytes view;
        BlockPtr block;
    };
    virtual Result<Text> text(std::size_t most) = 0;
    // Exactly so many bytes, at most kMostRaw.
    virtual Result<Bytes> raw(std::size_t bytes) = 0;
    static constexpr std::size_t kMostRaw = 512;

    // Bytes that may follow, at most.
    [[nodiscard]] virtual std::uint64_t left() const = 0;
    // Whether Valkey 9 or later wrote this: then tag 22 is its own.
    [[nodiscard]] virtual bool from_valkey() const = 0;

    // A length that says how many things follow, of which each takes that many bytes at least.
    Result<std::uint64_t> count(std::uint64_t least_bytes_each);
    Result<std::uint8_t> byte();
    Result<std::uint64_t> u64();
    Result<double> binary_double();
};

// Reasons that several types give. They complete the sentence "the value at this key cannot be read: ...".
inline constexpr ErrorText kCutShort{"the data ends in the middle"};
inline constexpr ErrorText kImpossibleCount{"a count is larger than the bytes that follow allow"};
inline constexpr ErrorText kDamagedListpack{"a listpack is damaged"};
inline constexpr ErrorText kDamagedZiplist{"a ziplist is damaged"};
inline constexpr ErrorText kTwice{"a member is there twice"};
// Not damage: old servers wrote such keys. A file goes on without the key, RESTORE refuses it.
inline constexpr ErrorText kEmptyValue{"a collection without members"};

// ---- Inline parts ----

inline Result<std::uint64_t> Loader::count(std::uint64_t least_bytes_each) {
    KEEL_TRY(const std::uint64_t many, length());
    if (many > left() / least_bytes_each) return kImpossibleCount;
    return many;
}

inline Result<std::uint8_t> Loader::byte() {
    KEEL_TRY(const Bytes one, raw(1));
    return static_cast<std::uint8_t>(one[0]);
}

inline Result<std::uint64_t> Loader::u64() {
    KEEL_TRY(const Bytes eight, raw(8));
    return load_le<std::uint64_t>(eight.data());
}

inline Result<double> Loader::binary_double() {
    KEEL_TRY(const std::uint64_t bits, u64());
    return std::bit_cast<double>(bits);
}

}  // namespace keel
