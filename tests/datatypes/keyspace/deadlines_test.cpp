// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/deadlines.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;

namespace {

struct Thing {
    UnixMs deadline;
    std::size_t index = 0;  // in Model::all_
};

struct ThingTraits {
    using Item = Thing;
    static UnixMs deadline(const Thing* thing) { return thing->deadline; }
};

using Index = DeadlineIndex<ThingTraits>;

constexpr UnixMs kNow = 1'700'000'000'000;
constexpr UnixMs kFar = 1LL << 47;  // from here on positions are coarse
constexpr UnixMs kLast = std::numeric_limits<UnixMs>::max();

// What deadlines a run draws.
enum class Spread { day, month, second, few, same, coarse, past, edges, mixed };

UnixMs draw(Random& random, Spread spread) {
    const auto below = [&](std::uint64_t bound) { return static_cast<UnixMs>(random.below(bound)); };
    switch (spread) {
        case Spread::day: return kNow + below(86'400'000);
        case Spread::month: return kNow + below(30ULL * 86'400'000);
        case Spread::second: return kNow + below(1000);
        case Spread::few: return kNow + 60'000 * below(3);
        case Spread::same: return kNow;
        case Spread::coarse: return kFar + below(1'000'000);
        case Spread::past: return -below(1000) + 5;
        case Spread::edges: {
            constexpr UnixMs kEdges[] = {std::numeric_limits<UnixMs>::min(),
                                         -1,
                                         0,
                                         1,
                                         65535,
                                         65536,
                                         kNow,
                                         kFar - 1,
                                         kFar,
                                         kFar + 1,
                                         kFar + 65535,
                                         kFar + 65536,
                                         1LL << 62,
                                         kLast};
            return kEdges[random.below(std::size(kEdges))];
        }
        case Spread::mixed: break;
    }
    return draw(random, static_cast<Spread>(random.below(static_cast<std::uint64_t>(Spread::mixed))));
}

// The index beside a std::multimap that does the same.
class Model {
  public:
    explicit Model(std::uint64_t seed, Spread spread) : random_(seed), spread_(spread) {}

    void insert() {
        all_.push_back(std::make_unique<Thing>(Thing{draw(random_, spread_), all_.size()}));
        index_.insert(all_.back().get());
        model_.emplace(all_.back()->deadline, all_.back().get());
    }

    void erase() {
        if (all_.empty()) return;
        Thing* thing = all_[random_.below(all_.size())].get();
        index_.erase(thing);
        forget(thing);
    }

    void replace() {
        if (all_.empty()) return;
        auto& old = all_[random_.below(all_.size())];
        auto fresh = std::make_unique<Thing>(*old);
        const auto at = find(old.get());
        model_.erase(at);
        model_.emplace(fresh->deadline, fresh.get());
        Thing* gone = old.get();
        old = std::move(fresh);  // freed already: replace() must not read it
        index_.replace(gone, old.get());
    }

    void pop(UnixMs now) {
        Thing* thing = index_.pop_due(now);
        const bool due = !model_.empty() && model_.begin()->first <= now;
        REQUIRE((thing != nullptr) == due);
        if (thing == nullptr) return;
        REQUIRE(thing->deadline == model_.begin()->first);
        forget(thing);
    }

    void pop_some() {
        if (model_.empty()) return pop(kLast);
        const UnixMs first = model_.begin()->first;
        pop(first);
        if (first > std::numeric_limits<UnixMs>::min()) pop(first - 1);
    }

    void take_some() {
        if (model_.empty()) return;
        auto until = model_.begin();
        std::advance(until, random_.below(std::min<std::size_t>(model_.size(), 100)));
        const UnixMs now = until->first;
        const auto due = static_cast<std::size_t>(std::distance(model_.begin(), model_.upper_bound(now)));
        const std::size_t max = random_.below(2) == 0 ? 20 : due + 1;
        const std::size_t taken = index_.take_due(now, max, [&](Thing* thing) {
            REQUIRE(thing->deadline == model_.begin()->first);
            forget(thing);
        });
        REQUIRE(taken == std::min(max, due));
    }

    void compare() {
        REQUIRE(index_.size() == model_.size());
        REQUIRE(index_.empty() == model_.empty());
        const auto earliest = index_.earliest();
        REQUIRE(earliest.has_value() == !model_.empty());
        if (!model_.empty()) {
            REQUIRE(*earliest == model_.begin()->first);
            REQUIRE(index_.front()->deadline == model_.begin()->first);
            REQUIRE(index_.earliest() == earliest);
        }
    }

