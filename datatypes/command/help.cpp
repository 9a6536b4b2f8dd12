// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/help.h"

#include <fmt/core.h>

#include <vector>

namespace keel {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':'; }

}  // namespace

std::string readable_syntax(Bytes syntax) {
    std::string out;
    for (std::size_t at = 0; at < syntax.size();) {
        if (!is_lower(syntax[at])) {
            out += syntax[at++];
            continue;
        }
        std::size_t end = at;
        while (end < syntax.size() && is_word(syntax[end])) ++end;
        if (syntax.substr(end, 2) == "=[" || syntax.substr(end, 2) == "=(") {  // the name of a group is not typed
            at = end + 1;
            continue;
        }
        const Bytes word = syntax.substr(at, end - at);
        out += fmt::format("<{}>", word.substr(0, word.find(':')));
        at = end;
    }
    return out;
}

Status container_help(Context& cx) {
    const Command* container = cx.command->parent();
    KEEL_CHECK(container != nullptr);
    const auto upper = [](Bytes text) {
        std::string out{text};
        for (char& c : out) {
            if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
        }
        return out;
    };
    std::vector<std::string> lines;
    lines.push_back(
        fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", upper(container->spec().name)));
    for (const auto& sub : container->subcommands()) {
        const CommandSpec& row = sub->spec();
        const std::string syntax = readable_syntax(row.syntax);
        lines.push_back(upper(row.name) + (syntax.empty() ? "" : " ") + syntax);
        lines.push_back(fmt::format("    {}", row.summary));
    }
    cx.reply().array(lines.size());
    for (const std::string& line : lines) cx.reply().simple(line);
    return {};
}

}  // namespace keel
