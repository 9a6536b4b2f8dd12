// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/convert.h"

#include <cstdlib>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/base/number.h"
#include "server/script/vm.h"

namespace keel::script {

namespace {

// ---- From the protocol ----

class ReplyCursor {
  public:
    ReplyCursor(lua_State* lua, Bytes left) : lua_(lua), at_(left.data()), end_(left.data() + left.size()) {}

    void push() {
        luaL_checkstack(lua_, 8, "reply is nested too deeply");
        const char type = *at_++;
        switch (type) {
            case ':': return lua_pushnumber(lua_, static_cast<double>(number()));
            case '$': return bulk();
            case '+': return field("ok", line());
            case '-': return push_error(lua_, line(), true);
            case '*': return array();
            case '_': skip_line(); return lua_pushnil(lua_);
            case '#': return lua_pushboolean(lua_, line() == "t" ? 1 : 0);
            case ',': return real();
            case '%': return map();
            case '~': return set();
            case '(': return field("big_number", line());
            case '=': return verbatim();
            case '|': return attribute();
            default: KEEL_CHECK(false && "a reply of ours");
        }
    }

  private:
    Bytes line() {
        const char* const start = at_;
        while (*at_ != '\r') ++at_;
        const Bytes text{start, static_cast<std::size_t>(at_ - start)};
        at_ += 2;
        return text;
    }
    void skip_line() { static_cast<void>(line()); }

    std::int64_t number() {
        const bool negative = *at_ == '-';
        if (negative) ++at_;
        std::uint64_t value = 0;
        for (; *at_ != '\r'; ++at_) value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
        at_ += 2;
        return static_cast<std::int64_t>(negative ? -value : value);
    }

    Bytes counted(std::int64_t size) {
        const Bytes text{at_, static_cast<std::size_t>(size)};
        KEEL_DCHECK(size + 2 <= end_ - at_);
        at_ += size + 2;
        return text;
    }

    void bulk() {
        const std::int64_t size = number();
        if (size < 0) return lua_pushboolean(lua_, 0);
        push_bytes(lua_, counted(size));
    }

    void field(const char* name, Bytes text) {
        lua_createtable(lua_, 0, 1);
        push_bytes(lua_, text);
        lua_setfield(lua_, -2, name);
    }

    void array() {
        const std::int64_t count = number();
        if (count < 0) return lua_pushboolean(lua_, 0);
        lua_createtable(lua_, static_cast<int>(count), 0);
        for (std::int64_t i = 1; i <= count; ++i) {
            push();
            lua_rawseti(lua_, -2, static_cast<int>(i));
        }
    }

    void real() {
        const std::string text{line()};
        lua_createtable(lua_, 0, 1);
        lua_pushnumber(lua_, std::strtod(text.c_str(), nullptr));
        lua_setfield(lua_, -2, "double");
    }

    void map() {
        const std::int64_t count = number();
        lua_createtable(lua_, 0, 1);
        lua_createtable(lua_, 0, static_cast<int>(count));
        for (std::int64_t i = 0; i < count; ++i) {
            push();
            push();
            lua_rawset(lua_, -3);
        }
        lua_setfield(lua_, -2, "map");
    }

    void set() {
        const std::int64_t count = number();
        lua_createtable(lua_, 0, 1);
        lua_createtable(lua_, 0, static_cast<int>(count));
        for (std::int64_t i = 0; i < count; ++i) {
            push();
            lua_pushboolean(lua_, 1);
            lua_rawset(lua_, -3);
        }
        lua_setfield(lua_, -2, "set");
    }

    void verbatim() {
        const Bytes text = counted(number());
        lua_createtable(lua_, 0, 1);
        lua_createtable(lua_, 0, 2);
        push_bytes(lua_, text.substr(4));
        lua_setfield(lua_, -2, "string");
        push_bytes(lua_, text.substr(0, 3));
        lua_setfield(lua_, -2, "format");
        lua_setfield(lua_, -2, "verbatim_string");
    }

    // What is said about the value that follows: Lua has no place for it.
    void attribute() {
        for (std::int64_t left = 2 * number(); left > 0; --left) {
            push();
            lua_pop(lua_, 1);
        }
        push();
    }

    lua_State* lua_;
    const char* at_;
    const char* end_;
};

}  // namespace

void push_reply(lua_State* lua, Bytes encoded) { ReplyCursor{lua, encoded}.push(); }

void push_error(lua_State* lua, Bytes text, bool counted) {
    lua_createtable(lua, 0, 2);
    push_bytes(lua, text);
    lua_setfield(lua, -2, "err");
    if (!counted) return;
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "ignore_error_stats_update");
}

std::string with_code(Bytes text) {
    std::string code = "ERR";
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    if (const std::size_t space = text.find(' '); space != Bytes::npos) {
        code = text.substr(0, space);
        text.remove_prefix(space + 1);
    }
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
    while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
    return code.append(1, ' ').append(text);
}

// ---- To the protocol ----

namespace {

// The field of the table at the top of the stack, put above it if it has this type.
bool push_field(lua_State* lua, const char* name, int type) {
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) return true;
    lua_pop(lua, 1);
    return false;
}

std::size_t count_items(lua_State* lua) {
    std::size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) ++count;
    return count;
}

std::string on_one_line(Bytes text) {
    std::string out{text};
    for (char& c : out) c = c == '\r' || c == '\n' ? ' ' : c;
    return out;
}

