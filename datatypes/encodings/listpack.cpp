// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/listpack.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/check.h"
#include "protocol/base/number.h"

namespace keel {

namespace {

using Place = ListpackView::Place;

constexpr std::uint8_t kEnd = 0xFF;
constexpr std::uint8_t kText6 = 0x80;
constexpr std::uint8_t kInt13 = 0xC0;
constexpr std::uint8_t kText12 = 0xE0;
constexpr std::uint8_t kText32 = 0xF0;
constexpr std::uint8_t kInt16 = 0xF1;
constexpr std::uint8_t kInt24 = 0xF2;
constexpr std::uint8_t kInt32 = 0xF3;
constexpr std::uint8_t kInt64 = 0xF4;

constexpr std::size_t kCountAt = 4;
constexpr std::uint16_t kUncounted = 65535;
constexpr std::size_t kMaxBack = 5;

std::uint8_t tag_at(Place at) noexcept { return static_cast<std::uint8_t>(*at); }
std::uint8_t byte_at(Place at) noexcept { return static_cast<std::uint8_t>(*at); }
bool is_end(Place at) noexcept { return tag_at(at) == kEnd; }

// Bytes of the back-length of an entry with so many bytes of tag and payload.
constexpr std::size_t back_width(std::size_t body) noexcept {
    if (body < 128) return 1;
    if (body < 16383) return 2;
    if (body < 2097151) return 3;
    return body < 268435455 ? 4 : 5;
}

void write_back(char* to, std::size_t body, std::size_t width) noexcept {
    for (char* at = to + width; at-- != to; body >>= 7) {
        *at = static_cast<char>((body & 127) | (at != to ? 128U : 0U));
    }
}

// Bytes of tag and payload of the entry that ends before `end`, and of its back-length.
std::size_t bytes_before(Place end) noexcept {
    std::size_t body = 0;
    std::size_t width = 0;
    for (std::uint8_t byte = 128; (byte & 128) != 0 && width < kMaxBack; ++width) {
        byte = byte_at(end - 1 - width);
        body |= static_cast<std::size_t>(byte & 127) << (7 * width);
    }
    return body + width;
}

// Whole entries by their tag; 0: longer text, whose length is in the entry, or no entry's tag.
constexpr auto kEntryBytes = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned tag = 0; tag < kText6; ++tag) table[tag] = 2;
    for (unsigned tag = kText6; tag < kInt13; ++tag) table[tag] = static_cast<std::uint8_t>(2 + (tag & 63));
    for (unsigned tag = kInt13; tag < kText12; ++tag) table[tag] = 3;
    table[kInt16] = 4;
    table[kInt24] = 5;
    table[kInt32] = 6;
    table[kInt64] = 10;
    return table;
}();

bool is_text12(std::uint8_t tag) noexcept { return (tag & 0xF0) == kText12; }
std::size_t text12_length(Place at) noexcept { return (std::size_t{tag_at(at) & 15U} << 8) | byte_at(at + 1); }

// Tag and payload of longer text.
std::size_t long_body(Place at) noexcept {
    return is_text12(tag_at(at)) ? 2 + text12_length(at) : 5 + std::size_t{load_le<std::uint32_t>(at + 1)};
}

std::int64_t integer_at(Place at) noexcept {
    switch (const std::uint8_t tag = tag_at(at); tag) {
        case kInt16: return static_cast<std::int16_t>(load_le<std::uint16_t>(at + 1));
        case kInt24: {
            const std::uint32_t low = load_le<std::uint16_t>(at + 1) | std::uint32_t{byte_at(at + 3)} << 16;
            return static_cast<std::int32_t>(low << 8) >> 8;
        }
        case kInt32: return static_cast<std::int32_t>(load_le<std::uint32_t>(at + 1));
        case kInt64: return static_cast<std::int64_t>(load_le<std::uint64_t>(at + 1));
        default:
            if (tag < kText6) return tag;
            return static_cast<std::int32_t>((std::uint32_t{tag & 31U} << 8 | byte_at(at + 1)) << 19) >> 19;
    }
}

bool is_text(std::uint8_t tag) noexcept { return (tag & 0xC0) == kText6 || (tag >= kText12 && tag <= kText32); }

