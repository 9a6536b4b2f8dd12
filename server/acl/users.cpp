// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/users.h"

#include <fmt/core.h>

#include <algorithm>

namespace keel::acl {

namespace {

constexpr ErrorText kBadName{"ERR Usernames can't contain spaces or null characters"};

std::vector<Bytes> views(std::span<const std::string> words) { return {words.begin(), words.end()}; }

// As a text can show it: C strings end at a NUL.
Bytes shown(Bytes rule) { return rule.substr(0, rule.find('\0')); }

Error bad_rule(Bytes rule, const Error& why) {
    return Error{fmt::format("ERR Error in ACL SETUSER modifier '{}': {}", shown(rule), why.text())};
}

}  // namespace

Users::Users(const Registry& registry, const Acl& settings) : commands_(registry), settings_(settings) {
    add(users_, "default");
    default_ = users_.begin()->second;
    make_default(*default_);
    required_password_ = settings_.require_pass;
}

Users::Held Users::unrestricted() const {
    auto user = std::make_shared<User>("", commands_, true);
    for (const Bytes rule : {"+@all", "~*", "&*"}) KEEL_CHECK(user->apply(rule, true));
    return user;
}

void Users::make_default(User& user) const {
    for (const Bytes rule : {"on", "nopass", "~*", "&*", "+@all"}) KEEL_CHECK(user.apply(rule, true));
    if (!settings_.require_pass.empty()) KEEL_CHECK(user.apply(">" + settings_.require_pass, true));
}

User& Users::add(Map& users, Bytes name) const {
    auto user = std::make_shared<User>(std::string{name}, commands_, all_channels());
    return *(users[std::string{name}] = std::move(user));
}

Users::Held Users::find(Bytes name) const {
    const auto found = users_.find(std::string{name});
    return found == users_.end() ? nullptr : found->second;
}

Users::Held Users::authenticate(Bytes name, Bytes password) const {
    const PasswordHash hash = hash_password(password);
    const Held user = find(name);
    if (user == nullptr || !user->enabled()) return nullptr;
    return user->without_password() || user->accepts(hash) ? user : nullptr;
}

Status Users::set(Bytes name, std::span<const Bytes> words) {
    if (!is_user_name(name)) return kBadName;
    const JoinedRules joined = join_selectors(words);
    if (joined.unmatched) {
        return Error{fmt::format("ERR Unmatched parenthesis in acl selector starting at '{}'.",
                                 shown(words[*joined.unmatched]))};
    }
    const auto known = users_.find(std::string{name});
    User changed = known != users_.end() ? *known->second : User{std::string{name}, commands_, all_channels()};
    Status status;
    changed.apply_each(joined.rules, all_channels(), [&status](const std::string& rule, const Status& applied) {
        if (!applied) status = bad_rule(rule, applied.error());
        return static_cast<bool>(applied);
    });
    KEEL_TRY(status);
    User& user = known != users_.end() ? *known->second : add(users_, name);
    user = std::move(changed);
    return {};
}

bool Users::remove(Bytes name) {
    const auto found = users_.find(std::string{name});
    if (found == users_.end() || found->second == default_) return false;
    found->second->set_gone();
    users_.erase(found);
    return true;
}

bool Users::follow_required_password() {
    const std::string& wanted = settings_.require_pass;
    if (wanted == required_password_) return false;
    required_password_ = wanted;
    KEEL_CHECK(default_->apply("resetpass", all_channels()));
    KEEL_CHECK(default_->apply(wanted.empty() ? "nopass" : ">" + wanted, all_channels()));
    return true;
}

// ---- Lines of the configuration ----

Status Users::define(std::span<const std::string> words) {
    if (words[0] == "default") KEEL_CHECK(default_->apply("reset", all_channels()));
    const JoinedRules joined = join_selectors(views(words.subspan(1)));
    User& user = words[0] == "default" ? *default_ : add(users_, words[0]);
    Status status;
    user.apply_each(joined.rules, all_channels(), [&](const std::string& rule, const Status& applied) {
        if (!applied)
            status = Error{fmt::format("Error loading ACL rule '{}' for the user named '{}': {}", rule, user.name(),
                                       applied.error().text())};
        return static_cast<bool>(applied);
    });
    return status;
}

Status check_user_line(std::span<const std::string> words) {
    if (!is_user_name(words[0])) return Error{"Spaces not allowed in ACL usernames"};
    const JoinedRules joined = join_selectors(views(words.subspan(1)));
    if (joined.unmatched) {
        return Error{fmt::format("Error in user declaration '{}': Unmatched parenthesis in selector definition.",
                                 words[1 + *joined.unmatched])};
    }
    const Registry none;
    const Commands commands{none};
    User user{words[0], commands, false};
    Status status;
    user.apply_each(joined.rules, false, [&status](const std::string& rule, const Status& applied) {
        if (applied || applied.error().is(kUnknownCommand)) return true;  // commands are asked for when they are there
        status = Error{fmt::format("Error in user declaration '{}': {}", rule, applied.error().text())};
        return false;
    });
    return status;
}

}  // namespace keel::acl
