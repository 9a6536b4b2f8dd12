// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/selector.h"

#include <catch2/catch.hpp>

#include <random>

#include "tests/server/acl/acl_fixture.h"

using namespace keel;
using namespace keel::test;
using acl::Selector;

namespace {

struct Rules : AclFixture {
    acl::Commands commands{registry};

    Selector selector(const Words& rules) {
        Selector out{commands};
        for (const Bytes rule : rules) {
            INFO(rule);
            REQUIRE(out.apply(rule));
        }
        return out;
    }
    std::string text(const Words& rules) { return selector(rules).text(); }
    std::string commands_of(const Words& rules) { return selector(rules).command_text(); }
    Bytes refusal(const Words& before, Bytes rule) {
        Selector out = selector(before);
        const Selector was = out;
        const Status applied = out.apply(rule);
        CHECK(out == was);  // truth 1
        static std::string text;
        text = applied ? "" : std::string{applied.error().text()};
        return text;
    }
};

}  // namespace

TEST_CASE_METHOD(Rules, "acl selector: a fresh one allows nothing") {
    CHECK(text({}) == "resetchannels -@all");
    CHECK(Selector(commands, true).text() == "&* -@all");
    CHECK_FALSE(selector({}).allows_all());
    CHECK(selector({"allcommands", "allkeys", "allchannels"}).allows_all());
    CHECK_FALSE(selector({"+@all", "~*", "&*", "-get"}).allows_all());
    CHECK(selector({"+@all", "~*", "&*", "-get", "+get"}).allows_all());
}

TEST_CASE_METHOD(Rules, "acl selector: patterns of keys and channels read as they were said") {
    CHECK(text({"~a*", "%R~r*", "%w~w*", "%RW~both", "&c*"}) == "~a* %R~r* %W~w* ~both resetchannels &c* -@all");
    CHECK(text({"%R~a", "%W~a"}) == "~a resetchannels -@all");
    CHECK(text({"~a", "~a", "%R~a"}) == "~a resetchannels -@all");
    CHECK(text({"~a", "~*"}) == "~* resetchannels -@all");
    CHECK(text({"%R~*", "%W~*"}) == "~* resetchannels -@all");
    CHECK(text({"%R~*"}) == "%R~* resetchannels -@all");
    CHECK(text({"%R"}) == "%R~ resetchannels -@all");
    CHECK(text({"~*", "resetkeys", "~b"}) == "~b resetchannels -@all");
    CHECK(text({"&a", "&*"}) == "&* -@all");
    CHECK(text({"&*", "resetchannels"}) == "resetchannels -@all");
    CHECK(text({"AllKeys", "ALLCHANNELS", "AllCommands"}) == "~* &* +@all");
}

TEST_CASE_METHOD(Rules, "acl selector: a mistake changes nothing and is told in Redis' words") {
    constexpr Bytes kUnknown = "Unknown command or category name in ACL";
    for (const Bytes rule : {"+nosuch", "-nosuch", "+@nosuch", "-@", "+", "-", "+|", "+config|nosuch", "-config|nosuch",
                             "-get|x", "+set|a|b", "+get ~a"}) {
        CHECK(refusal({}, rule) == kUnknown);
    }
    for (const Bytes rule : {"nosuch", "", ")", "%X~a", "%~a", "%RR~a", "%RWR~x", "~a b", "~a\tb", "~a\nb", "&a b",
                             "+get|", "+select|0\nuser", "on", ">x", "(+get)"}) {
        INFO(rule);
        CHECK(refusal({}, rule) == "Syntax error");
    }
    CHECK(refusal({}, Bytes{"~a\0b", 4}) == "Syntax error");
    CHECK(refusal({"~*"}, "~a").starts_with("Adding a pattern after the * pattern (or the 'allkeys' flag)"));
    CHECK(refusal({"&*"}, "&a").starts_with("Adding a pattern after the * pattern (or the 'allchannels' flag)"));
    CHECK(refusal({}, "+config|get|x") == "Allowing first-arg of a subcommand is not supported");
}

