// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/syntax.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace keel {

namespace {

using Arguments = std::vector<Argument>;
using Type = Argument::Type;

constexpr std::array<Bytes, 9> kTypeNames = {"string",    "integer",    "double", "key",  "pattern",
                                             "unix-time", "pure-token", "oneof",  "block"};
constexpr std::size_t kValueTypes = 6;  // those that a word of the grammar can have: the first ones

constexpr std::size_t kDeepest = 16;  // groups in groups; the deepest real grammar has five

std::optional<Type> value_type(Bytes name) {
    const auto* end = kTypeNames.begin() + kValueTypes;
    const auto* found = std::find(kTypeNames.begin(), end, name);
    if (found == end) return std::nullopt;
    return static_cast<Type>(found - kTypeNames.begin());
}

bool is_name(Bytes word) { return word.front() >= 'a' && word.front() <= 'z'; }

bool is_value(const Argument& argument) { return static_cast<std::size_t>(argument.type) < kValueTypes; }

// Keywords made of signs have no letters to be called by.
std::string token_name(Bytes token) {
    if (token == "=") return "equal";
    if (token == "~") return "approximately";
    if (token == "*") return "auto";
    if (token == "$") return "last";
    if (token == "\"\"") return "empty-string";
    return lower(token);
}

Argument pure_token(Bytes token) {
    const Bytes typed = token == "\"\"" ? Bytes{} : token;  // the empty word
    return {.name = token_name(token), .type = Type::pure_token, .token = std::string{typed}};
}

std::string joined_names(const Arguments& arguments, Bytes between) {
    std::string out;
    for (const Argument& argument : arguments) {
        if (!out.empty()) out += between;
        out += argument.name;
    }
    return out;
}

// Elements in sequence as one argument: itself if it is alone, else a block (truth 2).
Argument as_one(Arguments sequence) {
    if (sequence.size() == 1) return std::move(sequence.front());
    Argument block{.name = joined_names(sequence, "-"), .type = Type::block};
    const auto plain = [](const Argument& a) { return is_value(a) && a.token.empty() && !a.optional; };
    const bool led = is_value(sequence[0]) && !sequence[0].token.empty() && !sequence[0].multiple_token &&
                     std::all_of(sequence.begin() + 1, sequence.end(), plain);
    if (led) block.token = std::move(sequence[0].token);
    if (led) sequence[0].token.clear();
    block.arguments = std::move(sequence);
    return block;
}

Argument one_of(std::vector<Arguments> alternatives) {
    if (alternatives.size() == 1) return as_one(std::move(alternatives.front()));
    Argument group{.type = Type::oneof};
    for (Arguments& alternative : alternatives) group.arguments.push_back(as_one(std::move(alternative)));
    group.name = joined_names(group.arguments, "-or-");
    return group;
}

// How an element looked before it was found to be repeated, so that `a [a ...]` compares equal. `sequence` stands
// in front of the brackets, `again` inside them; on success the repeated elements are one and marked.
bool mark_repeated(Arguments& sequence, Arguments again) {
    const std::size_t count = again.size();
    if (count == 0 || count > sequence.size()) return false;
    const auto from = sequence.end() - static_cast<std::ptrdiff_t>(count);
    const bool same = std::equal(from, sequence.end(), again.begin());
    if (!same) {  // the keyword may stand only once: TOKEN x [x ...]
        again.front().token = from->token;
        if (!std::equal(from, sequence.end(), again.begin())) return false;
    }
    Argument one = as_one(Arguments{std::make_move_iterator(from), std::make_move_iterator(sequence.end())});
    sequence.erase(from, sequence.end());
    one.multiple = true;
    one.multiple_token = same && !one.token.empty() && one.type != Type::pure_token;
    sequence.push_back(std::move(one));
    return true;
}

class Parser {
  public:
    explicit Parser(Bytes text) : text_(text) {}

