// SPDX-License-Identifier: BSD-3-Clause
//
// Slicing by eight: a table for each of eight bytes in flight, so that a step takes eight bytes with independent
// look-ups instead of one with a look-up that waits for the one before. Where the processor multiplies without carries,
// long inputs are folded: sixty-four bytes are worth the same as the sixty-four behind them with the former's products
// added, so that in the end sixteen bytes are left whose CRC is that of all.
//
// Sources: Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (2009), for folding; the
// constants below follow from the polynomial.
#include "persistence/crc64.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#define KEEL_CLMUL __attribute__((target("pclmul")))
#endif

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

#if defined(KEEL_CLMUL)

const bool kMultiplies = __builtin_cpu_supports("pclmul") != 0;

constexpr std::size_t kFold = 64;  // bytes a round takes, as four lanes of sixteen

// x to that power, modulo the polynomial, reflected.
constexpr std::uint64_t power_of_x(unsigned power) {
    std::uint64_t value = std::uint64_t{1} << 63;
    for (; power > 0; --power) value = (value & 1) != 0 ? value >> 1 ^ kReflected : value >> 1;
    return value;
}

// What the two halves of a lane are multiplied with to move it so many bits on. A product of reflected factors stands
// one bit too low, hence one power less.
struct Move {
    std::uint64_t low, high;
};
constexpr Move move_by(unsigned bits) { return {power_of_x(bits + 63), power_of_x(bits - 1)}; }
constexpr Move kByRound = move_by(8 * kFold);
constexpr Move kByLane = move_by(128);

KEEL_CLMUL __m128i moved(__m128i lane, __m128i by) {
    return _mm_xor_si128(_mm_clmulepi64_si128(lane, by, 0x00), _mm_clmulepi64_si128(lane, by, 0x11));
}

KEEL_CLMUL __m128i as_lane(std::uint64_t low, std::uint64_t high) {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

// At least kFold bytes; takes a multiple of it.
KEEL_CLMUL std::uint64_t fold(const char*& at, std::size_t& left, std::uint64_t crc) noexcept {
    const auto lane_at = [](const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
    const __m128i by_round = as_lane(kByRound.low, kByRound.high);
    __m128i a = _mm_xor_si128(lane_at(at), as_lane(crc, 0));
    __m128i b = lane_at(at + 16);
    __m128i c = lane_at(at + 32);
    __m128i d = lane_at(at + 48);
    for (at += kFold, left -= kFold; left >= kFold; at += kFold, left -= kFold) {
        a = _mm_xor_si128(moved(a, by_round), lane_at(at));
        b = _mm_xor_si128(moved(b, by_round), lane_at(at + 16));
        c = _mm_xor_si128(moved(c, by_round), lane_at(at + 32));
        d = _mm_xor_si128(moved(d, by_round), lane_at(at + 48));
    }
    const __m128i by_lane = as_lane(kByLane.low, kByLane.high);
    b = _mm_xor_si128(moved(a, by_lane), b);
    c = _mm_xor_si128(moved(b, by_lane), c);
    d = _mm_xor_si128(moved(c, by_lane), d);
    char rest[16];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), d);
    return step(step(0, rest), rest + 8);
}

#endif

}  // namespace

std::uint64_t crc64(Bytes bytes, std::uint64_t crc) noexcept {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
#if defined(KEEL_CLMUL)
    if (left >= 2 * kFold && kMultiplies) crc = fold(at, left, crc);
#endif
    for (; left >= 8; left -= 8, at += 8) crc = step(crc, at);
    for (; left > 0; --left, ++at) crc = kTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 255] ^ crc >> 8;
    return crc;
}

}  // namespace keel
