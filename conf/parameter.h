// SPDX-License-Identifier: BSD-3-Clause
//
// A parameter: a name the operator may say, the field it stands for, and what may be said. Rows are written with
// the makers below and read aloud:
//
//     integer("hz", at<&Process::hz>, {0, kMaxInt}, {}, "How often a second the periodic work runs.")
//
//     name, aliases | Kind: words <-> field | flags | check of our own | help
//
// Always true:
//   1. set() either stores the value or leaves the field as it was and says why, in the words of the peers.
//   2. set() with what text() gives back changes nothing (parameters of several words: split at blanks).
//   3. The default is what a fresh Settings{} holds; a row does not repeat it.
//   4. The same holds for file_lines(): read from a file they restore the field.
//
// Not here: the rows (parameters_*.cpp), kinds of one parameter only (special_kinds.h), transactions (config.h).
#pragma once

#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "conf/settings.h"
#include "protocol/base/result.h"

namespace keel {

using Words = std::vector<std::string>;

// The way to one field of Settings: &Settings::aof, &Aof::enabled.
template <typename T>
struct Field {
    T& (*edit)(Settings&);
    const T& (*read)(const Settings&);
};

template <typename T, typename Area>
T member_type(T Area::*);
template <typename T, typename Area>
Area area_type(T Area::*);

template <auto AreaMember, auto Member>
inline constexpr Field<decltype(member_type(Member))> field{
    [](Settings& s) -> decltype(member_type(Member))& { return s.*AreaMember.*Member; },
    [](const Settings& s) -> const decltype(member_type(Member))& { return s.*AreaMember.*Member; }};

enum class ParameterFlag : std::uint16_t {
    immutable = 1,     // only in the file or on the command line
    hidden = 2,        // answered by name, not by a pattern
    guarded = 4,       // CONFIG SET needs enable-protected-configs
    multi_word = 8,    // the value is a list of words
    sensitive = 16,    // never shown in logs, SLOWLOG or MONITOR
    not_loading = 32,  // CONFIG SET answers LOADING while data is loaded
    foreign = 64,      // kept for the peers' files; keel does nothing with it
    reread = 128,      // names a file: setting it to the same name reads the file again
};

class ParameterFlags {
  public:
    constexpr ParameterFlags() = default;
    constexpr ParameterFlags(ParameterFlag flag) : bits_(static_cast<std::uint16_t>(flag)) {}
    constexpr ParameterFlags(std::initializer_list<ParameterFlag> flags) {
        for (const ParameterFlag flag : flags) bits_ |= static_cast<std::uint16_t>(flag);
    }
    [[nodiscard]] constexpr bool has(ParameterFlag flag) const {
        return (bits_ & static_cast<std::uint16_t>(flag)) != 0;
    }
    constexpr void add(ParameterFlag flag) { bits_ |= static_cast<std::uint16_t>(flag); }

  private:
    std::uint16_t bits_ = 0;
};

// Where a value comes from. Some rules differ: a `save` line in a file adds to those before it.
enum class Origin : std::uint8_t { file, command };

// How words become a field, and back.
class Kind {
  public:
    Kind() = default;
    Kind(const Kind&) = delete;
    Kind& operator=(const Kind&) = delete;
    virtual ~Kind() = default;
    virtual Status set(Settings& settings, std::span<const std::string> words, Origin origin) const = 0;
    // As CONFIG GET shows it.
    [[nodiscard]] virtual std::string text(const Settings& settings) const = 0;
    // What follows the name in a file, ready quoted. Several entries are several lines; none: leave it out.
    [[nodiscard]] virtual std::vector<std::string> file_values(const Settings& settings) const;
};

class Parameter {
  public:
    Parameter(Bytes name, std::unique_ptr<Kind> kind, ParameterFlags flags, Bytes help)
        : name_(name), help_(help), kind_(std::move(kind)), flags_(flags) {}

    // Row decorations, in the order they are read.
    Parameter&& also(Bytes alias) &&;  // another name for the same field
    using Check = Status (*)(std::span<const std::string> words);
    Parameter&& checked(Check check) &&;  // asked before the kind sets anything
    using Veto = Status (*)(const Settings& before, const Settings& after);
    Parameter&& unless(Veto veto) &&;  // asked at CONFIG SET, not when a file is read

    using Adjust = void (*)(Settings& settings);
    Parameter&& adjusted(Adjust adjust) &&;  // run after a value was stored

