// SPDX-License-Identifier: BSD-3-Clause
//
// A user: whether it may come in and with which passwords, and what it may do then.
//
//     user bob on #5e88... ~app:* resetchannels -@all +get (~log:* resetchannels -@all +append)
//              |  |        `-- root selector -------------' `-- further selectors
//              |  `-- SHA-256 of a password
//              `-- flags
//
// Rules: on off nopass resetpass >password <password #hash !hash reset sanitize-payload skip-sanitize-payload
// (selector) clearselectors, and those of the root selector.
//
// Always true:
//   1. An error of apply() leaves the user as it was.
//   2. There is a root selector, at the front, which no rule removes.
//   3. With nopass there are no passwords.
#pragma once

#include <absl/functional/function_ref.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "server/acl/password.h"
#include "server/acl/selector.h"

namespace keel::acl {

inline constexpr ErrorText kNoSuchPassword{"The password you are trying to remove from the user does not exist"};
inline constexpr ErrorText kBadHash{
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"};

// The words of rules with each selector's words, from '(' to ')', joined by a blank; or the index of the word that
// opens a selector which nothing closes.
struct JoinedRules {
    std::vector<std::string> rules;
    std::optional<std::size_t> unmatched;
};
[[nodiscard]] JoinedRules join_selectors(std::span<const Bytes> words);

// Names stand in files and lists between blanks.
[[nodiscard]] bool is_user_name(Bytes name);

class User {
  public:
    // Switched off, without passwords, allowed nothing (but perhaps all channels). The commands are lent.
    User(std::string name, const Commands& commands, bool all_channels);

    [[nodiscard]] const std::string& name() const { return name_; }

    // One rule, a selector as a whole. `all_channels`: what reset and fresh selectors begin with (acl-pubsub-default).
    Status apply(Bytes rule, bool all_channels);
    // Several, in time that is linear in their number, until `told` has heard of one and its outcome and says false.
    using Told = absl::FunctionRef<bool(const std::string& rule, const Status& applied)>;
    void apply_each(std::span<const std::string> rules, bool all_channels, Told told);

    [[nodiscard]] bool enabled() const { return enabled_; }
    [[nodiscard]] bool without_password() const { return without_password_; }
    [[nodiscard]] bool accepts(const PasswordHash& password) const;

    // The fast questions: may do everything there is; may run this command whatever its words are.
    [[nodiscard]] bool unrestricted() const { return unrestricted_; }
    [[nodiscard]] bool may_always(const Command& command) const { return free_.test(command.id()); }
    // The next ones: surely may run this command, which passed its arity, on its one key. Few instructions, and some
    // more.
    [[nodiscard]] bool may_at_once(const Command& command, std::span<const Bytes> words) const {
        if (!quick_.commands.test(command.id())) return false;
        const Bytes key = words[commands_->single_key(command).word];
        std::uint64_t first = 0;
        if (key.size() < sizeof(first)) return false;
        std::memcpy(&first, key.data(), sizeof(first));
        return ((first ^ quick_.first) & quick_.first_mask) == 0;
    }
    [[nodiscard]] bool allows_single_key(const Command& command, std::span<const Bytes> words) const {
        return std::any_of(selectors_.begin(), selectors_.end(),
                           [&](const Selector& selector) { return selector.allows_single_key(command, words); });
    }
    [[nodiscard]] Refusal check(Request& request) const;
    [[nodiscard]] bool may_listen(Bytes name, bool is_pattern) const;
    // A single selector allows the request, and reading every key.
    [[nodiscard]] bool reads_all_keys(Request& request) const;

    // As ACL LIST shows it, behind the name.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::vector<Bytes> flag_names() const;
    [[nodiscard]] const std::vector<PasswordHash>& passwords() const { return passwords_; }
    [[nodiscard]] const std::vector<Selector>& selectors() const { return selectors_; }

    // It was deleted; sessions that still have it are on their way out.
    [[nodiscard]] bool gone() const { return gone_; }
    void set_gone() { gone_ = true; }

    bool operator==(const User&) const = default;

  private:
    enum class Payloads : std::uint8_t { unsaid, sanitize, skip };

    Status apply_one(Bytes rule, bool all_channels);
    Status apply_password(Bytes rule);
    Status remove_password(const PasswordHash& password);
    void add_password(const PasswordHash& password);
    Status add_selector(Bytes text, bool all_channels);
    void reset(bool all_channels);
    void note_rights();

    std::string name_;
    const Commands* commands_;
    bool unrestricted_ = false;
    bool gone_ = false;
    bool enabled_ = false;
    bool without_password_ = false;
    Payloads payloads_ = Payloads::unsaid;
    std::vector<PasswordHash> passwords_;
    std::vector<Selector> selectors_;
    Bits free_;  // what may_always() tells
    QuickRight quick_;
};

}  // namespace keel::acl
