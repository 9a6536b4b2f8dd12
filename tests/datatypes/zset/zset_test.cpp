// SPDX-License-Identifier: BSD-3-Clause
//
// ZSet in both forms beside a std::map and a sorted std::vector.
#include "datatypes/zset/zset.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "datatypes/zset/families.h"

using namespace keel;
using namespace keel::zset;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Model = std::map<std::string, double>;
struct Scored {
    double score;
    std::string member;
    bool operator==(const Scored&) const = default;
};

std::vector<Scored> in_order(const Model& model) {
    std::vector<Scored> out;
    for (const auto& [member, score] : model) out.push_back({score, member});
    std::sort(out.begin(), out.end(), [](const Scored& a, const Scored& b) {
        return a.score != b.score ? a.score < b.score : a.member < b.member;
    });
    return out;
}

std::vector<Scored> shown(const ZSetView& set, const Run& run) {
    std::vector<Scored> out;
    set.each(run, [&out](Bytes member, double score) {
        out.push_back({score, std::string{member}});
        return true;
    });
    return out;
}

std::vector<Scored> all_of(const ZSetView& set) { return shown(set, set.by_rank({0, set.size()})); }

std::string a_member(Random& random) {
    const std::uint64_t n = random.below(300);
    switch (random.below(4)) {
        case 0: return std::to_string(n);  // integers in a listpack
        case 1: return "-" + std::to_string(n);
        case 2: return std::string(n % 70, 'x');
        default: return "m" + std::to_string(n);
    }
}

double a_score(Random& random) {
    switch (random.below(6)) {
        case 0: return 0;
        case 1: return random.below(2) == 0 ? kInfinity : -kInfinity;
        case 2: return 0.1 * static_cast<double>(random.below(10));
        case 3: return static_cast<double>(random.next());
        default: return static_cast<double>(random.below(20)) - 10;
    }
}

struct FormOfTest {
    const char* name;
    Limits limits;
};
const FormOfTest kForms[] = {{"packed", {1'000'000, 1'000'000}}, {"skiplist", {0, 0}}, {"as it comes", {20, 60}}};

}  // namespace

TEST_CASE("zset: random changes keep it equal to a std::map") {
    for (const auto& [name, limits] : kForms) {
        const std::uint64_t seed = 100;
        INFO(name << ", seed " << seed);
        Random random{seed};
        ZSet set{limits};
        Model model;
        for (int step = 0; step < 5'000; ++step) {
            const std::string member = a_member(random);
            if (random.below(10) < 6) {
                const double score = a_score(random);
                REQUIRE(set.put(member, score) == !model.contains(member));
                if (!model.contains(member) || model[member] != score) model[member] = score;
            } else {
                REQUIRE(set.erase(member) == (model.erase(member) == 1));
            }
            REQUIRE(set.size() == model.size());
            const auto score = set.score(member);
            REQUIRE(score.has_value() == model.contains(member));
            if (score) REQUIRE(*score == model[member]);
            if (step % 50 == 0) REQUIRE(all_of(set) == in_order(model));
        }
    }
}

TEST_CASE("zset: ranks, ranges and limits are those of a sorted vector") {
    for (const auto& [name, limits] : kForms) {
        INFO(name << ", seed 7");
        Random random{7};
        ZSet set{limits};
        Model model;
        for (int i = 0; i < 250; ++i) {
            const std::string member = a_member(random);
            const double score = a_score(random);
            set.put(member, score);
            model[member] = score;
        }
        const std::vector<Scored> sorted = in_order(model);
        for (std::size_t i = 0; i < sorted.size(); ++i) REQUIRE(set.rank(sorted[i].member)->rank == i);
        CHECK_FALSE(set.rank("nobody"));

        for (int i = 0; i < 2'000; ++i) {
            const ScoreRange range{a_score(random), a_score(random), random.below(2) == 0, random.below(2) == 0};
            const Limit limit{static_cast<std::int64_t>(random.below(100)) - 5,
                              random.below(3) == 0 ? -1 : static_cast<std::int64_t>(random.below(90))};
            const bool backwards = random.below(2) == 0;
            std::vector<Scored> expected;
            for (const Scored& one : sorted) {
                const bool above = range.min_open ? one.score > range.min : one.score >= range.min;
                const bool below = range.max_open ? one.score < range.max : one.score <= range.max;
                if (above && below) expected.push_back(one);
            }
            REQUIRE(set.ranks(range).count == expected.size());
            if (backwards) std::reverse(expected.begin(), expected.end());
            if (limit.offset < 0) expected.clear();
            expected.erase(expected.begin(),
                           expected.begin() + std::min<std::ptrdiff_t>(std::max<std::ptrdiff_t>(limit.offset, 0),
                                                                       std::ssize(expected)));
            if (limit.count >= 0 && std::ssize(expected) > limit.count)
                expected.resize(static_cast<std::size_t>(limit.count));
            REQUIRE(shown(set, set.by_score(range, backwards, limit)) == expected);
        }
    }
}

