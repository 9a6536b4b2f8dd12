// SPDX-License-Identifier: BSD-3-Clause
//
// The big form of a hash: a table of fields, one allocation each.
//
//     Field   | head u8 | value u8 | [name length u32] | [value length u16] | [deadline i64] | name | value |
//                |         |                                                                        |
//                |         `- length of the value; 254: a u16 follows; 255: it is a Block* ---------'
//                `- bit 7: has a deadline; bits 0-6: length of the name; 127: a u32 follows
//
// A 13-byte name with an 11-byte value takes 32 bytes, and some ten of the table.
//
// Always true:
//   1. The size of the allocation follows from the bytes: SmallHeap::usable(size()).
//   2. A name never changes. A value that fits the allocation is written in place; any other makes a new Field, and
//      FieldTable tells its table and its index.
//   3. Name and value together are at most kTogetherMax bytes, or the value is in a Block: a change of a large value,
//      or beside a large name, moves no name.
//   4. `deadlines` holds exactly the fields that have one; it is null when none has.
//
// Not here: when a hash becomes this large (hash.h).
#pragma once

#include <cstdint>
#include <memory>

#include "datatypes/encodings/table.h"
#include "datatypes/keyspace/deadlines.h"
#include "datatypes/keyspace/entry.h"

namespace keel::hash {

class Field {
  public:
    static constexpr std::size_t kTogetherMax = 1024;

    [[nodiscard]] static Field* make(Bytes name, Bytes value, UnixMs deadline);
    // Frees it with its value.
    static void release(Field* field) noexcept;

    [[nodiscard]] Bytes name() const noexcept {
        const std::uint8_t head = byte(0);
        const std::size_t length = head & 127U;
        const char* at = raw() + 2 + (byte(1) == kValue16 ? 2 : 0) + ((head & kHasDeadline) != 0 ? 8 : 0);
        if (length != kName32) [[likely]]
            return {at, length};
        return {at + 4, load<std::uint32_t>(raw() + 2)};
    }
    [[nodiscard]] Bytes value() const noexcept;
    [[nodiscard]] bool has_deadline() const noexcept { return (byte(0) & kHasDeadline) != 0; }
    [[nodiscard]] UnixMs deadline() const noexcept {
        return has_deadline() ? load<UnixMs>(deadline_at()) : kNoDeadline;
    }

    // Puts `value` in the place of the present one if that fits this allocation, and says whether it did.
    bool overwrite(Bytes value);
    // The same field with another deadline, or none. `field` itself may be gone.
    [[nodiscard]] static Field* with_deadline(Field* field, UnixMs deadline);

    // Bytes that the field takes, its value included.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

    Field(const Field&) = delete;
    Field& operator=(const Field&) = delete;

  private:
    static constexpr std::uint8_t kHasDeadline = 128;
    static constexpr std::size_t kName32 = 127;
    static constexpr std::uint8_t kValue16 = 254;
    static constexpr std::uint8_t kBlock = 255;

    // Everything but the value, for which `value_bytes` are left.
    static Field* frame(Bytes name, std::uint8_t value_code, std::size_t value_bytes, UnixMs deadline);
    static std::uint8_t code_of(std::size_t name_bytes, std::size_t value_bytes) noexcept;
    [[nodiscard]] const char* raw() const noexcept { return reinterpret_cast<const char*>(this); }
    [[nodiscard]] char* raw() noexcept { return reinterpret_cast<char*>(this); }
    [[nodiscard]] std::uint8_t byte(std::size_t at) const noexcept { return load<std::uint8_t>(raw() + at); }
    [[nodiscard]] std::size_t length_at() const noexcept { return (byte(0) & 127U) == kName32 ? 6 : 2; }
    [[nodiscard]] const char* deadline_at() const noexcept {
        return raw() + length_at() + (byte(1) == kValue16 ? 2 : 0);
    }
    [[nodiscard]] char* value_at() noexcept {
        const Bytes n = name();
        return const_cast<char*>(n.data() + n.size());
    }
    [[nodiscard]] const char* value_at() const noexcept { return const_cast<Field*>(this)->value_at(); }
    [[nodiscard]] std::size_t inline_bytes() const noexcept;  // of the value, in this allocation
    [[nodiscard]] std::size_t size() const noexcept;

    [[maybe_unused]] char first_;  // a Field is its bytes; it is never made by a constructor
};

struct FieldTraits {
    using Item = Field;
    static Bytes key(const Field* field) noexcept { return field->name(); }
    static UnixMs deadline(const Field* field) noexcept { return field->deadline(); }
};

class FieldTable {
  public:
    FieldTable() = default;
    ~FieldTable() { fields_.drain(Field::release); }
    FieldTable(const FieldTable&) = delete;
    FieldTable& operator=(const FieldTable&) = delete;

    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] Field* find(Bytes name, std::uint64_t hash) const { return fields_.find(name, hash); }
    [[nodiscard]] const Table<FieldTraits>& fields() const { return fields_; }

    // A field that is not there yet.
    void insert(Bytes name, std::uint64_t hash, Bytes value, UnixMs deadline);
    // Takes a field over whose hash is known; false: it was there, and the one handed in stays the caller's.
    bool take(Field* field, std::uint64_t hash);
    // Gives a field that is there another value, and takes its deadline away unless it is to be kept.
    void set_value(Field* field, std::uint64_t hash, Bytes value, bool keep_deadline);
    void set_deadline(Field* field, std::uint64_t hash, UnixMs deadline);
    void erase(Field* field, std::uint64_t hash);

    // The earliest deadline; kNoDeadline for none.
    [[nodiscard]] UnixMs earliest() const { return deadlines_ == nullptr ? kNoDeadline : *deadlines_->earliest(); }
    // The field that is due first; null if no field has a deadline.
    [[nodiscard]] Field* next_due() const { return deadlines_ == nullptr ? nullptr : deadlines_->front(); }

    // Table and index, the fields not included.
    [[nodiscard]] std::size_t overhead_bytes() const {
        return sizeof(*this) + fields_.memory_bytes() +
               (deadlines_ == nullptr ? 0 : sizeof(*deadlines_) + deadlines_->memory_bytes());
    }

  private:
    void enlist(Field* field);
    void strike(const Field* field);

    Table<FieldTraits> fields_;
    std::unique_ptr<DeadlineIndex<FieldTraits>> deadlines_;
};

}  // namespace keel::hash
