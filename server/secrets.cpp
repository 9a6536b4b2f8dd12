// SPDX-License-Identifier: BSD-3-Clause
#include "server/secrets.h"

#include <algorithm>

#include "conf/parameters.h"

namespace keel {

namespace {

constexpr Bytes kRedacted = "(redacted)";

void hide_from(std::vector<Bytes>& words, std::size_t first) {
    for (std::size_t i = first; i < words.size(); ++i) words[i] = kRedacted;
}

void hide_settings(std::vector<Bytes>& words) {
    for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
        const Parameter* parameter = find_parameter(words[i]);
        if (parameter != nullptr && parameter->is(ParameterFlag::sensitive)) words[i + 1] = kRedacted;
    }
}

// HELLO 3 AUTH name password: whatever follows the keyword, be it right or not.
void hide_login(std::vector<Bytes>& words) {
    const auto auth = std::find_if(words.begin(), words.end(), [](Bytes word) { return equal_nocase(word, "auth"); });
    const auto behind = static_cast<std::size_t>(auth - words.begin()) + 1;
    for (std::size_t i = behind; i < words.size() && i < behind + 2; ++i) words[i] = kRedacted;
}

// MIGRATE ... AUTH password, or AUTH2 user password; not the keys behind KEYS.
void hide_migration_login(std::vector<Bytes>& words) {
    for (std::size_t i = 6; i < words.size() && !equal_nocase(words[i], "keys"); ++i) {
        const std::size_t hidden = equal_nocase(words[i], "auth") ? 1U : equal_nocase(words[i], "auth2") ? 2U : 0U;
        for (std::size_t end = i + hidden; i < end && i + 1 < words.size();) words[++i] = kRedacted;
    }
}

}  // namespace

std::vector<Bytes> without_secrets(const Call& call) {
    std::vector<Bytes> words{call.words.begin(), call.words.end()};
    const Bytes name = call.command->name();
    if (name == "config|set") hide_settings(words);
    if (name == "auth") hide_from(words, 1);
    if (name == "hello") hide_login(words);
    if (name == "migrate") hide_migration_login(words);
    if (name == "acl|setuser" || name == "acl|getuser" || name == "acl|deluser") hide_from(words, 2);
    return words;
}

}  // namespace keel