TEST_CASE("zset: ranges of members are those of a sorted vector, when all scores are equal") {
    for (const auto& [name, limits] : kForms) {
        INFO(name << ", seed 8");
        Random random{8};
        ZSet set{limits};
        std::map<std::string, double> model;
        for (int i = 0; i < 200; ++i) {
            const std::string member = a_member(random);
            set.put(member, 1);
            model[member] = 1;
        }
        for (int i = 0; i < 1'000; ++i) {
            const std::string low = a_member(random);
            const std::string high = a_member(random);
            TextRange range{{.text = low, .open = random.below(2) == 0}, {.text = high, .open = random.below(2) == 0}};
            if (random.below(5) == 0) range.min.kind = TextBound::Kind::before_all;
            if (random.below(5) == 0) range.max.kind = TextBound::Kind::behind_all;
            std::vector<Scored> expected;
            for (const auto& [member, score] : model) {
                const bool above =
                    range.min.kind == TextBound::Kind::before_all || (range.min.open ? member > low : member >= low);
                const bool below =
                    range.max.kind == TextBound::Kind::behind_all || (range.max.open ? member < high : member <= high);
                if (above && below) expected.push_back({score, member});
            }
            REQUIRE(set.ranks(range).count == expected.size());
            REQUIRE(shown(set, set.by_text(range)) == expected);
            std::reverse(expected.begin(), expected.end());
            if (expected.size() > 10) expected.resize(10);
            REQUIRE(shown(set, set.by_text(range, true, {0, 10})) == expected);
        }
    }
}

TEST_CASE("zset: scores come back to the last bit in both forms") {
    const double scores[] = {0.0,
                             0.1,
                             1.0 / 3,
                             5e-324,
                             2.2250738585072014e-308,
                             1.7976931348623157e308,
                             -1e300,
                             1e17,
                             9007199254740993.0,
                             0x1p61,
                             0x1p62,
                             0x1p63,
                             -0x1p63,
                             kInfinity,
                             -kInfinity,
                             123456789.123456789,
                             1e-7};
    for (const auto& [name, limits] : kForms) {
        ZSet set{limits};
        int n = 0;
        for (const double score : scores) {
            const std::string member = "m" + std::to_string(n++);
            set.put(member, score);
            const auto back = set.score(member);
            REQUIRE(back);
            CHECK(std::memcmp(&*back, &score, sizeof score) == 0);
        }
    }
}

TEST_CASE("zset: it leaves the packed form above either limit, and stays out") {
    ZSet set{{3, 10}};
    for (const char* member : {"a", "b", "c"}) set.put(member, 1);
    CHECK(set.form() == Form::packed);
    set.put("c", 2);
    CHECK(set.form() == Form::packed);
    set.put("d", 1);
    CHECK(set.form() == Form::skiplist);
    CHECK(all_of(set) == std::vector<Scored>{{1, "a"}, {1, "b"}, {1, "d"}, {2, "c"}});
    set.erase("d");
    CHECK(set.form() == Form::skiplist);

    ZSet longer{{3, 10}};
    longer.put("0123456789", 1);
    CHECK(longer.form() == Form::packed);
    longer.put("0123456789x", 1);
    CHECK(longer.form() == Form::skiplist);
}

