// SPDX-License-Identifier: BSD-3-Clause
//
// Slicing by eight: a table for each of eight bytes in flight, so that a step takes eight bytes with independent
// look-ups instead of one with a look-up that waits for the one before.
#include "persistence/crc64.h"

#include <array>

namespace keel {

namespace {

constexpr std::uint64_t kReflected = 0x95AC9329AC4BC9B5;  // the polynomial, its lowest power in the highest bit

using Table = std::array<std::uint64_t, 256>;

constexpr std::array<Table, 8> kTables = [] {
    std::array<Table, 8> tables{};
    for (std::uint64_t i = 0; i < 256; ++i) {
        std::uint64_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kReflected : crc >> 1;
        tables[0][i] = crc;
    }
    for (std::size_t t = 1; t < 8; ++t) {
        for (std::size_t i = 0; i < 256; ++i) tables[t][i] = tables[0][tables[t - 1][i] & 255] ^ tables[t - 1][i] >> 8;
    }
    return tables;
}();

std::uint64_t step(std::uint64_t crc, const char* at) noexcept {
    const std::uint64_t word = crc ^ load_le<std::uint64_t>(at);
    std::uint64_t out = 0;
    for (unsigned i = 0; i < 8; ++i) out ^= kTables[7 - i][word >> (8 * i) & 255];
    return out;
}

}  // namespace

std::uint64_t crc64(Bytes bytes, std::uint64_t crc) noexcept {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) crc = step(crc, at);
    for (; left > 0; --left, ++at) crc = kTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 255] ^ crc >> 8;
    return crc;
}

}  // namespace keel
