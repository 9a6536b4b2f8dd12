// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/ziplist.h"

namespace keel {

namespace {

constexpr std::size_t kHeaderBytes = 10;
constexpr std::uint8_t kEnd = 0xFF;
constexpr std::uint8_t kLongLength = 254;
constexpr std::uint16_t kUncounted = 65535;
constexpr std::uint8_t kZipmapUncounted = 254;

// Bytes that are taken from the front, as far as there are any.
class Cursor {
  public:
    explicit Cursor(Bytes bytes) : left_(bytes) {}

    [[nodiscard]] std::size_t left() const { return left_.size(); }
    [[nodiscard]] bool failed() const { return failed_; }
    std::uint8_t byte() {
        const Bytes one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
    }
    Bytes take(std::size_t bytes) {
        if (bytes > left_.size()) {
            failed_ = true;
            return {};
        }
        const Bytes out = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return out;
    }
    template <typename T>
    T little() {
        const Bytes bytes = take(sizeof(T));
        return bytes.empty() ? T{0} : load_le<T>(bytes.data());
    }
    std::int64_t integer(unsigned bytes) {
        const Bytes raw = take(bytes);
        std::uint64_t value = 0;
        for (std::size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(raw[i]);
        const unsigned shift = 64 - 8 * bytes;
        return static_cast<std::int64_t>(value << shift) >> shift;
    }

  private:
    Bytes left_;
    bool failed_ = false;
};

std::uint32_t big_u32(Bytes four) {
    std::uint32_t value = 0;
    for (const char byte : four) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
}

// What follows the length of the entry before; false: no head.
bool read_item(Cursor& in, ListpackItem& item) {
    const std::uint8_t head = in.byte();
    item = {};
    switch (head >> 6) {
        case 0: item.text = in.take(head); return !in.failed();
        case 1: {
            const std::size_t low = in.byte();
            item.text = in.take(std::size_t{head & 63U} << 8 | low);
            return !in.failed();
        }
        case 2:
            if (head != 0x80) return false;
            item.text = in.take(big_u32(in.take(4)));
            return !in.failed();
        default: break;
    }
    item.is_integer = true;
    switch (head) {
        case 0xC0: item.integer = in.integer(2); break;
        case 0xD0: item.integer = in.integer(4); break;
        case 0xE0: item.integer = in.integer(8); break;
        case 0xF0: item.integer = in.integer(3); break;
        case 0xFE: item.integer = in.integer(1); break;
        default:
            if (head < 0xF1 || head > 0xFD) return false;
            item.integer = (head & 15) - 1;
    }
    return !in.failed();
}

// Whether the entry fits, and then it is there.
bool append(Listpack& list, const ListpackItem& item) {
    if (!list.takes(item.text.size())) return false;
    if (item.is_integer)
        list.append(item.integer);
    else
        list.append(item.text);
    return true;
}

bool read_zipmap_length(Cursor& in, std::uint8_t first, std::size_t& length) {
    length = first < kLongLength ? first : in.little<std::uint32_t>();
    return !in.failed();
}

}  // namespace

std::optional<Listpack> listpack_of_ziplist(Bytes raw) {
    if (raw.size() <= kHeaderBytes || load_le<std::uint32_t>(raw.data()) != raw.size()) return std::nullopt;
    if (static_cast<std::uint8_t>(raw.back()) != kEnd) return std::nullopt;
    const std::size_t last_at = load_le<std::uint32_t>(raw.data() + 4);
    const std::size_t counted = load_le<std::uint16_t>(raw.data() + 8);

    Cursor in{raw.substr(kHeaderBytes, raw.size() - kHeaderBytes - 1)};
    Listpack out{raw.size()};
    std::size_t entries = 0;
    std::size_t before = 0;
    std::size_t begin = kHeaderBytes;
    while (in.left() > 0) {
        begin = raw.size() - 1 - in.left();
        const std::uint8_t first = in.byte();
        const std::size_t told = first < kLongLength ? first : in.little<std::uint32_t>();
        ListpackItem item;
        if (first == kEnd || in.failed() || told != before || !read_item(in, item) || !append(out, item))
            return std::nullopt;
        before = raw.size() - 1 - in.left() - begin;
        ++entries;
    }
    if (last_at != begin || (counted != kUncounted && counted != entries)) return std::nullopt;
    return out;
}

std::optional<Listpack> listpack_of_zipmap(Bytes raw) {
    if (raw.size() < 2 || static_cast<std::uint8_t>(raw.back()) != kEnd) return std::nullopt;
    const auto counted = static_cast<std::uint8_t>(raw[0]);
    Cursor in{raw.substr(1, raw.size() - 2)};
    Listpack out{raw.size()};
    std::size_t pairs = 0;
    for (; in.left() > 0; ++pairs) {
        std::size_t length = 0;
        if (!read_zipmap_length(in, in.byte(), length)) return std::nullopt;
        const Bytes name = in.take(length);
        if (in.failed() || !read_zipmap_length(in, in.byte(), length)) return std::nullopt;
        const std::size_t idle = in.byte();
        const Bytes value = in.take(length);
        in.take(idle);
        if (in.failed() || !append(out, {.text = name}) || !append(out, {.text = value})) return std::nullopt;
    }
    if (counted < kZipmapUncounted && counted != pairs) return std::nullopt;
    return out;
}

}  // namespace keel
