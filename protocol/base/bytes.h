// SPDX-License-Identifier: BSD-3-Clause
//
// Views of bytes, and loads and stores at any alignment. Everything that goes to disk or to the wire in
// binary is little-endian unless its format says otherwise.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace keel {

// A look at bytes that someone else owns: never kept longer than the call that was handed it.
using Bytes = std::string_view;

// Bytes that are owned.
using Blob = std::string;

template <typename T>
[[nodiscard]] inline T load(const void* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

template <typename T>
inline void store(void* to, T value) noexcept {
    std::memcpy(to, &value, sizeof(T));
}

struct Words16 {
    std::uint64_t low, high;
};

// memcpy for what is mostly short: up to 32 bytes without a call, as two words that may overlap.
[[gnu::always_inline]] inline void copy_short(char* to, Bytes from) noexcept {
    const std::size_t n = from.size();
    const char* const at = from.data();
    if (n > 32) {
        std::memcpy(to, at, n);
    } else if (n > 16) {
        const auto last = load<Words16>(at + n - 16);
        store(to, load<Words16>(at));
        store(to + n - 16, last);
    } else if (n >= 8) {
        const auto last = load<std::uint64_t>(at + n - 8);
        store(to, load<std::uint64_t>(at));
        store(to + n - 8, last);
    } else if (n >= 4) {
        const auto last = load<std::uint32_t>(at + n - 4);
        store(to, load<std::uint32_t>(at));
        store(to + n - 4, last);
    } else if (n > 0) {
        to[0] = at[0];
        to[n / 2] = at[n / 2];
        to[n - 1] = at[n - 1];
    }
}

template <typename T>
[[nodiscard]] inline T load_le(const void* from) noexcept {
    T value = load<T>(from);
    if constexpr (std::endian::native == std::endian::big) {
        if constexpr (sizeof(T) == 2) value = static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
        if constexpr (sizeof(T) == 4) value = static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
        if constexpr (sizeof(T) == 8) value = static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    }
    return value;
}

template <typename T>
inline void store_le(void* to, T value) noexcept {
    store<T>(to, load_le<T>(&value));
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr char to_upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

// ASCII letters alike in either case, as keywords and command names are compared.
[[nodiscard]] constexpr bool equal_nocase(Bytes a, Bytes b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

[[nodiscard]] inline std::string lower(Bytes text) {
    std::string out{text};
    for (char& c : out) c = to_lower(c);
    return out;
}

[[nodiscard]] inline std::string upper(Bytes text) {
    std::string out{text};
    for (char& c : out) c = to_upper(c);
    return out;
}

}  // namespace keel
