// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes of RDB made by hand: what servers of long ago wrote, and what none would.
//
//     RdbBytes{}.length(2).string("a").string("b")
//     ziplist({"a", 1024, "b"})          the packed forms before listpacks
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "persistence/crc64.h"
#include "protocol/base/bytes.h"

namespace keel::test {

// A number of so many bytes, the lowest first.
inline std::string little(std::uint64_t value, unsigned bytes) {
    std::string out;
    for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
}
inline std::string big(std::uint64_t value, unsigned bytes) {
    std::string out;
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
    return out;
}

class RdbBytes {
  public:
    RdbBytes() = default;
    explicit RdbBytes(Bytes begin) : bytes_(begin) {}

    RdbBytes& raw(Bytes bytes) { return bytes_ += bytes, *this; }
    RdbBytes& byte(unsigned value) { return bytes_ += static_cast<char>(value), *this; }
    RdbBytes& length(std::uint64_t value) {
        if (value < 64) return byte(static_cast<unsigned>(value));
        if (value < 16384) return byte(0x40U | static_cast<unsigned>(value >> 8)).byte(value & 255U);
        if (value < std::uint64_t{1} << 32) return byte(0x80).raw(big(value, 4));
        return byte(0x81).raw(big(value, 8));
    }
    RdbBytes& string(Bytes text) { return length(text.size()).raw(text); }
    RdbBytes& u64(std::uint64_t value) { return raw(little(value, 8)); }
    RdbBytes& binary(double value) { return u64(std::bit_cast<std::uint64_t>(value)); }
    RdbBytes& id(std::uint64_t ms, std::uint64_t seq) { return raw(big(ms, 8) + big(seq, 8)); }

    [[nodiscard]] const std::string& str() const { return bytes_; }
    operator Bytes() const { return bytes_; }  // NOLINT: it is the bytes
    // As a payload of DUMP: the tag in front, version and checksum behind.
    [[nodiscard]] std::string payload(unsigned tag, unsigned version = 11) const {
        std::string out = static_cast<char>(tag) + bytes_ + little(version, 2);
        return out + little(crc64(out), 8);
    }
    // As a file: the end and its checksum behind.
    [[nodiscard]] std::string file() const {
        const std::string out = bytes_ + '\xFF';
        return out + little(crc64(out), 8);
    }

  private:
    std::string bytes_;
};

using Packed = std::vector<std::variant<std::string, std::int64_t>>;

inline std::string ziplist_item(const std::variant<std::string, std::int64_t>& item) {
    if (const auto* text = std::get_if<std::string>(&item)) {
        const std::size_t size = text->size();
        if (size < 64) return static_cast<char>(size) + *text;
        if (size < 16384) return std::string{static_cast<char>(0x40 | size >> 8), static_cast<char>(size)} + *text;
        return '\x80' + big(size, 4) + *text;
    }
    const std::int64_t integer = std::get<std::int64_t>(item);
    const auto bits = static_cast<std::uint64_t>(integer);
    if (integer >= 0 && integer <= 12) return std::string{static_cast<char>(0xF1 + integer)};
    if (integer == static_cast<std::int8_t>(integer)) return '\xFE' + little(bits, 1);
    if (integer == static_cast<std::int16_t>(integer)) return '\xC0' + little(bits, 2);
    if (integer >= -(1 << 23) && integer < 1 << 23) return '\xF0' + little(bits, 3);
    if (integer == static_cast<std::int32_t>(integer)) return '\xD0' + little(bits, 4);
    return '\xE0' + little(bits, 8);
}

inline std::string ziplist(const Packed& items) {
    std::string body;
    std::size_t before = 0;
    std::size_t last = 10;
    for (const auto& item : items) {
        last = 10 + body.size();
        const std::string head = before < 254 ? std::string{static_cast<char>(before)} : '\xFE' + little(before, 4);
        const std::string entry = head + ziplist_item(item);
        body += entry;
        before = entry.size();
    }
    return little(11 + body.size(), 4) + little(last, 4) + little(items.size(), 2) + body + '\xFF';
}

// Names and values; `idle` bytes lie unused behind each value.
inline std::string zipmap(const std::vector<std::string>& words, std::size_t idle = 0) {
    const auto length = [](std::size_t size) {
        return size < 254 ? std::string{static_cast<char>(size)} : '\xFE' + little(size, 4);
    };
    std::string out{static_cast<char>(words.size() / 2)};
    for (std::size_t i = 0; i < words.size(); i += 2) {
        out += length(words[i].size()) + words[i] + length(words[i + 1].size()) + static_cast<char>(idle);
        out += words[i + 1] + std::string(idle, '.');
    }
    return out + '\xFF';
}

}  // namespace keel::test
