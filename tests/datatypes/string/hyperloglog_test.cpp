// SPDX-License-Identifier: BSD-3-Clause
//
// HyperLogLog: its bytes, how runs are split and joined, the estimate, and texts that are not sound.
#include "datatypes/string/hyperloglog.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "protocol/base/random.h"

using namespace keel;
using namespace keel::string::hll;

namespace {

constexpr std::uint64_t kSparseMax = 3000;

std::string with_runs(Bytes runs) { return std::string{Draft{}.text().substr(0, kHeader)} + std::string{runs}; }

std::string runs_of(const Draft& draft) {
    std::string out;
    REQUIRE(describe_runs(draft.text(), out));
    return out;
}

bool same_registers(Bytes text, const Registers& expected) {
    Registers registers;
    REQUIRE(registers.merge(text));
    for (std::size_t i = 0; i < kRegisters; ++i) {
        if (registers[i] != expected[i]) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("hyperloglog: an empty one is a header and one run") {
    const Draft draft;
    CHECK(draft.text() == Bytes{"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18});
    CHECK(plausible(draft.text()));
    CHECK(kept_count(draft.text()) == 0);
    CHECK(count_of(draft.text()) == 0);
}

TEST_CASE("hyperloglog: the bytes that redis-server 7.0 makes of a, b and c") {
    Draft draft;
    for (const char* element : {"a", "b", "c"}) CHECK(draft.raise(mark_of(element), kSparseMax) == Raised::yes);
    for (const char* element : {"a", "b", "c"}) CHECK(draft.raise(mark_of(element), kSparseMax) == Raised::no);
    draft.forget_count();
    CHECK(draft.text() == Bytes{"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a", 27});
    CHECK_FALSE(kept_count(draft.text()));
    CHECK(count_of(draft.text()) == 3);
}

TEST_CASE("hyperloglog: runs are split around a register, and joined up to four") {
    Draft draft;
    REQUIRE(draft.raise({100, 2}, kSparseMax) == Raised::yes);
    CHECK(runs_of(draft) == "Z:100 v:2,1 Z:16283");
    for (const std::uint32_t index : {101U, 102U, 103U, 104U})
        REQUIRE(draft.raise({index, 2}, kSparseMax) == Raised::yes);
    CHECK(runs_of(draft) == "Z:100 v:2,4 v:2,1 Z:16279");
    REQUIRE(draft.raise({101, 32}, kSparseMax) == Raised::yes);
    CHECK(runs_of(draft) == "Z:100 v:2,1 v:32,1 v:2,3 Z:16279");
    REQUIRE(draft.raise({0, 1}, kSparseMax) == Raised::yes);
    REQUIRE(draft.raise({16383, 1}, kSparseMax) == Raised::yes);
    CHECK(runs_of(draft) == "v:1,1 Z:99 v:2,1 v:32,1 v:2,3 Z:16278 v:1,1");
    REQUIRE(draft.raise({50, 1}, kSparseMax) == Raised::yes);
    CHECK(runs_of(draft) == "v:1,1 z:49 v:1,1 z:49 v:2,1 v:32,1 v:2,3 Z:16278 v:1,1");
}

TEST_CASE("hyperloglog: a rank above 32, or too many bytes, make it dense") {
    Draft draft;
    REQUIRE(draft.raise({5, 33}, kSparseMax) == Raised::yes);
    CHECK(draft.is_dense());
    CHECK(draft.text().size() == kDenseSize);

    Draft full;
    REQUIRE(full.raise({10, 1}, 21) == Raised::yes);  // 16 + z v ZZ: two bytes more than before
    REQUIRE_FALSE(full.is_dense());
    REQUIRE(full.raise({10, 3}, 20) == Raised::yes);  // in place
    REQUIRE_FALSE(full.is_dense());
    REQUIRE(full.raise({12, 3}, 21) == Raised::yes);
    CHECK(full.is_dense());
    Registers expected;
    expected.raise({10, 3});
    expected.raise({12, 3});
    CHECK(same_registers(full.text(), expected));
}

TEST_CASE("hyperloglog: registers beside an array, sparse and dense, in any order and in rising order") {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        Random random{seed};
        CAPTURE(seed);
        Draft sparse;
        Draft dense;
        REQUIRE(dense.make_dense());
        Registers model;
        for (int step = 0; step < 3000; ++step) {
            const bool near = random.next() % 2 == 0;  // neighbours, so that runs meet
            const Mark mark{static_cast<std::uint32_t>(near ? 8000 + random.next() % 200 : random.next() % kRegisters),
                            static_cast<std::uint8_t>(1 + random.next() % (step < 2000 ? 4 : 32))};
            const Raised expected = model.raise(mark) ? Raised::yes : Raised::no;
            REQUIRE(sparse.raise(mark, kSparseMost) == expected);
            REQUIRE(dense.raise(mark, kSparseMost) == expected);
            if (step % 100 == 0) REQUIRE(same_registers(sparse.text(), model));
        }
        REQUIRE_FALSE(sparse.is_dense());
        CHECK(same_registers(dense.text(), model));
        CHECK(count_of(sparse.text()) == count_of(dense.text()));
        CHECK(count_of(dense.text()) == model.count());

        // Going on from where the last one was finds the same runs as going from the start.
        Draft onward;
        REQUIRE(onward.raise_all(model, kSparseMost));
        Draft fresh;
        for (std::uint32_t i = 0; i < kRegisters; ++i) {
            if (model[i] == 0) continue;
            Draft again{fresh.text()};
            REQUIRE(again.raise({i, model[i]}, kSparseMost) == Raised::yes);
            fresh = again;
        }
        CHECK(onward.text() == fresh.text());
        REQUIRE(sparse.make_dense());
        CHECK(sparse.text() == dense.text());
    }
}

TEST_CASE("hyperloglog: the estimate is near the truth") {
    Draft draft;
    int added = 0;
    for (const int most : {10, 100, 1000, 10'000, 100'000, 300'000}) {
        for (; added < most; ++added) {
            REQUIRE(draft.raise(mark_of("element:" + std::to_string(added)), kSparseMax) != Raised::corrupt);
        }
        const auto count = count_of(draft.text());
        REQUIRE(count.has_value());
        CAPTURE(most, *count);
        CHECK(std::abs(static_cast<double>(*count) - most) <= 0.03 * most + 1);
    }
}

TEST_CASE("hyperloglog: what is not one") {
    const std::string empty{Draft{}.text()};
    CHECK_FALSE(plausible(""));
    CHECK_FALSE(plausible(Bytes{empty}.substr(0, 15)));
    std::string other = empty;
    other[0] = 'h';
    CHECK_FALSE(plausible(other));
    other = empty;
    other[4] = 2;
    CHECK_FALSE(plausible(other));
    other[4] = 0;  // dense, but of another size
    CHECK_FALSE(plausible(other));
}

TEST_CASE("hyperloglog: runs that do not add up are corrupt") {
    const std::string texts[] = {
        with_runs(""),
        with_runs("\x7f"),                       // half a run
        with_runs("\x7f\xfe"),                   // one register short
        with_runs(Bytes{"\x7f\xff\x00", 3}),     // one too many
        with_runs(Bytes{"\x00\x7f\xff", 3}),     // the same, the other way round
        with_runs(std::string(5000, '\xff')),    // far too many
        with_runs(std::string(40'000, '\x00')),  // longer than any sound one
    };
    for (const std::string& text : texts) {
        CAPTURE(text.size());
        REQUIRE(plausible(text));
        CHECK_FALSE(count_of(text));
        Registers registers;
        CHECK_FALSE(registers.merge(text));
        Draft draft{text};
        CHECK_FALSE(draft.make_dense());
        CHECK(Draft{text}.raise({3, 40}, kSparseMax) == Raised::corrupt);
    }
    CHECK(Draft{with_runs("")}.raise({0, 1}, kSparseMax) == Raised::corrupt);
    CHECK(Draft{with_runs("\x7f\xfe")}.raise({16383, 1}, kSparseMax) == Raised::corrupt);
}

TEST_CASE("hyperloglog: any runs at all are read within their bounds") {
    Random random{9};
    for (int round = 0; round < 2000; ++round) {
        std::string runs(random.next() % 300, '\0');
        for (char& c : runs) c = static_cast<char>(random.next() & 255);
        const std::string text = with_runs(runs);
        Draft draft{text};
        bool sound = true;
        for (int i = 0; i < 20 && sound; ++i) {
            const Mark mark{static_cast<std::uint32_t>(random.next() % kRegisters),
                            static_cast<std::uint8_t>(1 + random.next() % 51)};
            sound = draft.raise(mark, random.next() % 400) != Raised::corrupt;
        }
        CHECK(draft.text().size() <= kSparseMost);
    }
}

TEST_CASE("hyperloglog: the self-test passes") {
    Random random{1};
    CHECK(self_test(random) == "");
}
