// SPDX-License-Identifier: BSD-3-Clause
//
// The skip list beside a std::set of (score, member), with ranks; its numbered truths are check()'s.
#include "datatypes/zset/skiplist.h"

#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;
using namespace keel::zset;

namespace {

struct Less {
    bool operator()(const Member* a, const Member* b) const {
        if (a->score() != b->score()) return a->score() < b->score();
        return a->text() < b->text();
    }
};

// A list and its model; owns the members.
struct Twins {
    SkipList list;
    std::set<Member*, Less> model;
    std::set<std::string> names;

    ~Twins() {
        list.clear();
        for (Member* member : model) Member::release(member);
    }
    void add(const std::string& text, double score) {
        if (!names.insert(text).second) return;  // a name is there once, as in a sorted set
        Member* member = Member::make(text, score);
        model.insert(member);
        list.insert(score, member);
    }
    Member* nth(std::size_t rank) const { return *std::next(model.begin(), static_cast<std::ptrdiff_t>(rank)); }
    void erase(Member* member) {
        names.erase(std::string{member->text()});
        list.erase(member);
        model.erase(member);
        Member::release(member);
    }
    void rescore(Member* member, double score) {
        model.erase(member);
        list.rescore(member, score);
        model.insert(member);
    }
    void require_equal() const {
        list.check();
        REQUIRE(list.size() == model.size());
        SkipList::Place at = list.first();
        for (Member* member : model) {
            REQUIRE(at.member() == member);
            at.step();
        }
        REQUIRE_FALSE(at);
        at = list.last();
        for (auto i = model.rbegin(); i != model.rend(); ++i) {
            REQUIRE(at.member() == *i);
            at.step_back();
        }
        REQUIRE_FALSE(at);
    }
};

double a_score(Random& random, unsigned kind) {
    if (kind == 0) return 0;                                         // all equal: the order is that of members
    if (kind == 1) return static_cast<double>(random.below(20));     // many ties
    return static_cast<double>(random.next() >> 20) / 1024.0 - 1e9;  // hardly any
}

}  // namespace

