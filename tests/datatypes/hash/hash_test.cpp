// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes beside a plain map: random changes in every form, deadlines included. The seed is printed when they differ.
#include "datatypes/hash/hash.h"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

#include "datatypes/encodings/small_heap.h"

using namespace keel;
using namespace keel::hash;

namespace {

struct Held {
    std::string value;
    UnixMs deadline = kNoDeadline;
    bool operator==(const Held&) const = default;
};
using Model = std::map<std::string, Held>;

std::string text(const Item& item) {
    ItemText scratch;
    return std::string{item.as_text(scratch)};
}

// A hash in an entry of its own.
class World {
  public:
    World(std::uint64_t seed, Limits limits) : random_(seed), limits_(limits) {
        HashEdit fresh{nullptr, limits};
        entry_ = Entry::make("key", kNoDeadline, fresh.release());
        for (const std::size_t length : {0U, 1U, 13U, 63U, 64U, 65U, 126U, 127U, 128U, 400U, 1100U})
            names_.emplace_back(length, 'n');
        for (int i = -20; i < 60; ++i) names_.push_back(std::to_string(i));
    }
    ~World() {
        kOps.destroy(entry_->value());
        Entry::release(entry_);
    }

    void step() {
        const std::string name = names_[random_.below(names_.size())];
        HashEdit edit{entry_, limits_};
        const Spot spot = edit.locate(name);
        REQUIRE(spot.there() == model_.contains(name));
        switch (random_.below(10)) {
            case 0:
            case 1:
            case 2:
            case 3: return put(edit, spot, name);
            case 4:
            case 5: return erase(edit, spot, name);
            case 6:
            case 7: return set_deadline(edit, spot, name);
            case 8: return random_.below(8) == 0 ? remove_due(edit) : put(edit, spot, name);
            default: return compare_one(edit, spot, name);
        }
    }

    void compare_all() const {
        const HashView hash{entry_->value()};
        REQUIRE(hash.size() == model_.size());
        Model seen;
        UnixMs before = 0;
        bool untimed = false;
        hash.each([&](const Item& name, const Item& value, UnixMs deadline) {
            REQUIRE(seen.emplace(text(name), Held{text(value), deadline}).second);
            if (hash.form() != Form::packed_timed) return;
            if (deadline == kNoDeadline)
                untimed = true;
            else
                REQUIRE((!untimed && before <= std::exchange(before, deadline)));  // truth 1
        });
        REQUIRE(seen == model_);
        UnixMs earliest = kNoDeadline;
        for (const auto& [name, held] : model_) {
            if (held.deadline != kNoDeadline && (earliest == kNoDeadline || held.deadline < earliest))
                earliest = held.deadline;
        }
        REQUIRE(hash.earliest() == earliest);
    }
    void compare_clone() const {
        const ValueRef copy = kOps.clone(entry_->value());
        Model seen;
        HashView{copy}.each([&](const Item& name, const Item& value, UnixMs deadline) {
            seen.emplace(text(name), Held{text(value), deadline});
        });
        CHECK(seen == model_);
        CHECK(HashView{copy}.earliest() == HashView{entry_->value()}.earliest());
        kOps.destroy(copy);
    }
    [[nodiscard]] Form form() const { return HashView{entry_->value()}.form(); }

