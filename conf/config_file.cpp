// SPDX-License-Identifier: BSD-3-Clause
//
// Reading: the main file, standard input and the options of the command line become one text, whose lines are
// counted through; an included file is a text of its own.
//
//     line -> trimmed -> words -> include   -> Reader, one deeper
//                              -> parameter -> Config::say
//                              -> the rest  -> Config::directive
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "conf/config.h"
#include "conf/parameters.h"
#include "protocol/base/words.h"

namespace keel {
namespace {

constexpr ErrorText kUnbalanced{"Unbalanced quotes in configuration line"};
constexpr ErrorText kBadDirective{"Bad directive or wrong number of arguments"};
constexpr ErrorText kTooDeep{"include files are nested too deeply"};
constexpr ErrorText kNotSentinel{"sentinel directive while not in sentinel mode"};
constexpr Bytes kReplicaInCluster = "replicaof directive not allowed in cluster mode";

// Once meaningful to the peers, now taken and dropped as they do.
constexpr std::array<Bytes, 3> kDropped = {"list-max-ziplist-entries", "list-max-ziplist-value",
                                           "lua-replicate-commands"};

constexpr int kDeepestInclude = 16;

Bytes trimmed(Bytes line) {
    constexpr Bytes kBlanks = " \t\r\n";
    const auto first = line.find_first_not_of(kBlanks);
    if (first == Bytes::npos) return {};
    return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

// A file that is missing is told in full: which one, and why.
Error cannot_open(const std::string& path, const Error& why) {
    return Error{fmt::format("Fatal error, can't open config file '{}': {}", path, why.text())};
}

}  // namespace

class Config::Reader {
  public:
    // `file` is empty for the main text.
    Reader(Config& config, std::string file, int depth) : config_(config), file_(std::move(file)), depth_(depth) {}

    Status read(Bytes text) {
        for (std::size_t number = 1; !text.empty(); ++number) {
            const auto end = std::min(text.find('\n'), text.size());
            const Bytes line = trimmed(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
            if (Status read = one_line(line); !read) return located(std::move(read), line, number);
        }
        return {};
    }

  private:
    Status one_line(Bytes line) {
        if (line.empty() || line[0] == '#') return {};
        Words words;
        if (!split_words(line, words)) return kUnbalanced;
        if (words.empty()) return {};
        const std::string name = lower(words[0]);
        const auto values = std::span<const std::string>{words}.subspan(1);
        if (const Parameter* parameter = find_parameter(name)) return config_.say(*parameter, values, depth_ > 0);
        if (name == "include" && values.size() == 1) return include(values[0]);
        return config_.directive(name, values);
    }

    Status include(const std::string& path) {
        if (depth_ == kDeepestInclude) return kTooDeep;
        const bool pattern = path.find_first_of("*?[") != std::string::npos;
        for (const std::string& file : pattern ? config_.machine_.matches(path) : Words{path}) {
            auto text = config_.machine_.read(file);
            if (!text) return cannot_open(file, text.error());
            KEEL_TRY(Reader(config_, file, depth_ + 1).read(*text));
        }
        return {};
    }

    // Says where, unless the line of an included file has already said so.
    Status located(Status failed, Bytes line, std::size_t number) const {
        const Bytes why = failed.error().text();
        if (why.starts_with('\n')) return failed;
        const std::string file = file_.empty() ? "" : fmt::format(" '{}'", file_);
        return Error{fmt::format(
            "\n*** FATAL CONFIG FILE ERROR ({}) ***\nReading the configuration file{}, at line {}\n>>> '{}'\n{}\n",
            config_.product_, file, number, line, why)};
    }

    Config& config_;
    std::string file_;
    int depth_;
};

Status Config::load(const Arguments& arguments) {
    sentinel_ = sentinel_ || arguments.sentinel;
    std::string text;
    if (!arguments.file.empty() && arguments.file != "-") {
        KEEL_TRY(const std::string here, machine_.working_directory());
        file_ = arguments.file.starts_with('/') ? arguments.file : here + "/" + arguments.file;
        auto content = machine_.read(file_);
        if (!content) return cannot_open(file_, content.error());
        text = *std::move(content);
    }
    if (arguments.standard_input || arguments.file == "-") {
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        KEEL_TRY(const std::string content, machine_.read_standard_input());
        text += content;
    }
    if (!arguments.options.empty()) text += "\n" + arguments.options;
    return load_text(text);
}

Status Config::load_file(const std::string& path) {
    Arguments arguments;
    arguments.file = path;
    return load(arguments);
}

Status Config::load_text(Bytes text) {
    KEEL_TRY(Reader(*this, "", 0).read(text));
    return after_load();
}

Status Config::say(const Parameter& parameter, std::span<const std::string> words, bool included) {
    if (parameter.name() == "save" && !std::exchange(save_said_, true)) settings_.snapshot.save.clear();
    const std::string old_directory = settings_.process.directory;
    KEEL_TRY(parameter.set(settings_, words, Origin::file));
    if (parameter.name() == "dir") {
        const std::string directory = std::exchange(settings_.process.directory, old_directory);
        KEEL_TRY(change_directory(directory));
    }
    if (included) included_.insert(&parameter);
    return {};
}

Status Config::directive(Bytes name, std::span<const std::string> words) {
    for (const Bytes dropped : kDropped) {
        if (name == dropped && words.size() == 1) return {};
    }
    if (name == "sentinel") {
        if (words.empty()) return {};  // --sentinel: what we are, not a setting
        if (!sentinel_) return kNotSentinel;
    } else if (!is_directive(name) || name == "include" || words.empty()) {
        return kBadDirective;
    } else if (name == "rename-command" && words.size() != 2) {
        return kBadDirective;
    }
    const auto found = directives_.find(name);
    if (found != directives_.end()) return found->second(words);
    const Bytes why = name == "loadmodule" ? "keel loads no modules" : "nothing here reads this directive";
    notes_.push_back(fmt::format("'{} {}' has no effect: {}", name, words[0], why));
    return {};
}

bool Config::is_directive(Bytes name) {
    constexpr std::array<Bytes, 5> kDirectives = {"include", "user", "rename-command", "loadmodule", "sentinel"};
    return std::find(kDirectives.begin(), kDirectives.end(), name) != kDirectives.end() ||
           std::find(kDropped.begin(), kDropped.end(), name) != kDropped.end();
}

Status Config::after_load() {
    if (settings_.cluster.enabled && !settings_.replication.primary_host.empty()) {
        return Error{fmt::format("\n*** FATAL CONFIG FILE ERROR ({}) ***\n{}\n", product_, kReplicaInCluster)};
    }
    for (const Parameter& parameter : parameters()) {
        if (parameter.is(ParameterFlag::foreign) && !parameter.is_default(settings_)) note_foreign(parameter);
    }
    return {};
}

void Config::note_foreign(const Parameter& parameter) {
    std::string note =
        fmt::format("'{} {}' has no effect: {}", parameter.name(), parameter.text(settings_), parameter.help());
    for (const std::string& known : notes_) {
        if (known == note) return;
    }
    notes_.push_back(std::move(note));
}

// Enters `directory` and remembers the absolute path of it.
Status Config::change_directory(const std::string& directory) {
    KEEL_TRY(machine_.enter(directory));
    KEEL_TRY(settings_.process.directory, machine_.working_directory());
    return {};
}

}  // namespace keel
