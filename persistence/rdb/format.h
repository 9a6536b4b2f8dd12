// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes around values in RDB files and in payloads of DUMP (README.md of this folder has the whole picture).
#pragma once

#include <cstddef>
#include <cstdint>

namespace keel::rdb {

// Lengths: the two high bits of the first byte say how it goes on.
inline constexpr std::uint8_t kLength6 = 0x00;   // the other six bits
inline constexpr std::uint8_t kLength14 = 0x40;  // those and a byte
inline constexpr std::uint8_t kLength32 = 0x80;  // exactly this byte, then a big-endian u32
inline constexpr std::uint8_t kLength64 = 0x81;  // exactly this byte, then a big-endian u64
inline constexpr std::uint8_t kEncoded = 0xC0;   // no length: a string in the encoding of the other six bits

// Encodings of strings.
inline constexpr std::uint8_t kInt8 = 0;  // little-endian, signed
inline constexpr std::uint8_t kInt16 = 1;
inline constexpr std::uint8_t kInt32 = 2;
inline constexpr std::uint8_t kLzf = 3;  // squeezed length, length, data

// What may stand in the place of a tag (datatypes/core/rdb_tags.h).
enum class Opcode : std::uint8_t {
    slot_import = 243,  // Valkey 9; in files of Redis: key_meta, what a module keeps at the next key
    slot_info = 244,    // slot, keys, keys with deadlines
    function2 = 245,    // a library's code
    function_rc = 246,  // candidates of Redis 7.0
    module_aux = 247,
    idle = 248,         // seconds since the next key was used
    frequency = 249,    // how often the next key is used, a byte
    aux = 250,          // name and value, about the file
    resize = 251,       // keys, keys with deadlines of this database
    deadline_ms = 252,  // of the next key
    deadline_s = 253,   // the same, as Redis 2.4 had it
    select = 254,       // the database of what follows
    end = 255,
};

// The newest versions whose format is known.
inline constexpr unsigned kNewestRedis = 16;
inline constexpr unsigned kFirstForeign = 17;  // up to kFirstValkey - 1: nobody's yet
inline constexpr unsigned kFirstValkey = 80;
inline constexpr unsigned kNewestValkey = 81;

// From this version on a checksum ends the file.
inline constexpr unsigned kFirstWithChecksum = 5;

constexpr bool is_known_version(unsigned version) {
    return (version >= 1 && version <= kNewestRedis) || (version >= kFirstValkey && version <= kNewestValkey);
}

// LZF makes at most 264 bytes out of three: what claims more lies.
constexpr bool may_unfold_to(std::size_t squeezed, std::uint64_t bytes) { return bytes <= squeezed * 88 + 264; }

}  // namespace keel::rdb
