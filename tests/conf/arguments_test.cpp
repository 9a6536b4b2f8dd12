// SPDX-License-Identifier: BSD-3-Clause
//
// Words of the command line and the lines they become.
#include "conf/arguments.h"

#include <catch2/catch.hpp>
#include <vector>

namespace keel {
namespace {

Arguments parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "/usr/bin/keel-server");
    return parse_arguments(words);
}

TEST_CASE("arguments: nothing, a file, options") {
    CHECK(parsed({}).file.empty());
    CHECK(parsed({}).options.empty());
    CHECK(parsed({"a.conf"}).file == "a.conf");
    CHECK(parsed({"a.conf", "--hz", "5"}).options == "hz \"5\" ");
    CHECK(parsed({"--port", "6380", "--loglevel", "verbose"}).options == "port \"6380\" \nloglevel \"verbose\" ");
    CHECK(parsed({"a.conf", "port", "1"}).options == "\"port\" \"1\" ");
}

TEST_CASE("arguments: name and value in one word, several values, values with blanks") {
    CHECK(parsed({"--port 6380"}).options == "port 6380 ");
    CHECK(parsed({"--port 6380", "--hz", "1"}).options == "port 6380 \nhz \"1\" ");
    CHECK(parsed({"--save", "900", "1"}).options == "save \"900\" \"1\" ");
    CHECK(parsed({"--shutdown-on-sigint", "now force"}).options == "shutdown-on-sigint \"now force\" ");
    CHECK(parsed({"--requirepass", "a\"b\n"}).options == "requirepass \"a\\\"b\\n\" ");
}

TEST_CASE("arguments: a value may begin with dashes right behind its name") {
    CHECK(parsed({"--logfile", "--my--log--file", "--hz", "1"}).options == "logfile \"--my--log--file\" \nhz \"1\" ");
    CHECK(parsed({"--requirepass", "--abc"}).options == "requirepass \"--abc\" ");
    CHECK(parsed({"--port", "1", "--bla"}).options == "port \"1\" \nbla ");
}

TEST_CASE("arguments: save without a value, or with an empty one") {
    CHECK(parsed({"--save"}).options == "save \"\"");
    CHECK(parsed({"--save", ""}).options == "save \"\" ");
    CHECK(parsed({"--save", "--port", "1"}).options == "save \"\"\nport \"1\" ");
    CHECK(parsed({"--SAVE", "--port", "1"}).options == "SAVE \"\"\nport \"1\" ");
    CHECK(parsed({"--port", "1", "--save", "--hz", "1"}).options == "port \"1\" \nsave \"\"\nhz \"1\" ");
}

TEST_CASE("arguments: a dash first or last is standard input") {
    CHECK(parsed({"-"}).standard_input);
    CHECK(parsed({"a.conf", "-"}).standard_input);
    CHECK(parsed({"a.conf", "--hz", "1", "-"}).standard_input);
    CHECK(parsed({"-", "--hz", "1"}).options == "hz \"1\" ");
    CHECK_FALSE(parsed({"--hz", "-", "1"}).standard_input);
    CHECK(parsed({"--hz", "-", "1"}).options == "hz \"-\" \"1\" ");
}

TEST_CASE("arguments: what is not serving") {
    using Action = Arguments::Action;
    CHECK(parsed({"-v"}).action == Action::show_version);
    CHECK(parsed({"--version"}).action == Action::show_version);
    CHECK(parsed({"-h"}).action == Action::show_help);
    CHECK(parsed({"--help"}).action == Action::show_help);
    CHECK(parsed({"--check-system"}).action == Action::check_system);
    CHECK(parsed({"--test-memory", "10"}).action == Action::test_memory);
    CHECK(parsed({"a.conf", "--version"}).action == Action::serve);
}

TEST_CASE("arguments: a sentinel by name or by word") {
    CHECK(parsed({"s.conf", "--sentinel"}).sentinel);
    CHECK(parsed({"s.conf", "--sentinel", "--port", "1"}).options == "sentinel \nport \"1\" ");
    CHECK_FALSE(parsed({"s.conf"}).sentinel);
    CHECK(parse_arguments(std::vector<const char*>{"bin/keel-sentinel", "s.conf"}).sentinel);
    CHECK_FALSE(parse_arguments(std::vector<const char*>{"/opt/sentinel/keel-server"}).sentinel);
    CHECK_FALSE(parse_arguments({}).sentinel);
}

}  // namespace
}  // namespace keel
