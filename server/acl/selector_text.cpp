// SPDX-License-Identifier: BSD-3-Clause
//
// How a selector is written down: keys and channels are their patterns, commands are the rules about them.
#include <algorithm>

#include "server/acl/selector.h"

namespace keel::acl {

namespace {

// Appends a word, with a blank before all but the first.
void add_word(std::string& text, Bytes sign, Bytes word) {
    if (!text.empty()) text += ' ';
    (text += sign) += word;
}

}  // namespace

bool has_blank(Bytes text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; });
}

std::string Selector::command_text() const {
    std::string text = later_ ? "+@all" : "-@all";
    for (const std::string& rule : rules_) add_word(text, "", rule);
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
