// SPDX-License-Identifier: BSD-3-Clause
//
// Writes docs/commands.md from the rows of all commands.
//
//     keel-commands-table                     prints the page
//     keel-commands-table docs/commands.md    exit status 1 if the file is not that page
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "conf/config.h"
#include "protocol/base/clock.h"
#include "datatypes/command/help.h"
#include "server/server.h"

namespace {

using namespace keel;

constexpr Bytes kHead =
    "# Commands\n\n"
    "Every command that keel knows, by group, made from the rows in the code: `build/release/tools/keel-commands-table`\n"
    "prints this page. Arity counts the command's own words; a negative one means \"at least\". COMMAND DOCS tells\n"
    "the same to clients.\n";

// In a cell of a table a bar ends the cell.
std::string escaped(Bytes text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string joined(const std::vector<Bytes>& words) {
    std::string out;
    for (const Bytes word : words) {
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

std::string line_of(const Command& command) {
    std::string called = upper(command.name());
    std::replace(called.begin(), called.end(), '|', ' ');
    if (!command.spec().syntax.empty()) called += ' ' + readable_syntax(command.spec().syntax);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", escaped(called), command.spec().arity.value,
                       joined(flag_names(command.flags())), command.spec().since, escaped(command.spec().summary));
}

std::string page() {
    RealMachine machine;
    Config config{machine, "keel-commands-table"};
    const SystemClock clock;
    const Server server{config, clock, {}};
    std::map<std::string, std::map<std::string, std::string>> groups;  // group -> name -> line
    std::size_t count = 0;
    server.registry.each([&](const Command& command) {
        if (!command.runs()) return;
        ++count;
        groups[std::string{group_name(command.spec().group)}][std::string{command.name()}] = line_of(command);
    });
    std::string out = fmt::format("{}\n{} commands, subcommands counted one by one.\n", kHead, count);
    for (const auto& [group, lines] : groups) {
        out += fmt::format("\n## {}\n\n| command | arity | flags | since | what it does |\n| --- | --- | --- | --- | --- |\n",
                           group);
        for (const auto& [name, line] : lines) out += line;
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string made = page();
    if (argc < 2) {
        fmt::print("{}", made);
        return 0;
    }
    std::ifstream file{argv[1]};
    const std::string found{std::istreambuf_iterator<char>{file}, {}};
    if (found == made) return 0;
    fmt::print(stderr, "{} is out of date: write it anew with {} > {}\n", argv[1], argv[0], argv[1]);
    return 1;
}