    [[nodiscard]] Bytes name() const { return name_; }
    [[nodiscard]] const std::vector<Bytes>& aliases() const { return aliases_; }
    [[nodiscard]] Bytes help() const { return help_; }
    [[nodiscard]] bool is(ParameterFlag flag) const { return flags_.has(flag); }

    // `words` as the file gives them: one, unless the parameter is multi_word (then a single word may hold
    // several, parted by blanks). Truth 1.
    Status set(Settings& settings, std::span<const std::string> words, Origin origin) const;
    // One value as CONFIG SET gives it.
    Status set_text(Settings& settings, Bytes value) const;

    [[nodiscard]] std::string text(const Settings& settings) const { return kind_->text(settings); }
    [[nodiscard]] std::string default_text() const;
    [[nodiscard]] bool is_default(const Settings& settings) const;
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const {
        return kind_->file_values(settings);
    }

  private:
    Status store(Settings& settings, std::span<const std::string> words, Origin origin) const;

    Bytes name_;
    std::vector<Bytes> aliases_;
    Bytes help_;
    std::unique_ptr<Kind> kind_;
    Check check_ = nullptr;
    Veto veto_ = nullptr;
    Adjust adjust_ = nullptr;
    ParameterFlags flags_;
};

// ---- Makers of rows, by kind -------------------------------------------------------------------------------

struct Range {
    std::int64_t least = 0;
    std::uint64_t most = 0;
};
inline constexpr std::uint64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
inline constexpr std::uint64_t kMaxUint = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint64_t kMaxLong = std::numeric_limits<std::int64_t>::max();
inline constexpr std::uint64_t kMaxUlong = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::int64_t kMinInt = std::numeric_limits<std::int32_t>::min();
inline constexpr Range kPort{0, 65535};

// A name and the value it stands for. Of two names of one value the first is shown.
template <typename T>
struct Named {
    Bytes word;
    T value;
};

Parameter yes_no(Bytes name, Field<bool> field, ParameterFlags flags, Bytes help);
template <typename T>
Parameter integer(Bytes name, Field<T> field, Range range, ParameterFlags flags, Bytes help);
Parameter octal(Bytes name, Field<std::uint32_t> field, Range range, ParameterFlags flags, Bytes help);
// A memory size ("64mb"). With an int64 field and a least of -1, "-1" is a value too.
template <typename T>
Parameter memory(Bytes name, Field<T> field, Range range, ParameterFlags flags, Bytes help);
Parameter memory_or_percent(Bytes name, Field<BytesOrPercent> field, ParameterFlags flags, Bytes help);
Parameter string(Bytes name, Field<std::string> field, ParameterFlags flags, Bytes help);
// One word out of a list. T is an enum class or bool.
template <typename T, std::size_t N>
Parameter choice(Bytes name, Field<T> field, const Named<T> (&words)[N], ParameterFlags flags, Bytes help);
// Any of the words of a list; the first word stands for none of them and goes alone.
Parameter any_of(Bytes name, Field<std::uint8_t> field, std::span<const Named<std::uint8_t>> words,
                 ParameterFlags flags, Bytes help);

// "must be one of" and the words, for choice().
std::string one_of_text(std::span<const Bytes> words);

// `word` as a file may hold it: bare if that reads back, else in quotes (so no control character gets into a file).
std::string file_word(Bytes word);

// 64mb, 1gb: the largest unit that divides it.
std::string memory_text(std::uint64_t bytes);

template <typename T>
class Choice final : public Kind {
  public:
    Choice(Field<T> field, std::span<const Named<T>> words) : field_(field), words_(words) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        for (const auto& [word, value] : words_) {
            if (words.size() == 1 && equal_nocase(words[0], word)) {
                field_.edit(settings) = value;
                return {};
            }
        }
        std::vector<Bytes> known;
        for (const auto& entry : words_) known.push_back(entry.word);
        return Error{one_of_text(known)};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        for (const auto& [word, value] : words_) {
            if (value == field_.read(settings)) return std::string{word};
        }
        return {};
    }

  private:
    Field<T> field_;
    std::span<const Named<T>> words_;
};

template <typename T, std::size_t N>
Parameter choice(Bytes name, Field<T> field, const Named<T> (&words)[N], ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<Choice<T>>(field, std::span<const Named<T>>{words}), flags, help};
}

}  // namespace keel
