// SPDX-License-Identifier: BSD-3-Clause
//
// What the library `string` has of ours in the place of Lua's own: whatever takes a pattern, and rep.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <string>

#include "server/script/pattern.h"
#include "server/script/sandbox.h"

namespace keel::script {

namespace {

constexpr std::size_t kMostBytes = std::size_t{512} << 20;

// A place in a string as scripts count, from 1 or from the end backwards, as a place from 0 on.
std::size_t start_of(lua_Integer place, std::size_t size) {
    const auto end = static_cast<lua_Integer>(size);
    if (place < 0) place += end + 1;
    return static_cast<std::size_t>(std::clamp<lua_Integer>(place - 1, 0, end));
}

// The first place of `what` from `start` on, in time that is linear whatever they hold.
std::size_t find_plain(Bytes text, Bytes what, std::size_t start) {
    if (what.empty()) return start;
    const void* const found = memmem(text.data() + start, text.size() - start, what.data(), what.size());
    return found == nullptr ? Matcher::kNone : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

bool take_anchor(Bytes& pattern) {
    const bool anchored = !pattern.empty() && pattern.front() == '^';
    if (anchored) pattern.remove_prefix(1);
    return anchored;
}

// find (s, pattern [, init [, plain]]) and match (s, pattern [, init])
int search(lua_State* lua, bool find) {
    const Bytes subject = check_bytes(lua, 1);
    Bytes pattern = check_bytes(lua, 2);
    std::size_t at = start_of(luaL_optinteger(lua, 3, 1), subject.size());
    if (find && (lua_toboolean(lua, 4) != 0 || std::strpbrk(pattern.data(), "^$*+?.([%-") == nullptr)) {
        const std::size_t found = find_plain(subject, pattern, at);
        Vm::of(lua).step(lua, (std::min(found, subject.size()) - at) / 64);
        if (found == Matcher::kNone) return lua_pushnil(lua), 1;
        lua_pushinteger(lua, static_cast<lua_Integer>(found + 1));
        lua_pushinteger(lua, static_cast<lua_Integer>(found + pattern.size()));
        return 2;
    }
    const bool anchored = take_anchor(pattern);
    Matcher matcher{lua, subject, pattern};
    for (; at <= subject.size(); ++at) {
        const std::size_t end = matcher.match_at(at);
        if (end != Matcher::kNone) {
            if (!find) return matcher.push_captures(at, end, true);
            lua_pushinteger(lua, static_cast<lua_Integer>(at + 1));
            lua_pushinteger(lua, static_cast<lua_Integer>(end));
            return matcher.push_captures(at, end, false) + 2;
        }
        if (anchored) break;
    }
    lua_pushnil(lua);
    return 1;
}

int find(lua_State* lua) { return search(lua, true); }
int match(lua_State* lua) { return search(lua, false); }

// The iterator: its upvalues are the subject, the pattern, and where to go on.
int next_match(lua_State* lua) {
    const Bytes subject = bytes_at(lua, lua_upvalueindex(1));
    Matcher matcher{lua, subject, bytes_at(lua, lua_upvalueindex(2))};
    for (auto at = static_cast<std::size_t>(lua_tonumber(lua, lua_upvalueindex(3))); at <= subject.size(); ++at) {
        const std::size_t end = matcher.match_at(at);
        if (end == Matcher::kNone) continue;
        lua_pushnumber(lua, static_cast<lua_Number>(end == at ? end + 1 : end));
        lua_replace(lua, lua_upvalueindex(3));
        return matcher.push_captures(at, end, true);
    }
    return 0;
}

// gmatch (s, pattern): a ^ has no meaning in it.
int gmatch(lua_State* lua) {
    luaL_checkstring(lua, 1);
    luaL_checkstring(lua, 2);
    lua_settop(lua, 2);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_match, 3);
    return 1;
}

// ---- gsub ----

// gsub (s, pattern, replacement [, most]): the replacement stands at 3.
class Substitution {
  public:
    Substitution(lua_State* lua, Bytes subject, Bytes pattern)
        : lua_(lua), subject_(subject), matcher_(lua, subject, pattern) {}

