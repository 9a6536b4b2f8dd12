// SPDX-License-Identifier: BSD-3-Clause
//
// Sets in files (core/serde.h):
//
//     set            count | member | ...          any form
//     set_intset     the intset, as a string
//     set_listpack   the listpack, as a string     from version 11 on
#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/encodings/table_loader.h"
#include "datatypes/set/set.h"

namespace keel::set {

namespace {

constexpr ErrorText kDamagedIntset{"an intset is damaged"};

ValueRef table_value(std::unique_ptr<MemberTable> table) {
    return {.type = Type::set, .form = static_cast<std::uint8_t>(Form::table), .payload = table.release()};
}

Result<ValueRef> load_members(Loader& in, const Limits& limits) {
    KEEL_TRY(const std::uint64_t count, in.count(1));
    if (count == 0) return kEmptyValue;
    if (count > std::max(limits.integers, limits.packed)) {
        TableLoader<MemberTable, &MemberTable::table> loader;
        for (std::uint64_t i = 0; i < count; ++i) {
            KEEL_TRY(const Bytes member, in.string());
            if (!loader.add(StoredMember::make(member), member)) return kTwice;
        }
        auto table = loader.finish();
        if (table == nullptr) return kTwice;
        return table_value(std::move(table));
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
