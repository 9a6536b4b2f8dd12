// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/selector.h"

#include <algorithm>
#include <cstring>

#include "protocol/base/glob.h"

namespace keel::acl {

// Most patterns are a beginning and a star, and most beginnings are short: then they are compared as one number.
Selector::KeyPattern::KeyPattern(Bytes text, std::uint8_t allowed)
    : pattern(text), may(allowed), beginning(text.find_first_of("*?[\\") + 1 == text.size() && text.ends_with('*')) {
    if (!beginning) return;
    bytes = text.size() - 1;
    const std::size_t some = std::min(bytes, sizeof(first));
    std::memcpy(&first, text.data(), some);
    std::memset(&first_mask, 0xFF, some);
}

inline bool Selector::KeyPattern::matches(Bytes key) const {
    if (!beginning) return glob_match(pattern, key);
    if (key.size() < bytes) return false;
    if (key.size() < sizeof(first)) return std::memcmp(key.data(), pattern.data(), bytes) == 0;
    std::uint64_t start = 0;
    std::memcpy(&start, key.data(), sizeof(start));
    if (((start ^ first) & first_mask) != 0) return false;
    return bytes <= sizeof(first) || std::memcmp(key.data(), pattern.data(), bytes) == 0;
}

Selector::Selector(const Commands& commands, bool all_channels)
    : commands_(&commands), bits_(commands.count()), all_channels_(all_channels) {}

// ---- Rules ----

Status Selector::apply(Bytes rule) {
    const auto is = [rule](Bytes word) { return equal_nocase(rule, word); };
    if (is("allkeys") || is("~*")) {
        all_keys_ = true;
        keys_.clear();
    } else if (is("resetkeys")) {
        all_keys_ = false;
        keys_.clear();
    } else if (is("allchannels") || is("&*")) {
        all_channels_ = true;
        channels_.clear();
    } else if (is("resetchannels")) {
        all_channels_ = false;
        channels_.clear();
    } else if (is("allcommands") || is("+@all")) {
        allow_all_commands(true);
    } else if (is("nocommands") || is("-@all")) {
        allow_all_commands(false);
    } else if (rule.starts_with('~') || rule.starts_with('%')) {
        return apply_key_pattern(rule);
    } else if (rule.starts_with('&')) {
        return apply_channel(rule.substr(1));
    } else if (rule.starts_with("+@") || rule.starts_with("-@")) {
        return apply_category(rule.substr(2), rule[0] == '+');
    } else if (rule.starts_with('+') || rule.starts_with('-')) {
        return apply_command(rule.substr(1), rule[0] == '+');
    } else {
        return kSyntaxError;
    }
    return {};
}

// ~pattern, %R~pattern, %W~pattern, %RW~pattern
Status Selector::apply_key_pattern(Bytes rule) {
    if (all_keys_) return kAfterAllKeys;
    std::uint8_t may = kRead | kWrite;
    std::size_t at = 1;
    if (rule[0] == '%') {
        may = 0;
        for (; at < rule.size() && rule[at] != '~'; ++at) {
            const char letter = to_upper(rule[at]);
            const std::uint8_t bit = letter == 'R' ? kRead : letter == 'W' ? kWrite : std::uint8_t{0};
            if (bit == 0 || (may & bit) != 0) return kSyntaxError;
            may |= bit;
        }
        if (may == 0) return kSyntaxError;
        at = std::min(at + 1, rule.size());
    }
    const Bytes pattern = rule.substr(at);
    if (has_blank(pattern)) return kSyntaxError;
    const auto known =
        std::find_if(keys_.begin(), keys_.end(), [pattern](const KeyPattern& key) { return key.pattern == pattern; });
    if (known != keys_.end()) may |= known->may;
    if (pattern == "*" && may == (kRead | kWrite)) return apply("allkeys");
    if (known != keys_.end())
        known->may = may;
    else
        keys_.emplace_back(pattern, may);
    return {};
}

Status Selector::apply_channel(Bytes pattern) {
    if (all_channels_) return kAfterAllChannels;
    if (has_blank(pattern)) return kSyntaxError;
    if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end()) channels_.emplace_back(pattern);
    return {};
}

Status Selector::apply_category(Bytes name, bool allow) {
    const Category category = category_of(name);
    if (category == Category::none) return kUnknownCommand;
    const Bits& reach = commands_->reach(category);
    bits_.set(reach, allow);
    std::erase_if(first_words_, [&reach](const FirstWord& first) { return reach.test(first.id); });
    remember(std::string{"@"}.append(name), allow);
    note_commands();
    return {};
}

// +command, +container|subcommand, +command|word; with '-' the first two.
Status Selector::apply_command(Bytes name, bool allow) {
    const std::size_t bar = name.rfind('|');
    if (allow && bar != Bytes::npos) {
        const Command* command = commands_->find(name.substr(0, bar));
        if (command == nullptr) return kUnknownCommand;
        if (command->parent() != nullptr) return kFirstArgOfSubcommand;
        if (bar + 1 == name.size()) return kSyntaxError;
        if (command->subcommands().empty()) return allow_first_word(name, bar);
    }
    const Command* command = commands_->find(name);
    if (command == nullptr) return kUnknownCommand;
    put(*command, allow);
    remember(command->name(), allow);
    note_commands();
    return {};
}

