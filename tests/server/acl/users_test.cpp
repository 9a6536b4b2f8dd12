// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/users.h"

#include <catch2/catch.hpp>

#include "protocol/base/glob.h"
#include "tests/server/acl/acl_fixture.h"

using namespace keel;
using namespace keel::test;

namespace {

// SHA-256 of "foobar", as FIPS 180 has it.
constexpr Bytes kFoobar = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2";

struct Everyone : AclFixture {
    acl::Users users{registry, settings};

    std::string set(Bytes name, const Words& rules) {
        const Status done = users.set(name, rules);
        return done ? "" : std::string{done.error().text()};
    }
    std::string text(Bytes name) { return users.find(name)->text(); }
    std::string check(Bytes name, const Words& words) { return refusal_text(*users.find(name), registry, words); }
    std::string load(Bytes text) {
        const Status done = users.load(text, "users.acl");
        return done ? "" : std::string{done.error().text()};
    }
};

}  // namespace

// ---- Rules of users ----

TEST_CASE_METHOD(Everyone, "acl users: at first there is default, who may do all without a password") {
    CHECK(users.text() == "user default on nopass ~* &* +@all\n");
    CHECK(users.open());
    CHECK(users.default_user()->unrestricted());
    CHECK(users.find("bob") == nullptr);
}

TEST_CASE_METHOD(Everyone, "acl users: flags and passwords") {
    CHECK(set("bob", {}).empty());
    CHECK(text("bob") == "off resetchannels -@all");
    CHECK(set("bob", {"ON", ">foobar", "", ">foobar"}).empty());
    CHECK(text("bob") == "on #" + std::string{kFoobar} + " resetchannels -@all");
    CHECK(set("bob", {"<foobar"}).empty());
    CHECK(set("bob", {"<foobar"}) ==
          "ERR Error in ACL SETUSER modifier '<foobar': The password you are trying to remove from the user does not "
          "exist");
    CHECK(set("bob", {"#" + std::string{kFoobar}, "nopass"}).empty());
    CHECK(text("bob") == "on nopass resetchannels -@all");
    CHECK(set("bob", {">x", "resetpass", "skip-sanitize-payload"}).empty());
    CHECK(text("bob") == "on skip-sanitize-payload resetchannels -@all");
    CHECK(set("bob", {"reset"}).empty());
    CHECK(text("bob") == "off sanitize-payload resetchannels -@all");
    for (const Bytes rule : {"#abc", "!zz", "#C3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"}) {
        CHECK(
            set("bob", {rule}) ==
            "ERR Error in ACL SETUSER modifier '" + std::string{rule} +
                "': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters");
    }
}

TEST_CASE_METHOD(Everyone, "acl users: all rules are taken or none") {
    CHECK(set("bob", {"on", "+get", "~a"}).empty());
    CHECK(set("bob", {"off", "-get", "nosuch", "+set"}) == "ERR Error in ACL SETUSER modifier 'nosuch': Syntax error");
    CHECK(text("bob") == "on ~a resetchannels -@all +get");
    CHECK(set("eve", {"on", "nosuch"}) == "ERR Error in ACL SETUSER modifier 'nosuch': Syntax error");
    CHECK(users.find("eve") == nullptr);
    CHECK(set("b b", {}) == "ERR Usernames can't contain spaces or null characters");
    CHECK(set(Bytes{"b\0", 2}, {}) == "ERR Usernames can't contain spaces or null characters");
}

