// SPDX-License-Identifier: BSD-3-Clause
//
// The kinds of value that many parameters share, with the exact words of the peers when a value is refused.
#include "conf/parameter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel {
namespace {

constexpr ErrorText kNotYesNo{"argument must be 'yes' or 'no'"};
constexpr ErrorText kNotInteger{"argument couldn't be parsed into an integer"};
constexpr ErrorText kNotOctal{"argument couldn't be parsed as an octal number"};
constexpr ErrorText kNotMemory{"argument must be a memory value"};
constexpr ErrorText kNotMemoryOrPercent{"argument must be a memory or percent value"};
constexpr ErrorText kOverHundred{"percentage argument must be less or equal to 100"};
constexpr ErrorText kWrongCount{"wrong number of arguments"};

Status out_of(std::int64_t least, std::uint64_t most) {
    return Error{fmt::format("argument must be between {} and {} inclusive", least, most)};
}

class YesNo final : public Kind {
  public:
    explicit YesNo(Field<bool> field) : field_(field) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        const bool yes = equal_nocase(words[0], "yes");
        if (!yes && !equal_nocase(words[0], "no")) return kNotYesNo;
        field_.edit(settings) = yes;
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return field_.read(settings) ? "yes" : "no";
    }

  private:
    Field<bool> field_;
};

template <typename T>
class Integer final : public Kind {
  public:
    Integer(Field<T> field, Range range) : field_(field), range_(range) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        const auto value = parse_integer(words[0]);
        if (!value) return kNotInteger;
        const bool high = *value > 0 && static_cast<std::uint64_t>(*value) > range_.most;
        if (*value < range_.least || high) return out_of(range_.least, range_.most);
        field_.edit(settings) = static_cast<T>(*value);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{}", field_.read(settings));
    }

  private:
    Field<T> field_;
    Range range_;
};

class Octal final : public Kind {
  public:
    Octal(Field<std::uint32_t> field, Range range) : field_(field), range_(range) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        const std::string& word = words[0];
        std::uint64_t value = 0;
        const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value, 8);
        if (code != std::errc{} || end != word.data() + word.size()) return kNotOctal;
        if (value > range_.most) {
            return Error{fmt::format("argument must be between {:o} and {:o} inclusive", range_.least, range_.most)};
        }
        field_.edit(settings) = static_cast<std::uint32_t>(value);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{:o}", field_.read(settings));
    }

  private:
    Field<std::uint32_t> field_;
    Range range_;
};

template <typename T>
class MemorySize final : public Kind {
  public:
    MemorySize(Field<T> field, Range range) : field_(field), range_(range) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        if (range_.least < 0 && words[0] == "-1") {
            field_.edit(settings) = static_cast<T>(-1);
            return {};
        }
        const auto value = parse_memory(words[0]);
        if (!value) return kNotMemory;
        const auto least = static_cast<std::uint64_t>(std::max<std::int64_t>(range_.least, 0));
        if (*value < least || *value > range_.most) return out_of(range_.least, range_.most);
        field_.edit(settings) = static_cast<T>(*value);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{}", field_.read(settings));
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        const T value = field_.read(settings);
        if constexpr (std::is_signed_v<T>) {
            if (value < 0) return {"-1"};
        }
        return {memory_text(static_cast<std::uint64_t>(value))};
    }

  private:
    Field<T> field_;
    Range range_;
};

class MemoryOrPercent final : public Kind {
  public:
    explicit MemoryOrPercent(Field<BytesOrPercent> field) : field_(field) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        Bytes word = words[0];
        BytesOrPercent value;
        if (word.ends_with('%')) {
            word.remove_suffix(1);
            const auto percent = parse_unsigned(word);
            if (!percent) return kNotMemoryOrPercent;
            if (*percent > 100) return kOverHundred;
            value.percent = static_cast<std::uint32_t>(*percent);
        } else {
            const auto bytes = parse_memory(word);
            if (!bytes) return kNotMemoryOrPercent;
            if (*bytes > kMaxLong) return out_of(0, kMaxLong);
            value.bytes = *bytes;
        }
        field_.edit(settings) = value;
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        const BytesOrPercent& value = field_.read(settings);
        return value.percent != 0 ? fmt::format("{}%", value.percent) : fmt::format("{}", value.bytes);
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        const BytesOrPercent& value = field_.read(settings);
        return {value.percent != 0 ? fmt::format("{}%", value.percent) : memory_text(value.bytes)};
    }

  private:
    Field<BytesOrPercent> field_;
};

class Text final : public Kind {
  public:
    explicit Text(Field<std::string> field) : field_(field) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        field_.edit(settings) = words[0];
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override { return field_.read(settings); }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        return {quoted(field_.read(settings))};
    }

  private:
    Field<std::string> field_;
};

class AnyOf final : public Kind {
  public:
    AnyOf(Field<std::uint8_t> field, std::span<const Named<std::uint8_t>> words) : field_(field), words_(words) {}
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        if (words.empty()) return refusal();
        std::uint8_t bits = 0;
        for (const std::string& said : words) {
            const auto* known = find(said);
            // The word for "none" beside another one contradicts it.
            if (known == nullptr || (known->value == 0 && words.size() > 1)) return refusal();
            bits |= known->value;
        }
        field_.edit(settings) = bits;
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        const std::uint8_t bits = field_.read(settings);
        if (bits == 0) return std::string{words_[0].word};
        std::string out;
        for (const auto& [word, value] : words_) {
            if (value == 0 || (bits & value) == 0) continue;
            if (!out.empty()) out += ' ';
            out += word;
        }
        return out;
    }

  private:
    [[nodiscard]] const Named<std::uint8_t>* find(Bytes said) const {
        for (const auto& entry : words_) {
            if (equal_nocase(said, entry.word)) return &entry;
        }
        return nullptr;
    }
    [[nodiscard]] Status refusal() const {
        std::vector<Bytes> known;
        for (const auto& entry : words_) known.push_back(entry.word);
        return Error{one_of_text(known)};
    }

    Field<std::uint8_t> field_;
    std::span<const Named<std::uint8_t>> words_;
};

