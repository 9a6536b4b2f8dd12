// SPDX-License-Identifier: BSD-3-Clause
//
// Sets, as the rest of the server knows them (core/type.h).
#include <array>

#include "datatypes/set/set.h"

namespace keel::set {

namespace {

Bytes encoding_name(const ValueRef& value) {
    constexpr std::array<Bytes, 3> kNames = {"intset", "listpack", "hashtable"};
    return kNames[value.form];
}

ValueRef clone(const ValueRef& value) {
    ValueRef copy{.type = Type::set, .form = value.form};
    const SetView set{value};
    switch (set.form()) {
        case Form::integers: copy.payload = Intset::copy_of(set.integers().bytes()).release(); break;
        case Form::packed: copy.payload = Listpack::copy_of(set.packed().bytes()).release(); break;
        case Form::table: {
            auto table = std::make_unique<MemberTable>();
            set.each([&table](const Member& member) { table->add_new(member); });
            copy.payload = table.release();
            break;
        }
    }
    return copy;
}

void destroy(const ValueRef& value) noexcept {
    switch (static_cast<Form>(value.form)) {
        case Form::integers: Intset::free(value.payload); break;
        case Form::packed: Listpack::free(value.payload); break;
        case Form::table: delete static_cast<MemberTable*>(value.payload); break;
    }
}

// Exact and O(1), whatever the samples.
std::size_t memory(const ValueRef& value, std::size_t) {
    switch (static_cast<Form>(value.form)) {
        case Form::integers: return Intset::allocated_bytes(value.payload);
        case Form::packed: return Listpack::allocated_bytes(value.payload);
        case Form::table: return SetView{value}.members().memory_bytes();
    }
    return 0;
}

std::size_t free_effort(const ValueRef& value) {
    const SetView set{value};
    return set.form() == Form::table ? set.count() : 1;
}

void digest(const ValueRef& value, DigestSink& sink) {
    SetView{value}.each([&sink](const Member& member) { sink.unordered({member.text()}); });
}

std::size_t count(const ValueRef& value) { return SetView{value}.count(); }

void each(const ValueRef& value, MemberVisitor visit) {
    SetView{value}.each([&visit](const Member& member) -> bool { return visit(member.text(), 1); });
}

bool find(const ValueRef& value, Bytes member, double* score) {
    if (!SetView{value}.has(Member{member})) return false;
    if (score != nullptr) *score = 1;
    return true;
}

void prefetch(const ValueRef& value, std::uint64_t member_hash, int stage) {
    if (static_cast<Form>(value.form) == Form::table) SetView{value}.table().prefetch_stage(member_hash, stage);
}

}  // namespace

const TypeOps kOps{
    .type = Type::set,
    .name = "set",
    .encoding_name = encoding_name,
    .clone = clone,
    .destroy = destroy,
    .memory = memory,
    .free_effort = free_effort,
    .digest = digest,
    .tag = tag_of,
    .save = save,
    .load = load,
    .count = count,
    .each = each,
    .find = find,
    .prefetch = prefetch,
};

}  // namespace keel::set