Bytes text_at(Place at) noexcept {
    const std::uint8_t tag = tag_at(at);
    if ((tag & 0xC0) == kText6) return {at + 1, tag & 63U};
    if (is_text12(tag)) return {at + 2, text12_length(at)};
    return {at + 5, load_le<std::uint32_t>(at + 1)};
}

// An entry to be: what it holds and how many bytes that takes.
class Draft {
  public:
    explicit Draft(std::int64_t integer) noexcept { become(integer); }
    explicit Draft(Bytes text) noexcept : text_(text) {
        if (const auto integer = listpack_integer(text)) {
            become(*integer);
            return;
        }
        const std::size_t head = text.size() < 64 ? 1 : text.size() < 4096 ? 2 : 5;
        KEEL_CHECK(text.size() < std::numeric_limits<std::uint32_t>::max());
        body_ = head + text.size();
        back_ = back_width(body_);
    }

    [[nodiscard]] std::size_t bytes() const noexcept { return body_ + back_; }
    [[nodiscard]] Bytes text() const noexcept { return text_; }

    // `payload` is where the text lies by now.
    char* write(char* to, const char* payload) const noexcept {
        if (is_integer_) {
            write_integer_body(to);
        } else {
            char* at = write_text_head(to);
            if (!text_.empty()) std::memcpy(at, payload, text_.size());
        }
        if (back_ == 1)
            to[body_] = static_cast<char>(body_);
        else
            write_back(to + body_, body_, back_);
        return to + body_ + back_;
    }

  private:
    void become(std::int64_t integer) noexcept {
        integer_ = integer;
        is_integer_ = true;
        back_ = 1;
        if (integer >= 0 && integer <= 127)
            body_ = 1;
        else if (integer >= -4096 && integer <= 4095)
            body_ = 2;
        else if (integer >= -32768 && integer <= 32767)
            body_ = 3;
        else if (integer >= -8388608 && integer <= 8388607)
            body_ = 4;
        else if (integer >= INT32_MIN && integer <= INT32_MAX)
            body_ = 5;
        else
            body_ = 9;
    }

    void write_integer_body(char* to) const noexcept {
        const auto bits = static_cast<std::uint64_t>(integer_);
        if (body_ == 1) {
            to[0] = static_cast<char>(bits);
        } else if (body_ == 2) {
            to[0] = static_cast<char>(kInt13 | ((bits >> 8) & 31));
            to[1] = static_cast<char>(bits & 255);
        } else {
            std::array<char, 8> little{};
            store_le<std::uint64_t>(little.data(), bits);
            to[0] = static_cast<char>(body_ == 9 ? kInt64 : kInt16 + body_ - 3);
            std::memcpy(to + 1, little.data(), body_ - 1);
        }
    }

    char* write_text_head(char* to) const noexcept {
        const std::size_t size = text_.size();
        if (size < 64) {
            to[0] = static_cast<char>(kText6 | size);
            return to + 1;
        }
        if (size < 4096) {
            to[0] = static_cast<char>(kText12 | (size >> 8));
            to[1] = static_cast<char>(size & 255);
            return to + 2;
        }
        to[0] = static_cast<char>(kText32);
        store_le<std::uint32_t>(to + 1, static_cast<std::uint32_t>(size));
        return to + 5;
    }

    Bytes text_{};
    std::int64_t integer_ = 0;
    std::size_t body_ = 0;  // bytes of tag and payload
    std::size_t back_ = 0;  // bytes of the back-length
    bool is_integer_ = false;
};

// Where text lies, if that may be inside of a list that is about to move.
class Lender {
  public:
    Lender(Bytes text, Bytes list) noexcept : data_(text.data()) {
        const auto distance = reinterpret_cast<std::uintptr_t>(data_) - reinterpret_cast<std::uintptr_t>(list.data());
        inside_ = distance < list.size() ? distance : kOutside;
    }
    // After `gap` bytes were opened at `offset` of the list, which is at `list` now.
    [[nodiscard]] const char* found(const char* list, std::size_t offset, std::size_t gap) const noexcept {
        if (inside_ == kOutside) [[likely]]
            return data_;
        return list + inside_ + (inside_ >= offset ? gap : 0);
    }
    [[nodiscard]] bool inside(std::size_t from, std::size_t until) const noexcept {
        return inside_ >= from && inside_ < until;
    }

