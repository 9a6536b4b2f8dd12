// SPDX-License-Identifier: BSD-3-Clause
#include "server/migration.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace keel;

namespace {

// A keyspace of names and payloads.
class Source final : public MigrationSource {
  public:
    explicit Source(std::vector<std::string> names) : names_(std::move(names)) {
        for (std::size_t i = 0; i < names_.size(); ++i) keys[i] = "payload";
    }
    Result<std::optional<Dumped>> dump(std::size_t key, bool watched) override {
        const auto found = keys.find(key);
        if (found == keys.end()) return std::optional<Dumped>{};
        if (watched) watching.insert(key);
        return std::optional{Dumped{found->second, 0}};
    }
    [[nodiscard]] bool taken(std::size_t key) const override { return elsewhere.contains(key); }
    [[nodiscard]] bool touched(std::size_t key) const override { return changed.contains(key); }
    [[nodiscard]] bool there(std::size_t key) const override { return keys.contains(key); }
    void remove(std::size_t key) override { keys.erase(key); }
    void let_go(std::size_t key) override {
        watching.erase(key);
        changed.erase(key);
    }

    std::map<std::size_t, std::string> keys;
    std::set<std::size_t> watching, changed, elsewhere;

  private:
    std::vector<std::string> names_;
};

MigrateRequest request(std::vector<std::string> keys) {
    MigrateRequest out;
    out.keys = std::move(keys);
    return out;
}

ReplyValue reply(ReplyValue::Kind kind, std::string text) {
    ReplyValue value;
    value.kind = kind;
    value.text = std::move(text);
    return value;
}
const ReplyValue kOk = reply(ReplyValue::Kind::simple, "OK");
const ReplyValue kOne = reply(ReplyValue::Kind::integer, "");
ReplyValue refusal(std::string text) { return reply(ReplyValue::Kind::error, std::move(text)); }

std::string pumped(Migration& migration, Source& source, std::size_t unsent = 0) {
    std::string out;
    migration.pump(source, unsent, out);
    return out;
}

}  // namespace

TEST_CASE("migration: a key goes when its OK is read, and none before AUTH and SELECT were answered") {
    Source source{{"a", "b"}};
    MigrateRequest asked = request({"a", "b"});
    asked.login = true;
    asked.password = "pw";
    asked.db = 3;
    Migration migration{asked};
    CHECK(migration.greeting() == "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
    CHECK(migration.on_reply(source, kOk));
    CHECK(pumped(migration, source).empty());
    CHECK(migration.on_reply(source, kOk));
    CHECK(pumped(migration, source).starts_with("*4\r\n$7\r\nRESTORE\r\n$1\r\na\r\n$1\r\n0\r\n$7\r\npayload\r\n"));
    CHECK(source.watching == std::set<std::size_t>{0, 1});
    CHECK(migration.on_reply(source, kOk));
    CHECK(source.keys.size() == 1);
    CHECK_FALSE(migration.done());
    CHECK(migration.on_reply(source, refusal("BUSYKEY x")));
    CHECK(migration.done());
    CHECK(migration.error() == "ERR Target instance replied with error: BUSYKEY x");
    CHECK(source.keys.contains(1));
    CHECK(source.watching.empty());
    CHECK_FALSE(migration.on_reply(source, kOk));  // nobody asked
}

TEST_CASE("migration: a refused greeting ends it") {
    Source source{{"a"}};
    Migration migration{request({"a"})};
    static_cast<void>(migration.greeting());
    CHECK(migration.on_reply(source, refusal("NOAUTH")));
    CHECK(migration.done());
    CHECK(pumped(migration, source).empty());
    CHECK(source.keys.size() == 1);
}

TEST_CASE("migration: only so much is under way") {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("key:" + std::to_string(i));
    Source source{names};
    for (auto& [key, payload] : source.keys) payload.assign(10'000, 'x');
    Migration migration{request(names)};
    static_cast<void>(migration.greeting());
    CHECK(migration.on_reply(source, kOk));
    const std::string first = pumped(migration, source);
    CHECK(first.size() >= Migration::kRoomBytes);
    CHECK(first.size() < Migration::kRoomBytes + 11'000);
    CHECK(pumped(migration, source, first.size()).empty());
    CHECK_FALSE(pumped(migration, source, first.size() / 2).empty());
}

TEST_CASE("migration: what was touched goes again, what was removed is taken back, in the order of the replies") {
    Source source{{"a", "b", "c"}};
    Migration migration{request({"a", "b", "c"})};
    static_cast<void>(migration.greeting());
    CHECK(migration.on_reply(source, kOk));
    static_cast<void>(pumped(migration, source));
    source.changed = {0, 1};
    source.keys.erase(1);
    source.keys[0] = "newer";
    CHECK(migration.on_reply(source, kOk));
    CHECK(migration.on_reply(source, kOk));
    CHECK(
        pumped(migration, source) ==
        "*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n*5\r\n$7\r\nRESTORE\r\n$1\r\na\r\n$1\r\n0\r\n$5\r\nnewer\r\n$7\r\nREPLACE\r\n");
    CHECK(migration.on_reply(source, kOk));   // c
    CHECK(migration.on_reply(source, kOne));  // DEL b
    CHECK(source.keys.size() == 1);
    CHECK(migration.on_reply(source, kOk));
    CHECK(migration.done());
    CHECK(source.keys.empty());
    CHECK_FALSE(migration.error());
}

TEST_CASE("migration: a key that was sent, and is gone before it is sent again, is taken back") {
    Source source{{"a", "b"}};
    Migration migration{request({"a", "b"})};
    static_cast<void>(migration.greeting());
    CHECK(migration.on_reply(source, kOk));
    static_cast<void>(pumped(migration, source));
    source.changed = {0};
    CHECK(migration.on_reply(source, kOk));
    source.keys.erase(0);
    CHECK(pumped(migration, source) == "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n");
}

TEST_CASE("migration: a key that another one has on its way is waited for") {
    Source source{{"a"}};
    source.elsewhere = {0};
    Migration migration{request({"a"})};
    static_cast<void>(migration.greeting());
    CHECK(migration.on_reply(source, kOk));
    CHECK(pumped(migration, source).empty());
    CHECK_FALSE(migration.done());
    CHECK_FALSE(migration.expects());
    source.elsewhere.clear();
    CHECK_FALSE(pumped(migration, source).empty());
}

TEST_CASE("migration: a lost connection, on which nothing was heard, begins anew") {
    Source source{{"a"}};
    Migration migration{request({"a"})};
    const std::string greeting = migration.greeting();
    migration.restart(source);
    CHECK(migration.greeting() == greeting);
    CHECK(migration.on_reply(source, kOk));
    CHECK(pumped(migration, source).find("REPLACE") == std::string::npos);
    CHECK(migration.on_reply(source, kOk));
    CHECK(migration.done());
}
