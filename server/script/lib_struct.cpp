// SPDX-License-Identifier: BSD-3-Clause
//
// The library `struct`: values to and from bytes as a format says.
//
//     > < big, little endian   !n alignment (8)   b B h H l L T i[n] I[n] integers   f d   s zero-ended   cn text   x a
//     zero
//
// Always true:
//   1. Numbers in a format are below 2^31, and an integer has at most 32 bytes.
//   2. Nothing is read outside of the data: offset and size are compared without adding them.
#include <array>
#include <bit>
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstring>

#include "server/script/sandbox.h"
#include "server/script/vm.h"

namespace keel::script {

namespace {

constexpr std::size_t kMostIntegerBytes = 32;

class Format {
  public:
    Format(lua_State* lua, Bytes text) : lua_(lua), vm_(Vm::of(lua)), text_(text) {}

    [[nodiscard]] bool more() const { return !text_.empty(); }
    [[nodiscard]] bool big() const { return big_; }

    char next() {
        vm_.step(lua_);
        const char option = text_.front();
        text_.remove_prefix(1);
        return option;
    }

    // The size of what the option stands for; 0 for those without one.
    std::size_t size_of(char option) {
        switch (option) {
            case 'B':
            case 'b':
            case 'x': return 1;
            case 'H':
            case 'h': return 2;
            case 'L':
            case 'l':
            case 'T':
            case 'd': return 8;
            case 'f': return 4;
            case 'c': return number(1);
            case 'i':
            case 'I': {
                const std::size_t size = number(4);
                if (size > kMostIntegerBytes)
                    luaL_error(lua_, "integral size %d is larger than limit of %d", static_cast<int>(size),
                               static_cast<int>(kMostIntegerBytes));
                return size;
            }
            default: return 0;
        }
    }

    [[nodiscard]] std::size_t padding(std::size_t at, char option, std::size_t size) const {
        if (size == 0 || option == 'c') return 0;
        const std::size_t unit = size > align_ ? align_ : size;
        return (unit - (at & (unit - 1))) & (unit - 1);
    }

    void control(char option) {
        switch (option) {
            case ' ': return;
            case '>': big_ = true; return;
            case '<': big_ = false; return;
            case '!': {
                const std::size_t align = number(8);
                if (!std::has_single_bit(align))
                    luaL_error(lua_, "alignment %d is not a power of 2", static_cast<int>(align));
                align_ = align;
                return;
            }
            default: luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
        }
    }

  private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    std::size_t number(int otherwise) {
        if (!more() || !is_digit(text_.front())) return static_cast<std::size_t>(otherwise);
        std::int64_t value = 0;
        while (more() && is_digit(text_.front())) {
            value = value * 10 + (next() - '0');
            if (value > INT_MAX) luaL_error(lua_, "integral size overflow");
        }
        return static_cast<std::size_t>(value);
    }

    lua_State* lua_;
    Vm& vm_;
    Bytes text_;
    std::size_t align_ = 1;
    bool big_ = false;
};

void reverse(char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size / 2; ++i) std::swap(bytes[i], bytes[size - 1 - i]);
}

std::uint64_t bits_of(double number) {
    constexpr double kSigned = 9223372036854775808.0;
    if (!(number > -kSigned)) return std::uint64_t{1} << 63;  // also not a number
    if (number < 0) return static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
    return number < 2 * kSigned ? static_cast<std::uint64_t>(number) : 0;
}

void add_integer(luaL_Buffer& out, double number, std::size_t size, bool big) {
    std::array<char, kMostIntegerBytes> bytes{};
    std::uint64_t bits = bits_of(number);
    for (std::size_t i = 0; i < size; ++i, bits >>= 8U) bytes[i] = static_cast<char>(bits & 0xFFU);
    if (big) reverse(bytes.data(), size);
    luaL_addlstring(&out, bytes.data(), size);
}

template <typename T>
void add_float(luaL_Buffer& out, T number, bool big) {
    std::array<char, sizeof(T)> bytes{};
    std::memcpy(bytes.data(), &number, sizeof(T));
    if (big) reverse(bytes.data(), sizeof(T));
    luaL_addlstring(&out, bytes.data(), sizeof(T));
}

// Arguments are checked where the buffer may hold something on the stack: their indices count from the bottom.
int pack(lua_State* lua) {
    Format format{lua, check_bytes(lua, 1)};
    lua_pushnil(lua);  // ends the arguments: behind it the buffer keeps pieces
    luaL_Buffer out;
    luaL_buffinit(lua, &out);
    int argument = 2;
    std::size_t at = 0;
    while (format.more()) {
        const char option = format.next();
        std::size_t size = format.size_of(option);
        const std::size_t padding = format.padding(at, option, size);
        for (std::size_t i = 0; i < padding; ++i) luaL_addchar(&out, '\0');
        switch (option) {
            case 'b':
            case 'B':
            case 'h':
            case 'H':
            case 'l':
            case 'L':
            case 'T':
            case 'i':
            case 'I': add_integer(out, luaL_checknumber(lua, argument++), size, format.big()); break;
            case 'x': luaL_addchar(&out, '\0'); break;
            case 'f': add_float(out, static_cast<float>(luaL_checknumber(lua, argument++)), format.big()); break;
            case 'd': add_float(out, luaL_checknumber(lua, argument++), format.big()); break;
            case 'c':
            case 's': {
                const Bytes text = check_bytes(lua, argument++);
                if (size == 0) size = text.size();
                luaL_argcheck(lua, text.size() >= size, argument, "string too short");
                luaL_addlstring(&out, text.data(), size);
                if (option == 's') {
                    luaL_addchar(&out, '\0');
                    ++size;
                }
                break;
            }
            default: format.control(option);
        }
        at += padding + size;
    }
    luaL_pushresult(&out);
    return 1;
}

double integer_at(Bytes bytes, bool big, bool is_signed) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char byte = big ? bytes[i] : bytes[bytes.size() - 1 - i];
        bits = bits << 8U | static_cast<std::uint8_t>(byte);
    }
    if (!is_signed) return static_cast<double>(bits);
    if (!bytes.empty() && bytes.size() < 8) {
        const std::uint64_t mask = ~std::uint64_t{0} << (bytes.size() * 8 - 1);
        if ((bits & mask) != 0) bits |= mask;
    }
    return static_cast<double>(static_cast<std::int64_t>(bits));
}

