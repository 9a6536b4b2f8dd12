// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/user.h"

#include <algorithm>

namespace keel::acl {

// ---- Words ----

JoinedRules join_selectors(std::span<const Bytes> words) {
    JoinedRules out;
    std::string selector;
    std::optional<std::size_t> opened;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Bytes word = words[i];
        if (opened) {
            (selector += ' ') += word;
        } else if (word.starts_with('(') && !word.ends_with(')')) {
            selector = word;
            opened = i;
        } else {
            out.rules.emplace_back(word);
        }
        if (opened && word.ends_with(')')) {
            out.rules.push_back(std::move(selector));
            opened.reset();
        }
    }
    out.unmatched = opened;
    return out;
}

bool is_user_name(Bytes name) { return !has_blank(name); }

// ---- User ----

User::User(std::string name, const Commands& commands, bool all_channels)
    : name_(std::move(name)), commands_(&commands), selectors_{Selector{commands, all_channels}} {
    note_rights();
}

Status User::apply(Bytes rule, bool all_channels) {
    Status applied = apply_one(rule, all_channels);
    note_rights();
    return applied;
}

void User::apply_each(std::span<const std::string> rules, bool all_channels, Told told) {
    for (const std::string& rule : rules) {
        if (!told(rule, apply_one(rule, all_channels))) break;
    }
    note_rights();
}

Status User::apply_one(Bytes rule, bool all_channels) {
    const auto is = [rule](Bytes word) { return equal_nocase(rule, word); };
    Status applied;
    if (rule.empty()) {
        // nothing asked, nothing done
    } else if (is("on") || is("off")) {
        enabled_ = is("on");
    } else if (is("nopass") || is("resetpass")) {
        without_password_ = is("nopass");
        passwords_.clear();
    } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
        payloads_ = is("sanitize-payload") ? Payloads::sanitize : Payloads::skip;
    } else if (is("reset")) {
        reset(all_channels);
    } else if (is("clearselectors")) {
        selectors_.erase(selectors_.begin() + 1, selectors_.end());
    } else if (rule.starts_with('(') && rule.ends_with(')')) {
        applied = add_selector(rule.substr(1, rule.size() - 2), all_channels);
    } else if (Bytes{"><#!"}.find(rule[0]) != Bytes::npos) {
        applied = apply_password(rule);
    } else {
        applied = selectors_.front().apply(rule);
    }
    return applied;
}

void User::note_rights() {
    unrestricted_ = std::any_of(selectors_.begin(), selectors_.end(), [](const Selector& s) { return s.allows_all(); });
    free_ = commands_->for_strangers();
    free_ &= commands_->without_names();
    for (const Selector& selector : selectors_) selector.add_free(free_);
    quick_ = {.commands = Bits{commands_->count()}};
    for (const Selector& selector : selectors_) {
        if (auto right = selector.quick_right()) {
            quick_ = *std::move(right);
            break;
        }
    }
}

// >password <password #hash !hash
Status User::apply_password(Bytes rule) {
    const bool hashed = rule[0] == '#' || rule[0] == '!';
    const Bytes said = rule.substr(1);
    const auto password = hashed ? parse_hash(said) : hash_password(said);
    if (!password) return kBadHash;
    if (rule[0] == '<' || rule[0] == '!') return remove_password(*password);
    add_password(*password);
    return {};
}

void User::add_password(const PasswordHash& password) {
    without_password_ = false;
    if (std::find(passwords_.begin(), passwords_.end(), password) == passwords_.end()) passwords_.push_back(password);
}

Status User::remove_password(const PasswordHash& password) {
    const auto found = std::find(passwords_.begin(), passwords_.end(), password);
    if (found == passwords_.end()) return kNoSuchPassword;
    passwords_.erase(found);
    return {};
}

// The words between the parentheses are parted by blanks; none of them can hold one, nor end like a selector: it would
// be the end of this one when the user's text is read again.
Status User::add_selector(Bytes text, bool all_channels) {
    Selector selector{*commands_, all_channels};
    constexpr Bytes kBlanks = " \t\r\n\v\f";
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
        const Bytes rule = text.substr(0, end);
        if (rule.ends_with(')')) return kSyntaxError;
        if (!rule.empty()) {
            KEEL_TRY(selector.apply(rule));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    selectors_.push_back(std::move(selector));
    return {};
}

void User::reset(bool all_channels) {
    enabled_ = without_password_ = false;
    passwords_.clear();
    payloads_ = Payloads::sanitize;
    selectors_.assign(1, Selector{*commands_, all_channels});
}

bool User::accepts(const PasswordHash& password) const {
    bool found = false;  // all are looked at: which one it is shows in no time
    for (const PasswordHash& known : passwords_) found |= same_hash(known, password);
    return found;
}

// ---- Checks ----

Refusal User::check(Request& request) const {
    Refusal told{Denied::malformed, 0};
    bool malformed = selectors_.empty();
    for (const Selector& selector : selectors_) {
        const Refusal refusal = selector.check(request);
        if (refusal.what == Denied::no) [[likely]]
            return refusal;
        malformed = malformed || refusal.what == Denied::malformed;
        if (refusal.what > told.what || (refusal.what == told.what && refusal.word > told.word)) told = refusal;
    }
    return malformed ? Refusal{Denied::malformed, 0} : told;  // it may be run, but cannot be: that is what to say
}

bool User::may_listen(Bytes name, bool is_pattern) const {
    return std::any_of(selectors_.begin(), selectors_.end(),
                       [&](const Selector& selector) { return selector.may_listen(name, is_pattern); });
}

bool User::reads_all_keys(Request& request) const {
    return unrestricted_ || std::any_of(selectors_.begin(), selectors_.end(), [&](const Selector& selector) {
               return selector.reads_all_keys() && selector.check(request).what == Denied::no;
           });
}

// ---- Text ----

std::vector<Bytes> User::flag_names() const {
    std::vector<Bytes> out{enabled_ ? "on" : "off"};
    if (without_password_) out.emplace_back("nopass");
    if (payloads_ == Payloads::skip) out.emplace_back("skip-sanitize-payload");
    if (payloads_ == Payloads::sanitize) out.emplace_back("sanitize-payload");
    return out;
}

std::string User::text() const {
    std::string out;
    for (const Bytes flag : flag_names()) (out += flag) += ' ';
    for (const PasswordHash& password : passwords_) ((out += '#') += hash_text(password)) += ' ';
    out += selectors_.front().text();
    for (auto selector = selectors_.begin() + 1; selector != selectors_.end(); ++selector)
        ((out += " (") += selector->text()) += ')';
    return out;
}

}  // namespace keel::acl
