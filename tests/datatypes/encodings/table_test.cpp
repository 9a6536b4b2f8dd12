// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;

namespace {

struct Number {
    std::uint64_t value;
};

struct NumberTraits {
    using Item = Number;
    static Bytes key(const Number* n) { return {reinterpret_cast<const char*>(&n->value), sizeof(n->value)}; }
};

// Looks at every line and recounts what the table claims.
template <class Traits>
struct Audited : Table<Traits> {
    using Base = Table<Traits>;

    void audit() const {
        std::size_t items = 0;
        for (std::uint32_t i = 0; i < this->segments(); ++i) items += audit_segment(i);
        if (items != this->size()) FAIL("size() says " << this->size() << ", the lines hold " << items);
    }

  private:
    std::size_t audit_segment(std::uint32_t index) const {
        const table::Segment segment = this->segment_at(index);
        const unsigned lines = segment.lines();
        std::vector<unsigned> passed(lines, 0);
        unsigned items = 0;
        for (unsigned k = 0; k < lines; ++k) {
            for (unsigned s = 0; s < table::kSlots; ++s) {
                const std::uint64_t slot = segment.at()[k].slots[s];
                const std::uint8_t mark = segment.at()[k].mark(s);
                if ((mark == 0) != (slot == 0)) FAIL("mark and slot disagree");
                if (slot == 0) continue;
                ++items;
                audit_item(index, mark, slot);
                for (unsigned at = table::home_line(mark, lines); at != k; at = (at + 1) % lines) ++passed[at];
            }
        }
        if (items != segment.count()) FAIL("a segment says " << segment.count() << " and holds " << items);
        for (unsigned k = 0; k < lines; ++k) {
            const unsigned spill = segment.at()[k].spill();
            if (spill != passed[k] && spill != table::kSpillCeiling) FAIL("spill " << spill << " not " << passed[k]);
        }
        return items;
    }

    void audit_item(std::uint32_t index, std::uint8_t mark, std::uint64_t slot) const {
        const auto* item = static_cast<const typename Base::Item*>(table::item_of(slot));
        const std::uint64_t hash = this->spread(Base::hash_of(item));
        const auto where = this->where(hash);
        if (where.index != index) FAIL("an item of segment " << where.index << " lies in " << index);
        if (mark != table::mark_of(hash)) FAIL("wrong mark");
        if (slot >> table::kTagShift != this->tag_of(hash, where.level)) FAIL("wrong tag at level " << where.level);
    }
};

using Numbers = Audited<NumberTraits>;

std::uint64_t hash_of(std::uint64_t value) {
    const Number n{value};
    return Numbers::hash_of(&n);
}

Number* find(const Numbers& table, std::uint64_t value) {
    const Number n{value};
    return table.find(NumberTraits::key(&n), hash_of(value));
}

Number* erase(Numbers& table, std::uint64_t value) {
    const Number n{value};
    return table.erase(NumberTraits::key(&n), hash_of(value));
}

std::vector<Number> numbers(std::uint64_t n) {
    std::vector<Number> out(n);
    for (std::uint64_t i = 0; i < n; ++i) out[i].value = i;
    return out;
}

void fill_with(Numbers& table, std::vector<Number>& items) {
    for (Number& n : items) table.insert(&n, hash_of(n.value));
}

// The operations of the model test: a table and a std::unordered_map that must agree.
struct Twins {
    explicit Twins(std::uint64_t seed) : random{seed} {}

    Random random;
    Numbers table;
    std::unordered_map<std::uint64_t, std::unique_ptr<Number>> model;