  private:
    static constexpr auto kOutside = std::numeric_limits<std::size_t>::max();
    const char* data_;
    std::size_t inside_;
};

std::size_t room_for(std::size_t bytes) noexcept {
    if (bytes <= SmallHeap::kLargestSmall) return SmallHeap::usable(bytes);
    const std::size_t step = std::bit_floor(bytes - 1) >> 2;
    return ((bytes - 1) | (step - 1)) + 1;
}

// Bytes of the entry at `at` if it and its back-length are sound and lie within `left` bytes; else 0.
std::size_t sound_entry_bytes(Place at, std::size_t left) noexcept {
    const std::uint8_t tag = tag_at(at);
    const std::size_t known = kEntryBytes[tag];
    std::size_t body = 0;
    if (known > 0) {
        body = known - 1;
    } else {
        if (tag > kText32 || left < (tag == kText32 ? 5U : 2U)) return 0;
        body = long_body(at);
    }
    const std::size_t width = back_width(body);
    if (body + width > left) return 0;
    if (width == 1) [[likely]]
        return static_cast<std::uint8_t>(at[body]) == body ? body + 1 : 0;
    std::array<char, kMaxBack> expected{};
    write_back(expected.data(), body, width);
    return std::memcmp(at + body, expected.data(), width) == 0 ? body + width : 0;
}

}  // namespace

std::optional<std::int64_t> listpack_integer(Bytes text) noexcept {
    const auto is_digit = [](char c) { return static_cast<unsigned char>(c - '0') <= 9; };
    if (text.size() - 1 >= kIntegerChars || !is_digit(text.back())) return std::nullopt;  // empty: 0 - 1 is large
    if (!is_digit(text[0]) && text[0] != '-') return std::nullopt;
    return parse_integer(text);
}

// --- Items ---

Bytes ListpackItem::as_text(std::array<char, 24>& scratch) const {
    if (!is_integer) return text;
    return {scratch.data(), write_integer(scratch.data(), integer)};
}

bool ListpackItem::operator==(Bytes other) const {
    if (!is_integer) return text == other;
    const auto number = listpack_integer(other);
    return number && *number == integer;
}

// --- Looking ---

std::size_t ListpackView::count() const noexcept {
    const auto counted = load_le<std::uint16_t>(raw_ + kCountAt);
    if (counted != kUncounted) return counted;
    std::size_t entries = 0;
    for (Place at = raw_ + kHeaderBytes; !is_end(at); at += entry_bytes(at)) ++entries;
    return entries;
}

std::size_t ListpackView::other_entry_bytes(Place at) noexcept {
    if (const std::size_t known = kEntryBytes[tag_at(at)]; known > 0) [[likely]]
        return known;
    const std::size_t body = long_body(at);
    return body + back_width(body);
}

Place ListpackView::first() const noexcept { return empty() ? nullptr : raw_ + kHeaderBytes; }

Place ListpackView::last() const noexcept { return prev(end()); }

Place ListpackView::prev(Place at) const noexcept {
    return at == raw_ + kHeaderBytes ? nullptr : at - bytes_before(at);
}

Place ListpackView::at(std::int64_t index) const noexcept {
    const auto entries = static_cast<std::int64_t>(count());
    if (index < 0) index += entries;
    if (index < 0 || index >= entries) return nullptr;
    Place found = nullptr;
    if (index <= entries / 2) {
        found = raw_ + kHeaderBytes;
        for (; index > 0; --index) found += entry_bytes(found);
    } else {
        found = end();
        for (; index < entries; ++index) found -= bytes_before(found);
    }
    return found;
}

ListpackItem ListpackView::get_other(Place at) noexcept {
    if (is_text(tag_at(at))) return {.text = text_at(at)};
    return {.integer = integer_at(at), .is_integer = true};
}