TEST_CASE_METHOD(Everyone, "acl users: selectors stand in parentheses, in one word or several") {
    CHECK(set("bob", {"on", "+get", "~a", "(+set ~b)", "(~c", "+@hash", "&x)", "()"}).empty());
    CHECK(text("bob") ==
          "on ~a resetchannels -@all +get (~b resetchannels -@all +set) (~c resetchannels &x -@all +@hash) "
          "(resetchannels -@all)");
    CHECK(set("bob", {"clearselectors"}).empty());
    CHECK(text("bob") == "on ~a resetchannels -@all +get");
    CHECK(set("bob", {"(~a", "+get"}) == "ERR Unmatched parenthesis in acl selector starting at '(~a'.");
    CHECK(set("bob", {"(+get) x"}) == "ERR Unmatched parenthesis in acl selector starting at '(+get) x'.");
    for (const Bytes rule : {"(on)", "(>x)", "(reset)", "(+get (+set))", "(nosuch)", "(+get ~x) ~y)", "(+get ~x))"}) {
        CHECK(set("bob", {rule}) == "ERR Error in ACL SETUSER modifier '" + std::string{rule} + "': Syntax error");
    }
    CHECK(set("bob", {"(+@nosuch ~x)"}) ==
          "ERR Error in ACL SETUSER modifier '(+@nosuch ~x)': Unknown command or category name in ACL");
}

TEST_CASE_METHOD(Everyone, "acl users: what fresh users may listen to is a setting") {
    settings.pubsub_all_channels = true;
    CHECK(set("bob", {"(+get)"}).empty());
    CHECK(text("bob") == "off &* -@all (&* -@all +get)");
    settings.pubsub_all_channels = false;
    CHECK(set("bob", {"reset"}).empty());
    CHECK(text("bob") == "off sanitize-payload resetchannels -@all");
}

// ---- Coming in ----

TEST_CASE_METHOD(Everyone, "acl users: who may come in") {
    CHECK(set("bob", {"on", ">one", ">two"}).empty());
    CHECK(users.authenticate("bob", "one") == users.find("bob"));
    CHECK(users.authenticate("bob", "two") == users.find("bob"));
    CHECK(users.authenticate("bob", "three") == nullptr);
    CHECK(users.authenticate("bob", "") == nullptr);
    CHECK(users.authenticate("eve", "one") == nullptr);
    CHECK(users.authenticate("default", "whatever") == users.default_user());
    CHECK(set("bob", {"off"}).empty());
    CHECK(users.authenticate("bob", "one") == nullptr);
}

TEST_CASE_METHOD(Everyone, "acl users: requirepass is the default user's password") {
    settings.require_pass = "secret";
    CHECK(users.follow_required_password());
    CHECK_FALSE(users.follow_required_password());
    CHECK_FALSE(users.open());
    CHECK(users.authenticate("default", "secret") != nullptr);
    CHECK(users.authenticate("default", "other") == nullptr);
    settings.require_pass = "other";
    CHECK(users.follow_required_password());
    CHECK(users.authenticate("default", "secret") == nullptr);
    settings.require_pass = "";
    CHECK(users.follow_required_password());
    CHECK(users.open());
    settings.require_pass = "first";
    CHECK_FALSE(acl::Users(registry, settings).open());
}

// ---- Checks ----

TEST_CASE_METHOD(Everyone, "acl check: commands, subcommands and first words") {
    CHECK(set("bob", {"on", "~*", "+get", "+config|get", "+select|0"}).empty());
    CHECK(check("bob", {"get", "k"}) == "no");
    CHECK(check("bob", {"set", "k", "v"}) == "command");
    CHECK(check("bob", {"config", "get", "x"}) == "no");
    CHECK(check("bob", {"config", "set", "x", "y"}) == "command");
    CHECK(check("bob", {"select", "0"}) == "no");
    CHECK(check("bob", {"select", "1"}) == "command");
    CHECK(check("bob", {"auth", "x"}) == "no");  // anyone may
}

