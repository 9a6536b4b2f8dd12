// SPDX-License-Identifier: BSD-3-Clause
//
// Databases beside a plain model: random changes, time going on, and the two must agree about everything. The seed
// is printed when they do not.
#include "datatypes/keyspace/keyspace.h"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "datatypes/encodings/small_heap.h"
#include "datatypes/keyspace/deadlines.h"
#include "protocol/base/random.h"

using namespace keel;

namespace {

using Announced = std::multiset<std::pair<int, std::string>>;

struct Listener final : KeyspaceListener {
    Announced expired;
    void on_expired(Database& db, const Entry& entry) override {
        CHECK(db.peek(Key{entry.key()}) == nullptr);  // gone for who asks, though still in place
        expired.emplace(db.index(), entry.key());
    }
    void on_evicted(Database&, const Entry&) override { FAIL("nothing is evicted here"); }
};

struct Known {
    std::optional<std::int64_t> integer;  // else text
    std::string text;
    UnixMs deadline = kNoDeadline;
    [[nodiscard]] std::string as_text() const { return integer ? std::to_string(*integer) : text; }
};
using Model = std::map<std::string, Known>;

constexpr std::size_t kTextLengths[] = {0, 1, 5, 44, 100, 253, 254, 255, 256, 1023, 1024, 1025, 3000};
constexpr std::size_t kKeyLengths[] = {0, 1, 2, 16, 125, 126, 127, 128, 255, 65535, 65536};
constexpr int kDatabases = 3;

class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed), keyspace_(kDatabases, lazy_free_, listener_, clock_.wall_ms()) {
        for (const std::size_t length : kKeyLengths) names_.push_back(std::string(length, 'k'));
        for (int i = 0; i < 40; ++i) names_.push_back("key:" + std::to_string(i));
    }

    void step() {
        switch (random_.below(32)) {
            case 0: return advance();
            case 1: return remove_due();
            case 2: return swap();
            case 3: return random_.below(40) == 0 ? clear() : look_up();
            case 4:
            case 5:
            case 6: return erase();
            case 7:
            case 8: return take();
            case 9:
            case 10:
            case 11: return move();
            case 12:
            case 13:
            case 14:
            case 15:
            case 16: return set_deadline();
            case 17:
            case 18:
            case 19:
            case 20: return look_up();
            default: return put();
        }
    }

    void compare() {
        std::size_t keys = 0;
        std::optional<UnixMs> earliest;
        for (int i = 0; i < kDatabases; ++i) {
            compare(i);
            keys += models_[i].size();
            for (const auto& [name, known] : models_[i]) {
                if (known.deadline != kNoDeadline && (!earliest || known.deadline < *earliest))
                    earliest = known.deadline;
            }
        }
        REQUIRE(keyspace_.keys() == keys);
        REQUIRE(keyspace_.earliest_deadline() == earliest);
        REQUIRE(listener_.expired == expected_);  // each key that expired, once
        REQUIRE(keyspace_.counters.expired == expected_.size());
        REQUIRE(keyspace_.expiry_lag.count() == expected_.size());
    }

    void empty() {
        for (int i = 0; i < kDatabases; ++i) {
            keyspace_.db(i).clear(i % 2 == 0);
            models_[i].clear();
            REQUIRE(keyspace_.db(i).overhead_bytes() <= 64);
        }
        compare();
    }

  private:
    [[nodiscard]] Database& db(int i) { return keyspace_.db(i); }
    [[nodiscard]] int any_db() { return static_cast<int>(random_.below(kDatabases)); }
    [[nodiscard]] const std::string& any_name() { return names_[random_.below(names_.size())]; }
    [[nodiscard]] UnixMs now() const { return keyspace_.now(); }
    [[nodiscard]] UnixMs any_deadline() {
        switch (random_.below(6)) {
            case 0: return now() + 1'000'000'000 + static_cast<UnixMs>(random_.below(1000));
            case 1: return now() + 1;
            case 2:
            case 3: return now() + 1 + static_cast<UnixMs>(random_.below(200));
            default: return kNoDeadline;
        }
    }
    Known any_value() {
        Known out;
        if (random_.below(3) == 0) {
            out.integer = static_cast<std::int64_t>(random_.next()) >> random_.below(64);
        } else {
            out.text.assign(kTextLengths[random_.below(std::size(kTextLengths))],
                            static_cast<char>('a' + random_.below(26)));
        }
        return out;
    }
    // Texts are held for as long as the call that makes an entry of them.
    ValueRef ref(const Known& known) {
        if (known.integer) {
            return {.form = static_cast<std::uint8_t>(integer_form(*known.integer)), .integer = *known.integer};
        }
        if (random_.below(2) == 0 || known.text.empty()) {
            const StringForm form = random_.below(2) == 0 ? StringForm::text : StringForm::edited;
            return {.form = static_cast<std::uint8_t>(form), .text = known.text};
        }
        Block* block = Block::copy_of(known.text, known.text.size());
        return {.form = static_cast<std::uint8_t>(StringForm::heap), .text = block->bytes(), .payload = block};
    }

    bool is_due(const Known& known) { return known.deadline != kNoDeadline && known.deadline <= now(); }
    // What a look-up by a command does: a due key goes, and is told of.
    Known* meet(int i, const std::string& name) {
        const auto found = models_[i].find(name);
        if (found == models_[i].end()) return nullptr;
        if (!is_due(found->second)) return &found->second;
        expected_.emplace(i, name);
        models_[i].erase(found);
        return nullptr;
    }

    void put() {
        const int i = any_db();
        const std::string& name = any_name();
        const Key key{name};
        Known fresh = any_value();
        Entry* existing = db(i).write(key);
        const Known* known = meet(i, name);
        REQUIRE((existing != nullptr) == (known != nullptr));
        const bool keep = random_.below(4) == 0;
        if (keep)
            fresh.deadline = known == nullptr ? kNoDeadline : known->deadline;
        else
            fresh.deadline = any_deadline();
        const ValueRef value = ref(fresh);
        Entry* entry =
            keep ? db(i).put_keeping_deadline(key, existing, value) : db(i).put(key, existing, value, fresh.deadline);
        models_[i][name] = fresh;
        check(*entry, name, fresh);
        REQUIRE(db(i).peek(key) == entry);
    }

    void set_deadline() {
        const int i = any_db();
        const std::string& name = any_name();
        Entry* entry = db(i).write(Key{name});
        Known* known = meet(i, name);
        REQUIRE((entry != nullptr) == (known != nullptr));
        if (entry == nullptr) return;
        known->deadline = any_deadline();
        entry = random_.below(2) == 0 ? db(i).set_deadline(entry, known->deadline)
                                      : db(i).set_deadline(Key{name}, entry, known->deadline);
        check(*entry, name, *known);
    }

    void erase() {
        const int i = any_db();
        const std::string& name = any_name();
        Entry* entry = db(i).write(Key{name});
        REQUIRE((entry != nullptr) == (meet(i, name) != nullptr));
        if (entry == nullptr) return;
        db(i).erase(entry, random_.below(2) == 0);
        models_[i].erase(name);
        REQUIRE(db(i).peek(Key{name}) == nullptr);
    }

    void take() {
        const int i = any_db();
        const std::string& name = any_name();
        Entry* entry = db(i).write(Key{name});
        const Known* known = meet(i, name);
        if (entry == nullptr) return;
        const ValueRef taken = db(i).take(entry);
        if (taken.payload != nullptr)
            CHECK(taken.text == known->text);
        else if (known->integer)
            CHECK(taken.integer == *known->integer);
        else
            CHECK(taken.text.empty());
        LazyFree::free_now(taken);
        models_[i].erase(name);
    }

    void move() {
        const int i = any_db();
        const int j = any_db();
        const std::string& name = any_name();
        const std::string& other = random_.below(2) == 0 ? any_name() : name;
        if (i == j && name == other) return;
        Entry* entry = db(i).write(Key{name});
        const Known* known = meet(i, name);
        Entry* in_the_way = db(j).write(Key{other});
        meet(j, other);
        if (entry == nullptr || in_the_way != nullptr) return;
        const std::uint32_t age = entry->age();
        const Entry* moved = db(i).move_to(Key{name}, entry, db(j), Key{other});
        const Known copy = *known;
        models_[i].erase(name);
        models_[j][other] = copy;
        check(*moved, other, copy);
        REQUIRE(moved->age() == age);
    }

    void look_up() {
        const int i = any_db();
        const std::string& name = any_name();
        if (random_.below(2) == 0) {  // peek changes nothing
            const auto found = models_[i].find(name);
            const bool there = found != models_[i].end() && !is_due(found->second);
            REQUIRE((db(i).peek(Key{name}) != nullptr) == there);
            return;
        }
        const std::uint64_t hits = keyspace_.counters.hits;
        const std::uint64_t misses = keyspace_.counters.misses;
        Entry* entry = random_.below(2) == 0 ? db(i).look(Key{name}) : db(i).read(Key{name});
        const Known* known = meet(i, name);
        REQUIRE((entry != nullptr) == (known != nullptr));
        REQUIRE(keyspace_.counters.hits == hits + (known != nullptr ? 1 : 0));
        REQUIRE(keyspace_.counters.misses == misses + (known != nullptr ? 0 : 1));
        if (entry != nullptr) check(*entry, name, *known);
    }

    void advance() {
        clock_.advance_ms(static_cast<std::int64_t>(random_.below(60)));
        keyspace_.set_now(clock_.wall_ms());
    }

    void remove_due() {
        REQUIRE_FALSE(keyspace_.remove_due(now(), clock_, 1'000));
        for (int i = 0; i < kDatabases; ++i) {
            std::erase_if(models_[i], [&](const auto& item) {
                if (!is_due(item.second)) return false;
                expected_.emplace(i, item.first);
                return true;
            });
        }
    }

    void swap() {
        const int i = any_db();
        const int j = any_db();
        keyspace_.swap(i, j);
        std::swap(models_[i], models_[j]);
        REQUIRE(db(i).index() == i);
        REQUIRE(db(j).index() == j);
    }

    void clear() {
        const int i = any_db();
        db(i).clear(random_.below(2) == 0);
        models_[i].clear();
    }

    void check(const Entry& entry, const std::string& name, const Known& known) {
        IntegerText scratch;
        REQUIRE(entry.key() == name);
        REQUIRE(entry.deadline() == known.deadline);
        REQUIRE(entry.text(scratch) == known.as_text());
        REQUIRE(entry.value().is_integer() == known.integer.has_value());
    }

    void compare(int i) {
        const Model& model = models_[i];
        std::size_t deadlines = 0;
        std::set<std::string> live;
        for (const auto& [name, known] : model) {
            deadlines += known.deadline != kNoDeadline ? 1 : 0;
            const Entry* entry = db(i).peek(Key{name});
            REQUIRE((entry == nullptr) == is_due(known));
            if (entry == nullptr) continue;
            check(*entry, name, known);
            live.insert(name);
        }
        REQUIRE(db(i).size() == model.size());
        REQUIRE(db(i).deadline_count() == deadlines);
        db(i).deadlines().verify();
        std::set<std::string> walked;
        db(i).each([&](const Entry& entry) { REQUIRE(walked.emplace(entry.key()).second); });
        REQUIRE(walked == live);
        std::set<std::string> scanned;
        std::uint64_t cursor = 0;
        do {
            cursor = db(i).scan(cursor, [&](const Entry& entry) { scanned.emplace(entry.key()); });
        } while (cursor != 0);
        REQUIRE(scanned == live);
    }

    Random random_;
    ManualClock clock_;
    LazyFree lazy_free_{nullptr};
    Listener listener_;
    Keyspace keyspace_;
    Model models_[kDatabases];
    std::vector<std::string> names_;
    Announced expected_;
};

struct Silent final : KeyspaceListener {
    int expired = 0;
    void on_expired(Database&, const Entry&) override { ++expired; }
    void on_evicted(Database&, const Entry&) override {}
};

ValueRef integer(std::int64_t n) { return {.form = static_cast<std::uint8_t>(integer_form(n)), .integer = n}; }

}  // namespace