TEST_CASE("zset: a collector's set is that of single puts, in the form its limits say") {
    Random random{5};
    for (const std::size_t size : {0U, 1U, 20U, 21U, 500U}) {
        Collector collector;
        Model model;
        while (model.size() < size) {
            const std::string member = "m" + std::to_string(random.below(10'000));
            if (model.contains(member)) continue;
            model[member] = a_score(random);
            collector.add(member, hash_bytes(member), model[member]);
        }
        const ZSet set = std::move(collector).finish({20, 60});
        CHECK(set.form() == (size <= 20 ? Form::packed : Form::skiplist));
        CHECK(all_of(set) == in_order(model));
    }
}

TEST_CASE("zset: clone is equal and independent; memory and effort are told") {
    for (const auto& [name, limits] : kForms) {
        ZSet set{limits};
        for (int i = 0; i < 300; ++i) set.put("m" + std::to_string(i), i);
        const auto before = all_of(set);
        const ValueRef value = set.release();
        const ValueRef copy = kOps.clone(value);
        CHECK(all_of(ZSetView{copy}) == before);
        CHECK(kOps.count(copy) == 300);
        CHECK(kOps.memory(copy, 0) > 300 * 4);
        CHECK(kOps.memory(copy, 5) > 300 * 4);
        CHECK(kOps.free_effort(copy) == (ZSetView{copy}.is_big() ? 300 : 1));
        kOps.destroy(value);
        double score = 0;
        CHECK(kOps.find(copy, "m7", &score));
        CHECK(score == 7);
        CHECK_FALSE(kOps.find(copy, "nobody", nullptr));
        kOps.destroy(copy);
    }
}

TEST_CASE("zset: a scan shows every member, and random draws come from all of it") {
    for (const auto& [name, limits] : kForms) {
        ZSet set{limits};
        for (int i = 0; i < 1'000; ++i) set.put("m" + std::to_string(i), i);
        Model seen;
        std::uint64_t cursor = 0;
        do {
            cursor = set.scan(cursor, [&seen](Bytes member, double score) { seen[std::string{member}] = score; });
        } while (cursor != 0);
        CHECK(in_order(seen) == all_of(set));
        Random random{6};
        Model drawn;
        for (int i = 0; i < 20'000; ++i) {
            packed::Scratch scratch;
            const Pair pair = set.random(random, scratch);
            drawn[std::string{pair.member}] = pair.score;
        }
        CHECK(drawn == seen);
    }
}

TEST_CASE("zset: a walk over intervals of scores meets whom they hold, in order, until it is told to stop") {
    for (const auto& [name, limits] : kForms) {
        const std::uint64_t seed = 9;
        INFO(name << ", seed " << seed);
        Random random{seed};
        ZSet set{limits};
        Model model;
        for (int i = 0; i < 3'000; ++i) {
            const std::string member = "m" + std::to_string(random.below(2'000));
            const auto score = static_cast<double>(random.below(1'000'000));
            set.put(member, score);
            model[member] = score;
        }
        const std::vector<Scored> all = in_order(model);
        for (int round = 0; round < 300; ++round) {
            std::vector<Interval> intervals;
            double from = 0;
            const double step = random.below(2) == 0 ? 200 : 50'000;
            while (from < 1'100'000) {
                from += 1 + static_cast<double>(random.below(static_cast<std::uint64_t>(2 * step)));
                const double until = from + 1 + static_cast<double>(random.below(static_cast<std::uint64_t>(step)));
                intervals.push_back({from, until});
                from = until;
            }
            std::vector<Scored> expected;
            for (const Interval& one : intervals) {
                for (const Scored& scored : all) {
                    if (scored.score >= one.from && scored.score < one.until) expected.push_back(scored);
                }
            }
            if (round % 3 == 0) expected.resize(std::min<std::size_t>(expected.size(), 10));
            std::vector<Scored> met;
            set.each_in(intervals, [&](double score, Spot spot) {
                packed::Scratch scratch;
                met.push_back({score, std::string{set.text(spot, scratch)}});
                return round % 3 != 0 || met.size() < 10;
            });
            REQUIRE(met == expected);
        }
        set.each_in({}, [](double, Spot) -> bool { throw "nobody"; });
    }
}