  private:
    std::string random_value() {
        switch (random_.below(8)) {
            case 0: return std::to_string(static_cast<std::int64_t>(random_.next()));
            case 1: return std::to_string(random_.below(300));
            case 2: return std::string(random_.below(3000), 'v');
            case 3: return std::string(250 + random_.below(10), 'w');
            default: return std::string(random_.below(40), static_cast<char>('a' + random_.below(26)));
        }
    }
    void put(HashEdit& edit, const Spot& spot, const std::string& name) {
        const std::string value = random_value();
        const bool keep = random_.below(2) == 0;
        edit.put(spot, name, value, keep);
        Held& held = model_[name];
        held.value = value;
        if (!keep) held.deadline = kNoDeadline;
    }
    void erase(HashEdit& edit, const Spot& spot, const std::string& name) {
        if (!spot.there()) return;
        edit.erase(spot);
        model_.erase(name);
    }
    void set_deadline(HashEdit& edit, const Spot& spot, const std::string& name) {
        if (!spot.there()) return;
        const UnixMs at = random_.below(4) == 0 ? kNoDeadline : static_cast<UnixMs>(1 + random_.below(1000));
        edit.set_deadline(spot, name, at);
        model_[name].deadline = at;
    }
    void remove_due(HashEdit& edit) {
        const auto now = static_cast<UnixMs>(random_.below(1000));
        const std::size_t most = random_.below(4) == 0 ? 2 : 1000;
        UnixMs before = 0;
        const std::size_t removed = edit.remove_due(now, most, [&](Bytes name, UnixMs deadline) {
            REQUIRE(deadline >= before);
            before = deadline;
            const auto it = model_.find(std::string{name});
            REQUIRE(it != model_.end());
            REQUIRE(it->second.deadline == deadline);
            REQUIRE(deadline <= now);
            model_.erase(it);
        });
        REQUIRE(removed <= most);
        if (removed < most) REQUIRE((edit.earliest() == kNoDeadline || edit.earliest() > now));
    }
    void compare_one(const HashEdit& edit, const Spot& spot, const std::string& name) {
        if (!spot.there()) return;
        REQUIRE(text(edit.value(spot)) == model_[name].value);
        REQUIRE(edit.deadline(spot) == model_[name].deadline);
    }

    Random random_;
    Limits limits_;
    Entry* entry_;
    std::vector<std::string> names_;
    Model model_;
};

void run(std::uint64_t seed, Limits limits, int steps) {
    CAPTURE(seed, limits.fields, limits.word_bytes);
    World world{seed, limits};
    for (int i = 0; i < steps; ++i) {
        world.step();
        if (i % 64 == 0) world.compare_all();
    }
    world.compare_all();
    world.compare_clone();
}

}  // namespace

TEST_CASE("hash: agrees with a map, packed") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) run(seed, {.fields = 10'000, .word_bytes = 10'000}, 4000);
}

TEST_CASE("hash: agrees with a map, as a table") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) run(seed, {.fields = 0, .word_bytes = 64}, 4000);
}

TEST_CASE("hash: agrees with a map, on the way from packed to table") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) run(seed, {.fields = 5 + seed % 30, .word_bytes = 3000}, 200);
}

TEST_CASE("field: what it holds comes back, at every boundary of its layout") {
    for (const std::size_t name_length : {0U, 1U, 126U, 127U, 128U, 1023U, 1024U, 1025U, 70'000U}) {
        for (const std::size_t value_length : {0U, 1U, 253U, 254U, 255U, 256U, 1023U, 1024U, 1025U, 70'000U}) {
            for (const UnixMs deadline : {kNoDeadline, UnixMs{1}, UnixMs{1} << 45}) {
                const std::string name(name_length, 'n');
                const std::string value(value_length, 'v');
                Field* field = Field::make(name, value, deadline);
                REQUIRE(field->name() == name);
                REQUIRE(field->value() == value);
                REQUIRE(field->deadline() == deadline);
                field = Field::with_deadline(field, 7);
                field = Field::with_deadline(field, 9);
                REQUIRE(field->deadline() == 9);
                REQUIRE(field->value() == value);
                field = Field::with_deadline(field, kNoDeadline);
                REQUIRE(field->name() == name);
                REQUIRE(field->value() == value);
                if (field->overwrite(std::string(value_length / 2, 'w')))
                    REQUIRE(field->value() == std::string(value_length / 2, 'w'));
                Field::release(field);
            }
        }
    }
}

TEST_CASE("field: a value that keeps its length, or lies in a block, is written in place") {
    Field* field = Field::make("a field's name", "value", kNoDeadline);
    CHECK(field->overwrite("other"));
    CHECK(field->value() == "other");
    CHECK_FALSE(field->overwrite(std::string(100, 'x')));
    Field::release(field);
    field = Field::make(std::string(2000, 'n'), "short", kNoDeadline);
    CHECK(field->overwrite(std::string(5000, 'x')));
    CHECK(field->value() == std::string(5000, 'x'));
    Field::release(field);
}

TEST_CASE("field: a name of 13 bytes with a value of 11 takes 32 bytes") {
    Field* field = Field::make("field:0000001", "value:00001", kNoDeadline);
    CHECK(field->memory_bytes() == SmallHeap::usable(26));
    Field::release(field);
}
