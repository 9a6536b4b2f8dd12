// SPDX-License-Identifier: BSD-3-Clause
//
// A key with its value, in one allocation.
//
//     | kind u8 | age u24 | head u8 [length] | [deadline i64] | key | value |
//       |          |        |                   only if head says so
//       |          |        `- bit 7: has a deadline; bits 0-6: key length, 126: a u16 follows, 127: a u32 follows
//       |          `- seconds of last access (LRU), or minutes and a counter (LFU): see age.h
//       `- low half: Type; high half: form
//
//     value, for strings:   text and edited: | length u8 (255: a u16 follows) | bytes |
//                           integers:        1, 2, 3, 4, 6 or 8 bytes, little-endian, signed
//                           heap:            Block*
//     value, for others:    an owning pointer to the type's structure
//
// Always true:
//   1. The size of the allocation follows from the bytes: SmallHeap::usable(size()).
//   2. The key never changes. Anything that would change the size class makes a new entry (remake), and whoever
//      holds a pointer to the old one (the table, the deadline index) is told.
//   3. An entry owns its payload, but freeing an entry's memory does not free the payload: Database does both.
//
// An entry with a 16-byte key takes 24 bytes with an integer below 2^23, 32 with 8 bytes of text.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "datatypes/core/type.h"
#include "protocol/base/clock.h"

namespace keel {

// Text up to this long lies in the entry, longer text in a Block of its own: an entry is looked up, compared and
// moved as one piece, and above this size that is no longer the cheaper way.
inline constexpr std::size_t kInlineTextMax = 1024;

// Room to write an integer as text.
using IntegerText = std::array<char, 24>;

class Entry {
  public:
    // Makes an entry that holds `value` and takes over its payload. Text above kInlineTextMax is put into a Block;
    // text is taken as it is: see string_value.h for who decides what is an integer. deadline: kNoDeadline for none.
    [[nodiscard]] static Entry* make(Bytes key, UnixMs deadline, const ValueRef& value);
    // Frees the memory of the entry, not its payload.
    static void release(Entry* entry) noexcept;

    // Puts `value` in place of the present one if that fits this allocation, and says whether it did. The old
    // payload must have been taken care of, or be the same.
    bool overwrite(const ValueRef& value) noexcept;

    [[nodiscard]] Type type() const noexcept { return static_cast<Type>(byte(0) & 15); }
    [[nodiscard]] std::uint8_t form() const noexcept { return static_cast<std::uint8_t>(byte(0) >> 4); }
    [[nodiscard]] bool is_string() const noexcept { return type() == Type::string; }

    [[nodiscard]] std::uint32_t age() const noexcept { return load<std::uint32_t>(raw()) >> 8; }
    void set_age(std::uint32_t age24) noexcept { store<std::uint32_t>(raw(), (age24 << 8) | byte(0)); }

    [[nodiscard]] bool has_deadline() const noexcept { return (byte(4) & kHasDeadline) != 0; }
    [[nodiscard]] UnixMs deadline() const noexcept {
        return has_deadline() ? load<UnixMs>(raw() + 5 + length_bytes()) : kNoDeadline;
    }
    [[nodiscard]] bool due(UnixMs now) const noexcept { return has_deadline() && deadline() <= now; }
    // Only for an entry that has one.
    void set_deadline(UnixMs at) noexcept { store<UnixMs>(raw() + 5 + length_bytes(), at); }

    [[nodiscard]] Bytes key() const noexcept {
        const std::uint8_t head = byte(4);
        const std::size_t short_length = head & 127;
        if (short_length < kLength16) [[likely]] {
            return {raw() + 5 + ((head & kHasDeadline) != 0 ? 8 : 0), short_length};
        }
        return {raw() + 5 + length_bytes() + (has_deadline() ? 8 : 0), key_length()};
    }

    // What the entry holds. `text` and `payload` point into the entry's property.
    [[nodiscard]] ValueRef value() const noexcept;
    // A string as text; an integer is written into `scratch`.
    [[nodiscard]] Bytes text(IntegerText& scratch) const noexcept;
    [[nodiscard]] void* payload() const noexcept { return load<void*>(value_at()); }
    // Of an entry that holds no string: its structure moved, or took another form. Always fits.
    void set_payload(std::uint8_t form, void* payload) noexcept {
        store(value_at(), payload);
        store(raw(), static_cast<std::uint8_t>((byte(0) & 15) | form << 4));
    }

    // Bytes in use, and bytes that the allocation takes.
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] std::size_t allocated_bytes() const noexcept;

    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

  private:
    static constexpr std::uint8_t kHasDeadline = 128;
    static constexpr std::size_t kLength16 = 126;
    static constexpr std::size_t kLength32 = 127;

    [[nodiscard]] const char* raw() const noexcept { return reinterpret_cast<const char*>(this); }
    [[nodiscard]] char* raw() noexcept { return reinterpret_cast<char*>(this); }
    [[nodiscard]] std::uint8_t byte(std::size_t at) const noexcept { return load<std::uint8_t>(raw() + at); }
    [[nodiscard]] std::size_t length_bytes() const noexcept {
        const std::size_t head = byte(4) & 127U;
        return head < kLength16 ? 0 : head == kLength16 ? 2 : 4;
    }
    [[nodiscard]] std::size_t key_length() const noexcept;
    [[nodiscard]] const char* value_at() const noexcept {
        const Bytes k = key();
        return k.data() + k.size();
    }
    [[nodiscard]] char* value_at() noexcept { return const_cast<char*>(static_cast<const Entry*>(this)->value_at()); }
    void write_value(char* at, const ValueRef& value) noexcept;

    [[maybe_unused]] char first_;  // an Entry is its bytes; it is never made by a constructor
};

// How many bytes an integer takes in an entry, and the form that says so.
[[nodiscard]] constexpr StringForm integer_form(std::int64_t value) noexcept {
    const auto fits = [value](int bits) { return value >= -(1LL << (bits - 1)) && value < (1LL << (bits - 1)); };
    if (fits(8)) return StringForm::int8;
    if (fits(16)) return StringForm::int16;
    if (fits(24)) return StringForm::int24;
    if (fits(32)) return StringForm::int32;
    if (fits(48)) return StringForm::int48;
    return StringForm::int64;
}

}  // namespace keel
