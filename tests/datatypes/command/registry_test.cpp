// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/registry.h"

#include <catch2/catch.hpp>

#include "protocol/resp/errors.h"

using namespace keel;

namespace {

Status nothing(Context&) { return {}; }

constexpr CommandSpec kSubcommands[] = {
    {.name = "get", .run = nothing, .arity = at_least(3), .flags = Flag::admin},
    {.name = "set", .run = nothing, .arity = at_least(4), .flags = Flag::admin},
};

constexpr CommandSpec kRows[] = {
    {.name = "get",
     .run = nothing,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::read)},
    {.name = "mset",
     .run = nothing,
     .arity = at_least(3),
     .flags = Flag::write,
     .keys = key_range(Use::ow | Use::update, 1, -1, 2)},
    {.name = "sintercard",
     .run = nothing,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .keys = counted_keys(Use::read, 1)},
    {.name = "xread",
     .run = nothing,
     .arity = at_least(4),
     .flags = Flag::readonly,
     .keys = {.at = {{.use = Use::read, .keyword = "STREAMS", .start_from = 1, .last = -1, .limit = 2}}, .count = 1}},
    {.name = "config", .arity = at_least(2), .subcommands = kSubcommands},
};

Registry rows() {
    Registry registry;
    registry.add(kRows);
    return registry;
}

std::vector<std::uint32_t> keys(const Registry& registry, const std::vector<Bytes>& words) {
    KeyList list;
    REQUIRE(registry.find(words[0])->find_keys(words, list));
    std::vector<std::uint32_t> out;
    for (const KeyPosition& position : list.all()) out.push_back(position.index);
    return out;
}

using Indexes = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("registry: a name is found in any case, and no other") {
    const Registry registry = rows();
    CHECK(registry.find("get") != nullptr);
    CHECK(registry.find("GeT") == registry.find("get"));
    CHECK(registry.find("gets") == nullptr);
    CHECK(registry.find("") == nullptr);
    CHECK(registry.find(Bytes{"get\0", 4}) == nullptr);
}

TEST_CASE("registry: subcommands are found by their full name") {
    const Registry registry = rows();
    REQUIRE(registry.find_full("config|get") != nullptr);
    CHECK(registry.find_full("CONFIG|GET")->name() == "config|get");
    CHECK(registry.find_full("config|nope") == nullptr);
    CHECK(registry.find_full("config get")->parent() == registry.find("config"));
}

TEST_CASE("registry: ids count up without gaps, subcommands included") {
    const Registry registry = rows();
    std::vector<bool> seen(registry.id_count());
    registry.each([&](const Command& command) {
        REQUIRE(command.id() < seen.size());
        CHECK_FALSE(seen[command.id()]);
        seen[command.id()] = true;
    });
    CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
}

TEST_CASE("registry: categories follow from flags") {
    const Registry registry = rows();
    const Category get = registry.find("get")->categories();
    CHECK(has(get, Category::read));
    CHECK(has(get, Category::fast));
    CHECK(has(get, Category::string));
    CHECK_FALSE(has(get, Category::slow));
    const Category config = registry.find_full("config|get")->categories();
    CHECK(has(config, Category::admin));
    CHECK(has(config, Category::dangerous));
    CHECK(has(config, Category::slow));
}

TEST_CASE("registry: keys by position, by count and behind a keyword") {
    const Registry registry = rows();
    CHECK(keys(registry, {"get", "k"}) == Indexes{1});
    CHECK(keys(registry, {"mset", "a", "1", "b", "2"}) == Indexes{1, 3});
    CHECK(keys(registry, {"sintercard", "2", "a", "b", "LIMIT", "3"}) == Indexes{2, 3});
    CHECK(keys(registry, {"xread", "COUNT", "2", "streams", "a", "b", "0", "0"}) == Indexes{4, 5});
}

TEST_CASE("registry: a count that the words contradict is refused") {
    const Registry registry = rows();
    KeyList list;
    for (const Bytes count : {"3", "-1", "x", "99999999999999999999", "9223372036854775807"}) {
        const std::vector<Bytes> words = {"sintercard", count, "a", "b"};
        CAPTURE(std::string{count});
        CHECK_FALSE(registry.find("sintercard")->find_keys(words, list));
    }
}

TEST_CASE("registry: the old triple of key positions") {
    const Registry registry = rows();
    CHECK(registry.find("get")->first_key() == 1);
    CHECK(registry.find("get")->last_key() == 1);
    CHECK(registry.find("mset")->last_key() == -1);
    CHECK(registry.find("mset")->key_step() == 2);
    CHECK(registry.find("sintercard")->first_key() == 0);
    CHECK(registry.find("sintercard")->is(Flag::movablekeys));
    CHECK_FALSE(registry.find("mset")->is(Flag::movablekeys));
}

TEST_CASE("registry: a renamed command answers to its new name only, one renamed to nothing to none") {
    Registry registry = rows();
    const Command* get = registry.find("get");
    CHECK(registry.rename("get", "Fetch"));
    CHECK(registry.find("get") == nullptr);
    CHECK(registry.find("FETCH") == get);
    CHECK_FALSE(registry.rename("get", "again"));
    CHECK_FALSE(registry.rename("mset", "fetch"));
    CHECK(registry.rename("mset", ""));
    CHECK(registry.find("mset") == nullptr);
    CHECK(registry.find("fetch") == get);
}

TEST_CASE("registry: a finder makes keys movable, unless it only tells what is done with a fixed one") {
    constexpr auto finder = [](std::span<const Bytes>, KeyList&) { return Status{}; };
    static constexpr CommandSpec kFound[] = {
        {.name = "migrate", .run = nothing, .arity = at_least(2), .keys = one_key(Use::rw), .find_keys = finder},
        {.name = "set",
         .run = nothing,
         .arity = at_least(3),
         .keys = one_key(Use::rw | Use::variable_flags),
         .find_keys = finder},
    };
    Registry registry;
    registry.add(kFound);
    CHECK(registry.find("migrate")->is(Flag::movablekeys));
    CHECK_FALSE(registry.find("set")->is(Flag::movablekeys));
}