Status Selector::allow_first_word(Bytes rule, std::size_t bar) {
    const std::uint32_t id = commands_->find(rule.substr(0, bar))->id();
    const Bytes word = rule.substr(bar + 1);
    if (has_blank(word)) return kSyntaxError;
    remember(rule, true);
    if (bits_.test(id)) return {};  // any word is allowed
    // Said again it comes last, as its rule does.
    std::erase_if(first_words_,
                  [&](const FirstWord& first) { return first.id == id && equal_nocase(first.word, word); });
    const auto behind =
        std::find_if(first_words_.begin(), first_words_.end(), [id](const FirstWord& first) { return first.id > id; });
    first_words_.insert(behind, {id, std::string{word}});
    return {};
}

void Selector::allow_all_commands(bool allow) {
    later_ = allow;
    bits_.set(commands_->every(), allow);
    rules_.clear();
    first_words_.clear();
    note_commands();
}

void Selector::put(const Command& command, bool allow) {
    bits_.set(command.id(), allow);
    std::erase_if(first_words_, [id = command.id()](const FirstWord& first) { return first.id == id; });
    for (const auto& sub : command.subcommands()) bits_.set(sub->id(), allow);
}

// A rule about the same, or about one of its subcommands, says nothing any more.
void Selector::remember(Bytes name, bool allow) {
    std::string rule{allow ? '+' : '-'};
    for (const char c : name) rule += to_lower(c);
    std::erase_if(rules_, [said = Bytes{rule}.substr(1)](const std::string& old) {
        const Bytes about = Bytes{old}.substr(1);
        return about.starts_with(said) && (about.size() == said.size() || about[said.size()] == '|');
    });
    rules_.push_back(std::move(rule));
}

// ---- Checks ----

bool Selector::allows_single_key(const Command& command, std::span<const Bytes> words) const {
    const Commands::SingleKey key = commands_->single_key(command);
    if (key.word == 0 || key.word >= words.size() || !bits_.test(command.id())) return false;
    return may_touch(words[key.word], key.needs);
}

std::optional<QuickRight> Selector::quick_right() const {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [](const KeyPattern& key) {
        return key.beginning && key.bytes <= sizeof(key.first);
    });
    if (found == keys_.end()) return std::nullopt;
    QuickRight right{bits_, found->first, found->first_mask};
    right.commands &= commands_->with_single_key(found->may);
    return right;
}

Refusal Selector::check(Request& request) const {
    if (!all_commands_ && !may_run(request)) return {Denied::command, 0};
    if (!all_keys_) {
        const Refusal refusal = check_keys(request);
        if (refusal.what != Denied::no) return refusal;
    }
    if (!all_channels_ && request.command.is(Flag::pubsub)) return check_channels(request);
    return {};
}

bool Selector::may_run(const Request& request) const {
    const Command& command = request.command;
    if (bits_.test(command.id())) [[likely]]
        return true;
    if (command.is(Flag::no_auth)) return true;  // whoever may say it without a user may say it with any
    const std::size_t at = command.parent() != nullptr ? 2 : 1;
    return request.words.size() > at &&
           std::any_of(first_words_.begin(), first_words_.end(), [&](const FirstWord& first) {
               return first.id == command.id() && equal_nocase(first.word, request.words[at]);
           });
}

void Selector::add_free(Bits& out) const {
    Bits free = !all_keys_      ? commands_->without_names()
                : all_channels_ ? commands_->every()
                                : commands_->without_channels();
    free &= bits_;
    out.set(free, true);
}

Refusal Selector::check_single_key(const Request& request, Commands::SingleKey key) const {
    if (key.word >= request.words.size()) return {Denied::malformed, 0};
    if (may_touch(request.words[key.word], key.needs)) return {};
    return {Denied::key, key.word};
}

Refusal Selector::check_keys(Request& request) const {
    if (const Commands::SingleKey key = commands_->single_key(request.command); key.word != 0) [[likely]]
        return check_single_key(request, key);
    const CommandSpec& spec = request.command.spec();
    if (spec.keys.count == 0 && spec.find_keys == nullptr) return {};
    if (!request.find_keys()) return {Denied::malformed, 0};
    for (const KeyPosition& key : request.keys()) {
        if (has(key.use, Use::not_key)) continue;  // a shard channel
        if (key.index >= request.words.size()) return {Denied::malformed, 0};
        if (!may_touch(request.words[key.index], needed(key.use))) return {Denied::key, key.index};
    }
    return {};
}

bool Selector::may_touch(Bytes key, std::uint8_t needs) const {
    for (const KeyPattern& entry : keys_) {
        if ((entry.may & needs) == needs && entry.matches(key)) return true;
    }
    return false;
}

Refusal Selector::check_channels(const Request& request) const {
    const ChannelUse use = commands_->channel_use(request.command);
    if (use == ChannelUse::none) return {};
    const std::size_t end =
        use == ChannelUse::publish ? std::min<std::size_t>(2, request.words.size()) : request.words.size();
    for (std::size_t at = 1; at < end; ++at) {
        if (!may_use_channel(request.words[at], use == ChannelUse::listen_pattern)) return {Denied::channel, at};
    }
    return {};
}

// A pattern to listen to must be one of ours to the letter: whether one pattern covers another is not asked.
bool Selector::may_use_channel(Bytes name, bool is_pattern) const {
    return std::any_of(channels_.begin(), channels_.end(), [&](const std::string& allowed) {
        return is_pattern ? allowed == name : glob_match(allowed, name);
    });
}

bool Selector::may_listen(Bytes name, bool is_pattern) const {
    return all_channels_ || may_use_channel(name, is_pattern);
}

bool Selector::reads_all_keys() const {
    return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [](const KeyPattern& entry) {
               return (entry.may & kRead) != 0 && entry.pattern == "*";
           });
}

}  // namespace keel::acl