    void compare_all() {
        compare();
        index_.verify();
        std::vector<bool> seen(all_.size());
        std::size_t visits = 0;
        index_.each([&](Thing* thing) {
            ++visits;
            seen[thing->index] = all_[thing->index].get() == thing;
        });
        REQUIRE(visits == all_.size());
        REQUIRE(std::count(seen.begin(), seen.end(), true) == static_cast<std::ptrdiff_t>(visits));
    }

    void drain() {
        while (!all_.empty()) pop(kLast);
        pop(kLast);
        REQUIRE(index_.memory_bytes() == 0);
    }

    [[nodiscard]] std::size_t size() const { return all_.size(); }
    Random& random() { return random_; }

  private:
    std::multimap<UnixMs, Thing*>::iterator find(Thing* thing) {
        auto [at, end] = model_.equal_range(thing->deadline);
        while (at != end && at->second != thing) ++at;
        REQUIRE(at != end);
        return at;
    }
    void forget(Thing* thing) {
        model_.erase(find(thing));
        const std::size_t hole = thing->index;
        std::swap(all_[hole], all_.back());
        all_[hole]->index = hole;
        all_.pop_back();
    }

    Random random_;
    Spread spread_;
    Index index_;
    std::multimap<UnixMs, Thing*> model_;
    std::vector<std::unique_ptr<Thing>> all_;
};

void run(std::uint64_t seed, Spread spread, std::size_t target, int steps) {
    INFO("seed " << seed << " spread " << static_cast<int>(spread));
    Model model(seed, spread);
    bool growing = true;
    for (int i = 0; i < steps; ++i) {
        if (model.size() > target) growing = false;
        if (model.size() < target / 20) growing = true;
        const std::uint64_t dice = model.random().below(100);
        if (dice < (growing ? 65U : 20U))
            model.insert();
        else if (dice < 80)
            model.erase();
        else if (dice < 90)
            model.replace();
        else if (dice < 93)
            model.pop_some();
        else if (dice == 93)
            model.take_some();
        else if (dice < 96)
            model.compare();
        if (i % 1000 == 0) model.compare_all();
    }
    model.compare_all();
    model.drain();
}

// Many items without the cost of a model.
std::deque<Thing> things(std::size_t count, std::uint64_t seed, Spread spread) {
    Random random(seed);
    std::deque<Thing> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back({draw(random, spread), i});
    return out;
}

double bytes_each(const Index& index) {
    return static_cast<double>(index.memory_bytes()) / static_cast<double>(index.size());
}

#if defined(KEEL_SANITIZED) || defined(KEEL_DEBUG)
constexpr std::size_t kMany = 100'000;  // a million takes these builds half a minute
#else
constexpr std::size_t kMany = 1'000'000;
#endif

}  // namespace

TEST_CASE("deadlines: an empty index answers nothing and holds nothing") {
    Index index;
    CHECK(index.empty());
    CHECK_FALSE(index.earliest());
    CHECK(index.front() == nullptr);
    CHECK(index.pop_due(kLast) == nullptr);
    CHECK(index.memory_bytes() == 0);
    index.clear();
    index.verify();
}

TEST_CASE("deadlines: what is due comes out in order, what is not stays") {
    Index index;
    Thing later{kNow + 2};
    Thing now{kNow};
    Thing soon{kNow + 1};
    for (Thing* thing : {&later, &now, &soon}) index.insert(thing);
    CHECK(index.earliest() == kNow);
    CHECK(index.pop_due(kNow - 1) == nullptr);
    CHECK(index.front() == &now);
    CHECK(index.pop_due(kNow + 1) == &now);
    CHECK(index.pop_due(kNow + 1) == &soon);
    CHECK(index.pop_due(kNow + 1) == nullptr);
    CHECK(index.size() == 1);
    CHECK(index.earliest() == kNow + 2);
}

TEST_CASE("deadlines: an item may be gone, or have a new deadline, when it is erased by the old one") {
    Index index;
    Thing stays{kNow + 5};
    index.insert(&stays);
    Thing changed{kNow};
    index.insert(&changed);
    changed.deadline = kNow + 9;
    index.erase(&changed, kNow);
    index.insert(&changed);
    CHECK(index.earliest() == kNow + 5);
    index.verify();
}

TEST_CASE("deadlines: the taker may put items back and take others out") {
    Index index;
    auto all = things(500, 1, Spread::second);
    for (auto& thing : all) index.insert(&thing);
    std::size_t taken = index.take_due(kNow + 1000, 400, [&](Thing* thing) {
        thing->deadline += 10'000;
        index.insert(thing);
    });
    CHECK(taken == 400);
    CHECK(index.size() == 500);
    taken = index.take_due(kNow + 1000, 500, [&](Thing*) {
        if (index.front() != nullptr && index.front()->deadline > kNow + 1000) index.erase(index.front());
    });
    CHECK(taken == 100);
    index.verify();
}