TEST_CASE_METHOD(Everyone, "acl check: keys by what is done to them") {
    CHECK(set("bob", {"on", "+@all", "~b:*", "%R~r:*", "%W~w:*"}).empty());
    CHECK(check("bob", {"get", "b:1"}) == "no");
    CHECK(check("bob", {"get", "r:1"}) == "no");
    CHECK(check("bob", {"get", "w:1"}) == "key w:1");
    CHECK(check("bob", {"set", "w:1", "x"}) == "no");
    CHECK(check("bob", {"set", "r:1", "x"}) == "key r:1");
    CHECK(check("bob", {"getset", "w:1", "x"}) == "key w:1");  // it shows the old value
    CHECK(check("bob", {"incr", "w:1"}) == "key w:1");
    CHECK(check("bob", {"del", "w:1"}) == "no");
    CHECK(check("bob", {"del", "r:1"}) == "key r:1");
    CHECK(check("bob", {"exists", "w:1"}) == "no");  // asks about it only
    CHECK(check("bob", {"exists", "other"}) == "key other");
    CHECK(check("bob", {"copy", "r:1", "w:1"}) == "no");
    CHECK(check("bob", {"copy", "w:1", "w:2"}) == "key w:1");
    CHECK(check("bob", {"mget", "b:1", "r:1", "x", "y"}) == "key x");
    CHECK(check("bob", {"mset", "b:1", "v", "w:1", "v"}) == "no");
    CHECK(check("bob", {"sort", "b:1", "store", "r:2"}) == "key r:2");
    CHECK(check("bob", {"zunion", "2", "b:1", "x"}) == "key x");
    CHECK(check("bob", {"xread", "streams", "x", "0"}) == "key x");
    CHECK(check("bob", {"zunion", "9", "b:1"}) == "malformed");
    CHECK(check("bob", {"keys", "*"}) == "no");  // names no key
}

TEST_CASE_METHOD(Everyone, "acl check: patterns of keys are those of KEYS, also where a star ends them") {
    const std::vector<std::pair<Bytes, std::vector<Bytes>>> taken = {
        {"a*", {"a", "ab", "a*"}},
        {"a[bc]*", {"ab", "acx"}},
        {"a\\**", {"a*", "a*x"}},
        {"?b*", {"ab", "bb1"}},
        {"*x*", {"x", "axb"}},
        {"a\\*", {"a*"}},
        {"", {""}},
        {"k", {"k"}},
        {"**", {"", "a"}},
    };
    const std::vector<Bytes> all = {"",    "a",   "ab", "a*",  "acx", "a[bc]", "a[bc]x",
                                    "a*x", "bb1", "x",  "axb", "k",   "kk",    "a\\*"};
    for (const auto& [pattern, keys] : taken) {
        const std::string rule = "~" + std::string{pattern};
        CHECK(set("bob", {"reset", "on", "+get", rule}).empty());
        for (const Bytes key : keys) CHECK(check("bob", {"get", key}) == "no");
        for (const Bytes key : all) {
            INFO(pattern << " and " << key);
            CHECK((check("bob", {"get", key}) == "no") == glob_match(pattern, key));
        }
    }
}

TEST_CASE_METHOD(Everyone, "acl check: channels; patterns to the letter") {
    CHECK(set("bob", {"on", "+@all", "~*", "&news.*"}).empty());
    CHECK(check("bob", {"publish", "news.a", "x"}) == "no");
    CHECK(check("bob", {"publish", "other", "news.a"}) == "channel other");
    CHECK(check("bob", {"subscribe", "news.a", "news.b"}) == "no");
    CHECK(check("bob", {"subscribe", "news.a", "x"}) == "channel x");
    CHECK(check("bob", {"psubscribe", "news.*"}) == "no");
    CHECK(check("bob", {"psubscribe", "news.a"}) == "channel news.a");
    CHECK(check("bob", {"psubscribe", "news.a*"}) == "channel news.a*");
    CHECK(check("bob", {"ssubscribe", "news.a"}) == "no");
    CHECK(check("bob", {"ssubscribe", "x"}) == "channel x");
    CHECK(check("bob", {"unsubscribe", "x"}) == "no");
    const auto bob = users.find("bob");
    CHECK(bob->may_listen("news.a", false));
    CHECK_FALSE(bob->may_listen("x", false));
    CHECK(bob->may_listen("news.*", true));
    CHECK_FALSE(bob->may_listen("news.a", true));
}

