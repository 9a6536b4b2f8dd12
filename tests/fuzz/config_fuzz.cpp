// SPDX-License-Identifier: BSD-3-Clause
//
// Any text as a settings file: it loads or is refused, and what loaded survives a rewrite. The machine is a fake,
// so no include leaves the process. (Build with -DKEEL_FUZZ=ON and clang.)
#include <cstddef>
#include <cstdint>

#include "conf/config.h"
#include "conf/parameters.h"
#include "protocol/base/words.h"
#include "tests/support/fake_machine.h"

namespace {

using namespace keel;

std::vector<std::string> shown(const Config& config) {
    std::vector<std::string> out;
    for (const Parameter& parameter : parameters()) out.push_back(parameter.text(config.settings()));
    return out;
}

void words_read_back(Bytes text) {
    std::vector<std::string> words;
    if (!split_words(text, words)) return;
    std::string line;
    for (const std::string& word : words) {
        append_quoted(line, word);
        line += ' ';
    }
    std::vector<std::string> again;
    KEEL_CHECK(split_words(line, again));
    KEEL_CHECK(again == words);
}

void survives_rewrite(Bytes text) {
    FakeMachine machine;
    machine.files["/srv/a.conf"] = std::string{text};
    Config config{machine, "keel fuzz"};
    if (const Status loaded = config.load_file("/srv/a.conf"); !loaded) {
        KEEL_CHECK(!loaded.error().text().empty());
        return;
    }
    machine.files["/srv/a.conf"] = config.rewritten(text, Config::Scope::everything);
    const auto before = shown(config);
    machine.here = "/srv";
    Config fresh{machine, "keel fuzz"};
    KEEL_CHECK(fresh.load_file("/srv/a.conf").has_value());
    KEEL_CHECK(shown(fresh) == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes text{reinterpret_cast<const char*>(data), size};
    words_read_back(text);
    survives_rewrite(text);
    return 0;
}