    void put(std::uint64_t value) {
        if (model.contains(value)) return replace(value);
        auto item = std::make_unique<Number>(Number{value});
        if (find(table, value) != nullptr) FAIL("found before it was inserted: " << value);
        table.insert(item.get(), hash_of(value));
        model.emplace(value, std::move(item));
    }
    void replace(std::uint64_t value) {
        auto fresh = std::make_unique<Number>(Number{value});
        table.replace(model.at(value).get(), fresh.get(), hash_of(value));
        model.at(value) = std::move(fresh);
    }
    void remove(std::uint64_t value) {
        const auto known = model.find(value);
        Number* expected = known == model.end() ? nullptr : known->second.get();
        if (expected != nullptr && random.below(2) == 0) {
            if (!table.erase_item(expected, hash_of(value))) FAIL("erase_item lost " << value);
        } else if (erase(table, value) != expected) {
            FAIL("erase disagrees about " << value);
        }
        if (known != model.end()) model.erase(known);
    }
    void look(std::uint64_t value) {
        table.prefetch_directory(hash_of(value));
        table.prefetch_line(hash_of(value));
        table.prefetch_item(hash_of(value));
        const auto known = model.find(value);
        if (find(table, value) != (known == model.end() ? nullptr : known->second.get())) FAIL("lost " << value);
    }
    void compare() {
        table.audit();
        REQUIRE(table.size() == model.size());
        std::size_t visited = 0;
        table.each([&](const Number* n) {
            const auto known = model.find(n->value);
            if (known == model.end() || known->second.get() != n) FAIL("a stranger: " << n->value);
            ++visited;
        });
        REQUIRE(visited == model.size());
        for (const auto& [value, item] : model) {
            if (find(table, value) != item.get()) FAIL("lost " << value);
        }
    }
};

void random_operations(std::uint64_t seed) {
    INFO("seed " << seed);
    Twins twins{seed};
    for (int phase = 0; phase < 12; ++phase) {
        const std::uint64_t puts = phase % 3 == 2 ? 1 : 6;  // of 10; two phases of growth, one of decline
        const std::uint64_t range = phase < 6 ? 3000 : 60000;
        twins.table.pause_resize(phase % 5 == 4);
        for (int step = 0; step < 10000; ++step) {
            const std::uint64_t value = twins.random.below(range);
            const std::uint64_t dice = twins.random.below(10);
            if (dice < puts)
                twins.put(value);
            else if (dice < 8)
                twins.remove(value);
            else
                twins.look(value);
            if (twins.random.below(50) == 0) twins.table.step();
        }
        twins.compare();
    }
    while (!twins.model.empty()) twins.remove(twins.model.begin()->first);
    twins.table.pause_resize(false);
    while (twins.table.needs_step()) twins.table.step();
    CHECK(twins.table.memory_bytes() == 0);
}

// Items [0, kept) stay; items from kept on come and go while the scan is under way.
void scan_under_change(std::uint64_t seed, std::uint64_t kept, std::uint64_t transient) {
    INFO("seed " << seed << ", " << kept << " stay");
    Random random{seed};
    auto items = numbers(kept + transient);
    Numbers table;
    std::vector<bool> present(items.size(), false);
    std::vector<bool> seen(items.size(), false);
    const auto flip = [&](std::uint64_t i) {
        if (present[i])
            table.erase_item(&items[i], hash_of(i));
        else
            table.insert(&items[i], hash_of(i));
        present[i] = !present[i];
    };
    for (std::uint64_t i = 0; i < items.size(); ++i) {
        if (i < kept || seed % 2 == 0) flip(i);
    }
    std::uint64_t cursor = 0;
    bool growing = seed % 2 == 1;
    std::uint64_t calls = 0;
    do {
        cursor = table.scan(cursor, [&](const Number* n) { seen[n->value] = true; });
        if (random.below(40) == 0) growing = !growing;
        for (std::uint64_t change = random.below(transient / 16 + 2); change > 0; --change) {
            const std::uint64_t i = kept + random.below(transient);
            if (present[i] != growing) flip(i);
        }
        if (++calls > 100 * items.size()) FAIL("the scan does not end");
    } while (cursor != 0);
    for (std::uint64_t i = 0; i < kept; ++i) {
        if (!seen[i]) FAIL("the scan missed " << i);
    }
    table.audit();
}

// Items whose hash is what the test says.
struct Placed {
    std::uint64_t hash;
    std::uint64_t id;
};
struct PlacedTraits {
    using Item = Placed;
    static Bytes key(const Placed* p) { return {reinterpret_cast<const char*>(&p->id), sizeof(p->id)}; }
    static std::uint64_t hash(const Placed* p) { return p->hash; }
};

void holds_all(std::vector<Placed> items) {
    Audited<PlacedTraits> table;
    for (Placed& p : items) table.insert(&p, p.hash);
    table.audit();
    for (Placed& p : items) {
        if (table.find(PlacedTraits::key(&p), p.hash) != &p) FAIL("lost " << p.id);
    }
    std::set<std::uint64_t> scanned;
    std::uint64_t cursor = 0;
    do {
        cursor = table.scan(cursor, [&](const Placed* p) { scanned.insert(p->id); });
    } while (cursor != 0);
    CHECK(scanned.size() == items.size());
    for (std::size_t i = 0; i < items.size(); i += 2) {
        if (!table.erase_item(&items[i], items[i].hash)) FAIL("lost " << items[i].id);
    }
    table.audit();
    for (std::size_t i = 0; i < items.size(); ++i) {
        Placed* found = table.find(PlacedTraits::key(&items[i]), items[i].hash);
        if (found != (i % 2 == 0 ? nullptr : &items[i])) FAIL("after erasing others: " << i);
    }
}

}  // namespace

