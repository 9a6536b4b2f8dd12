// SPDX-License-Identifier: BSD-3-Clause
//
// The shipped file says what the table says: the same names, the same defaults, and examples that load.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "conf/config.h"
#include "conf/parameters.h"
#include "protocol/base/words.h"
#include "tests/support/fake_machine.h"

namespace keel {
namespace {

std::string shipped() {
    std::ifstream file{KEEL_SOURCE_DIR "/conf/keel.conf"};
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

// The lines that say something, as words; with `examples` those behind a '#' that begin with a parameter's name.
std::vector<Words> lines_of(const std::string& text, bool examples) {
    std::vector<Words> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("#") != examples) continue;
        Words words;
        if (!split_words(examples ? line.substr(1) : line, words) || words.empty()) continue;
        const Parameter* parameter = find_parameter(words[0]);
        if (!examples || (parameter != nullptr && parameter->name() == words[0])) out.push_back(words);
    }
    return out;
}

TEST_CASE("keel.conf: loads, and leaves every parameter at its default") {
    FakeMachine machine;
    machine.files["/srv/keel.conf"] = shipped();
    Config config{machine, "keel test"};
    const Settings before = config.settings();
    const Status loaded = config.load_file("keel.conf");
    if (!loaded) FAIL(loaded.error().text());
    CHECK(config.notes().empty());
    for (const Parameter& parameter : parameters()) {
        INFO(parameter.name());
        CHECK(parameter.text(config.settings()) == parameter.text(before));
    }
}

TEST_CASE("keel.conf: names every parameter that means something, by its own name") {
    std::set<std::string> named;
    for (const bool examples : {false, true}) {
        for (const Words& words : lines_of(shipped(), examples)) named.insert(words[0]);
    }
    for (const Parameter& parameter : parameters()) {
        INFO(parameter.name());
        const bool expected = !parameter.is(ParameterFlag::foreign) && !parameter.is(ParameterFlag::hidden);
        CHECK(named.contains(std::string{parameter.name()}) == expected);
    }
}

TEST_CASE("keel.conf: every example is a value that the parameter takes, and no default") {
    for (const Words& words : lines_of(shipped(), true)) {
        INFO(words[0]);
        const Parameter& parameter = *find_parameter(words[0]);
        Settings settings;
        const Status set = parameter.set(settings, std::span<const std::string>{words}.subspan(1), Origin::file);
        if (!set) FAIL(set.error().text());
        CHECK_FALSE(parameter.is_default(settings));
    }
}

}  // namespace
}  // namespace keel