TEST_CASE("keyspace: databases and a plain model agree about every step") {
    const std::size_t heap_before = small_heap().bytes_used();
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        INFO("seed " << seed);
        World world{seed};
        for (int step = 0; step < 6000; ++step) {
            world.step();
            if (step % 50 == 0) world.compare();
        }
        world.compare();
        world.empty();
    }
    CHECK(small_heap().bytes_used() == heap_before);  // nothing is left behind
}

// ---- Who says what expires ----

TEST_CASE("keyspace: where keys expire is announced, a due key goes at the first look") {
    LazyFree lazy_free{nullptr};
    Silent listener;
    Keyspace keyspace{1, lazy_free, listener, 1000};
    Database& db = keyspace.db(0);
    const auto look_ups = {&Database::look, &Database::read, &Database::write};
    for (const auto look_up : look_ups) {
        db.put(Key{"k"}, nullptr, integer(1), keyspace.now() + 10);
        keyspace.set_now(keyspace.now() + 10);
        listener.expired = 0;
        CHECK(db.peek(Key{"k"}) == nullptr);
        CHECK(listener.expired == 0);
        CHECK(db.size() == 1);
        CHECK((db.*look_up)(Key{"k"}) == nullptr);
        CHECK((db.*look_up)(Key{"k"}) == nullptr);
        CHECK(listener.expired == 1);
        CHECK(db.size() == 0);
    }
}