template <typename T>
double float_at(Bytes bytes, bool big) {
    std::array<char, sizeof(T)> copy{};
    std::memcpy(copy.data(), bytes.data(), sizeof(T));
    if (big) reverse(copy.data(), sizeof(T));
    T number;
    std::memcpy(&number, copy.data(), sizeof(T));
    return number;
}

void need(lua_State* lua, Bytes data, std::size_t at, std::size_t size) {
    luaL_argcheck(lua, size <= data.size() && at <= data.size() - size, 2, "data string too short");
}

// The text of option 'c0': its size is the last value read, which it takes the place of.
std::size_t previous_size(lua_State* lua, int& values) {
    if (values == 0 || lua_isnumber(lua, -1) == 0) luaL_error(lua, "format 'c0' needs a previous size");
    const double size = lua_tonumber(lua, -1);
    lua_pop(lua, 1);
    --values;
    luaL_argcheck(lua, size >= 0 && size <= INT_MAX, 2, "data string too short");
    return static_cast<std::size_t>(size);
}

int unpack(lua_State* lua) {
    Format format{lua, check_bytes(lua, 1)};
    const Bytes data = check_bytes(lua, 2);
    const lua_Integer start = luaL_optinteger(lua, 3, 1);
    luaL_argcheck(lua, start != 0, 3, "offset must be 1 or greater");
    auto at = static_cast<std::size_t>(start) - 1;  // a negative one lies behind every data
    int values = 0;
    while (format.more()) {
        const char option = format.next();
        std::size_t size = format.size_of(option);
        at += format.padding(at, option, size);
        need(lua, data, at, size);
        luaL_checkstack(lua, 2, "too many results");
        const Bytes bytes = data.substr(at, size);
        ++values;
        switch (option) {
            case 'b':
            case 'B':
            case 'h':
            case 'H':
            case 'l':
            case 'L':
            case 'T':
            case 'i':
            case 'I':
                lua_pushnumber(lua,
                               integer_at(bytes, format.big(), std::islower(static_cast<unsigned char>(option)) != 0));
                break;
            case 'f': lua_pushnumber(lua, float_at<float>(bytes, format.big())); break;
            case 'd': lua_pushnumber(lua, float_at<double>(bytes, format.big())); break;
            case 'c':
                if (size == 0) {
                    --values;
                    size = previous_size(lua, values);
                    need(lua, data, at, size);
                    ++values;
                }
                push_bytes(lua, data.substr(at, size));
                break;
            case 's': {
                const std::size_t end = data.find('\0', at);
                if (end == Bytes::npos) luaL_error(lua, "unfinished string in data");
                size = end - at + 1;
                push_bytes(lua, data.substr(at, size - 1));
                break;
            }
            default:
                --values;
                if (option != 'x') format.control(option);
        }
        at += size;
    }
    lua_pushinteger(lua, static_cast<lua_Integer>(at + 1));
    return values + 1;
}

int size(lua_State* lua) {
    Format format{lua, check_bytes(lua, 1)};
    std::size_t at = 0;
    while (format.more()) {
        const char option = format.next();
        const std::size_t size = format.size_of(option);
        at += format.padding(at, option, size);
        luaL_argcheck(lua, option != 's', 1, "option 's' has no fixed size");
        luaL_argcheck(lua, option != 'c' || size != 0, 1, "option 'c0' has no fixed size");
        if (std::isalnum(static_cast<unsigned char>(option)) == 0) format.control(option);
        at += size;
    }
    lua_pushinteger(lua, static_cast<lua_Integer>(at));
    return 1;
}

}  // namespace

void open_struct(lua_State* lua) {
    static constexpr luaL_Reg kFunctions[] = {{"pack", pack}, {"unpack", unpack}, {"size", size}, {nullptr, nullptr}};
    lua_newtable(lua);
    luaL_register(lua, nullptr, kFunctions);
}

}  // namespace keel::script
