// SPDX-License-Identifier: BSD-3-Clause
//
// Listpack: a short list packed into one allocation. No pointers, no nodes. Small hashes, sets and sorted sets, the
// nodes of lists and the blocks of streams are made of it.
//
//     | bytes u32 | count u16 | entry | entry | ... | 0xFF |
//                             |       `- tag, payload, back-length
//                             `- the back-length is read right to left: that is how we walk backwards
//
//     tag         0xxxxxxx                 an integer of 0 to 127
//                 10xxxxxx                 text of up to 63 bytes
//                 110xxxxx + 1 byte        an integer of 13 bits, signed
//                 1110xxxx + 1 byte        text of up to 4095 bytes
//                 0xF0 + u32               longer text
//                 0xF1, F2, F3, F4         an integer of 2, 3, 4, 8 bytes, signed, little-endian
//     back-length the bytes of tag and payload, 7 bits a byte, the lowest bits last; all but the first byte have bit 7
//                 set. One to five bytes: the next width begins at 128, 16383, 2097151 and 268435455 (one early from
//                 the second on, as the first writer had it: readers step forward by these widths)
//
// Text that is the decimal form of an integer of 64 bits is always stored as that integer.
//
// Always true:
//   1. `bytes` is the whole list, the closing 0xFF included. The size of a released list's allocation follows from
//      it, see allocated_bytes(); while a Listpack owns the list there may be more room.
//   2. `count` is exact below 65535; at 65535 it means "walk and count".
//   3. An entry knows only its own size, so an insert never rewrites its neighbours.
//   4. Any change ends the life of every place and of every view into the list; changing calls hand back a fresh place.
//
// Not here: when a value leaves this encoding (each type's own folder). These bytes go to disk and to replicas: the
// layout is frozen, and is the one of RDB files (format: the listpack specification of Redis' author, 2017).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/random.h"

namespace keel {

// The integer that text stands for if it is one's decimal form (as parse_integer has it), quick to say no.
[[nodiscard]] std::optional<std::int64_t> listpack_integer(Bytes text) noexcept;

// What stands at one place of a listpack: text that lies there, or an integer.
struct ListpackItem {
    Bytes text{};              // if !is_integer
    std::int64_t integer = 0;  // if is_integer
    bool is_integer = false;

    // The item as text; an integer is written into `scratch`.
    [[nodiscard]] Bytes as_text(std::array<char, 24>& scratch) const;
    // Writes it as a bulk to a Reply, or a run of its bulks.
    template <typename Out>
    [[gnu::always_inline]] void reply_to(Out& out) const {
        if (is_integer)
            out.bulk(integer);
        else
            out.bulk(text);
    }
    // Compares as text would, without writing integers out where that can be helped.
    [[nodiscard]] bool operator==(Bytes other) const;
};

// A look at the bytes of a listpack that someone else owns, and that are known to be sound (made here, or validated).
class ListpackView {
  public:
    // An entry, or the end; good until the list changes. Null: no such place.
    using Place = const char*;

    explicit ListpackView(const void* raw) noexcept : raw_(static_cast<const char*>(raw)) {}

    [[nodiscard]] const char* data() const noexcept { return raw_; }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return load_le<std::uint32_t>(raw_); }
    [[nodiscard]] Bytes bytes() const noexcept { return {raw_, size_bytes()}; }
    // Entries. O(1) below 65535, else O(n).
    [[nodiscard]] std::size_t count() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return size_bytes() == kEmptyBytes; }

    // Walking. Null when there is nothing there. O(1).
    [[nodiscard]] Place first() const noexcept;
    [[nodiscard]] Place last() const noexcept;
    [[nodiscard, gnu::always_inline]] Place next(Place at) const noexcept {  // null behind the last
        at += entry_bytes(at);
        return *at == kEndByte ? nullptr : at;
    }
    [[nodiscard]] Place prev(Place at) const noexcept;  // null before the first
    // Behind the last entry: where an insert appends.
    [[nodiscard]] Place end() const noexcept { return raw_ + size_bytes() - 1; }
    // The entry of that index; negative counts from the end, -1 the last. Null out of range. O(n), from the nearer end.
    [[nodiscard]] Place at(std::int64_t index) const noexcept;
    [[nodiscard]] ListpackItem get(Place at) const noexcept {
        if (is_short_text(at)) [[likely]]
            return {.text = {at + 1, short_length(at)}};
        return get_other(at);
    }
    // The bytes an entry takes, tag to back-length.
    [[nodiscard]] static std::size_t entry_bytes(Place at) noexcept {
        return is_short_text(at) ? 2 + short_length(at) : other_entry_bytes(at);
    }

    // The first entry at or behind `from` that equals `text`, looking at one and then passing over `skip` (1 finds the
    // keys of pairs). Null `from` or nothing found: null. O(n).
    [[nodiscard]] Place find(Place from, Bytes text, unsigned skip = 0) const noexcept;

    // `units` entries at a time, chosen evenly: the place of the first of a unit. The list is not empty.
    [[nodiscard]] Place random(Random& random, unsigned units = 1) const noexcept;

    // Whether bytes from outside are a sound listpack of at most 2^32-1 bytes in which every entry ends where the next
    // begins, every back-length agrees, integers are stored as such or not (old writers differ), and the count is true
    // (or 65535). `count_of`: if not 0, the number of entries must be a multiple of it. O(n).
    [[nodiscard]] static bool is_sound(Bytes raw, unsigned count_of = 1) noexcept;

    static constexpr std::size_t kHeaderBytes = 6;
    static constexpr std::size_t kEmptyBytes = 7;

  protected:
    const char* raw_;

  private:
    // Most entries are text below 64 bytes: a tag 10xxxxxx with the length, the text, one byte of back-length.
    static constexpr char kEndByte = static_cast<char>(0xFF);
    [[nodiscard]] static bool is_short_text(Place at) noexcept {
        return (static_cast<std::uint8_t>(*at) & 0xC0) == 0x80;
    }
    [[nodiscard]] static std::size_t short_length(Place at) noexcept { return static_cast<std::uint8_t>(*at) & 0x3F; }
    [[nodiscard]] static ListpackItem get_other(Place at) noexcept;
    [[nodiscard]] static std::size_t other_entry_bytes(Place at) noexcept;
};

