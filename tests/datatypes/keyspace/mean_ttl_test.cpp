// SPDX-License-Identifier: BSD-3-Clause
//
// Database::mean_ttl_ms is exact whatever happened to the entries.
#include <catch2/catch.hpp>

#include <map>
#include <string>

#include "datatypes/keyspace/keyspace.h"
#include "datatypes/string/string_value.h"

using namespace keel;

namespace {

struct Silent final : KeyspaceListener {
    void on_expired(Database&, const Entry&) override {}
    void on_evicted(Database&, const Entry&) override {}
};

constexpr UnixMs kNow = 1'000'000;

struct Model {
    LazyFree lazy_free{nullptr};
    Silent silent;
    Keyspace keyspace{1, lazy_free, silent, kNow};
    std::map<std::string, UnixMs> deadlines;  // of the keys that have one

    Database& db() { return keyspace.db(0); }
    void put(const std::string& key, UnixMs deadline) {
        db().put(Key{key}, db().write(Key{key}), {.text = "value"}, deadline);
        note(key, deadline);
    }
    void change(const std::string& key, UnixMs deadline) {
        if (Entry* entry = db().write(Key{key})) {
            db().set_deadline(entry, deadline);
            note(key, deadline);
        }
    }
    void erase(const std::string& key) {
        if (Entry* entry = db().write(Key{key})) db().erase(entry);
        deadlines.erase(key);
    }
    void note(const std::string& key, UnixMs deadline) {
        if (deadline == kNoDeadline) deadlines.erase(key);
        else deadlines[key] = deadline;
    }
    [[nodiscard]] std::int64_t mean() const {
        if (deadlines.empty()) return 0;
        std::int64_t sum = 0;
        for (const auto& [key, deadline] : deadlines) sum += deadline;
        return sum / static_cast<std::int64_t>(deadlines.size()) - kNow;
    }
};

}  // namespace

TEST_CASE("mean ttl: equals the mean over all keys after any changes") {
    Model model;
    Random random{20'240'501};
    for (int step = 0; step < 20'000; ++step) {
        const std::string key = "key:" + std::to_string(random.below(300));
        const auto deadline = kNow + 1 + static_cast<UnixMs>(random.below(1'000'000));
        switch (random.below(5)) {
            case 0: model.put(key, deadline); break;
            case 1: model.put(key, kNoDeadline); break;
            case 2: model.change(key, deadline); break;
            case 3: model.change(key, kNoDeadline); break;
            default: model.erase(key); break;
        }
        if (model.db().mean_ttl_ms() != model.mean()) FAIL("differs at step " << step << ", seed 20240501");
    }
    CHECK(model.db().deadline_count() == model.deadlines.size());
    model.db().clear(false);
    CHECK(model.db().mean_ttl_ms() == 0);
}

TEST_CASE("mean ttl: due keys do not make it negative, and removing them counts") {
    Model model;
    model.put("soon", kNow + 10);
    model.keyspace.set_now(kNow + 50);
    CHECK(model.db().mean_ttl_ms() == 0);
    model.put("later", kNow + 1050);
    CHECK(model.db().remove_due(kNow + 50, 10) == 1);
    CHECK(model.db().mean_ttl_ms() == 1000);
}

TEST_CASE("mean ttl: deadlines at the end of time do not overflow the sum") {
    Model model;
    constexpr UnixMs kLast = std::numeric_limits<UnixMs>::max() - 1;
    for (int i = 0; i < 4; ++i) model.put(std::to_string(i), kLast);
    CHECK(model.db().mean_ttl_ms() == kLast - kNow);
}