TEST_CASE_METHOD(Rules,
                 "acl selector: the text of commands is what the rules said, but for those that say nothing any more") {
    CHECK(commands_of({"+@all", "-get"}) == "+@all -get");
    CHECK(commands_of({"+get", "+set", "-get"}) == "-@all +set -get");
    CHECK(commands_of({"-get", "+get"}) == "-@all +get");
    CHECK(commands_of({"+@hash", "-hset"}) == "-@all +@hash -hset");
    CHECK(commands_of({"+hset", "-@hash"}) == "-@all +hset -@hash");
    CHECK(commands_of({"+@read", "-@read", "-@READ", "+@read", "-get"}) == "-@all +@read -get");
    CHECK(commands_of({"+@all", "-@hash", "+hget"}) == "+@all -@hash +hget");
    CHECK(commands_of({"+@ALL", "-GET", "+Config|GET"}) == "+@all -get +config|get");
    CHECK(commands_of({"+config", "-config|set"}) == "-@all +config -config|set");
    CHECK(commands_of({"+config|get"}) == "-@all +config|get");
    CHECK(commands_of({"+config|get", "-config"}) == "-@all -config");
    CHECK(commands_of({"+@all", "-config|set", "-config"}) == "+@all -config");
    CHECK(commands_of({"+select|1", "+select|0", "+select|1", "+SELECT|0"}) == "-@all +select|1 +select|0");
    CHECK(commands_of({"+select|0", "+select"}) == "-@all +select");
    CHECK(commands_of({"+select", "+select|0"}) == "-@all +select +select|0");
    CHECK(commands_of({"+select|0", "-select"}) == "-@all -select");
    CHECK(commands_of({"+@all", "-select", "+select|0"}) == "+@all -select +select|0");
    CHECK(commands_of({"+@all", "-@all", "+get"}) == "-@all +get");
}

TEST_CASE_METHOD(Rules, "acl selector: every category alone reads as itself") {
    for (const Category category : all_categories()) {
        if (commands.members(category).count() == 0) continue;
        const std::string name{category_name(category)};
        CHECK(commands_of({"+@" + name}) == "-@all +@" + name);
        CHECK(commands_of({"+@all", "-@" + name}) == "+@all -@" + name);
    }
}

TEST_CASE("acl selector: commands go by their own names, whatever they are called") {
    Rules rules;
    REQUIRE(rules.registry.rename("get", "fetch"));
    REQUIRE(rules.registry.rename("set", ""));
    REQUIRE(rules.registry.rename("del", "get"));
    CHECK(rules.commands_of({"+get", "+set"}) == "-@all +get +set");
    CHECK(rules.refusal({}, "+fetch") == "Unknown command or category name in ACL");
}

// Truth 2: whatever the rules, the text says it all.
TEST_CASE_METHOD(Rules, "acl selector: the text makes the same selector again") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](const auto& from) { return from[random() % from.size()]; };
    std::vector<std::string> names;
    for (const Command* command : commands.all()) names.emplace_back(command->name());
    const std::vector<std::string> patterns = {"a", "b*", "*", "?x", "[a-c]", "", "\"q", "\xff"};
    for (int round = 0; round < 300; ++round) {
        Selector made{commands, random() % 2 == 0};
        for (int i = 0; i < 12; ++i) {
            const std::string sign = random() % 2 == 0 ? "+" : "-";
            std::string rule;
            switch (random() % 8) {
                case 0: rule = sign + "@" + std::string{category_name(pick(all_categories()))}; break;
                case 1:
                    rule = "+" + std::string{random() % 2 == 0 ? "select|" : "get|"} + std::to_string(random() % 3);
                    break;
                case 2: rule = "~" + pick(patterns); break;
                case 3: rule = (random() % 2 == 0 ? "%R~" : "%W~") + pick(patterns); break;
                case 4: rule = "&" + pick(patterns); break;
                case 5:
                    rule = random() % 4 == 0 ? sign + "@all" : random() % 2 == 0 ? "resetkeys" : "resetchannels";
                    break;
                default: rule = sign + pick(names);
            }
            static_cast<void>(made.apply(rule));
        }
        Selector again{commands};
        const std::string text = made.text();
        INFO(text);
        for (Bytes rest = text; !rest.empty();) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            REQUIRE(again.apply(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        REQUIRE(again == made);
    }
}