Place ListpackView::find(Place from, Bytes text, unsigned skip) const noexcept {
    if (from == nullptr) return nullptr;
    const auto number = listpack_integer(text);
    for (Place at = from; !is_end(at); at += entry_bytes(at)) {
        if (is_text(tag_at(at))) {
            const Bytes there = text_at(at);
            if (there.size() == text.size() && std::memcmp(there.data(), text.data(), text.size()) == 0) return at;
        } else if (number && integer_at(at) == *number) {
            return at;
        }
        for (unsigned i = 0; i < skip; ++i) {
            at += entry_bytes(at);
            if (is_end(at)) return nullptr;
        }
    }
    return nullptr;
}

Place ListpackView::random(Random& random, unsigned units) const noexcept {
    return at(static_cast<std::int64_t>(random.below(count() / units) * units));
}

bool ListpackView::is_sound(Bytes raw, unsigned count_of) noexcept {
    if (raw.size() < kEmptyBytes || raw.size() > std::numeric_limits<std::uint32_t>::max()) return false;
    if (load_le<std::uint32_t>(raw.data()) != raw.size() || tag_at(&raw.back()) != kEnd) return false;
    std::size_t entries = 0;
    const Place end = raw.data() + raw.size() - 1;
    for (Place at = raw.data() + kHeaderBytes; at != end; ++entries) {
        const std::size_t bytes = sound_entry_bytes(at, static_cast<std::size_t>(end - at));
        if (bytes == 0) return false;
        at += bytes;
    }
    const auto counted = load_le<std::uint16_t>(raw.data() + kCountAt);
    return (counted == kUncounted || counted == entries) && (count_of == 0 || entries % count_of == 0);
}

// --- Owning ---

Listpack::Listpack(std::size_t room_bytes) : ListpackView(nullptr), room_(room_for(std::max(room_bytes, kEmptyBytes))) {
    raw_ = static_cast<char*>(small_heap().allocate(room_));
    store_le<std::uint32_t>(raw(), kEmptyBytes);
    store_le<std::uint16_t>(raw() + kCountAt, 0);
    raw()[kHeaderBytes] = static_cast<char>(kEnd);
}

Listpack Listpack::adopt(void* raw) noexcept { return {static_cast<const char*>(raw), allocated_bytes(raw)}; }

Listpack Listpack::copy_of(Bytes sound) {
    const std::size_t room = room_for(sound.size());
    char* raw = static_cast<char*>(small_heap().allocate(room));
    std::memcpy(raw, sound.data(), sound.size());
    return {raw, room};
}

Listpack& Listpack::operator=(Listpack&& other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(room_, other.room_);
    return *this;
}

Listpack::~Listpack() {
    if (raw_ != nullptr) small_heap().free(raw(), room_);
}

void* Listpack::release() noexcept {
    if (const std::size_t room = room_for(size_bytes()); room != room_) move_to(room);
    room_ = 0;
    return const_cast<char*>(std::exchange(raw_, nullptr));
}

void Listpack::free(void* raw) noexcept { small_heap().free(raw, allocated_bytes(raw)); }

std::size_t Listpack::allocated_bytes(const void* raw) noexcept { return room_for(ListpackView{raw}.size_bytes()); }

void Listpack::reserve(std::size_t more_bytes) {
    if (const std::size_t room = room_for(size_bytes() + more_bytes); room > room_) move_to(room);
}

void Listpack::move_to(std::size_t room) {
    char* fresh = static_cast<char*>(small_heap().allocate(room));
    std::memcpy(fresh, raw_, size_bytes());
    small_heap().free(raw(), room_);
    raw_ = fresh;
    room_ = room;
}

// --- Changing ---

// Makes `old_bytes` at `offset` into `new_bytes`, whose content is the caller's to write, and moves what is behind.
char* Listpack::reshape(std::size_t offset, std::size_t old_bytes, std::size_t new_bytes) {
    const std::size_t before = size_bytes();
    const std::size_t after = before - old_bytes + new_bytes;
    const std::size_t behind = before - offset - old_bytes;
    if (after <= room_) {
        std::memmove(raw() + offset + new_bytes, raw_ + offset + old_bytes, behind);
    } else {
        KEEL_CHECK(after <= std::numeric_limits<std::uint32_t>::max());
        const std::size_t room = room_for(after);
        char* fresh = static_cast<char*>(small_heap().allocate(room));
        std::memcpy(fresh, raw_, offset);
        std::memcpy(fresh + offset + new_bytes, raw_ + offset + old_bytes, behind);
        small_heap().free(raw(), room_);
        raw_ = fresh;
        room_ = room;
    }
    store_le<std::uint32_t>(raw(), static_cast<std::uint32_t>(after));
    return raw() + offset;
}

