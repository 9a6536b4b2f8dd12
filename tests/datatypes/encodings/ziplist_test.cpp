// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/ziplist.h"

#include <catch2/catch.hpp>

#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::test;

namespace {

std::vector<std::string> words_of(const ListpackView& list) {
    std::vector<std::string> out;
    std::array<char, 24> scratch{};
    for (auto at = list.first(); at != nullptr; at = list.next(at)) out.emplace_back(list.get(at).as_text(scratch));
    return out;
}

}  // namespace

TEST_CASE("ziplist: every kind of entry becomes one of a listpack") {
    const std::string long_text(300, 'x');
    const std::string longer_text(20000, 'y');
    const Packed items = {"a",     0,          12,          13,        -1,          300, -70000,
                          8388607, 2000000000, -5000000000, long_text, longer_text, ""};
    const auto list = listpack_of_ziplist(ziplist(items));
    REQUIRE(list);
    CHECK(words_of(*list) == std::vector<std::string>{"a", "0", "12", "13", "-1", "300", "-70000", "8388607",
                                                      "2000000000", "-5000000000", long_text, longer_text, ""});
    CHECK(ListpackView::is_sound(list->bytes()));
}

TEST_CASE("ziplist: no cut and no changed byte is more than another sound ziplist") {
    const std::string sound = ziplist({"name", 7, std::string(70, 'v'), -300});
    for (std::size_t size = 0; size < sound.size(); ++size) CHECK_FALSE(listpack_of_ziplist(sound.substr(0, size)));
    for (std::size_t at = 0; at < sound.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string changed = sound;
            changed[at] = static_cast<char>(changed[at] ^ (1U << bit));
            if (const auto list = listpack_of_ziplist(changed)) CHECK(ListpackView::is_sound(list->bytes()));
        }
    }
}

TEST_CASE("zipmap: names and values, with idle bytes behind them") {
    const std::string long_value(400, 'v');
    for (const std::size_t idle : {0, 3}) {
        const auto list = listpack_of_zipmap(zipmap({"a", "1", "name", long_value, "", ""}, idle));
        REQUIRE(list);
        CHECK(words_of(*list) == std::vector<std::string>{"a", "1", "name", long_value, "", ""});
    }
    const std::string sound = zipmap({"a", "1", "b", "2"});
    for (std::size_t size = 0; size < sound.size(); ++size) CHECK_FALSE(listpack_of_zipmap(sound.substr(0, size)));
}
