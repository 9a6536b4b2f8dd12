// SPDX-License-Identifier: BSD-3-Clause
//
// Sets in files (core/serde.h):
//
//     set            count | member | ...          any form
//     set_intset     the intset, as a string
//     set_listpack   the listpack, as a string     from version 11 on
#include <array>

#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/set/set.h"

namespace keel::set {

namespace {

constexpr ErrorText kDamagedIntset{"an intset is damaged"};

ValueRef table_value(std::unique_ptr<MemberTable> table) {
    return {.type = Type::set, .form = static_cast<std::uint8_t>(Form::table), .payload = table.release()};
}

// Members on their way into a table. They are looked up and inserted some at a time, so that the memory which each
// touches is fetched while others are read.
class TableLoader {
  public:
    TableLoader() : table_(std::make_unique<MemberTable>()) {}
    ~TableLoader() {
        for (std::size_t i = 0; i < waiting_; ++i) StoredMember::release(group_[i].member);
    }
    TableLoader(const TableLoader&) = delete;
    TableLoader& operator=(const TableLoader&) = delete;

    Status add(Bytes text) {
        Waiting& one = group_[waiting_++];
        one = {StoredMember::make(text), hash_bytes(text)};
        table_->table().prefetch_directory(one.hash);
        return waiting_ == group_.size() ? settle() : Status{};
    }
    Result<ValueRef> finish() {
        KEEL_TRY(settle());
        return table_value(std::move(table_));
    }

  private:
    struct Waiting {
        StoredMember* member;
        std::uint64_t hash;
    };

    Status settle() {
        for (std::size_t i = 0; i < waiting_; ++i) table_->table().prefetch_line(group_[i].hash);
        while (waiting_ > 0) {
            const Waiting& last = group_[waiting_ - 1];
            if (!table_->take(last.member, last.hash)) return kTwice;
            --waiting_;
        }
        return {};
    }

    std::unique_ptr<MemberTable> table_;
    std::array<Waiting, 16> group_;
    std::size_t waiting_ = 0;
};

Result<ValueRef> load_members(Loader& in, const Limits& limits) {
    KEEL_TRY(const std::uint64_t count, in.count(1));
    if (count == 0) return kEmptyValue;
    if (count > std::max(limits.integers, limits.packed)) {
        TableLoader table;
        for (std::uint64_t i = 0; i < count; ++i) {
            KEEL_TRY(const Bytes member, in.string());
            KEEL_TRY(table.add(member));
        }
        return table.finish();
    }
    Set set;
    for (std::uint64_t i = 0; i < count; ++i) {
        KEEL_TRY(const Bytes member, in.string());
        if (!set.add(Member{member}, limits)) return kTwice;
    }
    return set.release();
}

Result<ValueRef> load_integers(Loader& in, const Limits& limits) {
    KEEL_TRY(const Bytes raw, in.string());
    if (!IntsetView::is_sound(raw)) return kDamagedIntset;
    const IntsetView view{raw.data()};
    if (view.count() == 0) return kEmptyValue;
    if (view.count() <= limits.integers) return ValueRef{.type = Type::set, .payload = Intset::copy_of(raw).release()};
    auto table = std::make_unique<MemberTable>();
    for (std::size_t i = 0; i < view.count(); ++i) table->add_new(Member{view.at(i)});
    return table_value(std::move(table));
}

Result<ValueRef> load_packed(Loader& in, const Limits& limits) {
    KEEL_TRY(Listpack list, load_listpack(in, 1));
    if (list.count() <= limits.packed) {
        if (has_twins(list, 1)) return kTwice;
        return ValueRef{.type = Type::set, .form = static_cast<std::uint8_t>(Form::packed), .payload = list.release()};
    }
    auto table = std::make_unique<MemberTable>();
    for (ListpackView::Place at = list.first(); at != nullptr; at = list.next(at)) {
        if (!table->add(Member{list.get(at)})) return kTwice;
    }
    return table_value(std::move(table));
}

}  // namespace

Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect) {
    switch (static_cast<Form>(value.form)) {
        case Form::integers: return RdbTag::set_intset;
        case Form::packed: return dialect.set_listpack ? RdbTag::set_listpack : RdbTag::set;
        case Form::table: break;
    }
    return RdbTag::set;
}

void save(const ValueRef& value, RdbTag tag, Saver& out) {
    const SetView set{value};
    if (tag == RdbTag::set_intset) return out.string(set.integers().bytes());
    if (tag == RdbTag::set_listpack) return out.string(set.packed().bytes());
    out.length(set.count());
    set.each([&out](const Member& member) { out.string(member.text()); });
}

Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings) {
    const Limits limits{settings};
    if (tag == RdbTag::set_intset) return load_integers(in, limits);
    return tag == RdbTag::set_listpack ? load_packed(in, limits) : load_members(in, limits);
}

}  // namespace keel::set
