// SPDX-License-Identifier: BSD-3-Clause
//
// The splitter is one pass over the line: `Splitter` stands at a byte, and each function takes the part it names.
#include "protocol/base/words.h"

#include <cstddef>

namespace keel {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What ends a word outside quotes: narrower than is_blank, as in the peers (a vertical tab only parts words).
constexpr bool ends_word(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0'; }

constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr char escaped(char c) {
    switch (c) {
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'a': return '\a';
        case 'b': return '\b';
        default: return c;
    }
}

class Splitter {
  public:
    explicit Splitter(Bytes line) : line_(line) {}

    bool at_end() {
        while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
        return at_ == line_.size() || line_[at_] == '\0';
    }

    bool word(std::string& out) {
        while (at_ < line_.size() && !ends_word(line_[at_])) {
            const char c = line_[at_++];
            if (c == '"' || c == '\'') return c == '"' ? double_quoted(out) : single_quoted(out);
            out.push_back(c);
        }
        return true;
    }

  private:
    bool double_quoted(std::string& out) {
        while (at_ < line_.size()) {
            const char c = line_[at_++];
            if (c == '"') return closed();
            if (c == '\\' && at_ < line_.size())
                escape(out);
            else
                out.push_back(c);
        }
        return false;
    }

    bool single_quoted(std::string& out) {
        while (at_ < line_.size()) {
            const char c = line_[at_++];
            if (c == '\'') return closed();
            if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') {
                out.push_back('\'');
                ++at_;
            } else {
                out.push_back(c);
            }
        }
        return false;
    }

    // Just behind a backslash.
    void escape(std::string& out) {
        if (line_[at_] == 'x' && line_.size() - at_ >= 3) {
            const int high = hex_value(line_[at_ + 1]);
            const int low = hex_value(line_[at_ + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high * 16 + low));
                at_ += 3;
                return;
            }
        }
        out.push_back(escaped(line_[at_++]));
    }

    // Just behind a closing quote: nothing of the word may follow it.
    [[nodiscard]] bool closed() const { return at_ == line_.size() || is_blank(line_[at_]) || line_[at_] == '\0'; }

    Bytes line_;
    std::size_t at_ = 0;
};

}  // namespace

bool split_words(Bytes line, std::vector<std::string>& out) {
    out.clear();
    Splitter splitter{line};
    while (!splitter.at_end()) {
        if (!splitter.word(out.emplace_back())) {
            out.clear();
            return false;
        }
    }
    return true;
}

void append_quoted(std::string& out, Bytes bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    out.push_back('"');
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '\\': out += "\\\\"; break;
            case '"': out += "\\\""; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '\a': out += "\\a"; break;
            case '\b': out += "\\b"; break;
            default:
                if (byte >= 0x20 && byte < 0x7f) {
                    out.push_back(c);
                } else {
                    out += "\\x";
                    out.push_back(kHex[byte >> 4]);
                    out.push_back(kHex[byte & 15]);
                }
        }
    }
    out.push_back('"');
}

std::string quoted(Bytes bytes) {
    std::string out;
    out.reserve(bytes.size() + 2);
    append_quoted(out, bytes);
    return out;
}

}  // namespace keel
