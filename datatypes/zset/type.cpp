// SPDX-License-Identifier: BSD-3-Clause
//
// What the rest of the server may ask of a sorted set.
#include <vector>

#include "datatypes/zset/families.h"
#include "datatypes/zset/zset.h"
#include "protocol/base/number.h"

namespace keel::zset {

namespace {

Bytes encoding_name(const ValueRef& value) {
    return static_cast<Form>(value.form) == Form::packed ? "listpack" : "skiplist";
}

ValueRef clone(const ValueRef& value) {
    const ZSetView from{value};
    ValueRef copy{.type = Type::zset, .form = value.form};
    if (!from.is_big()) {
        copy.payload = Listpack::copy_of(from.pack().bytes()).release();
        return copy;
    }
    auto big = std::make_unique<Big>();
    std::vector<Member*> members;
    members.reserve(from.size());
    from.each([&](Bytes text, double score) {
        members.push_back(Member::make(text, score));
        big->table.insert(members.back(), hash_bytes(text));
        return true;
    });
    big->order.build(members);
    copy.payload = big.release();
    return copy;
}

void destroy(const ValueRef& value) noexcept {
    if (static_cast<Form>(value.form) == Form::packed)
        Listpack::free(value.payload);
    else
        delete static_cast<Big*>(value.payload);
}

std::size_t memory(const ValueRef& value, std::size_t samples) {
    const ZSetView set{value};
    if (!set.is_big()) return Listpack::allocated_bytes(value.payload);
    const std::size_t size = set.size();
    const std::size_t looked_at = samples == 0 ? size : std::min(samples, size);
    std::size_t members = 0;
    set.big().order.each(set.big().order.first(), looked_at, false, [&members](const Member& member, double) {
        members += member.allocated_bytes();
        return true;
    });
    if (looked_at != 0 && looked_at < size) {
        members = static_cast<std::size_t>(static_cast<double>(members) / static_cast<double>(looked_at) *
                                           static_cast<double>(size));
    }
    return sizeof(Big) + set.big().table.memory_bytes() + set.big().order.memory_bytes() + members;
}

std::size_t free_effort(const ValueRef& value) {
    const ZSetView set{value};
    return set.is_big() ? set.size() : 1;
}

void digest(const ValueRef& value, DigestSink& sink) {
    ZSetView{value}.each([&sink](Bytes member, double score) {
        char digits[kDoubleChars];
        sink.unordered({member, Bytes{digits, write_double(digits, score)}});
        return true;
    });
}

std::size_t count(const ValueRef& value) { return ZSetView{value}.size(); }

void each(const ValueRef& value, MemberVisitor visit) {
    ZSetView{value}.each([&visit](Bytes member, double score) { return visit(member, score); });
}

void walk(const ValueRef& value, std::size_t skip, bool backwards, MemberVisitor visit) {
    const ZSetView set{value};
    if (skip >= set.size()) return;
    const Run run = set.by_rank({skip, set.size() - skip}, backwards);
    set.each(run, [&visit](Bytes member, double score) { return visit(member, score); });
}

bool find(const ValueRef& value, Bytes member, double* score) {
    const auto found = ZSetView{value}.score(member);
    if (found && score != nullptr) *score = *found;
    return found.has_value();
}

void prefetch(const ValueRef& value, std::uint64_t member_hash, int stage) {
    if (static_cast<Form>(value.form) == Form::skiplist) ZSetView{value}.big().table.prefetch_stage(member_hash, stage);
}

}  // namespace

const TypeOps kOps{
    .type = Type::zset,
    .name = "zset",
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
    .walk = walk,
    .find = find,
    .prefetch = prefetch,
};

}  // namespace keel::zset
