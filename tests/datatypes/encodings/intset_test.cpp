// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/intset.h"

#include <catch2/catch.hpp>
#include <climits>
#include <set>
#include <string>
#include <vector>

#include "datatypes/encodings/small_heap.h"

using namespace keel;
using namespace std::literals;

namespace {

std::vector<std::int64_t> values_of(const IntsetView& set) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < set.count(); ++i) out.push_back(set.at(i));
    return out;
}

Intset intset_of(std::initializer_list<std::int64_t> values) {
    Intset set;
    for (const std::int64_t value : values) set.insert(value);
    return set;
}

}  // namespace

TEST_CASE("intset: the bytes are those of RDB files") {
    CHECK(Intset{}.bytes() == "\2\0\0\0\0\0\0\0"sv);
    CHECK(intset_of({5, -1}).bytes() == "\2\0\0\0\2\0\0\0\xFF\xFF\5\0"sv);
    CHECK(intset_of({5, 65536}).bytes() == "\4\0\0\0\2\0\0\0\5\0\0\0\0\0\1\0"sv);
    CHECK(intset_of({-4294967296}).bytes() == "\x08\0\0\0\1\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF"sv);
}

TEST_CASE("intset: the width follows the widest value, on either side") {
    for (const std::int64_t small : {INT64_C(0), INT64_C(32767), INT64_C(-32768)}) {
        Intset set = intset_of({small, 1, 2});
        CHECK(set.width() == 2);
        for (const std::int64_t wide : {INT64_C(32768), INT64_C(-32769), INT64_C(2147483647), INT64_C(-2147483648)}) {
            CHECK(set.insert(wide));
            CHECK_FALSE(set.insert(wide));
            CHECK(set.width() == 4);
        }
        for (const std::int64_t wide : {INT64_C(2147483648), INT64_C(-2147483649), INT64_MAX, INT64_MIN}) {
            CHECK(set.insert(wide));
            CHECK(set.width() == 8);
        }
        CHECK(set.erase(INT64_MAX));
        CHECK(set.width() == 8);
        CHECK(IntsetView::is_sound(set.bytes()));
    }
}

TEST_CASE("intset: unsound bytes are known as such") {
    CHECK(IntsetView::is_sound("\2\0\0\0\2\0\0\0\1\0\2\0"sv));
    const auto bad = [](Bytes raw) { CHECK_FALSE(IntsetView::is_sound(raw)); };
    bad("");
    bad("\2\0\0\0\0\0\0"sv);
    bad("\3\0\0\0\0\0\0\0"sv);
    bad("\0\0\0\0\0\0\0\0"sv);
    bad("\2\0\0\0\2\0\0\0\1\0\2"sv);
    bad("\2\0\0\0\2\0\0\0\1\0\2\0\3"sv);
    bad("\2\0\0\0\2\0\0\0\2\0\1\0"sv);
    bad("\2\0\0\0\2\0\0\0\1\0\1\0"sv);
    bad("\x08\0\0\0\xFF\xFF\xFF\xFF\1\0\1\0"sv);
}

TEST_CASE("intset: as a std::set, whatever is done, and all memory goes back") {
    const std::uint64_t seed = GENERATE(take(4, random(1, 1'000'000'000)));
    INFO("seed " << seed);
    Random random{seed};
    const std::size_t before = small_heap().bytes_used();
    {
        Intset set;
        std::set<std::int64_t> model;
        for (int step = 0; step < 6000; ++step) {
            auto value = static_cast<std::int64_t>(random.below(500)) - 250;
            if (step > 2000) value *= 1000;
            if (step > 4000 && step % 3 == 0) value *= 1'000'000'000;
            const bool same = random.below(5) < 3 ? set.insert(value) == model.insert(value).second
                                                  : set.erase(value) == (model.erase(value) > 0);
            if (!same || set.has(value) != model.contains(value)) FAIL("another answer at step " << step);
            if (step % 5 == 0) set = Intset::adopt(set.release());
            if (step % 50 == 0 && values_of(set) != std::vector<std::int64_t>(model.begin(), model.end()))
                FAIL("not the model's at step " << step);
        }
        CHECK(IntsetView::is_sound(set.bytes()));
        CHECK(model.contains(set.random(random)));
        void* copy = Intset::copy_of(set.bytes()).release();
        CHECK(values_of(IntsetView{copy}) == values_of(set));
        Intset::free(copy);
    }
    CHECK(small_heap().bytes_used() == before);
}
