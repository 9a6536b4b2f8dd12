// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/set/set.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <set>
#include <string>

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/number.h"

using namespace keel;
using namespace keel::set;
using namespace std::literals;

namespace {

using Model = std::set<std::string>;

Limits limits_of(std::uint64_t integers, std::uint64_t packed, std::uint64_t packed_bytes) {
    Settings settings;
    settings.encodings.set_max_intset_entries = integers;
    settings.encodings.set_max_listpack_entries = packed;
    settings.encodings.set_max_listpack_value_bytes = packed_bytes;
    return Limits{settings};
}

Model members_of(const SetView& set) {
    Model out;
    set.each([&out](const Member& member) { CHECK(out.emplace(member.text()).second); });
    return out;
}

Model scanned(const SetView& set) {
    Model out;
    std::uint64_t cursor = 0;
    do {
        cursor = set.scan(cursor, [&out](const Member& member) { out.emplace(member.text()); });
    } while (cursor != 0);
    return out;
}

std::string some_member(Random& random, std::uint64_t kinds) {
    const std::uint64_t n = random.below(kinds);
    switch (n % 4) {
        case 0: return integer_text(static_cast<std::int64_t>(n) - 100);
        case 1: return "m" + std::to_string(n);
        case 2: return "0" + std::to_string(n);  // reads like an integer, and is none
        default: return std::string(n % 400, static_cast<char>('a' + n % 26)) + std::to_string(n);
    }
}

struct TestSink final : DigestSink {
    void ordered(Bytes) override { FAIL("a set has no order"); }
    void unordered(std::initializer_list<Bytes> pieces) override {
        REQUIRE(pieces.size() == 1);
        CHECK(told.emplace(*pieces.begin()).second);
    }
    Model told;
};

// The value that the set has become, for the ops; the set is whole again afterwards.
void with_value(Set& set, const std::function<void(const ValueRef&)>& use) {
    const ValueRef value = set.release();
    use(value);
    set = Set{value};
}

void check_same(Set& set, const Model& model) {
    REQUIRE(set.count() == model.size());
    REQUIRE(members_of(set.view()) == model);
    REQUIRE(scanned(set.view()) == model);
    with_value(set, [&model](const ValueRef& value) {
        const ValueRef copy = kOps.clone(value);
        CHECK(copy.form == value.form);
        CHECK(members_of(SetView{copy}) == model);
        CHECK(kOps.memory(copy, 0) > 0);
        kOps.destroy(copy);
        TestSink sink;
        kOps.digest(value, sink);
        CHECK(sink.told == model);
        CHECK(kOps.count(value) == model.size());
    });
}

}  // namespace

TEST_CASE("set: does what std::set does, in every form") {
    const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    INFO("seed " << seed);
    Random random{seed};
    for (const Limits& limits : {limits_of(512, 128, 64), limits_of(8, 1000, 1000), limits_of(0, 0, 0)}) {
        for (const std::uint64_t kinds : {30U, 3000U}) {
            Set set;
            Model model;
            for (int step = 0; step < 4000; ++step) {
                const std::string text = some_member(random, kinds);
                const Member member{text};
                const std::uint64_t what = random.below(10);
                if (what < 6) {
                    REQUIRE(set.add(member, limits) == model.insert(text).second);
                } else if (what < 8) {
                    REQUIRE(set.remove(member) == (model.erase(text) == 1));
                } else if (what == 8 && !model.empty()) {
                    set.pop(random,
                            [&model](const Member& drawn) { REQUIRE(model.erase(std::string{drawn.text()}) == 1); });
                }
                REQUIRE(set.view().has(member) == model.contains(text));
                if (step % 500 == 0) check_same(set, model);
            }
            check_same(set, model);
        }
    }
}