TEST_CASE("deadlines: random operations agree with std::multimap") {
    for (const Spread spread : {Spread::day, Spread::month, Spread::second, Spread::few, Spread::same, Spread::coarse,
                                Spread::past, Spread::edges, Spread::mixed}) {
        const bool slow_model = spread == Spread::same || spread == Spread::few || spread == Spread::edges;
        for (std::uint64_t seed = 1; seed <= 2; ++seed) run(seed, spread, slow_model ? 600 : 2000, 12'000);
        for (std::uint64_t seed = 10; seed < 30; ++seed) run(seed, spread, 5 * (seed - 9), 1000);
    }
}

TEST_CASE("deadlines: many items cost less than eleven bytes each, also after a long life") {
    for (const Spread spread : {Spread::day, Spread::month, Spread::same}) {
        INFO("spread " << static_cast<int>(spread));
        auto all = things(kMany, 2, spread);
        Index index;
        for (auto& thing : all) index.insert(&thing);
        CHECK(bytes_each(index) < 11.0);
        CHECK(bytes_each(index) > 8.0);
        // And after a long life: as many again come and go.
        Random random(3);
        for (std::size_t i = 0; i < kMany; ++i) {
            Thing* thing = &all[random.below(all.size())];
            index.erase(thing);
            thing->deadline = draw(random, spread);
            index.insert(thing);
        }
        CHECK(bytes_each(index) < 11.0);
        index.verify();
    }
}

TEST_CASE("deadlines: items added in the order of their deadlines cost no more") {
    std::deque<Thing> all;
    Index index;
    for (std::size_t i = 0; i < kMany; ++i) {
        all.push_back({kNow + static_cast<UnixMs>(i / 10), i});
        index.insert(&all.back());
    }
    CHECK(bytes_each(index) < 11.0);
    UnixMs before = 0;
    for (std::size_t i = 0; i < kMany / 2; ++i) {
        const Thing* thing = index.pop_due(kLast);
        REQUIRE(thing->deadline >= before);
        before = thing->deadline;
    }
    CHECK(bytes_each(index) < 11.0);
    index.verify();
}

TEST_CASE("deadlines: most of the items gone, most of the memory is too") {
    auto all = things(kMany, 4, Spread::day);
    Index index;
    for (auto& thing : all) index.insert(&thing);
    const std::size_t full = index.memory_bytes();
    for (std::size_t i = 1; i < all.size(); i += 2) index.erase(&all[i]);
    CHECK(bytes_each(index) < 12.0);  // leaves shrink before they merge
    for (std::size_t i = 0; i < all.size(); i += 2) {
        if (i % 20 != 0) index.erase(&all[i]);
    }
    index.verify();
    CHECK(index.memory_bytes() < full / 10);
}

TEST_CASE("deadlines: items of one position share a leaf that grows, and splits again when it can") {
    // Addresses 2^48 apart do not exist; addresses whose mixed bits agree do, a few in a million.
    auto all = things(kMany, 5, Spread::same);
    const auto mixed = [](const Thing* thing) {
        return (reinterpret_cast<std::uintptr_t>(thing) >> 3) * 0x9e3779b97f4a7c15ULL >> 48;
    };
    std::map<std::uint64_t, std::vector<Thing*>> by_tie;
    std::vector<Thing*>* most = nullptr;
    for (auto& thing : all) {
        auto& alike = by_tie[mixed(&thing)];
        alike.push_back(&thing);
        if (most == nullptr || alike.size() > most->size()) most = &alike;
    }
    Index index;
    std::vector<std::unique_ptr<Thing[]>> more;
    // One bucket of alike addresses, grown past a full leaf from further blocks of memory.
    std::vector<Thing*> alike = *most;
    const std::uint64_t wanted = mixed(alike.front());
    while (alike.size() < 300) {
        more.push_back(std::make_unique<Thing[]>(1 << 16));
        for (std::size_t i = 0; i < 1 << 16; ++i) {
            Thing* thing = &more.back()[i];
            thing->deadline = kNow;
            if (mixed(thing) == wanted) alike.push_back(thing);
        }
    }
    for (Thing* thing : alike) index.insert(thing);
    index.verify();
    auto others = things(1000, 6, Spread::second);
    for (auto& thing : others) index.insert(&thing);
    index.verify();
    while (alike.size() > 10) {
        index.erase(alike.back());
        alike.pop_back();
        if (alike.size() % 50 == 0) index.verify();
    }
    CHECK(index.size() == 1010);
    index.verify();
}