// Blanks part the words and count: "1  2" has an empty word in the middle, as for the peers.
Words split_at_blanks(Bytes value) {
    Words words;
    std::size_t from = 0;
    for (std::size_t at = 0; at <= value.size(); ++at) {
        if (at < value.size() && value[at] != ' ') continue;
        words.emplace_back(value.substr(from, at - from));
        from = at + 1;
    }
    return words;
}

const Settings& defaults() {
    static const Settings settings;
    return settings;
}

}  // namespace

std::string one_of_text(std::span<const Bytes> words) {
    return fmt::format("argument(s) must be one of the following: {}", fmt::join(words, ", "));
}

std::string file_word(Bytes word) {
    const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\'; };
    return !word.empty() && std::all_of(word.begin(), word.end(), plain) ? std::string{word} : quoted(word);
}

std::string memory_text(std::uint64_t bytes) {
    constexpr std::uint64_t kKb = 1024;
    if (bytes != 0 && bytes % (kKb * kKb * kKb) == 0) return fmt::format("{}gb", bytes / (kKb * kKb * kKb));
    if (bytes != 0 && bytes % (kKb * kKb) == 0) return fmt::format("{}mb", bytes / (kKb * kKb));
    if (bytes != 0 && bytes % kKb == 0) return fmt::format("{}kb", bytes / kKb);
    return fmt::format("{}", bytes);
}

std::vector<std::string> Kind::file_values(const Settings& settings) const { return {text(settings)}; }

Parameter&& Parameter::also(Bytes alias) && {
    aliases_.push_back(alias);
    return std::move(*this);
}

Parameter&& Parameter::checked(Check check) && {
    check_ = check;
    return std::move(*this);
}

Parameter&& Parameter::unless(Veto veto) && {
    veto_ = veto;
    return std::move(*this);
}

Parameter&& Parameter::adjusted(Adjust adjust) && {
    adjust_ = adjust;
    return std::move(*this);
}

Status Parameter::set(Settings& settings, std::span<const std::string> words, Origin origin) const {
    if (words.size() != 1 && !is(ParameterFlag::multi_word)) return kWrongCount;
    if (words.size() == 1 && is(ParameterFlag::multi_word)) {
        const Words split = split_at_blanks(words[0]);
        return store(settings, split, origin);
    }
    return store(settings, words, origin);
}

Status Parameter::store(Settings& settings, std::span<const std::string> words, Origin origin) const {
    if (check_ != nullptr) {
        KEEL_TRY(check_(words));
    }
    if (veto_ == nullptr || origin == Origin::file) {
        KEEL_TRY(kind_->set(settings, words, origin));
    } else {
        Settings after = settings;
        KEEL_TRY(kind_->set(after, words, origin));
        KEEL_TRY(veto_(settings, after));
        settings = std::move(after);
    }
    if (adjust_ != nullptr) adjust_(settings);
    return {};
}

Status Parameter::set_text(Settings& settings, Bytes value) const {
    const std::string word{value};
    return set(settings, {&word, 1}, Origin::command);
}

std::string Parameter::default_text() const { return text(defaults()); }

bool Parameter::is_default(const Settings& settings) const { return file_values(settings) == file_values(defaults()); }

Parameter yes_no(Bytes name, Field<bool> field, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<YesNo>(field), flags, help};
}

template <typename T>
Parameter integer(Bytes name, Field<T> field, Range range, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<Integer<T>>(field, range), flags, help};
}
template Parameter integer(Bytes, Field<std::int32_t>, Range, ParameterFlags, Bytes);
template Parameter integer(Bytes, Field<std::uint32_t>, Range, ParameterFlags, Bytes);
template Parameter integer(Bytes, Field<std::int64_t>, Range, ParameterFlags, Bytes);
template Parameter integer(Bytes, Field<std::uint64_t>, Range, ParameterFlags, Bytes);

Parameter octal(Bytes name, Field<std::uint32_t> field, Range range, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<Octal>(field, range), flags, help};
}

template <typename T>
Parameter memory(Bytes name, Field<T> field, Range range, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<MemorySize<T>>(field, range), flags, help};
}
template Parameter memory(Bytes, Field<std::int64_t>, Range, ParameterFlags, Bytes);
template Parameter memory(Bytes, Field<std::uint64_t>, Range, ParameterFlags, Bytes);

Parameter memory_or_percent(Bytes name, Field<BytesOrPercent> field, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<MemoryOrPercent>(field), flags, help};
}

Parameter string(Bytes name, Field<std::string> field, ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<Text>(field), flags, help};
}

Parameter any_of(Bytes name, Field<std::uint8_t> field, std::span<const Named<std::uint8_t>> words,
                 ParameterFlags flags, Bytes help) {
    return {name, std::make_unique<AnyOf>(field, words), flags, help};
}

}  // namespace keel
