// SPDX-License-Identifier: BSD-3-Clause
#include "conf/arguments.h"

#include <vector>

#include "protocol/base/words.h"

namespace keel {
namespace {

Arguments::Action action_of(std::span<const char* const> words) {
    if (words.size() < 2) return Arguments::Action::serve;
    const Bytes first = words[1];
    if (words.size() == 2) {
        if (first == "-v" || first == "--version") return Arguments::Action::show_version;
        if (first == "-h" || first == "--help") return Arguments::Action::show_help;
        if (first == "--check-system") return Arguments::Action::check_system;
    }
    return first == "--test-memory" ? Arguments::Action::test_memory : Arguments::Action::serve;
}

bool called_as_sentinel(std::span<const char* const> words) {
    if (words.empty()) return false;
    Bytes program = words[0];
    program.remove_prefix(program.find_last_of('/') + 1);  // npos + 1 is 0
    if (program.find("sentinel") != Bytes::npos) return true;
    for (const Bytes word : words.subspan(1)) {
        if (word == "--sentinel") return true;
    }
    return false;
}

// A name in a word of its own: its value is still to come, and may then begin with "--".
bool is_bare_name(Bytes word) {
    std::vector<std::string> parts;
    return split_words(word, parts) && parts.size() == 1;
}

// Turns the words after the file into lines.
class OptionLines {
  public:
    explicit OptionLines(std::span<const char* const> words) : words_(words) {}

    std::string lines() {
        for (at_ = 0; at_ < words_.size(); ++at_) {
            if (!awaits_value_ && word().starts_with("--"))
                add_name();
            else
                add_value();
        }
        return std::move(out_);
    }

  private:
    [[nodiscard]] Bytes word() const { return words_[at_]; }

    void add_name() {
        if (!out_.empty()) out_ += '\n';
        out_ += word().substr(2);
        out_ += ' ';
        if (!is_bare_name(word())) return;
        const bool last = at_ + 1 == words_.size();
        const bool no_value = last || Bytes{words_[at_ + 1]}.starts_with("--");
        const bool save = equal_nocase(word(), "--save");
        if (save && no_value) out_ += "\"\"";
        awaits_value_ = !((save || equal_nocase(word(), "--sentinel")) && no_value);
    }

    void add_value() {
        append_quoted(out_, word());
        out_ += ' ';
        awaits_value_ = false;
    }

    std::span<const char* const> words_;
    std::size_t at_ = 0;
    bool awaits_value_ = false;
    std::string out_;
};

}  // namespace

Arguments parse_arguments(std::span<const char* const> words) {
    Arguments out;
    out.action = action_of(words);
    out.sentinel = called_as_sentinel(words);
    if (out.action != Arguments::Action::serve || words.size() < 2) return out;
    words = words.subspan(1);
    if (words[0][0] != '-' && words[0][0] != '\0') {
        out.file = words[0];
        words = words.subspan(1);
    } else if (Bytes{words[0]} == "-") {
        out.standard_input = true;
        words = words.subspan(1);
    }
    if (!words.empty() && Bytes{words.back()} == "-") {
        out.standard_input = true;
        words = words.first(words.size() - 1);
    }
    out.options = OptionLines{words}.lines();
    return out;
}

}  // namespace keel
