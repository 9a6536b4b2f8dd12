// SPDX-License-Identifier: BSD-3-Clause
//
// What every row must keep, held against all commands that the server has.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "datatypes/command/syntax.h"
#include "server/commands/families.h"
#include "server/server.h"
#include "tests/support/fake_machine.h"

using namespace keel;

namespace {

// Every command and subcommand of a whole server, which listens nowhere.
template <typename F>
void each_command(F&& visit) {
    FakeMachine machine;
    Config config{machine, "test"};
    const SystemClock clock;
    const Server server{config, clock, {}};
    server.registry.each(visit);
}

std::size_t name_words(const Command& command) { return command.parent() != nullptr ? 2 : 1; }

bool names_spec(const std::vector<Argument>& arguments, int index) {
    for (const Argument& argument : arguments) {
        if (argument.key_spec_index == index || names_spec(argument.arguments, index)) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("rows: every grammar can be read") {
    each_command([](const Command& command) {
        INFO(command.name() << ": " << command.spec().syntax);
        const auto arguments = arguments_of(command.spec());
        INFO((arguments ? Bytes{"good"} : arguments.error().text()));
        CHECK(arguments);
    });
}

TEST_CASE("rows: a grammar asks for as many words as the arity does") {
    each_command([](const Command& command) {
        if (!command.runs()) return;
        const auto arguments = arguments_of(command.spec());
        if (!arguments) return;
        const WordCount words = word_count(*arguments);
        const int arity = command.spec().arity.value;
        INFO(command.name() << ' ' << command.spec().syntax << ", arity " << arity);
        CHECK(words.least + name_words(command) == static_cast<std::size_t>(std::abs(arity)));
        if (arity > 0) CHECK(words.most == words.least);
    });
}

TEST_CASE("rows: every key that a row tells of is a key in its grammar") {
    each_command([](const Command& command) {
        const auto arguments = arguments_of(command.spec());
        const auto specs = command.spec().keys.all();
        if (!arguments) return;
        for (std::size_t i = 0; i < specs.size(); ++i) {
            INFO(command.name() << ' ' << command.spec().syntax << ", key spec " << i);
            CHECK((has(specs[i].use, Use::not_key) || names_spec(*arguments, static_cast<int>(i))));
        }
    });
}

TEST_CASE("rows: every command is documented, and a container only contains") {
    each_command([](const Command& command) {
        INFO(command.name());
        CHECK(!command.spec().summary.empty());
        CHECK(command.spec().summary.ends_with('.'));
        CHECK(!command.spec().since.empty());
        CHECK((command.runs() || !command.subcommands().empty()));
        if (command.parent() != nullptr) CHECK(command.spec().group == command.parent()->spec().group);
    });
}