TEST_CASE("table: agrees with std::unordered_map over random operations") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) random_operations(seed);
}

TEST_CASE("table: an empty table has no memory, and is no larger than six words") {
    Numbers table;
    CHECK(sizeof(Table<NumberTraits>) <= 48);
    CHECK(table.memory_bytes() == 0);
    CHECK(find(table, 1) == nullptr);
    CHECK(erase(table, 1) == nullptr);
    CHECK(table.scan(0, [](Number*) { FAIL("nothing to visit"); }) == 0);
    Random random{1};
    CHECK(table.random(random) == nullptr);
    Number one{1};
    table.insert(&one, hash_of(1));
    CHECK(table.memory_bytes() == 64);
    CHECK(table.random(random) == &one);
    CHECK(erase(table, 1) == &one);
    CHECK(table.memory_bytes() == 0);
}

TEST_CASE("table: fill is at least 0.75 at every size from 100 to a million, and all memory comes back") {
    auto items = numbers(1'000'000);
    Numbers table;
    double lowest = 1;
    double sum = 0;
    int measured = 0;
    std::size_t next = 100;
    for (Number& n : items) {
        table.insert(&n, hash_of(n.value));
        if (table.size() < next) continue;
        next += next / 100;
        lowest = std::min(lowest, table.fill());
        sum += table.fill();
        ++measured;
    }
    CHECK(lowest >= 0.75);
    CHECK(sum / measured >= 0.80);
    CHECK(static_cast<double>(table.memory_bytes()) / 1e6 < 12);
    table.audit();
    std::uint64_t lost = 0;
    for (Number& n : items) lost += find(table, n.value) != &n;
    CHECK(lost == 0);
    for (Number& n : items) {
        lost += erase(table, n.value) != &n;
        if (table.size() == 500'000 || table.size() == 300) table.audit();
    }
    CHECK(lost == 0);
    CHECK(table.segments() == 1);
    CHECK(table.memory_bytes() == 0);
}

// Hidden (some seconds): run with the tag. The smaller tests cross the first byte of levels only.
TEST_CASE("table: six million items move their tags on at 65536 segments, and back", "[.][slow]") {
    auto items = numbers(6'000'000);
    Numbers table;
    fill_with(table, items);
    table.audit();
    std::uint64_t lost = 0;
    for (Number& n : items) {
        lost += erase(table, n.value) != &n;
        if (table.size() == 1'600'000 || table.size() == 1'500'000) table.audit();
    }
    CHECK(lost == 0);
    CHECK(table.memory_bytes() == 0);
}

TEST_CASE("table: many items less 99 in 100 keep little memory") {
    auto items = numbers(200'000);
    Numbers table;
    fill_with(table, items);
    for (Number& n : items) {
        if (n.value % 100 != 0) erase(table, n.value);
    }
    CHECK(table.size() == 2000);
    CHECK(table.memory_bytes() < 2000 * 24);
}

TEST_CASE("table: a full scan visits what stays, whatever comes and goes meanwhile") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        scan_under_change(seed, 5, 400);
        scan_under_change(seed, 100, 3000);
    }
    for (std::uint64_t seed = 1; seed <= 4; ++seed) scan_under_change(seed, 2000, 40000);
}

