// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/program.h"

#include <utility>

#include "protocol/base/words.h"

namespace keel::script {

namespace {

constexpr std::pair<Bytes, ScriptFlag> kFlags[] = {
    {"no-writes", ScriptFlag::no_writes},
    {"allow-oom", ScriptFlag::allow_oom},
    {"allow-stale", ScriptFlag::allow_stale},
    {"no-cluster", ScriptFlag::no_cluster},
    {"allow-cross-slot-keys", ScriptFlag::allow_cross_slot_keys},
};

constexpr ErrorText kInvalidShebang{"ERR Invalid script shebang"};
constexpr ErrorText kInvalidEngine{"ERR Invalid engine in script shebang"};

Error about(Bytes what, Bytes word) { return Error{std::string{"ERR "}.append(what).append(word)}; }

}  // namespace

ScriptFlag flag_of(Bytes name) {
    for (const auto& [known, flag] : kFlags) {
        if (known == name) return flag;
    }
    return ScriptFlag::none;
}

std::vector<Bytes> flag_names(ScriptFlag flags) {
    std::vector<Bytes> names;
    for (const auto& [name, flag] : kFlags) {
        if (has(flags, flag)) names.push_back(name);
    }
    return names;
}

Result<Shebang> read_shebang(Bytes source) {
    Shebang shebang;
    if (source.substr(0, 2) != "#!") return shebang;
    shebang.bytes = source.find('\n');
    if (shebang.bytes == Bytes::npos) return kInvalidShebang;
    std::vector<std::string> words;
    if (!split_words(source.substr(0, shebang.bytes), words) || words.empty()) return kInvalidEngine;
    if (words[0] != "#!lua") return about("Unexpected engine in script shebang: ", words[0]);
    shebang.flags = ScriptFlag::none;
    for (std::size_t i = 1; i < words.size(); ++i) {
        Bytes word = words[i];
        if (word.substr(0, 6) != "flags=") return about("Unknown lua shebang option: ", word);
        word.remove_prefix(6);
        while (!word.empty()) {
            const Bytes name = word.substr(0, word.find(','));
            word.remove_prefix(std::min(name.size() + 1, word.size()));
            const ScriptFlag flag = flag_of(name);
            if (flag == ScriptFlag::none) return about("Unexpected flag in script shebang: ", name);
            shebang.flags = shebang.flags | flag;
        }
    }
    return shebang;
}

}  // namespace keel::script