    Result<Arguments> parse() {
        bool repeats = false;
        KEEL_TRY(Arguments sequence, parse_sequence(repeats, 0));
        if (repeats) return wrong("'...' outside of brackets");
        if (at_ < text_.size()) return wrong(std::string{"unexpected '"} + text_[at_] + "'");
        return sequence;
    }

  private:
    Error wrong(const std::string& what) const { return Error{what + " at byte " + std::to_string(at_)}; }

    void skip_blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    // The next byte that is no blank; NUL at the end.
    char peek() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    Bytes take_word() {
        const std::size_t end = std::min(text_.find_first_of(" []()|", at_), text_.size());
        const Bytes word = text_.substr(at_, end - at_);
        at_ = end;
        return word;
    }

    // Elements up to a `|`, a closing bracket or the end. `repeats`: it ended with "...".
    Result<Arguments> parse_sequence(bool& repeats, std::size_t depth) {
        Arguments sequence;
        for (char c = peek(); c != '\0' && c != '|' && c != ']' && c != ')'; c = peek()) {
            if (repeats) return wrong("something behind '...'");
            if (c == '[') {
                KEEL_TRY(parse_optional(sequence, {}, depth));
            } else if (text_.substr(at_, 3) == "...") {
                repeats = true;
                at_ += 3;
            } else {
                KEEL_TRY(parse_element(sequence, depth));
            }
        }
        return sequence;
    }

    Status parse_element(Arguments& sequence, std::size_t depth) {
        if (peek() == '(') return parse_group(sequence, {}, {}, depth);
        const Bytes word = take_word();
        const char next = at_ < text_.size() ? text_[at_] : '\0';  // directly behind the word
        if (is_name(word) && word.back() == '=' && (next == '[' || next == '(')) {
            const Bytes name = word.substr(0, word.size() - 1);
            return next == '[' ? parse_optional(sequence, name, depth) : parse_group(sequence, {}, name, depth);
        }
        if (is_name(word)) return parse_value(sequence, word, {});
        const char c = peek();
        if (c == '(') return parse_group(sequence, word, {}, depth);
        if (c < 'a' || c > 'z') {
            sequence.push_back(pure_token(word));
            return {};
        }
        const Bytes value = take_word();
        if (value.back() == '=' && peek() == '(') {
            return parse_group(sequence, word, value.substr(0, value.size() - 1), depth);
        }
        if (value.back() == '=' && peek() == '[') return wrong("a keyword in front of a named option");
        return parse_value(sequence, value, word);
    }

    Status parse_value(Arguments& sequence, Bytes word, Bytes token) {
        Argument value{.name = std::string{word}, .token = std::string{token}};
        if (const std::size_t colon = word.rfind(':'); colon != Bytes::npos) {
            const auto type = value_type(word.substr(colon + 1));
            if (!type) return wrong("no such type: '" + std::string{word.substr(colon + 1)} + "'");
            value.name = word.substr(0, colon);
            value.type = *type;
        } else if (word == "key") {
            value.type = Type::key;
        } else if (word == "numkeys") {
            value.type = Type::integer;
        }
        sequence.push_back(std::move(value));
        return {};
    }

    // (...), with the keyword in front of it if there was one.
    Status parse_group(Arguments& sequence, Bytes token, Bytes name, std::size_t depth) {
        bool repeats = false;
        KEEL_TRY(auto alternatives, parse_alternatives(')', repeats, depth));
        if (repeats) return wrong("'...' in round brackets");
        Argument group = one_of(std::move(alternatives));
        if (!token.empty() && !group.token.empty()) return wrong("two keywords for one argument");
        if (!token.empty()) group.token = token;
        if (!name.empty()) group.name = name;
        sequence.push_back(std::move(group));
        return {};
    }

