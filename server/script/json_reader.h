// SPDX-License-Identifier: BSD-3-Clause
//
// Reads a JSON text into Lua values. What cjson took that is no JSON is taken here: 01, 0x10, inf, nan, unless
// told otherwise. Errors name the character, and what was looked for, in cjson's words.
//
// Always true:
//   1. The text ends with a zero behind its last byte, as every Lua string does: looking one byte ahead is safe.
//   2. Containers nest at most as deep as allowed, and each level has asked for its room on Lua's stack.
#pragma once

#include <cstdint>
#include <string>

#include "server/script/lua.h"
#include "server/script/vm.h"

namespace keel::script {

class JsonReader {
  public:
    // `text` is a Lua string. `array_metatable`: where on the stack the metatable of arrays is, 0 for none.
    JsonReader(lua_State* lua, Bytes text, int most_depth, bool loose_numbers, int array_metatable)
        : lua_(lua),
          vm_(Vm::of(lua)),
          text_(text),
          most_depth_(most_depth),
          loose_numbers_(loose_numbers),
          array_metatable_(array_metatable) {}

    // Puts the value of the whole text on the stack.
    void read();

  private:
    enum class Kind : std::uint8_t {
        object_begin,
        object_end,
        array_begin,
        array_end,
        string,
        number,
        boolean,
        null,
        colon,
        comma,
        end,
        error
    };
    struct Token {
        Kind kind = Kind::end;
        std::size_t at = 0;
        double number = 0;
        bool truth = false;
        const char* error = nullptr;
    };

    void next();
    void next_string();
    void next_number();
    [[nodiscard]] bool unusual_number() const;
    bool escape();
    bool unicode_escape();
    [[nodiscard]] int hex_at(std::size_t at) const;
    void append_utf8(unsigned code);
    void value();
    void object();
    void array();
    void descend();
    void fail(const char* expected) const;
    [[nodiscard]] bool starts(Bytes word) const { return text_.substr(at_, word.size()) == word; }
    [[nodiscard]] char at(std::size_t index) const { return index < text_.size() ? text_[index] : '\0'; }

    lua_State* lua_;
    Vm& vm_;
    Bytes text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    int most_depth_;
    bool loose_numbers_;
    int array_metatable_;
    Token token_;
    std::string string_;  // of the last string token
};

// The options of every cjson are at their defaults again.
void restart_json();

}  // namespace keel::script
