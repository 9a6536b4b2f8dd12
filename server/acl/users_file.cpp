// SPDX-License-Identifier: BSD-3-Clause
//
// The text of a users' file: a line for each user, its words parted by blanks and never quoted, as no name and no rule
// holds a blank.
#include <fmt/core.h>

#include <algorithm>

#include "server/acl/users.h"

namespace keel::acl {

namespace {

constexpr Bytes kWarning = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

Bytes trimmed(Bytes text, Bytes blanks) {
    const auto first = text.find_first_not_of(blanks);
    if (first == Bytes::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<Bytes> split(Bytes text, char at) {
    std::vector<Bytes> out;
    for (;;) {
        const std::size_t end = std::min(text.find(at), text.size());
        out.push_back(trimmed(text.substr(0, end), "\t\r\n"));
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

std::string Users::text() const {
    std::string out;
    each([&out](const User& user) { out += fmt::format("user {} {}\n", user.name(), user.text()); });
    return out;
}

Status Users::load(Bytes text, Bytes file) {
    Map loaded;
    std::string errors;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const Bytes line = trimmed(text.substr(0, end), " \t\r\n");
        ++number;
        if (!line.empty()) load_line(line, number, file, loaded, errors);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!errors.empty()) return Error{errors.append(kWarning)};
    take_over(std::move(loaded));
    return {};
}

void Users::load_line(Bytes line, std::size_t number, Bytes file, Map& users, std::string& errors) const {
    const std::vector<Bytes> words = split(line, ' ');
    if (words[0] != "user" || words.size() < 2) {
        errors += fmt::format("{}:{} should start with user keyword followed by the username. ", file, number);
        return;
    }
    const Bytes name = words[1];
    if (!is_user_name(name)) {
        errors += fmt::format("'{}:{}: username '{}' contains invalid characters. ", file, number, name);
        return;
    }
    if (users.contains(std::string{name})) {
        errors += fmt::format("WARNING: Duplicate user '{}' found on line {}. ", name, number);
        return;
    }
    const JoinedRules joined = join_selectors(std::span{words}.subspan(2));
    if (joined.unmatched) {
        errors += fmt::format("{}:{}: Unmatched parenthesis in selector definition.", file, number);
        return;
    }
    User& user = add(users, name);
    bool told = false;  // one mistake brings others: those about commands aside, the first is enough
    user.apply_each(joined.rules, all_channels(), [&](const std::string& rule, const Status& applied) {
        if (applied) return true;
        const Bytes why = applied.error().text();
        if (applied.error().is(kUnknownCommand)) {
            errors += fmt::format("{}:{}: Error in applying operation '{}': {}. ", file, number, rule, why);
        } else if (!std::exchange(told, true)) {
            errors += fmt::format("{}:{}: {}. ", file, number, why);
        }
        return true;
    });
}

// A user who was known before and still is stays where it is, with the rules of the new one. A file that says nothing
// of the default user leaves it with full rights, and with the password of requirepass if there is one.
void Users::take_over(Map&& loaded) {
    if (!loaded.contains("default")) {
        make_default(add(loaded, "default"));
    }
    for (const auto& [name, user] : users_) {
        const auto found = loaded.find(name);
        if (found == loaded.end()) {
            user->set_gone();
            continue;
        }
        *user = std::move(*found->second);
        found->second = user;
    }
    users_ = std::move(loaded);
}

}  // namespace keel::acl