    // [...]: an option, or the repetition of what stands before it.
    Status parse_optional(Arguments& sequence, Bytes name, std::size_t depth) {
        bool repeats = false;
        KEEL_TRY(auto alternatives, parse_alternatives(']', repeats, depth));
        if (repeats) {
            if (mark_repeated(sequence, std::move(alternatives.front()))) return {};
            return wrong("'...' repeats something else than what stands before it");
        }
        Argument group = one_of(std::move(alternatives));
        group.optional = true;
        if (!name.empty()) group.name = name;
        sequence.push_back(std::move(group));
        return {};
    }

    Result<std::vector<Arguments>> parse_alternatives(char close, bool& repeats, std::size_t depth) {
        if (depth == kDeepest) return wrong("brackets too deep");
        std::vector<Arguments> out;
        do {
            ++at_;  // the opening bracket, or '|'
            KEEL_TRY(Arguments sequence, parse_sequence(repeats, depth + 1));
            if (sequence.empty()) return wrong("nothing in brackets or beside '|'");
            out.push_back(std::move(sequence));
            if (repeats && (out.size() > 1 || peek() == '|')) return wrong("'...' among alternatives");
        } while (peek() == '|');
        if (peek() != close) return wrong(std::string{"expected '"} + close + "'");
        ++at_;
        return out;
    }

    Bytes text_;
    std::size_t at_ = 0;
};

// Numbers the keys in order, as the specs are; what comes behind the last spec's first key is in its range, too (LCS).
// Patterns that stand for keys (SORT BY, GET) share the one spec that says "unknown".
class KeyNumbers {
  public:
    explicit KeyNumbers(const CommandSpec& spec) : specs_(spec.keys.all()) {}

    void number(Arguments& arguments) {
        for (Argument& argument : arguments) {
            if (argument.type == Type::key) argument.key_spec_index = take();
            if (argument.type == Type::pattern) argument.key_spec_index = pattern_index();
            number(argument.arguments);
        }
    }

  private:
    // The next one, or the last again; -1 if there is none.
    int take() {
        if (next_ < specs_.size()) ++next_;
        return static_cast<int>(next_) - 1;
    }
    int pattern_index() {
        if (pattern_ < 0 && next_ < specs_.size() && specs_[next_].unknown()) pattern_ = take();
        return pattern_;
    }

    std::span<const KeySpec> specs_;
    std::size_t next_ = 0;
    int pattern_ = -1;
};

std::size_t add_up(std::size_t a, std::size_t b) {
    return a == WordCount::kUnbounded || b == WordCount::kUnbounded ? WordCount::kUnbounded : a + b;
}

WordCount words_of(const Argument& argument) {
    WordCount count{1, 1};
    if (argument.type == Type::block) count = word_count(argument.arguments);
    if (argument.type == Type::oneof) {
        count = {WordCount::kUnbounded, 0};
        for (const Argument& alternative : argument.arguments) {
            const WordCount one = words_of(alternative);
            count = {std::min(count.least, one.least), std::max(count.most, one.most)};
        }
    }
    if (!argument.token.empty() && argument.type != Type::pure_token) {
        count = {add_up(count.least, 1), add_up(count.most, 1)};
    }
    if (argument.multiple) count.most = WordCount::kUnbounded;
    if (argument.optional) count.least = 0;
    return count;
}

}  // namespace

Bytes type_name(Argument::Type type) { return kTypeNames[static_cast<std::size_t>(type)]; }

Result<std::vector<Argument>> parse_syntax(Bytes text) { return Parser{text}.parse(); }

Result<std::vector<Argument>> arguments_of(const CommandSpec& spec) {
    KEEL_TRY(Arguments arguments, parse_syntax(spec.syntax));
    KeyNumbers{spec}.number(arguments);
    return arguments;
}

WordCount word_count(const std::vector<Argument>& arguments) {
    WordCount sum;
    for (const Argument& argument : arguments) {
        const WordCount one = words_of(argument);
        sum = {sum.least + one.least, add_up(sum.most, one.most)};
    }
    return sum;
}

}  // namespace keel
