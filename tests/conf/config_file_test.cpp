// SPDX-License-Identifier: BSD-3-Clause
//
// Loading: files, includes, standard input, the command line, and what is printed when it fails.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conf/config.h"
#include "conf/parameters.h"
#include "tests/support/fake_machine.h"

namespace keel {
namespace {

struct Fixture {
    FakeMachine machine;
    Config config{machine, "keel test"};

    std::string text(Bytes lines) { return said(config.load_text(lines)); }
    std::string words(std::vector<const char*> list) {
        list.insert(list.begin(), "keel-server");
        return said(config.load_arguments(list));
    }
    std::string value(Bytes name) {
        const Bytes names[] = {name};
        const auto found = config.get(names);
        return found.empty() ? "(none)" : found[0].second;
    }
    static std::string said(const Status& status) { return status ? "OK" : std::string{status.error().text()}; }
};

std::string fatal(const std::string& where, const std::string& line, const std::string& why) {
    return "\n*** FATAL CONFIG FILE ERROR (keel test) ***\nReading the configuration file" + where + "\n>>> '" + line +
           "'\n" + why + "\n";
}

std::string content_of(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

TEST_CASE_METHOD(Fixture, "config file: comments, blanks, quotes and case") {
    CHECK(text("# a comment\n\n  PORT   7000 \r\n\tmasterauth \"a b\"\nmasteruser 'x'\n   # more\nhz 20") == "OK");
    CHECK(value("port") == "7000");
    CHECK(value("masterauth") == "a b");
    CHECK(value("masteruser") == "x");
    CHECK(value("hz") == "20");
    CHECK(text("") == "OK");
}

TEST_CASE_METHOD(Fixture, "config file: the last line wins, whatever name it uses") {
    CHECK(text("slave-priority 50\nreplica-priority 60\n") == "OK");
    CHECK(value("slave-priority") == "60");
    CHECK(text("replica-priority 60\nslave-priority 50\n") == "OK");
    CHECK(value("replica-priority") == "50");
}

TEST_CASE_METHOD(Fixture, "config file: an error names the line and echoes it") {
    CHECK(text("port 1\nport \"6379\" \"6380\"\n") ==
          fatal(", at line 2", "port \"6379\" \"6380\"", "wrong number of arguments"));
    CHECK(text("\n\n  foo bar") == fatal(", at line 3", "foo bar", "Bad directive or wrong number of arguments"));
    CHECK(text("bind \"abc") == fatal(", at line 1", "bind \"abc", "Unbalanced quotes in configuration line"));
    CHECK(text("port") == fatal(", at line 1", "port", "wrong number of arguments"));
    CHECK(text("port abc") == fatal(", at line 1", "port abc", "argument couldn't be parsed into an integer"));
    CHECK(text("save 1") == fatal(", at line 1", "save 1", "Invalid save parameters"));
    CHECK(text("dir /nope") == fatal(", at line 1", "dir /nope", "No such file or directory"));
    CHECK(text("include") == fatal(", at line 1", "include", "Bad directive or wrong number of arguments"));
    CHECK(text("user") == fatal(", at line 1", "user", "Bad directive or wrong number of arguments"));
    CHECK(text("rename-command a") ==
          fatal(", at line 1", "rename-command a", "Bad directive or wrong number of arguments"));
    CHECK(text("sentinel monitor a b") ==
          fatal(", at line 1", "sentinel monitor a b", "sentinel directive while not in sentinel mode"));
    CHECK(text("cluster-enabled yes\nreplicaof 1.1.1.1 1\n") ==
          "\n*** FATAL CONFIG FILE ERROR (keel test) ***\nreplicaof directive not allowed in cluster mode\n");
}

TEST_CASE_METHOD(Fixture, "config file: a missing file says which and why") {
    CHECK(Fixture::said(config.load_file("x.conf")) ==
          "Fatal error, can't open config file '/srv/x.conf': No such file or directory");
}

TEST_CASE_METHOD(Fixture, "config file: includes nest, and may be patterns") {
    machine.files["/srv/main.conf"] = "hz 1\ninclude conf.d/*.conf\ninclude nothing*\nport 3\n";
    machine.files["/srv/conf.d/a.conf"] = "hz 2\ninclude /srv/deep.conf\n";
    machine.files["/srv/conf.d/b.conf"] = "timeout 9\n";
    machine.files["/srv/deep.conf"] = "hz 5\nport 1";
    CHECK(Fixture::said(config.load_file("main.conf")) == "OK");
    CHECK(config.file() == "/srv/main.conf");
    CHECK(value("hz") == "5");
    CHECK(value("timeout") == "9");
    CHECK(value("port") == "3");
}

TEST_CASE_METHOD(Fixture, "config file: an error in an included file names that file") {
    machine.files["/srv/deep.conf"] = "hz 5\n\nfoo";
    CHECK(text("include deep.conf") ==
          fatal(" 'deep.conf', at line 3", "foo", "Bad directive or wrong number of arguments"));
    CHECK(text("hz 1\ninclude gone.conf") ==
          fatal(", at line 2", "include gone.conf",
                "Fatal error, can't open config file 'gone.conf': No such file or directory"));
}

TEST_CASE_METHOD(Fixture, "config file: a file that includes itself is an error, not an endless loop") {
    machine.files["/srv/loop.conf"] = "include loop.conf\n";
    CHECK_THAT(text("include loop.conf"), Catch::Contains("nested too deeply"));
}

TEST_CASE_METHOD(Fixture, "config file: relative paths follow dir") {
    machine.files["/srv/data/more.conf"] = "hz 77\n";
    CHECK(text("dir data\ninclude more.conf\n") == "OK");
    CHECK(value("hz") == "77");
    CHECK(value("dir") == "/srv/data");
    CHECK(text("dir /\n") == "OK");
    CHECK(value("dir") == "/");
}

TEST_CASE_METHOD(Fixture, "config file: save lines replace the default, then add up") {
    SECTION("none") {
        CHECK(text("hz 1\n") == "OK");
        CHECK(value("save") == "3600 1 300 100 60 10000");
    }
    SECTION("two lines") {
        CHECK(text("save 900 1\nsave 300 10\n") == "OK");
        CHECK(value("save") == "900 1 300 10");
    }
    SECTION("an empty one clears") {
        CHECK(text("save 900 1\nsave \"\"\n") == "OK");
        CHECK(value("save").empty());
        CHECK(text("save 1 1\n") == "OK");
        CHECK(value("save") == "1 1");
    }
    SECTION("one on the command line adds to those of the file") {
        machine.files["/srv/a.conf"] = "save 900 1\n";
        CHECK(words({"a.conf", "--save", "60", "5"}) == "OK");
        CHECK(value("save") == "900 1 60 5");
    }
    SECTION("one on the command line alone replaces the default") {
        CHECK(words({"--save", "60", "5"}) == "OK");
        CHECK(value("save") == "60 5");
    }
    SECTION("an empty one on the command line clears those of the file") {
        machine.files["/srv/a.conf"] = "save 900 1\n";
        CHECK(words({"a.conf", "--save", ""}) == "OK");
        CHECK(value("save").empty());
    }
}

TEST_CASE_METHOD(Fixture, "config file: options override standard input, which overrides the file") {
    machine.files["/srv/a.conf"] = "hz 1\nport 1\ntimeout 1";
    machine.standard_input = "port 2\ntimeout 2";
    CHECK(words({"a.conf", "--timeout", "3", "-"}) == "OK");
    CHECK(value("hz") == "1");
    CHECK(value("port") == "2");
    CHECK(value("timeout") == "3");
    // A dash elsewhere is a word like any other.
    CHECK_THAT(words({"a.conf", "-", "--timeout", "3"}), Catch::Contains(">>> '\"-\"'\nBad directive"));
}

TEST_CASE_METHOD(Fixture, "config file: an error in an option is told like one in a file") {
    CHECK(words({"--port", "6379", "6380"}) ==
          fatal(", at line 2", "port \"6379\" \"6380\"", "wrong number of arguments"));
    CHECK(words({"--bla"}) == fatal(", at line 2", "bla", "Bad directive or wrong number of arguments"));
    machine.files["/srv/ok.conf"] = "port 1\n";
    CHECK(words({"ok.conf", "--foo", "bar"}) ==
          fatal(", at line 3", "foo \"bar\"", "Bad directive or wrong number of arguments"));
    CHECK(words({"ok.conf", "foo"}) == fatal(", at line 3", "\"foo\"", "Bad directive or wrong number of arguments"));
    CHECK(words({"--replicaof", "127.0.0.1", "abc"}) ==
          fatal(", at line 2", "replicaof \"127.0.0.1\" \"abc\"", "Invalid master port"));
}

TEST_CASE_METHOD(Fixture, "config file: directives of others are handed to them, and may be refused") {
    std::vector<Words> users;
    config.on_directive("user", [&](std::span<const std::string> words) -> Status {
        if (words[0] == "bad") return Error{std::string{"Error in user declaration 'bad': why"}};
        users.emplace_back(words.begin(), words.end());
        return {};
    });
    CHECK(text("user alice on >x\nuser bob off\n") == "OK");
    CHECK(users == std::vector<Words>{{"alice", "on", ">x"}, {"bob", "off"}});
    CHECK(text("user bad on") == fatal(", at line 1", "user bad on", "Error in user declaration 'bad': why"));
}

TEST_CASE_METHOD(Fixture, "config file: a sentinel takes its own directives") {
    std::vector<Words> seen;
    config.on_directive("sentinel", [&](std::span<const std::string> words) -> Status {
        seen.emplace_back(words.begin(), words.end());
        return {};
    });
    machine.files["/srv/s.conf"] = "sentinel monitor m 10.0.0.1 30000 2\nport 1\n";
    CHECK(words({"s.conf", "--sentinel"}) == "OK");
    CHECK(seen == std::vector<Words>{{"monitor", "m", "10.0.0.1", "30000", "2"}});
}

TEST_CASE_METHOD(Fixture, "config file: what has no effect is taken and noted, once") {
    CHECK(text("io-threads 4\nactivedefrag yes\nio-threads-do-reads no\nlua-replicate-commands yes\nloadmodule /x.so "
               "a\n") == "OK");
    CHECK(value("io-threads") == "4");
    CHECK(value("activedefrag") == "yes");
    CHECK(config.notes() ==
          std::vector<std::string>{"'loadmodule /x.so' has no effect: keel loads no modules",
                                   "'activedefrag yes' has no effect: keel does not move values about.",
                                   "'io-threads 4' has no effect: One loop serves all clients."});
    CHECK(text("hz 1") == "OK");
    CHECK(config.notes().size() == 3);
}

TEST_CASE("config file: files as Redis 7.0, 7.4 and 8.0 and Valkey 9 know them load") {
    for (const char* name : {"redis-7.0", "redis-7.4", "redis-8.0", "valkey-9"}) {
        INFO(name);
        FakeMachine machine;
        machine.directories.insert("/var/lib/store");
        const std::string lines = content_of(KEEL_SOURCE_DIR "/tests/conf/samples/" + std::string{name} + ".conf");
        REQUIRE(lines.size() > 1000);
        Config config{machine, "keel test"};
        CHECK(Fixture::said(config.load_text(lines)) == "OK");
        CHECK(config.settings().process.directory == "/var/lib/store");
    }
}

TEST_CASE("config file: Debian's own file loads unchanged") {
    const std::string path = "/etc/redis/redis.conf";
    if (!std::ifstream{path}) {
        WARN("skipped: there is no readable " << path);
        return;
    }
    FakeMachine machine;
    machine.directories.insert("/var/lib/redis");
    machine.files[path] = content_of(path);
    Config config{machine, "keel test"};
    CHECK(Fixture::said(config.load_file(path)) == "OK");
    CHECK(config.notes().empty());
    CHECK(config.settings().process.daemonize);
    CHECK(config.rewritten(machine.files[path]).size() > 50000);
}

}  // namespace
}  // namespace keel