TEST_CASE("set: its form follows the limits, and never goes back") {
    const Limits limits = limits_of(4, 3, 5);
    const auto form_after = [&limits](std::initializer_list<Bytes> members) {
        Set set;
        for (const Bytes member : members) set.add(Member{member}, limits);
        return set.view().form();
    };
    CHECK(form_after({"1", "2", "3", "4"}) == Form::integers);
    CHECK(form_after({"1", "2", "3", "4", "5"}) == Form::table);
    CHECK(form_after({"1", "2", "x"}) == Form::packed);
    CHECK(form_after({"1", "2", "3", "x"}) == Form::table);  // three in the intset are as many as a listpack takes
    CHECK(form_after({"123456", "x"}) == Form::table);       // too long as text
    CHECK(form_after({"-12345", "x"}) == Form::table);
    CHECK(form_after({"a", "b", "c"}) == Form::packed);
    CHECK(form_after({"a", "b", "c", "c"}) == Form::packed);
    CHECK(form_after({"a", "b", "c", "d"}) == Form::table);
    CHECK(form_after({"abcde"}) == Form::packed);
    CHECK(form_after({"abcdef"}) == Form::table);
    CHECK(form_after({"a", "1"}) == Form::packed);
    CHECK(form_after({"01"}) == Form::packed);

    Set set;
    for (const Bytes member : {"a", "b", "c", "d"}) set.add(Member{member}, limits);
    for (const Bytes member : {"b", "c", "d"}) set.remove(Member{member});
    CHECK(set.view().form() == Form::table);
}

TEST_CASE("set: a listpack keeps the order of coming, an intset that becomes one its own") {
    Set set;
    const Limits limits = limits_of(512, 128, 64);
    for (const Bytes member : {"30", "4", "-5", "b", "a", "7"}) set.add(Member{member}, limits);
    std::string order;
    set.view().each([&order](const Member& member) { order += std::string{member.text()} + " "; });
    CHECK(order == "-5 4 30 b a 7 ");
}

TEST_CASE("set: a walk ends when its visitor says so, in every form") {
    for (const Limits& limits : {limits_of(512, 128, 64), limits_of(0, 128, 64), limits_of(0, 0, 0)}) {
        Set set;
        for (int i = 0; i < 100; ++i) set.add(Member{std::int64_t{i}}, limits);
        int seen = 0;
        CHECK_FALSE(set.view().each([&seen](const Member&) { return ++seen != 7; }));
        CHECK(seen == 7);
        CHECK(set.view().each([](const Member&) { return true; }));
    }
}

TEST_CASE("set: every member is drawn about as often as any other, in every form") {
    Random random{7};
    for (const Limits& limits : {limits_of(512, 128, 64), limits_of(0, 128, 64), limits_of(0, 0, 0)}) {
        constexpr int kMembers = 20;
        constexpr int kDraws = 20'000;
        Set set;
        for (int i = 0; i < kMembers; ++i) set.add(Member{std::int64_t{i}}, limits);
        std::array<int, kMembers> drawn{};
        for (int i = 0; i < kDraws; ++i) {
            set.view().draw(
                random, [&drawn](const Member& m) { ++drawn.at(static_cast<std::size_t>(*parse_integer(m.text()))); });
        }
        for (const int times : drawn) CHECK(std::abs(times - kDraws / kMembers) < 200);  // over six sigma
    }
}

TEST_CASE("stored member: its text comes back at any length, and its bytes are given back") {
    for (const std::size_t length : {0U, 1U, 127U, 128U, 129U, 16383U, 16384U, 3'000'000U}) {
        const std::string text(length, 'x');
        StoredMember* member = StoredMember::make(text);
        CHECK(member->text() == text);
        CHECK(member->allocated_bytes() > length);
        StoredMember::release(member);
    }
}

TEST_CASE("set: the memory of a table counts each member's allocation") {
    Set set;
    for (int i = 0; i < 1000; ++i) set.add(Member{"member:" + std::to_string(i)}, limits_of(0, 0, 0));
    with_value(set, [](const ValueRef& value) {
        const std::size_t full = kOps.memory(value, 0);
        CHECK(full > 1000 * 16);
        CHECK(full < 1000 * 48);
        CHECK(kOps.free_effort(value) == 1000);
        CHECK(kOps.encoding_name(value) == "hashtable");
    });
}
