// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/json_reader.h"

#include <cstdlib>

#include "protocol/base/bytes.h"

namespace keel::script {

// ---- Tokens ----

void JsonReader::next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
    token_ = Token{};
    token_.at = at_;
    if (at_ >= text_.size()) return;  // the end
    const char c = text_[at_];
    const auto simple = [&](Kind kind, std::size_t size = 1) {
        token_.kind = kind;
        at_ += size;
    };
    switch (c) {
        case '{': return simple(Kind::object_begin);
        case '}': return simple(Kind::object_end);
        case '[': return simple(Kind::array_begin);
        case ']': return simple(Kind::array_end);
        case ',': return simple(Kind::comma);
        case ':': return simple(Kind::colon);
        case '"': return next_string();
        default: break;
    }
    if (c == '-' || (c >= '0' && c <= '9')) return next_number();
    if (starts("true") || starts("false")) {
        token_.truth = c == 't';
        return simple(Kind::boolean, token_.truth ? 4 : 5);
    }
    if (starts("null")) return simple(Kind::null, 4);
    if (loose_numbers_ && unusual_number()) return next_number();
    token_.kind = Kind::error;
    token_.error = "invalid token";
}

// What strtod takes and JSON does not.
bool JsonReader::unusual_number() const {
    std::size_t i = at_;
    if (at(i) == '+') return true;
    if (at(i) == '-') ++i;
    const char c = at(i);
    if (c == '0') return at(i + 1) == 'x' || at(i + 1) == 'X' || (at(i + 1) >= '0' && at(i + 1) <= '9');
    if (c >= '1' && c <= '9') return false;
    return equal_nocase(text_.substr(i, 3), "inf") || equal_nocase(text_.substr(i, 3), "nan");
}

void JsonReader::next_number() {
    const char* const start = text_.data() + at_;
    char* end = nullptr;
    const bool refused = !loose_numbers_ && unusual_number();
    token_.number = refused ? 0 : std::strtod(start, &end);
    if (refused || end == start) {
        token_.kind = Kind::error;
        token_.error = "invalid number";
        return;
    }
    token_.kind = Kind::number;
    at_ += static_cast<std::size_t>(end - start);
}

void JsonReader::next_string() {
    string_.clear();
    for (++at_; at(at_) != '"';) {
        if (at(at_) == '\0') {
            token_ = Token{.kind = Kind::error, .at = at_, .error = "unexpected end of string"};
            return;
        }
        if (at(at_) != '\\') {
            string_ += text_[at_++];
        } else if (!escape()) {
            return;
        }
    }
    ++at_;
    vm_.step(lua_, string_.size() / 8);
    token_.kind = Kind::string;
}

bool JsonReader::escape() {
    const char* error = nullptr;
    switch (at(at_ + 1)) {
        case '"': string_ += '"'; break;
        case '\\': string_ += '\\'; break;
        case '/': string_ += '/'; break;
        case 'b': string_ += '\b'; break;
        case 'f': string_ += '\f'; break;
        case 'n': string_ += '\n'; break;
        case 'r': string_ += '\r'; break;
        case 't': string_ += '\t'; break;
        case 'u':
            if (unicode_escape()) return true;
            error = "invalid unicode escape code";
            break;
        default: error = "invalid escape code";
    }
    if (error != nullptr) {
        token_ = Token{.kind = Kind::error, .at = at_, .error = error};
        return false;
    }
    at_ += 2;
    return true;
}

int JsonReader::hex_at(std::size_t index) const {
    int value = 0;
    for (std::size_t i = index; i < index + 4; ++i) {
        const char c = at(i);
        int digit = 0;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10;
        else
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

// \uXXXX, or two of them that are halves of one character.
bool JsonReader::unicode_escape() {
    int code = hex_at(at_ + 2);
    std::size_t size = 6;
    if (code < 0) return false;
    if ((code & 0xF800) == 0xD800) {
        if ((code & 0x400) != 0 || at(at_ + 6) != '\\' || at(at_ + 7) != 'u') return false;
        const int low = hex_at(at_ + 8);
        if (low < 0 || (low & 0xFC00) != 0xDC00) return false;
        code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
        size = 12;
    }
    append_utf8(static_cast<unsigned>(code));
    at_ += size;
    return true;
}

void JsonReader::append_utf8(unsigned code) {
    const auto put = [this](unsigned byte) { string_ += static_cast<char>(byte); };
    const auto tail = [&](unsigned shift) { put(0x80U | (code >> shift & 0x3FU)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0U | code >> 6U);
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        tail(6);
    } else {
        put(0xF0U | code >> 18U);
        tail(12);
        tail(6);
    }
    tail(0);
}

// ---- Values ----

void JsonReader::fail(const char* expected) const {
    static constexpr const char* kNames[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                             "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                             "T_COLON",     "T_COMMA",   "T_END"};
    const char* found = token_.kind == Kind::error ? token_.error : kNames[static_cast<std::size_t>(token_.kind)];
    luaL_error(lua_, "Expected %s but found %s at character %d", expected, found, static_cast<int>(token_.at + 1));
}

void JsonReader::descend() {
    ++depth_;
    if (depth_ <= most_depth_ && lua_checkstack(lua_, 4) != 0) return;
    luaL_error(lua_, "Found too many nested data structures (%d) at character %d", depth_, static_cast<int>(at_));
}

// Of the token that was read.
void JsonReader::value() {
    vm_.step(lua_, 5);
    switch (token_.kind) {
        case Kind::string: return push_bytes(lua_, string_);
        case Kind::number: return lua_pushnumber(lua_, token_.number);
        case Kind::boolean: return lua_pushboolean(lua_, token_.truth ? 1 : 0);
        case Kind::object_begin: return object();
        case Kind::array_begin: return array();
        case Kind::null: return lua_pushlightuserdata(lua_, nullptr);
        default: fail("value");
    }
}

void JsonReader::object() {
    descend();
    lua_newtable(lua_);
    next();
    for (bool more = token_.kind != Kind::object_end; more;) {
        if (token_.kind != Kind::string) fail("object key string");
        push_bytes(lua_, string_);
        next();
        if (token_.kind != Kind::colon) fail("colon");
        next();
        value();
        lua_rawset(lua_, -3);
        next();
        more = token_.kind != Kind::object_end;
        if (!more) break;
        if (token_.kind != Kind::comma) fail("comma or object end");
        next();
    }
    --depth_;
}

void JsonReader::array() {
    descend();
    lua_newtable(lua_);
    if (array_metatable_ != 0) {
        lua_pushvalue(lua_, array_metatable_);
        lua_setmetatable(lua_, -2);
    }
    next();
    if (token_.kind != Kind::array_end) {
        for (int i = 1;; ++i) {
            value();
            lua_rawseti(lua_, -2, i);
            next();
            if (token_.kind == Kind::array_end) break;
            if (token_.kind != Kind::comma) fail("comma or array end");
            next();
        }
    }
    --depth_;
}

void JsonReader::read() {
    next();
    value();
    next();
    if (token_.kind != Kind::end) fail("the end");
}

}  // namespace keel::script