TEST_CASE("keyspace: under another's rule a due key is hidden but stays, and a write over it is silent") {
    LazyFree lazy_free{nullptr};
    Silent listener;
    Keyspace keyspace{1, lazy_free, listener, 1000};
    keyspace.due_keys = DueKeys::hide;
    Database& db = keyspace.db(0);
    db.put(Key{"k"}, nullptr, integer(1), 1010);
    keyspace.set_now(1010);
    CHECK(db.peek(Key{"k"}) == nullptr);
    CHECK(db.look(Key{"k"}) == nullptr);
    CHECK(db.read(Key{"k"}) == nullptr);
    int shown = 0;
    db.each([&shown](const Entry&) { ++shown; });
    CHECK(shown == 0);
    CHECK(db.size() == 1);
    CHECK(db.write(Key{"k"}) == nullptr);
    CHECK(db.size() == 0);
    CHECK(db.deadline_count() == 0);
    CHECK(listener.expired == 0);
}

TEST_CASE("keyspace: in a replay a due key is there like any other, until its deletion is replayed") {
    LazyFree lazy_free{nullptr};
    Silent listener;
    Keyspace keyspace{1, lazy_free, listener, 1000};
    keyspace.due_keys = DueKeys::show;
    Database& db = keyspace.db(0);
    Entry* entry = db.put(Key{"k"}, nullptr, integer(1), 1010);
    keyspace.set_now(5000);
    CHECK(db.peek(Key{"k"}) == entry);
    CHECK(db.read(Key{"k"}) == entry);
    CHECK(db.write(Key{"k"}) == entry);
    int shown = 0;
    db.each([&shown](const Entry&) { ++shown; });
    CHECK(shown == 1);
    CHECK(listener.expired == 0);
    keyspace.due_keys = DueKeys::remove;
    CHECK(db.read(Key{"k"}) == nullptr);
    CHECK(listener.expired == 1);
}