TEST_CASE("skip list: random changes keep it equal to a std::set") {
    for (unsigned kind = 0; kind < 3; ++kind) {
        const std::uint64_t seed = 4711 + kind;
        INFO("seed " << seed);
        Random random{seed};
        Twins twins;
        for (int step = 0; step < 30'000; ++step) {
            // It grows to some thousand members, then shrinks, and again.
            const bool growing = step / 5'000 % 2 == 0;
            const std::uint64_t roll = random.below(10);
            if (twins.model.empty() || roll < (growing ? 7U : 2U)) {
                twins.add("m" + std::to_string(random.below(100'000)), a_score(random, kind));
            } else if (roll < 8) {
                twins.erase(twins.nth(random.below(std::min<std::size_t>(twins.model.size(), 40))));
            } else if (roll < 9) {
                twins.rescore(twins.nth(random.below(std::min<std::size_t>(twins.model.size(), 200))),
                              a_score(random, kind));
            } else {
                twins.rescore(twins.nth(0), twins.nth(0)->score());
            }
            if (step % 997 == 0) twins.require_equal();
        }
        twins.require_equal();
    }
}

TEST_CASE("skip list: ranks, cuts and places agree with counting") {
    Random random{8};
    for (unsigned kind = 0; kind < 3; ++kind) {
        Twins twins;
        for (int i = 0; i < 4'000; ++i) twins.add("m" + std::to_string(random.below(10'000)), a_score(random, kind));
        std::size_t rank = 0;
        for (Member* member : twins.model) {
            if (rank % 37 == 0) {
                CHECK(twins.list.rank_of(member) == rank);
                CHECK(twins.list.at(rank).member() == member);
                const double score = member->score();
                const auto below = static_cast<std::size_t>(std::count_if(
                    twins.model.begin(), twins.model.end(), [&](const Member* m) { return m->score() < score; }));
                const auto up_to = static_cast<std::size_t>(std::count_if(
                    twins.model.begin(), twins.model.end(), [&](const Member* m) { return m->score() <= score; }));
                CHECK(twins.list.rank(ScoreCut{score, false}) == below);
                CHECK(twins.list.rank(ScoreCut{score, true}) == up_to);
                CHECK(twins.list.seek(ScoreCut{score, false}).member() == twins.nth(below));
                if (kind == 0) {
                    CHECK(twins.list.rank(TextCut{member->text(), false}) == rank);
                    CHECK(twins.list.rank(TextCut{member->text(), true}) == rank + 1);
                    CHECK(twins.list.rank(TextCut{.text = {}, .equal = false, .all = true}) == twins.model.size());
                }
            }
            ++rank;
        }
        CHECK_FALSE(twins.list.at(twins.model.size()));
        CHECK_FALSE(twins.list.seek(ScoreCut{std::numeric_limits<double>::infinity(), true}));
    }
}

TEST_CASE("skip list: ranges of ranks are erased as one by one") {
    Random random{9};
    for (int round = 0; round < 60; ++round) {
        Twins twins;
        const std::size_t size = 1 + random.below(3'000);
        for (std::size_t i = 0; i < size; ++i)
            twins.add("m" + std::to_string(random.below(100'000)), a_score(random, 2));
        const std::size_t from = random.below(twins.model.size());
        const std::size_t count = random.below(twins.model.size() - from + 1);
        std::vector<Member*> gone;
        twins.list.erase_ranks(from, count, [&gone](Member* member) { gone.push_back(member); });
        REQUIRE(gone.size() == count);
        auto at = std::next(twins.model.begin(), static_cast<std::ptrdiff_t>(from));
        for (Member* member : gone) {
            REQUIRE(*at == member);
            at = twins.model.erase(at);
            Member::release(member);
        }
        twins.require_equal();
    }
}

TEST_CASE("skip list: built from members in order it is as if they had been inserted") {
    for (const std::size_t size : {0U, 1U, 43U, 44U, 45U, 88U, 2'772U, 2'773U, 200'000U}) {
        Twins twins;
        std::vector<Member*> members;
        for (std::size_t i = 0; i < size; ++i) members.push_back(Member::make("m", static_cast<double>(i)));
        twins.list.build(members);
        twins.model.insert(members.begin(), members.end());
        twins.list.check();
        for (int i = 0; i < 500; ++i) twins.add("n" + std::to_string(i), static_cast<double>(i * 397 % 10'000));
        twins.require_equal();
    }
}

TEST_CASE("skip list: members that come in order fill the leaves, others fill them to three quarters") {
    constexpr std::size_t kSize = 100'000;
    const auto bytes_each = [](auto&& score_of) {
        Twins twins;
        for (std::size_t i = 0; i < kSize; ++i) twins.add("m" + std::to_string(i), score_of(i));
        return static_cast<double>(twins.list.memory_bytes()) / kSize;
    };
    CHECK(bytes_each([](std::size_t i) { return static_cast<double>(i); }) < 16.5);
    CHECK(bytes_each([](std::size_t i) { return -static_cast<double>(i); }) < 16.5);
    Random random{10};
    CHECK(bytes_each([&](std::size_t) { return random.unit(); }) < 21);
}

TEST_CASE("skip list: each goes both ways and ends when told to") {
    Twins twins;
    for (int i = 0; i < 300; ++i) twins.add("m" + std::to_string(i), i);
    std::vector<double> seen;
    twins.list.each(twins.list.at(100), 150, false, [&seen](const Member&, double score) {
        seen.push_back(score);
        return true;
    });
    CHECK(seen.size() == 150);
    CHECK((seen.front() == 100 && seen.back() == 249));
    seen.clear();
    twins.list.each(twins.list.at(100), 1'000, true, [&seen](const Member&, double score) {
        seen.push_back(score);
        return true;
    });
    CHECK(seen.size() == 101);
    CHECK((seen.front() == 100 && seen.back() == 0));
    int left = 3;
    twins.list.each(twins.list.first(), 300, false, [&left](const Member&, double) { return --left > 0; });
    CHECK(left == 0);
}

TEST_CASE("member: text of any length, and a score that changes in place") {
    for (const std::size_t length : {0U, 1U, 253U, 254U, 255U, 65'535U, 65'536U, 70'000U}) {
        const std::string text(length, 'x');
        Member* member = Member::make(text, 1.5);
        CHECK(member->text() == text);
        member->set_score(-0.0);
        CHECK(std::signbit(member->score()));
        CHECK(member->text() == text);
        CHECK(member->allocated_bytes() >= length + 9);
        Member::release(member);
    }
    Member* member = Member::make("14-byte member", 1);
    CHECK(member->size() == 23);  // 24 in the small heap: two bytes beyond text and score
    Member::release(member);
}