TEST_CASE_METHOD(Everyone, "acl check: what may always be run is never refused") {
    const std::vector<Words> rules = {{"+@all"},
                                      {"+get", "~*"},
                                      {"+@all", "~*"},
                                      {"+@all", "&*"},
                                      {"+@all", "%R~*"},
                                      {"+@all", "~*", "&*", "-get"},
                                      {"+select|0"},
                                      {"+config|get"},
                                      {"(+get ~*)", "(+@pubsub &*)"},
                                      {}};
    const std::vector<Words> requests = {
        {"get", "k"},           {"set", "k", "v"},           {"mget", "a", "b"}, {"keys", "*"},
        {"publish", "c", "x"},  {"subscribe", "c"},          {"select", "0"},    {"select", "1"},
        {"config", "get", "x"}, {"config", "set", "x", "y"}, {"auth", "x"},      {"ssubscribe", "c"}};
    std::size_t always = 0;
    for (const Words& words : rules) {
        CHECK(set("bob", {"reset"}).empty());
        CHECK(set("bob", words).empty());
        for (const Words& request : requests) {
            const Command* command = registry.find(request[0]);
            if (!command->subcommands().empty()) command = command->subcommand(request[1]);
            if (!users.find("bob")->may_always(*command)) continue;
            ++always;
            CHECK(check("bob", request) == "no");
        }
    }
    CHECK(always > 40);
    CHECK(set("bob", {"reset", "+get", "~*"}).empty());
    CHECK(users.find("bob")->may_always(*registry.find("get")));
    CHECK(set("bob", {"resetkeys", "~a"}).empty());
    CHECK_FALSE(users.find("bob")->may_always(*registry.find("get")));
}

TEST_CASE_METHOD(Everyone, "acl check: each selector is asked for the whole request") {
    CHECK(set("bob", {"on", "+get", "~a*", "(+set ~b*)", "(+copy %R~a* %W~c*)"}).empty());
    CHECK(check("bob", {"get", "a"}) == "no");
    CHECK(check("bob", {"set", "b", "x"}) == "no");
    CHECK(check("bob", {"get", "b"}) == "key b");
    CHECK(check("bob", {"set", "a", "x"}) == "key a");
    CHECK(check("bob", {"copy", "a", "c"}) == "no");
    CHECK(check("bob", {"copy", "a", "b"}) == "key b");
    CHECK(check("bob", {"del", "a"}) == "command");
}

TEST_CASE_METHOD(Everyone, "acl check: reading keys that are not named takes one selector with all of it") {
    const Words words{"sort", "k", "by", "w_*"};
    const auto reads = [&](const Words& rules) {
        CHECK(set("bob", {"reset", "on"}).empty());
        CHECK(set("bob", rules).empty());
        KeyList keys;
        acl::Request request{*registry.find("sort"), words, keys};
        return users.find("bob")->reads_all_keys(request);
    };
    CHECK(reads({"+@all", "~*"}));
    CHECK(reads({"+sort", "%R~*"}));
    CHECK(reads({"+@all", "~*", "&*"}));
    CHECK_FALSE(reads({"+sort", "~k"}));
    CHECK_FALSE(reads({"+sort", "%W~*", "%R~k"}));
    CHECK_FALSE(reads({"+sort", "~k", "(+get ~*)"}));
    CHECK(reads({"+sort", "~k", "(+sort ~*)"}));
}

// ---- Removing, loading ----

TEST_CASE_METHOD(Everyone, "acl users: a removed user is gone, default stays") {
    CHECK(set("bob", {"on"}).empty());
    const auto bob = users.find("bob");
    CHECK(users.remove("bob"));
    CHECK_FALSE(users.remove("bob"));
    CHECK_FALSE(users.remove("default"));
    CHECK(bob->gone());
    CHECK(set("bob", {"on"}).empty());
    CHECK(users.find("bob") != bob);  // another one
}

TEST_CASE_METHOD(Everyone, "acl users: rules change where the user stands") {
    CHECK(set("bob", {"on", "+get", "~*"}).empty());
    const auto bob = users.find("bob");
    CHECK(set("bob", {"-get"}).empty());
    CHECK(refusal_text(*bob, registry, {"get", "k"}) == "command");
    CHECK(load("user bob on +get ~*\n").empty());
    CHECK(refusal_text(*bob, registry, {"get", "k"}) == "no");
    CHECK(users.find("bob") == bob);
    CHECK(load("user eve on\n").empty());
    CHECK(bob->gone());
}