    int run(bool anchored, lua_Integer most) {
        std::size_t at = 0;
        lua_Integer count = 0;
        while (count < most) {
            const std::size_t end = matcher_.match_at(at);
            if (end != Matcher::kNone) {
                ++count;
                replace(at, end);
            }
            if (end != Matcher::kNone && end > at)
                at = end;
            else if (at < subject_.size())
                out_ += subject_[at++];
            else
                break;
            if (anchored) break;
        }
        add(subject_.substr(at));
        push_bytes(lua_, out_);
        lua_pushinteger(lua_, count);
        return 2;
    }

  private:
    void add(Bytes text) {
        if (text.size() > kMostBytes - std::min(out_.size(), kMostBytes))
            luaL_error(lua_, "resulting string too large");
        out_ += text;
    }

    // The value at the top of the stack, which is taken off.
    void add_value() {
        add(bytes_at(lua_, -1));
        lua_pop(lua_, 1);
    }

    void replace(std::size_t begin, std::size_t end) {
        switch (lua_type(lua_, 3)) {
            case LUA_TFUNCTION:
                lua_pushvalue(lua_, 3);
                lua_call(lua_, matcher_.push_captures(begin, end, true), 1);
                break;
            case LUA_TTABLE:
                matcher_.push_capture(0, begin, end);
                lua_gettable(lua_, 3);
                break;
            default: return expand(begin, end);
        }
        if (lua_toboolean(lua_, -1) == 0) {  // stays as it is
            lua_pop(lua_, 1);
            return add(subject_.substr(begin, end - begin));
        }
        if (lua_isstring(lua_, -1) == 0) luaL_error(lua_, "invalid replacement value (a %s)", luaL_typename(lua_, -1));
        add_value();
    }

    // A text, in which %0 is the whole, %1 to %9 are the captures.
    void expand(std::size_t begin, std::size_t end) {
        const Bytes text = bytes_at(lua_, 3);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                const std::size_t plain = std::min(text.find('%', i), text.size());
                add(text.substr(i, plain - i));
                i = plain - 1;
                continue;
            }
            const char c = ++i < text.size() ? text[i] : '\0';
            if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
                add({&c, 1});
            } else if (c == '0') {
                add(subject_.substr(begin, end - begin));
            } else {
                matcher_.push_capture(c - '1', begin, end);
                add_value();
            }
        }
    }

    lua_State* lua_;
    Bytes subject_;
    Matcher matcher_;
    std::string out_;
};

int gsub(lua_State* lua) {
    const Bytes subject = check_bytes(lua, 1);
    Bytes pattern = check_bytes(lua, 2);
    const int type = lua_type(lua, 3);
    const lua_Integer most = luaL_optint(lua, 4, static_cast<int>(subject.size() + 1));
    const bool anchored = take_anchor(pattern);
    luaL_argcheck(lua, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                  "string/function/table expected");
    return Substitution{lua, subject, pattern}.run(anchored, most);
}

// rep (s, n)
int rep(lua_State* lua) {
    const Bytes text = check_bytes(lua, 1);
    const int count = luaL_checkint(lua, 2);
    if (count <= 0 || text.empty()) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (text.size() > kMostBytes / static_cast<std::size_t>(count))
        return luaL_error(lua, "resulting string too large");
    const std::size_t size = text.size() * static_cast<std::size_t>(count);
    std::string out;
    out.reserve(size);
    out = text;
    while (out.size() < size) out.append(out.data(), std::min(out.size(), size - out.size()));
    push_bytes(lua, out);
    Vm::of(lua).step(lua, size / 64);
    return 1;
}

}  // namespace

void set_string_functions(lua_State* lua) {
    static constexpr luaL_Reg kFunctions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch}, {"gfind", gmatch},
                                              {"gsub", gsub}, {"rep", rep},     {nullptr, nullptr}};
    luaL_register(lua, nullptr, kFunctions);
}

}  // namespace keel::script