// ---- Removing what is due ----

TEST_CASE("keyspace: due keys go the earliest first, as many as were asked for") {
    struct Ordered final : KeyspaceListener {
        std::vector<UnixMs> deadlines;
        void on_expired(Database&, const Entry& entry) override { deadlines.push_back(entry.deadline()); }
        void on_evicted(Database&, const Entry&) override {}
    };
    LazyFree lazy_free{nullptr};
    Ordered listener;
    Keyspace keyspace{1, lazy_free, listener, 1000};
    Random random{7};
    for (int i = 0; i < 2000; ++i) {
        keyspace.db(0).put(Key{"key:" + std::to_string(i)}, nullptr, integer(i),
                           1001 + static_cast<UnixMs>(random.below(500)));
    }
    keyspace.set_now(1400);
    CHECK(keyspace.db(0).remove_due(1400, 10) == 10);
    CHECK(listener.deadlines.size() == 10);
    while (keyspace.db(0).remove_due(1400, 100) != 0) {
    }
    CHECK(std::is_sorted(listener.deadlines.begin(), listener.deadlines.end()));
    CHECK(listener.deadlines.back() <= 1400);
    CHECK(*keyspace.earliest_deadline() > 1400);
    CHECK(listener.deadlines.size() + keyspace.db(0).size() == 2000);
}