TEST_CASE_METHOD(Everyone, "acl users: the text loads to the same users") {
    CHECK(set("bob", {"on", ">x", "+@read", "-get", "%R~a\"b*", "&c", "(+set|nx ~z)", "(+@all", "~*)"}).empty());
    CHECK(set("eve", {"nopass", "skip-sanitize-payload", "+@all", "-@dangerous", "+config|get"}).empty());
    CHECK(set("default", {">pw", "-flushall"}).empty());
    const std::string text = users.text();
    acl::Users others{registry, settings};
    REQUIRE(others.load(text, "users.acl"));
    CHECK(others.text() == text);
    CHECK_FALSE(others.open());
}

TEST_CASE_METHOD(Everyone, "acl users: a file with mistakes changes nothing, and all are told") {
    constexpr Bytes kEnd = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
    const auto told = [&](Bytes text) {
        const std::string before = users.text();
        std::string error = load(text);
        CHECK(users.text() == before);
        CHECK(error.ends_with(kEnd));
        return error.substr(0, error.size() - kEnd.size());
    };
    CHECK(told("foo\n") == "users.acl:1 should start with user keyword followed by the username. ");
    CHECK(told("\nuser\n") == "users.acl:2 should start with user keyword followed by the username. ");
    CHECK(told("user x on\nuser x off") == "WARNING: Duplicate user 'x' found on line 2. ");
    CHECK(told("user x (+get\n") == "users.acl:1: Unmatched parenthesis in selector definition.");
    CHECK(told("user x +no +no2 blah blah2 ~* ~x\n") ==
          "users.acl:1: Error in applying operation '+no': Unknown command or category name in ACL. users.acl:1: Error "
          "in applying "
          "operation '+no2': Unknown command or category name in ACL. users.acl:1: Syntax error. ");
    CHECK(told("user y on\nuser z blah\n") == "users.acl:2: Syntax error. ");
}

TEST_CASE_METHOD(Everyone, "acl users: a file without default leaves it open, unless requirepass says otherwise") {
    CHECK(set("default", {">pw", "-get"}).empty());
    CHECK(load("  user bob on   nopass +get \r\n").empty());
    CHECK(users.open());
    CHECK(users.default_user()->unrestricted());
    settings.require_pass = "secret";
    CHECK(load("user bob on\n").empty());
    CHECK_FALSE(users.open());
    CHECK(users.authenticate("default", "secret") != nullptr);
}

TEST_CASE("acl users: lines of a configuration are checked before there are commands") {
    const auto told = [](const std::vector<std::string>& words) {
        const Status checked = acl::check_user_line(words);
        return checked ? "" : std::string{checked.error().text()};
    };
    CHECK(told({"bob", "on", ">x", "+get", "+@all", "~a", "(+set", "~b)"}).empty());
    CHECK(told({"bob", "blah"}) == "Error in user declaration 'blah': Syntax error");
    CHECK(
        told({"bob", "~*", "~b"}).starts_with("Error in user declaration '~b': Adding a pattern after the * pattern"));
    CHECK(told({"b b", "on"}) == "Spaces not allowed in ACL usernames");
    CHECK(told({"bob", "(+get"}).starts_with("Error in user declaration '(+get': Unmatched"));
}

TEST_CASE_METHOD(Everyone, "acl users: a line of a configuration defines a user") {
    CHECK(users.define(std::vector<std::string>{"bob", "on", "+get", "(~a", "+set)"}));
    CHECK(text("bob") == "on resetchannels -@all +get (~a resetchannels -@all +set)");
    CHECK(users.define(std::vector<std::string>{"default", "on", ">x"}));
    CHECK(text("default").starts_with("on sanitize-payload #"));
    CHECK(users.define(std::vector<std::string>{"eve", "+nosuch"}).error().text() ==
          "Error loading ACL rule '+nosuch' for the user named 'eve': Unknown command or category name in ACL");
}