class ReplyWriter {
  public:
    ReplyWriter(lua_State* lua, Reply& reply, int script_protocol, ReplyErrors& errors, std::size_t most_bytes)
        : lua_(lua),
          vm_(Vm::of(lua)),
          reply_(reply),
          script_protocol_(script_protocol),
          errors_(errors),
          end_bytes_(reply.output().bytes() + most_bytes) {}

    // The value at the top of the stack, which is taken off.
    void value() {
        if (depth_ == kMostDepth || lua_checkstack(lua_, 6) == 0) {
            error("ERR reached lua stack limit", false);
            lua_pop(lua_, 1);
            return;
        }
        vm_.step(lua_, 5);
        if (reply_.output().bytes() > end_bytes_) luaL_error(lua_, "the reply would be too large");
        ++depth_;
        switch (lua_type(lua_, -1)) {
            case LUA_TSTRING: reply_.bulk(bytes_at(lua_, -1)); break;
            case LUA_TNUMBER: reply_.integer(integer_of(lua_tonumber(lua_, -1))); break;
            case LUA_TBOOLEAN: boolean(lua_toboolean(lua_, -1) != 0); break;
            case LUA_TTABLE: table(); break;
            default: reply_.null();
        }
        --depth_;
        lua_pop(lua_, 1);
    }

  private:
    static constexpr int kMostDepth = 1000;  // a table may stand in itself

    void error(Bytes text, bool counted) {
        reply_.error(text);
        errors_.add(text, counted);
    }

    static std::int64_t integer_of(double number) {
        constexpr double kLimit = 9223372036854775808.0;
        if (number >= -kLimit && number < kLimit) return static_cast<std::int64_t>(number);
        return std::numeric_limits<std::int64_t>::min();  // what the processor makes of them, and so Redis
    }

    void boolean(bool value) {
        if (script_protocol_ == 3) return reply_.boolean(value);
        if (value)
            reply_.integer(1);
        else
            reply_.null();
    }

    void table() {
        if (push_field(lua_, "err", LUA_TSTRING)) {
            lua_pop(lua_, 1);
            bool counted = false;
            Bytes text = error_of_table(lua_, -1, counted);
            while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
            return error(text, counted);
        }
        if (push_field(lua_, "ok", LUA_TSTRING)) return pop_after([this] { reply_.simple(bytes_at(lua_, -1)); });
        if (push_field(lua_, "double", LUA_TNUMBER))
            return pop_after([this] { reply_.number(lua_tonumber(lua_, -1)); });
        if (push_field(lua_, "map", LUA_TTABLE)) return pop_after([this] { map(); });
        if (push_field(lua_, "set", LUA_TTABLE)) return pop_after([this] { set(); });
        if (push_field(lua_, "big_number", LUA_TSTRING))
            return pop_after([this] { reply_.big_number(on_one_line(bytes_at(lua_, -1))); });
        if (push_field(lua_, "verbatim_string", LUA_TTABLE)) {
            const bool written = verbatim();
            lua_pop(lua_, 1);
            if (written) return;
        }
        array();
    }

    template <typename F>
    void pop_after(F&& write) {
        write();
        lua_pop(lua_, 1);
    }

    void map() {
        reply_.map(count_items(lua_));
        for (lua_pushnil(lua_); lua_next(lua_, -2) != 0;) {
            lua_pushvalue(lua_, -2);
            value();  // the key
            value();
        }
    }

    void set() {
        reply_.set(count_items(lua_));
        for (lua_pushnil(lua_); lua_next(lua_, -2) != 0;) {
            lua_pop(lua_, 1);
            lua_pushvalue(lua_, -1);
            value();
        }
    }

    bool verbatim() {
        if (!push_field(lua_, "format", LUA_TSTRING)) return false;
        const Bytes format = bytes_at(lua_, -1);
        lua_pop(lua_, 1);  // the table holds it
        if (!push_field(lua_, "string", LUA_TSTRING)) return false;
        std::string three{format.substr(0, 3)};
        three.resize(3, ' ');
        reply_.verbatim(three, bytes_at(lua_, -1));
        lua_pop(lua_, 1);
        return true;
    }

    void array() {
        int count = 0;
        for (;; ++count) {
            lua_rawgeti(lua_, -1, count + 1);
            const bool last = lua_isnil(lua_, -1);
            lua_pop(lua_, 1);
            vm_.step(lua_);
            if (last) break;
        }
        reply_.array(static_cast<std::size_t>(count));
        for (int i = 1; i <= count; ++i) {
            lua_rawgeti(lua_, -1, i);
            value();
        }
    }

    lua_State* lua_;
    Vm& vm_;
    Reply& reply_;
    int script_protocol_;
    int depth_ = 0;
    ReplyErrors& errors_;
    std::size_t end_bytes_;
};

}  // namespace

Bytes error_of_table(lua_State* lua, int index, bool& counted) {
    lua_pushvalue(lua, index);
    Bytes text;
    if (push_field(lua, "err", LUA_TSTRING)) {
        text = bytes_at(lua, -1);
        lua_pop(lua, 1);  // the table holds it
    }
    if (push_field(lua, "ignore_error_stats_update", LUA_TBOOLEAN)) {
        counted = lua_toboolean(lua, -1) != 0;
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return text;
}

void write_reply(lua_State* lua, Reply& reply, int script_protocol, ReplyErrors& errors, std::size_t most_bytes) {
    ReplyWriter{lua, reply, script_protocol, errors, most_bytes}.value();
}

}  // namespace keel::script