// Owns a listpack. A value's payload is the released raw pointer; a command takes it up with adopt(), changes it and
// lets go with release(), which may move the list once more: to give back room that it no longer needs.
class Listpack : public ListpackView {
  public:
    Listpack() : Listpack(kEmptyBytes) {}       // empty
    explicit Listpack(std::size_t room_bytes);  // empty, with room for so many bytes in all
    static Listpack adopt(void* raw) noexcept;  // takes over what release() gave
    static Listpack copy_of(Bytes sound);       // of bytes that is_sound() passed, or of another's bytes()
    Listpack(Listpack&& other) noexcept
        : ListpackView(std::exchange(other.raw_, nullptr)), room_(std::exchange(other.room_, 0)) {}
    Listpack& operator=(Listpack&& other) noexcept;
    ~Listpack();
    [[nodiscard]] void* release() noexcept;
    static void free(void* raw) noexcept;  // frees what release() gave
    // Bytes of a released list's allocation: the steps of SmallHeap while it is small, then four steps a doubling.
    [[nodiscard]] static std::size_t allocated_bytes(const void* raw) noexcept;
    // Room for `more_bytes` of entries on top of those there: worth a call before several are added.
    void reserve(std::size_t more_bytes);

    // Adding. Text that reads as an integer is stored as one. Returns the new entry. O(bytes behind the place).
    Place append(Bytes text) { return insert(end(), text); }
    Place append(std::int64_t integer) { return insert(end(), integer); }
    Place prepend(Bytes text) { return insert(raw_ + kHeaderBytes, text); }
    Place prepend(std::int64_t integer) { return insert(raw_ + kHeaderBytes, integer); }
    Place insert(Place before, Bytes text);  // `text` may lie in this very list
    Place insert(Place before, std::int64_t integer);
    Place insert_after(Place at, Bytes text) { return insert(at + entry_bytes(at), text); }
    // Two entries at once (field and value, member and score): one move of what lies behind. Returns the first.
    Place insert_pair(Place before, Bytes first, Bytes second);

    // Puts another item in the place of one. Returns it.
    Place replace(Place at, Bytes text);
    Place replace(Place at, std::int64_t integer);

    // Takes out `count` entries from `at` on (as many as there are). Returns the place of the first behind them, null
    // if none is. O(bytes behind).
    Place erase(Place at, std::size_t count = 1);

    // Appends the entries of `other`, which stays as it is.
    void append_all(const ListpackView& other);

    // Whether `more` bytes of text could be added as one entry without passing 1 GiB, the most a listpack may have.
    [[nodiscard]] bool takes(std::size_t more) const noexcept { return size_bytes() + more < kMaxBytes; }
    static constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

  private:
    Listpack(const char* raw, std::size_t room) noexcept : ListpackView(raw), room_(room) {}
    [[nodiscard]] char* raw() noexcept { return const_cast<char*>(raw_); }
    void move_to(std::size_t room);
    char* reshape(std::size_t offset, std::size_t old_bytes, std::size_t new_bytes);
    void add_to_count(std::size_t entries) noexcept;

    std::size_t room_;  // bytes of the allocation
};

}  // namespace keel
