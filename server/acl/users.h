// SPDX-License-Identifier: BSD-3-Clause
//
// Everyone who may come in. There is always a user `default`: who says no name is it, and a connection begins as it if
// it is on and needs no password. requirepass is nothing but its password.
//
//     Users::set ---------> a copy of the user gets all rules -> the copy takes the user's place, or an error does
//     Users::load(text) --> a new set of users from a file ----> takes the place of all, or the errors do
//
// Always true:
//   1. A User stays at one address while it is known: sessions share it and see its rules change.
//   2. `default` cannot be removed. A removed user is `gone`, and lives on until the last session lets go of it.
//   3. set() and load() do all of it or nothing.
//   4. load(text()) changes nothing.
//
// Not here: what happens to sessions (access.h), reading and writing the file (server/commands/acl_commands).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "server/acl/user.h"

namespace keel::acl {

class Users {
  public:
    using Held = std::shared_ptr<const User>;

    // Lent; all commands have to be registered. The default user gets the password that the settings say.
    Users(const Registry& registry, const Acl& settings);

    [[nodiscard]] const Commands& commands() const { return commands_; }
    [[nodiscard]] Held default_user() const { return default_; }
    // One that nobody can come in as and who may do everything: for what the server itself runs again.
    [[nodiscard]] Held unrestricted() const;
    // Who says nothing is in: the default user is on and needs no password.
    [[nodiscard]] bool open() const { return default_->enabled() && default_->without_password(); }

    // Null: there is none.
    [[nodiscard]] Held find(Bytes name) const;
    // Null: no such user, or a wrong password, or it is switched off; takes as long in each case.
    [[nodiscard]] Held authenticate(Bytes name, Bytes password) const;
    // In the order of names.
    template <typename F>
    void each(F&& visit) const {
        for (const auto& [name, user] : users_) visit(static_cast<const User&>(*user));
    }

    // ACL SETUSER: the error is ready to be replied.
    Status set(Bytes name, std::span<const Bytes> words);
    // False: there is none. Not for `default`.
    bool remove(Bytes name);
    // Gives the default user the password of requirepass (none, if that is empty) if the setting changed; true if so.
    bool follow_required_password();

    // A `user` line of the configuration, without that word. The error names the rule.
    Status define(std::span<const std::string> words);

    // The users' file: "user bob on ..." and so on, a line each.
    [[nodiscard]] std::string text() const;
    // Everyone anew. The error lists all that is wrong, as Redis words it; `file` is what it calls the text.
    Status load(Bytes text, Bytes file);

  private:
    using Map = std::map<std::string, std::shared_ptr<User>>;

    User& add(Map& users, Bytes name) const;
    [[nodiscard]] bool all_channels() const { return settings_.pubsub_all_channels; }
    void load_line(Bytes line, std::size_t number, Bytes file, Map& users, std::string& errors) const;
    void take_over(Map&& loaded);
    void make_default(User& user) const;

    Commands commands_;
    const Acl& settings_;
    Map users_;
    std::shared_ptr<User> default_;
    std::string required_password_;  // as it was followed last
};

// Whether a `user` line of the configuration can be right, asked when it is read: before there are commands to name.
Status check_user_line(std::span<const std::string> words);

}  // namespace keel::acl
