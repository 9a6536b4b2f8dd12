// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/crc64.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("crc64: the published check value") {
    CHECK(crc64("123456789") == 0xe9c6d914c4b8d9ca);
    CHECK(crc64("") == 0);
}

namespace {

std::string bytes_without_a_pattern(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i * i * 131 >> 5);
    return bytes;
}

// By the definition, bit after bit.
std::uint64_t plainly(Bytes bytes, std::uint64_t crc) {
    for (const char byte : bytes) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x95AC9329AC4BC9B5 : crc >> 1;
    }
    return crc;
}

}  // namespace

TEST_CASE("crc64: what the definition gives, at every length and place") {
    const std::string bytes = bytes_without_a_pattern(700);
    for (std::size_t length = 0; length <= 600; ++length) {
        const Bytes part = Bytes{bytes}.substr(length % 17, length);
        REQUIRE(crc64(part) == plainly(part, 0));
        REQUIRE(crc64(part, length * 0x9E3779B97F4A7C15) == plainly(part, length * 0x9E3779B97F4A7C15));
    }
}

TEST_CASE("crc64: pieces of any length make the whole") {
    const std::string bytes = bytes_without_a_pattern(300);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        CHECK(crc64(Bytes{bytes}.substr(cut), crc64(Bytes{bytes}.substr(0, cut))) == crc64(bytes));
    }
}
