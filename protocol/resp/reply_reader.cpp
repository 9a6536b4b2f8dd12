// SPDX-License-Identifier: BSD-3-Clause
//
// Every element begins with a line: a type byte and the rest. A string's bytes follow its line; a container becomes a
// Frame that its elements fall into. finish() puts a value where it belongs, and closes each container that it fills.
#include "protocol/resp/reply_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "protocol/base/number.h"

namespace keel {

namespace {

using Kind = ReplyValue::Kind;

bool is_digits(Bytes text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == Bytes::npos;
}

std::optional<std::int64_t> signed_integer(Bytes text) {
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    return parse_integer(text);
}

std::optional<double> number_of(Bytes text) {
    if (equal_nocase(text, "nan") || equal_nocase(text, "-nan")) return std::numeric_limits<double>::quiet_NaN();
    return parse_double(text);
}

}  // namespace

ReplyReader::Outcome ReplyReader::next(Bytes input) {
    offset_ += consumed_;
    consumed_ = 0;
    for (;;) {
        switch (step(input.substr(consumed_))) {
            case Step::on: break;
            case Step::wait: return Outcome::incomplete;
            case Step::wrong: return Outcome::error;
            case Step::done: return Outcome::complete;
        }
    }
}

ReplyReader::Step ReplyReader::step(Bytes rest) {
    if (!error_.empty()) return Step::wrong;
    if (missing_ > 0) return read_text(rest);
    const std::size_t end = rest.find('\r', scanned_);
    if (std::min(end, rest.size()) > limits_.max_line_bytes) return wrong("a line too long");
    if (end == Bytes::npos || end + 1 == rest.size()) {
        scanned_ = end == Bytes::npos ? rest.size() : end;
        return Step::wait;
    }
    if (rest[end + 1] != '\n') return wrong("CR without LF");
    if (end == 0) return wrong("an empty line");
    const Step result = begin(rest.front(), rest.substr(1, end - 1));
    if (result == Step::wrong) return result;
    scanned_ = 0;
    consumed_ += end + 2;
    return result;
}

ReplyReader::Step ReplyReader::begin(char type, Bytes line) {
    switch (type) {
        case '+':
        case '-':
        case '$':
        case '!':
        case '=':
        case '(': return begin_text(type, line);
        case '*':
        case '%':
        case '~':
        case '>':
        case '|': return begin_container(type, line);
        case ':':
            if (const auto value = signed_integer(line)) return scalar(Kind::integer, *value);
            return wrong("not an integer");
        case ',': {
            const auto number = number_of(line);
            if (!number) return wrong("not a number");
            ReplyValue value;
            value.kind = Kind::number;
            value.number = *number;
            return finish(std::move(value));
        }
        case '#':
            if (line == "t" || line == "f") return scalar(Kind::boolean, line == "t");
            return wrong("neither true nor false");
        case '_':
            if (line.empty()) return scalar(Kind::null, 0);
            return wrong("null with a text");
        default: return wrong(fmt::format("type byte {:#04x}", static_cast<unsigned char>(type)));
    }
}

ReplyReader::Step ReplyReader::scalar(Kind kind, std::int64_t integer) {
    ReplyValue value;
    value.kind = kind;
    value.integer = integer;
    return finish(std::move(value));
}

// The whole text is in the line, or only its length.
ReplyReader::Step ReplyReader::begin_text(char type, Bytes line) {
    ReplyValue value;
    value.kind = type == '+'   ? Kind::simple
                 : type == '$' ? Kind::bulk
                 : type == '=' ? Kind::verbatim
                 : type == '(' ? Kind::big_number
                               : Kind::error;
    if (type == '+' || type == '-' || type == '(') {
        if (type == '(' && !is_digits(line)) return wrong("not a big number");
        if (!charge(line.size())) return wrong("a reply too large");
        value.text = line;
        return finish(std::move(value));
    }
    if (type == '$' && line == "-1") return scalar(Kind::null, 0);
    const auto length = length_of(line);
    if (!length) return wrong("not a length");
    if (type == '=' && *length < 4) return wrong("a verbatim string without its format");
    if (*length > limits_.max_bytes) return wrong("a reply too large");
    missing_ = *length + 2;
    text_ = std::move(value);
    return Step::on;
}

ReplyReader::Step ReplyReader::read_text(Bytes rest) {
    const std::size_t take = std::min(rest.size(), missing_ > 2 ? missing_ - 2 : 0);
    if (!charge(take)) return wrong("a reply too large");
    text_.text.append(rest.substr(0, take));
    consumed_ += take;
    missing_ -= take;
    rest.remove_prefix(take);
    if (missing_ > 2 || rest.size() < 2) return Step::wait;
    if (!rest.starts_with("\r\n")) return wrong("a string not closed by CRLF");
    if (text_.kind == Kind::verbatim) {
        if (text_.text[3] != ':') return wrong("a verbatim string without its format");
        text_.format = text_.text.substr(0, 3);
        text_.text.erase(0, 4);
    }
    consumed_ += 2;
    missing_ = 0;
    return finish(std::exchange(text_, {}));
}

ReplyReader::Step ReplyReader::begin_container(char type, Bytes line) {
    if (type == '*' && line == "-1") return scalar(Kind::null_array, 0);
    const bool pairs = type == '%' || type == '|';
    const auto length = length_of(line);
    if (!length) return wrong("not a length");
    if (type == '>' && !frames_.empty()) return wrong("a push inside a reply");
    ReplyValue value;
    value.kind = type == '*' ? Kind::array : type == '~' ? Kind::set : type == '>' ? Kind::push : Kind::map;
    if (*length == 0) return type == '|' ? Step::on : finish(std::move(value));
    if (frames_.size() == limits_.max_depth) return wrong("containers nested too deep");
    frames_.push_back({std::move(value), pairs ? 2 * *length : *length, type == '|', {}});
    return Step::on;
}

// Puts a value where it belongs; a container that is full with it is a value too.
ReplyReader::Step ReplyReader::finish(ReplyValue value) {
    for (;;) {
        auto& attributes = frames_.empty() ? attributes_ : frames_.back().attributes;
        value.attributes = std::exchange(attributes, {});
        if (!charge(sizeof(ReplyValue))) return wrong("a reply too large");
        if (frames_.empty()) {
            done_ = std::move(value);
            charged_ = 0;
            return Step::done;
        }
        frames_.back().value.elements.push_back(std::move(value));
        if (--frames_.back().remaining > 0) return Step::on;
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        if (frame.attribute) {
            auto& before = frames_.empty() ? attributes_ : frames_.back().attributes;
            std::move(frame.value.elements.begin(), frame.value.elements.end(), std::back_inserter(before));
            return Step::on;
        }
        value = std::move(frame.value);
    }
}

std::optional<std::size_t> ReplyReader::length_of(Bytes line) {
    const auto length = parse_integer(line);
    if (!length || *length < 0 || *length > std::numeric_limits<std::int64_t>::max() / 4) return std::nullopt;
    return static_cast<std::size_t>(*length);
}

bool ReplyReader::charge(std::size_t bytes) {
    charged_ += bytes;
    return charged_ <= limits_.max_bytes;
}

ReplyReader::Step ReplyReader::wrong(std::string what) {
    error_ = fmt::format("bad reply at byte {}: {}", offset_ + consumed_, what);
    return Step::wrong;
}

void ReplyReader::reset() { *this = ReplyReader{limits_}; }

}  // namespace keel
