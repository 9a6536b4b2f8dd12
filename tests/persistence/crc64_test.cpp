// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/crc64.h"

#include <catch2/catch.hpp>

using namespace keel;

TEST_CASE("crc64: the published check value") {
    CHECK(crc64("123456789") == 0xe9c6d914c4b8d9ca);
    CHECK(crc64("") == 0);
}

TEST_CASE("crc64: pieces of any length make the whole") {
    std::string bytes;
    for (unsigned i = 0; i < 300; ++i) bytes += static_cast<char>(i * 131 >> 2);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        CHECK(crc64(Bytes{bytes}.substr(cut), crc64(Bytes{bytes}.substr(0, cut))) == crc64(bytes));
    }
}