TEST_CASE("keyspace: removal stops when its time is up, says so, and goes on next time") {
    struct Ticking final : Clock {
        mutable std::int64_t us = 0;
        [[nodiscard]] std::int64_t wall_us() const override { return us; }
        [[nodiscard]] std::int64_t steady_us() const override { return us += 100; }
    };
    LazyFree lazy_free{nullptr};
    Silent listener;
    Keyspace keyspace{2, lazy_free, listener, 1000};
    for (int i = 0; i < 500; ++i) keyspace.db(i % 2).put(Key{std::to_string(i)}, nullptr, integer(i), 1001);
    keyspace.set_now(2000);
    Ticking clock;
    CHECK(keyspace.remove_due(2000, clock, 300));
    CHECK(listener.expired > 0);
    CHECK(listener.expired < 200);
    CHECK(keyspace.counters.expire_cap_reached == 1);
    while (keyspace.remove_due(2000, clock, 300)) {
    }
    CHECK(listener.expired == 500);
    CHECK(keyspace.keys() == 0);
}

// ---- Emptying ----

TEST_CASE("keyspace: what is read beside a child keeps its age, what is written does not") {
    LazyFree lazy_free{nullptr};
    Silent listener;
    Keyspace keyspace{1, lazy_free, listener, 1'000'000};
    Database& db = keyspace.db(0);
    const Key key{"key"};
    const Entry* entry = db.put(key, nullptr, {.text = "text"}, kNoDeadline);
    auto idle_after = [&, now = UnixMs{1'000'000}](auto look_up) mutable {
        keyspace.set_now(now += 10'000);
        look_up();
        return keyspace.ages.idle_seconds(*entry);
    };
    const auto read = [&] { db.read(key); };
    const auto write = [&] { db.write(key); };
    CHECK(idle_after(read) == 0);
    keyspace.set_beside_child(true);
    CHECK(db.table().resize_paused());
    CHECK(idle_after(read) == 10);
    CHECK(idle_after(write) == 0);
    keyspace.set_touching(false);  // a client with NO-TOUCH
    CHECK(idle_after(write) == 10);
    keyspace.set_touching(true);
    CHECK(idle_after(read) == 20);
    keyspace.set_beside_child(false);
    CHECK_FALSE(db.table().resize_paused());
    CHECK(idle_after(read) == 0);
}

TEST_CASE("keyspace: a large database is emptied in the background, a small one at once") {
    Background background{[] {}, "test"};
    LazyFree lazy_free{&background};
    Silent listener;
    const std::size_t heap_before = small_heap().bytes_used();
    Keyspace keyspace{1, lazy_free, listener, 1000};
    Database& db = keyspace.db(0);
    const auto fill = [&](int keys) {
        const std::string text(2000, 'x');
        for (int i = 0; i < keys; ++i)
            db.put(Key{std::to_string(i)}, nullptr, {.text = text}, i % 2 == 0 ? 5000 + i : kNoDeadline);
    };
    fill(10);
    db.clear(true);
    CHECK(lazy_free.pending_objects() == 0);
    CHECK(small_heap().bytes_used() == heap_before);
    fill(5000);
    db.pause_resize(true);
    db.clear(true);
    CHECK(db.table().resize_paused());
    CHECK(db.size() == 0);
    CHECK(db.deadline_count() == 0);
    CHECK_FALSE(keyspace.earliest_deadline().has_value());
    CHECK(lazy_free.pending_objects() == 5000);
    fill(100);  // while the old ones are being freed
    CHECK(db.size() == 100);
    while (lazy_free.pending_objects() != 0) background.run_completions();
    CHECK(lazy_free.freed_objects() == 5000);
    db.clear(false);
    CHECK(small_heap().bytes_used() == heap_before);
}
