// SPDX-License-Identifier: BSD-3-Clause
//
// Hash: fields with values, and what commands may do with them whatever the encoding.
//
//     form           payload                                                            OBJECT ENCODING
//     packed         a listpack   | name | value | name | value | ...                   listpack
//     packed_timed   a listpack   | name | value | deadline | name | ...                listpackex
//     table          a FieldTable (field.h)                                             hashtable
//
// A hash begins packed, becomes packed_timed when a field gets its first deadline, and a table when it has too many
// fields or a word that is too long. There is no way back.
//
// Always true:
//   1. In packed_timed, fields with a deadline come first, the earliest in front; a deadline of 0 means none.
//   2. Putting a field leaves no packed hash with that field's words beyond the limits of its time, nor with more
//      fields than that. Limits lowered since then do not reach what was there before.
//   3. A look at a hash shows due fields like any others: what a command makes of them is in access.h.
//
// The packed forms are those of RDB files (listpackex: Redis 7.4), so they can be saved as they are.
#pragma once

#include <absl/functional/function_ref.h>

#include <optional>
#include <span>

#include "datatypes/encodings/listpack.h"
#include "datatypes/hash/field.h"

namespace keel::hash {

enum class Form : std::uint8_t { packed = 0, packed_timed = 1, table = 2 };

// A name or a value: text, or an integer.
using Item = ListpackItem;
using ItemText = std::array<char, 24>;  // room for an Item's text

// Where a field was found, or would be: good until the hash changes.
struct Spot {
    ListpackView::Place at = nullptr;  // packed: of the name
    Field* field = nullptr;            // table
    std::uint64_t hash = 0;            // table: of the name
    [[nodiscard]] bool there() const { return at != nullptr || field != nullptr; }
};

// Beyond these a hash is a table.
struct Limits {
    std::uint64_t fields;
    std::uint64_t word_bytes;
};

class HashView {
  public:
    explicit HashView(const ValueRef& value) : form_(static_cast<Form>(value.form)), payload_(value.payload) {}

    [[nodiscard]] Form form() const { return form_; }
    // Fields held, those that are due included. O(1), but O(n) for a packed hash of 65,535 words and more.
    [[nodiscard]] std::size_t size() const;
    // The earliest deadline of a field; kNoDeadline if none has one. O(1).
    [[nodiscard]] UnixMs earliest() const;

    [[nodiscard]] Spot locate(Bytes name) const;
    // Of a spot that is there.
    [[nodiscard]] Item value(const Spot& spot) const;
    [[nodiscard]] UnixMs deadline(const Spot& spot) const;

    // visit(const Item& name, const Item& value, UnixMs deadline) for every field.
    template <typename F>
    void each(F&& visit) const;

    // The two worlds, for who walks or draws by the encoding.
    [[nodiscard]] ListpackView list() const { return ListpackView{payload_}; }
    [[nodiscard]] const FieldTable& table() const { return *static_cast<const FieldTable*>(payload_); }
    // Entries of the listpack for each field.
    [[nodiscard]] unsigned unit() const { return form_ == Form::packed ? 2 : 3; }

    static UnixMs deadline_of(const Item& item) { return item.integer == 0 ? kNoDeadline : item.integer; }

  protected:
    Form form_;
    void* payload_;
};

// A hash being changed. The entry gets it back when this ends, or at put_back(); until then its payload is not to be
// looked at through the entry.
class HashEdit : public HashView {
  public:
    // Of the hash in `entry`; null: a new one.
    HashEdit(Entry* entry, Limits limits);
    ~HashEdit() { put_back(); }
    HashEdit(const HashEdit&) = delete;
    HashEdit& operator=(const HashEdit&) = delete;

    // Makes ready for these words, names or values: a table if one is too long.
    void admit(std::span<const Bytes> words);
    // Gives the field at `spot`, whose name is `name`, a value: the field may be new. Its deadline goes, unless it is
    // to be kept.
    void put(const Spot& spot, Bytes name, Bytes value, bool keep_deadline = false);
    // The field at `spot` goes.
    void erase(const Spot& spot);
    // kNoDeadline takes it away.
    void set_deadline(const Spot& spot, Bytes name, UnixMs deadline);
    // Takes out fields that are due by `now`, the earliest first, at most `most`; tells each before.
    using Removal = absl::FunctionRef<void(Bytes name, UnixMs deadline)>;
    std::size_t remove_due(UnixMs now, std::size_t most, Removal tell);

    void put_back();
    // Of a new hash: the value, now the caller's.
    [[nodiscard]] ValueRef release();

  private:
    void become_timed();
    void become_table();
    void sync() { payload_ = const_cast<char*>(list_->data()); }
    void put_packed(const Spot& spot, Bytes name, Bytes value, bool keep_deadline);
    void insert_timed(Bytes name, Bytes value, UnixMs deadline);
    [[nodiscard]] FieldTable& fields() { return *static_cast<FieldTable*>(payload_); }

    Entry* entry_;
    Limits limits_;
    std::optional<Listpack> list_;  // while packed
};

template <typename F>
void HashView::each(F&& visit) const {
    if (form_ == Form::table) {
        table().fields().each([&visit](const Field* field) {
            visit(Item{.text = field->name()}, Item{.text = field->value()}, field->deadline());
        });
        return;
    }
    const ListpackView view = list();
    for (ListpackView::Place at = view.first(); at != nullptr; at = view.next(at)) {
        const Item name = view.get(at);
        at = view.next(at);
        const Item value = view.get(at);
        UnixMs deadline = kNoDeadline;
        if (form_ == Form::packed_timed) {
            at = view.next(at);
            deadline = deadline_of(view.get(at));
        }
        visit(name, value, deadline);
    }
}

// serde.cpp
Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect);
void save(const ValueRef& value, RdbTag tag, Saver& out);
Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings);

extern const TypeOps kOps;  // type.cpp

}  // namespace keel::hash