// Once a list has been too long to be counted in the header, it stays uncounted.
void Listpack::add_to_count(std::size_t entries) noexcept {
    const std::size_t counted = load_le<std::uint16_t>(raw_ + kCountAt);
    if (counted == kUncounted) return;
    store_le<std::uint16_t>(raw() + kCountAt,
                            static_cast<std::uint16_t>(std::min<std::size_t>(counted + entries, kUncounted)));
}

Place Listpack::insert(Place before, Bytes text) {
    const Draft draft{text};
    const Lender lender{text, bytes()};
    const auto offset = static_cast<std::size_t>(before - raw_);
    char* at = reshape(offset, 0, draft.bytes());
    draft.write(at, lender.found(raw_, offset, draft.bytes()));
    add_to_count(1);
    return at;
}

Place Listpack::insert(Place before, std::int64_t integer) {
    const Draft draft{integer};
    char* at = reshape(static_cast<std::size_t>(before - raw_), 0, draft.bytes());
    draft.write(at, nullptr);
    add_to_count(1);
    return at;
}

Place Listpack::insert_pair(Place before, Bytes first, Bytes second) {
    const std::array drafts{Draft{first}, Draft{second}};
    const std::array lenders{Lender{first, bytes()}, Lender{second, bytes()}};
    const auto offset = static_cast<std::size_t>(before - raw_);
    const std::size_t gap = drafts[0].bytes() + drafts[1].bytes();
    char* at = reshape(offset, 0, gap);
    char* behind_first = drafts[0].write(at, lenders[0].found(raw_, offset, gap));
    drafts[1].write(behind_first, lenders[1].found(raw_, offset, gap));
    add_to_count(2);
    return at;
}

Place Listpack::replace(Place at, Bytes text) {
    const Draft draft{text};
    const auto offset = static_cast<std::size_t>(at - raw_);
    const std::size_t old_bytes = entry_bytes(at);
    const Lender lender{text, bytes()};
    if (lender.inside(offset, offset + old_bytes)) [[unlikely]]
        return replace(at, Blob{text});
    char* fresh = reshape(offset, old_bytes, draft.bytes());
    draft.write(fresh, lender.found(raw_, offset, draft.bytes() - old_bytes));
    return fresh;
}

Place Listpack::replace(Place at, std::int64_t integer) {
    const Draft draft{integer};
    char* fresh = reshape(static_cast<std::size_t>(at - raw_), entry_bytes(at), draft.bytes());
    draft.write(fresh, nullptr);
    return fresh;
}

Place Listpack::erase(Place at, std::size_t count) {
    Place behind = at;
    std::size_t erased = 0;
    for (; erased < count && !is_end(behind); ++erased) behind += entry_bytes(behind);
    const char* left = reshape(static_cast<std::size_t>(at - raw_), static_cast<std::size_t>(behind - at), 0);
    const auto counted = load_le<std::uint16_t>(raw_ + kCountAt);
    if (counted != kUncounted) {
        store_le<std::uint16_t>(raw() + kCountAt, static_cast<std::uint16_t>(counted - erased));
    }
    return is_end(left) ? nullptr : left;
}

void Listpack::append_all(const ListpackView& other) {
    const std::size_t more = other.size_bytes() - kEmptyBytes;
    const std::size_t entries = load_le<std::uint16_t>(other.data() + kCountAt);
    const std::size_t offset = size_bytes() - 1;
    const bool same = other.data() == raw_;
    char* at = reshape(offset, 0, more);
    std::memcpy(at, (same ? raw_ : other.data()) + kHeaderBytes, more);
    add_to_count(entries);
}

}  // namespace keel
