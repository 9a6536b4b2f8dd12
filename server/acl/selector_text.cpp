// SPDX-License-Identifier: BSD-3-Clause
//
// How a selector is written down. Keys and channels are their patterns. The commands are told from their bits: from
// +@all or -@all on, the category that fits best is said (the one with the fewest commands too many among those that
// have more right than wrong ones), then the next for what is left, and at last the commands that are still wrong, one
// by one. The choice is Redis 7.0's, so that the same permission reads the same.
#include <algorithm>
#include <limits>

#include "server/acl/selector.h"

namespace keel::acl {

namespace {

// Appends a word, with a blank before all but the first.
void add_word(std::string& text, Bytes sign, Bytes word) {
    if (!text.empty()) text += ' ';
    (text += sign) += word;
}

// Sets or clears a command's bit, and those of its subcommands.
void tell(Bits& bits, const Command& command, bool allow) {
    bits.set(command.id(), allow);
    for (const auto& sub : command.subcommands()) bits.set(sub->id(), allow);
}

}  // namespace

bool has_blank(Bytes text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; });
}

// `left` is what the categories said so far have not told yet: the allowed commands (after -@all) or, with the sides
// changed, the forbidden ones (after +@all).
Category Selector::best_category(const Bits& left, const std::vector<Category>& said) const {
    Category best = Category::none;
    std::size_t least_wrong = std::numeric_limits<std::size_t>::max();
    std::size_t most_right = 0;
    for (const Category category : all_categories()) {
        if (std::find(said.begin(), said.end(), category) != said.end()) continue;
        const Bits& members = commands_->members(category);
        const std::size_t allowed = left.count_with(members);
        const std::size_t forbidden = members.count() - allowed;
        const std::size_t right = later_ ? forbidden : allowed;
        const std::size_t wrong = later_ ? allowed : forbidden;
        if (right <= wrong) continue;
        if (wrong < least_wrong || (wrong == least_wrong && right > most_right)) {
            best = category;
            least_wrong = wrong;
            most_right = right;
        }
    }
    return best;
}

std::string Selector::command_text() const {
    const bool allow = !later_;  // what categories and commands behind the first word do, mostly
    std::string text = later_ ? "+@all" : "-@all";
    Bits told{commands_->count(), later_};
    Bits left = bits_;
    std::vector<Category> said;
    for (;;) {
        const Category best = best_category(left, said);
        if (best == Category::none) break;
        add_word(text, allow ? "+@" : "-@", category_name(best));
        told.set(commands_->reach(best), allow);
        left.set(commands_->reach(best), !allow);
        said.push_back(best);
    }
    for (const Command* command : commands_->all()) {
        const bool allowed = bits_.test(command->id());
        if (allowed != told.test(command->id())) {
            add_word(text, allowed ? "+" : "-", command->name());
            tell(told, *command, allowed);
        }
        if (allowed) continue;
        for (const FirstWord& first : first_words_) {
            if (first.id != command->id()) continue;
            add_word(text, "+", command->name());
            (text += '|') += first.word;
        }
    }
    return text;
}

std::string Selector::key_text() const {
    if (all_keys_) return "~*";
    std::string text;
    for (const KeyPattern& key : keys_) {
        const Bytes sign = key.may == kRead ? "%R~" : key.may == kWrite ? "%W~" : "~";
        add_word(text, sign, key.pattern);
    }
    return text;
}

std::string Selector::channel_text() const {
    if (all_channels_) return "&*";
    std::string text;
    for (const std::string& channel : channels_) add_word(text, "&", channel);
    return text;
}

std::string Selector::text() const {
    std::string text = key_text();
    if (!all_channels_) add_word(text, "", "resetchannels");
    if (const std::string channels = channel_text(); !channels.empty()) add_word(text, "", channels);
    add_word(text, "", command_text());
    return text;
}

}  // namespace keel::acl
