// SPDX-License-Identifier: BSD-3-Clause
//
// Members of sets: as commands hand them on, and as big sets keep them.
//
//     StoredMember, one allocation of the small heap:   | length | bytes |
//                                                          `- 7 bits a byte, the lowest first; bit 7: more follow
//
// Always true:
//   1. A Member's text is the decimal form of its integer if it has one: the three encodings see the same member.
//   2. The bytes of a StoredMember never change.
#pragma once

#include <array>
#include <cstdint>

#include "datatypes/encodings/hash.h"
#include "datatypes/encodings/listpack.h"
#include "datatypes/encodings/prefetch.h"
#include "datatypes/encodings/table.h"
#include "protocol/base/bytes.h"
#include "protocol/resp/reply.h"

namespace keel::set {

// A member that someone holds elsewhere, looked at or on its way in. What the encodings ask of it (its integer, its
// text, its hash) is worked out when first asked and kept, so that several sets can be asked for the price of one.
class Member {
  public:
    explicit Member(Bytes text) noexcept : text_(text), has_text_(true) {}
    Member(Bytes text, std::uint64_t hash) noexcept : text_(text), hash_(hash), has_text_(true), has_hash_(true) {}
    explicit Member(std::int64_t integer) noexcept : integer_(integer), number_(Number::yes) {}
    explicit Member(const ListpackItem& item) noexcept
        : text_(item.text),
          integer_(item.integer),
          number_(item.is_integer ? Number::yes : Number::no),
          has_text_(!item.is_integer) {}
    Member(const Member&) = delete;  // the text may lie in here
    Member& operator=(const Member&) = delete;

    [[nodiscard]] bool is_integer() const noexcept {
        if (number_ == Number::unknown) find_integer();
        return number_ == Number::yes;
    }
    [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }  // if is_integer()
    [[nodiscard]] Bytes text() const noexcept {
        if (!has_text_) write_text();
        return text_;
    }
    [[nodiscard]] std::uint64_t hash() const noexcept {
        if (!has_hash_) {
            hash_ = hash_bytes(text());
            has_hash_ = true;
        }
        return hash_;
    }
    // As a bulk; an integer that was never text is written straight into the reply.
    void write_to(Reply& reply) const {
        if (has_text_)
            reply.bulk(text_);
        else
            reply.bulk(integer_);
    }

  private:
    enum class Number : std::uint8_t { unknown, yes, no };
    void find_integer() const noexcept;
    void write_text() const noexcept;

    mutable Bytes text_{};
    mutable std::int64_t integer_ = 0;
    mutable std::uint64_t hash_ = 0;
    mutable Number number_ = Number::unknown;
    mutable bool has_text_ = false;
    mutable bool has_hash_ = false;
    mutable std::array<char, 24> digits_;
};

class StoredMember {
  public:
    [[nodiscard]] static StoredMember* make(Bytes text);
    static void release(StoredMember* member) noexcept;

    [[nodiscard]] Bytes text() const noexcept {
        const char* at = &first_;
        const auto first = static_cast<std::uint8_t>(*at);
        if (first < 128) [[likely]]
            return {at + 1, first};
        return long_text();
    }
    [[nodiscard]] std::size_t allocated_bytes() const noexcept;

    StoredMember(const StoredMember&) = delete;
    StoredMember& operator=(const StoredMember&) = delete;

  private:
    [[nodiscard]] Bytes long_text() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept {
        const Bytes t = text();
        return static_cast<std::size_t>(t.data() - &first_) + t.size();
    }

    char first_;  // a StoredMember is its bytes; it is never made by a constructor
};

struct MemberTraits {
    using Item = StoredMember;
    static Bytes key(const StoredMember* member) noexcept { return member->text(); }
};

// The members of a big set, which it owns.
class MemberTable {
  public:
    MemberTable() = default;
    MemberTable(const MemberTable&) = delete;
    MemberTable& operator=(const MemberTable&) = delete;
    ~MemberTable() { table_.drain(StoredMember::release); }

    [[nodiscard]] const Table<MemberTraits>& table() const noexcept { return table_; }
    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return sizeof(MemberTable) + table_.memory_bytes() + member_bytes_;
    }

    [[nodiscard]] bool has(const Member& member) const { return table_.find(member.text(), member.hash()) != nullptr; }
    bool add(const Member& member);      // false: was there
    void add_new(const Member& member);  // one that is known not to be there
    // Takes a member over whose hash is known; false: it was there, and the one handed in stays the caller's.
    bool take(StoredMember* stored, std::uint64_t hash);
    bool remove(const Member& member);  // false: was not there
    void remove(StoredMember* stored, std::uint64_t hash);

  private:
    void drop(StoredMember* stored) noexcept;

    Table<MemberTraits> table_;
    std::size_t member_bytes_ = 0;  // of the members' allocations
};

}  // namespace keel::set