TEST_CASE("table: a scan of a table at rest visits each item once, a few with each call") {
    auto items = numbers(50'000);
    Numbers table;
    fill_with(table, items);
    std::vector<int> visits(items.size(), 0);
    std::uint64_t cursor = 0;
    std::uint64_t calls = 0;
    std::size_t most = 0;
    do {
        std::size_t visited = 0;
        cursor = table.scan(cursor, [&](const Number* n) {
            ++visits[n->value];
            ++visited;
        });
        most = std::max(most, visited);
        ++calls;
        if (cursor >> 46 != 0) FAIL("a cursor past its 46 bits");
    } while (cursor != 0);
    CHECK(std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; }));
    CHECK(calls < items.size() / 4);
    CHECK(most <= 32);
}

TEST_CASE("table: invented cursors are harmless, and end") {
    auto items = numbers(5000);
    Numbers table;
    fill_with(table, items);
    Random random{3};
    for (int i = 0; i < 2000; ++i) {
        std::uint64_t cursor = random.next() >> random.below(64);
        std::uint64_t calls = 0;
        do {
            cursor = table.scan(cursor, [](Number*) {});
        } while (cursor != 0 && ++calls < 10'000);
        if (calls >= 10'000) FAIL("no end");
    }
    SUCCEED();
}

TEST_CASE("table: random() draws every item with the same chance") {
    for (const std::uint64_t n : {7U, 100U, 1000U}) {
        auto items = numbers(n);
        Numbers table;
        fill_with(table, items);
        Random random{n};
        std::vector<std::uint64_t> drawn(n, 0);
        const std::uint64_t draws = n * 200;
        for (std::uint64_t i = 0; i < draws; ++i) ++drawn[table.random(random)->value];
        double chi_square = 0;
        for (const std::uint64_t count : drawn) {
            const double off = static_cast<double>(count) - 200;
            chi_square += off * off / 200;
        }
        const auto freedom = static_cast<double>(n - 1);
        INFO("n " << n << ", chi-square " << chi_square);
        CHECK(chi_square < freedom + 5 * std::sqrt(2 * freedom) + 5);
    }
}

TEST_CASE("table: random() finds the last item of a table that could not shrink") {
    auto items = numbers(20'000);
    Numbers table;
    fill_with(table, items);
    table.pause_resize(true);
    for (Number& n : items) {
        if (n.value != 77) table.erase_item(&n, hash_of(n.value));
    }
    Random random{5};
    CHECK(table.random(random) == &items[77]);
    CHECK(table.needs_step() == false);
    table.pause_resize(false);
    CHECK(table.needs_step());
    while (table.needs_step()) table.step();
    CHECK(table.segments() == 1);
    CHECK(find(table, 77) == &items[77]);
}

// What SCAN sees, page by page.
std::vector<Number*> in_scan_order(const Numbers& table) {
    std::vector<Number*> order;
    std::uint64_t cursor = 0;
    do cursor = table.scan(cursor, [&](Number* n) { order.push_back(n); });
    while (cursor != 0);
    return order;
}

TEST_CASE("table: another table, and the same one when it was empty, can be filled in the order of a walk") {
    constexpr std::uint64_t kItems = 400'000;  // a segment would overflow at some 150,000
    std::vector<Number> items(kItems);
    Numbers table;
    for (std::uint64_t i = 0; i < kItems; ++i) {
        items[i] = Number{i};
        table.insert(&items[i], hash_of(i));
    }
    const std::vector<Number*> order = in_scan_order(table);
    REQUIRE(order.size() == kItems);

    Numbers other;
    for (Number* n : order) other.insert(n, hash_of(n->value));
    CHECK(other.size() == kItems);
    CHECK(other.fill() > 0.6);

    for (Number* n : order) REQUIRE(table.erase_item(n, hash_of(n->value)));
    CHECK(table.empty());
    for (Number* n : order) table.insert(n, hash_of(n->value));
    for (const Number& n : items) REQUIRE(find(table, n.value) == &n);

    table.clear_structure();
    for (Number* n : order) table.insert(n, hash_of(n->value));
    CHECK(in_scan_order(table).size() == kItems);
}

TEST_CASE("table: erased in the order of a walk, it keeps the rest at hand and gives its memory back") {
    constexpr std::uint64_t kItems = 400'000;
    std::vector<Number> items(kItems);
    Numbers table;
    for (std::uint64_t i = 0; i < kItems; ++i) {
        items[i] = Number{i};
        table.insert(&items[i], hash_of(i));
    }
    const std::size_t full = table.memory_bytes();
    const std::vector<Number*> order = in_scan_order(table);
    for (std::size_t i = 0; i < kItems; ++i) {
        REQUIRE(table.erase_item(order[i], hash_of(order[i]->value)));
        const std::size_t left = kItems - i - 1;
        if (left != 20'000 && left != 2'000) continue;
        for (std::size_t k = i + 1; k < kItems; ++k) REQUIRE(find(table, order[k]->value) == order[k]);
        CHECK(in_scan_order(table).size() == left);
        CHECK(table.memory_bytes() < full / 4);
    }
    CHECK(table.empty());
    CHECK(table.memory_bytes() == 0);
}

TEST_CASE("table: hashes with equal low bits, or equal marks, or equal altogether still work") {
    std::vector<Placed> items(1500);
    Random random{9};
    const auto with = [&](auto hash) {
        for (std::size_t i = 0; i < items.size(); ++i) items[i] = {hash(i), i};
        return items;
    };
    holds_all(with([&](std::size_t) { return random.next() << 20; }));
    holds_all(with([&](std::size_t) { return random.next() >> 8; }));
    holds_all(with([&](std::size_t) { return random.next() | 0xff00000000000000ULL; }));
    holds_all(with([](std::size_t) { return 0ULL; }));
    holds_all(with([](std::size_t) { return ~0ULL; }));
}

TEST_CASE("table: while paused it does not merge, and splits only at twice the load") {
    auto items = numbers(20'000);
    Numbers table;
    table.pause_resize(true);
    fill_with(table, items);
    CHECK(table.segments() <= items.size() / 128 + 1);
    table.audit();
    const std::uint64_t before = table.segments();
    for (std::uint64_t i = 0; i < 19'000; ++i) erase(table, i);
    CHECK(table.segments() == before);
    table.audit();
}

TEST_CASE("table: replace puts the fresh item where the old one was") {
    auto items = numbers(100);
    auto fresh = numbers(100);
    Numbers table;
    fill_with(table, items);
    for (std::uint64_t i = 0; i < 100; ++i) table.replace(&items[i], &fresh[i], hash_of(i));
    for (std::uint64_t i = 0; i < 100; ++i) CHECK(find(table, i) == &fresh[i]);
    CHECK(table.size() == 100);
}

TEST_CASE("table: drain visits every item once and may end it; the table can be used again") {
    Numbers table;
    for (std::uint64_t i = 0; i < 5000; ++i) table.insert(new Number{i}, hash_of(i));
    std::uint64_t sum = 0;
    table.drain([&](Number* n) {
        sum += n->value;
        delete n;
    });
    CHECK(sum == 4999 * 5000 / 2);
    CHECK(table.empty());
    CHECK(table.memory_bytes() == 0);
    Number again{7};
    table.insert(&again, hash_of(7));
    CHECK(find(table, 7) == &again);
}

TEST_CASE("table: moving a table moves all of it") {
    auto items = numbers(300'000);  // more than one chunk of directory
    Numbers from;
    fill_with(from, items);
    Numbers to{std::move(from)};
    CHECK(to.size() == 300'000);
    CHECK(find(to, 299'999) == &items[299'999]);
    to.clear_structure();
    CHECK(to.empty());
    CHECK(to.memory_bytes() == 0);
    CHECK(find(to, 1) == nullptr);
}

TEST_CASE("table: find_if can look for something else than the key") {
    auto items = numbers(1000);
    Numbers table;
    fill_with(table, items);
    CHECK(table.find_if(hash_of(5), [&](const Number* n) { return n == &items[5]; }) == &items[5]);
    CHECK(table.find_if(hash_of(5), [](const Number*) { return false; }) == nullptr);
}
