// SPDX-License-Identifier: BSD-3-Clause
//
// The table as a whole: complete, with the defaults of the peers, and every value reads back.
#include "conf/parameters.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

namespace keel {
namespace {

struct Known {
    std::string name, change, view, value;
};

std::vector<Known> known_parameters() {
    std::ifstream file{KEEL_SOURCE_DIR "/tests/conf/samples/defaults.tsv"};
    REQUIRE(file);
    std::vector<Known> out;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream fields{line};
        Known& known = out.emplace_back();
        std::getline(fields, known.name, '\t');
        std::getline(fields, known.change, '\t');
        std::getline(fields, known.view, '\t');
        std::getline(fields, known.value, '\t');
    }
    return out;
}

TEST_CASE("parameters: every parameter of the peers is there, with their default") {
    const auto known = known_parameters();
    REQUIRE(known.size() > 250);
    for (const auto& [name, change, view, value] : known) {
        INFO(name);
        const Parameter* parameter = find_parameter(name);
        REQUIRE(parameter != nullptr);
        if (value != "?") CHECK(parameter->default_text() == value);
        if (view == "hidden") CHECK(parameter->is(ParameterFlag::hidden));
    }
}

TEST_CASE("parameters: a name is used once, in lower case, and explained") {
    std::set<Bytes> seen;
    for (const auto& [name, parameter] : parameter_names()) {
        INFO(name);
        CHECK(seen.insert(name).second);
        CHECK(name == lower(name));
        CHECK(find_parameter(upper(name)) == parameter);
        CHECK(parameter->help().size() > 5);
        CHECK(parameter->help().ends_with('.'));
    }
    CHECK(find_parameter("no-such-thing") == nullptr);
    CHECK(find_parameter("") == nullptr);
}

TEST_CASE("parameters: setting a parameter to its own value changes nothing") {
    Settings settings;
    settings.process.directory = "/tmp";
    for (const Parameter& parameter : parameters()) {
        INFO(parameter.name());
        const std::string before = parameter.text(settings);
        if (parameter.name() == "replicaof") continue;  // empty is shown, but cannot be said
        const Status status = parameter.set_text(settings, before);
        if (!status) FAIL(status.error().text());
        CHECK(parameter.text(settings) == before);
    }
}

TEST_CASE("parameters: a refused value leaves the field alone") {
    for (const Parameter& parameter : parameters()) {
        Settings settings;
        for (const Bytes bad : {"\x01 no such value \x02", "-99999999999999999999", "", "1 2 3 4 5 6 7 x"}) {
            INFO(parameter.name() << " to " << bad);
            const std::string before = parameter.text(settings);
            if (!parameter.set_text(settings, bad)) CHECK(parameter.text(settings) == before);
        }
    }
}

}  // namespace
}  // namespace keel
