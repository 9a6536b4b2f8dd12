// SPDX-License-Identifier: BSD-3-Clause
//
// What the rest of the server may ask of a hash (datatypes/core/type.h).
#include "datatypes/hash/hash.h"

namespace keel::hash {

namespace {

Bytes encoding_name(const ValueRef& value) {
    switch (static_cast<Form>(value.form)) {
        case Form::packed: return "listpack";
        case Form::packed_timed: return "listpackex";
        case Form::table: break;
    }
    return "hashtable";
}

ValueRef clone(const ValueRef& value) {
    ValueRef out{.type = Type::hash, .form = value.form};
    const HashView hash{value};
    if (hash.form() != Form::table) {
        out.payload = Listpack::copy_of(hash.list().bytes()).release();
        return out;
    }
    auto* copy = new FieldTable;
    hash.table().fields().each([copy](const Field* field) {
        copy->insert(field->name(), hash_bytes(field->name()), field->value(), field->deadline());
    });
    out.payload = copy;
    return out;
}

void destroy(const ValueRef& value) noexcept {
    if (static_cast<Form>(value.form) == Form::table)
        delete static_cast<FieldTable*>(value.payload);
    else
        Listpack::free(value.payload);
}

// The first `samples` fields stand for all.
std::size_t memory(const ValueRef& value, std::size_t samples) {
    const HashView hash{value};
    if (hash.form() != Form::table) return Listpack::allocated_bytes(value.payload);
    const FieldTable& table = hash.table();
    std::size_t seen = 0;
    std::size_t bytes = 0;
    std::uint64_t cursor = 0;
    do {
        cursor = table.fields().scan(cursor, [&](const Field* field) {
            ++seen;
            bytes += field->memory_bytes();
        });
    } while (cursor != 0 && (samples == 0 || seen < samples));
    if (seen != 0)
        bytes = static_cast<std::size_t>(static_cast<double>(bytes) / static_cast<double>(seen) *
                                         static_cast<double>(table.size()));
    return table.overhead_bytes() + bytes;
}

std::size_t free_effort(const ValueRef& value) {
    return static_cast<Form>(value.form) == Form::table ? HashView{value}.size() : 1;
}

void digest(const ValueRef& value, DigestSink& sink) {
    HashView{value}.each([&sink](const Item& name, const Item& held, UnixMs deadline) {
        ItemText name_text;
        ItemText value_text;
        if (deadline == kNoDeadline)
            sink.unordered({name.as_text(name_text), held.as_text(value_text)});
        else
            sink.unordered({name.as_text(name_text), held.as_text(value_text), "!!hexpire!!"});
    });
}

std::size_t count(const ValueRef& value) { return HashView{value}.size(); }

bool field(const ValueRef& value, Bytes name, UnixMs now, absl::FunctionRef<void(Bytes)> show) {
    const HashView hash{value};
    const Spot spot = hash.locate(name);
    if (!spot.there()) return false;
    const UnixMs deadline = hash.deadline(spot);
    if (deadline != kNoDeadline && deadline <= now) return false;
    ItemText scratch;
    show(hash.value(spot).as_text(scratch));
    return true;
}

UnixMs next_deadline(const ValueRef& value) { return HashView{value}.earliest(); }

std::size_t remove_due(Entry& entry, UnixMs now, std::size_t most, DueVisitor tell) {
    // Limits play no part: nothing is added.
    return HashEdit{&entry, {.fields = 0, .word_bytes = 0}}.remove_due(now, most, tell);
}

void prefetch(const ValueRef& value, std::uint64_t member_hash, int stage) {
    if (static_cast<Form>(value.form) == Form::table)
        HashView{value}.table().fields().prefetch_stage(member_hash, stage);
}

}  // namespace

const TypeOps kOps{
    .type = Type::hash,
    .name = "hash",
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
    .field = field,
    .prefetch = prefetch,
    .next_deadline = next_deadline,
    .remove_due = remove_due,
};

}  // namespace keel::hash
