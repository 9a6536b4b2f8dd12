// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/hash/field.h"

#include "datatypes/encodings/small_heap.h"

namespace keel::hash {

// ---- Field ----

std::uint8_t Field::code_of(std::size_t name_bytes, std::size_t value_bytes) noexcept {
    if (name_bytes + value_bytes > kTogetherMax) return kBlock;
    return value_bytes < kValue16 ? static_cast<std::uint8_t>(value_bytes) : kValue16;
}

Field* Field::frame(Bytes name, std::uint8_t value_code, std::size_t value_bytes, UnixMs deadline) {
    const bool long_name = name.size() >= kName32;
    const bool timed = deadline != kNoDeadline;
    const std::size_t head = 2U + (long_name ? 4U : 0U) + (value_code == kValue16 ? 2U : 0U) + (timed ? 8U : 0U);
    const std::size_t in_place = value_code == kBlock ? sizeof(Block*) : value_bytes;
    auto* field = static_cast<Field*>(small_heap().allocate(head + name.size() + in_place));
    char* at = field->raw();
    store(at++, static_cast<std::uint8_t>((long_name ? kName32 : name.size()) | (timed ? kHasDeadline : 0U)));
    store(at++, value_code);
    if (long_name) {
        store(at, static_cast<std::uint32_t>(name.size()));
        at += 4;
    }
    if (value_code == kValue16) {
        store(at, static_cast<std::uint16_t>(value_bytes));
        at += 2;
    }
    if (timed) {
        store(at, deadline);
        at += 8;
    }
    if (!name.empty()) std::memcpy(at, name.data(), name.size());
    return field;
}

Field* Field::make(Bytes name, Bytes value, UnixMs deadline) {
    const std::uint8_t code = code_of(name.size(), value.size());
    Field* field = frame(name, code, value.size(), deadline);
    if (code == kBlock)
        store<Block*>(field->value_at(), Block::copy_of(value, value.size()));
    else if (!value.empty())
        std::memcpy(field->value_at(), value.data(), value.size());
    return field;
}

void Field::release(Field* field) noexcept {
    if (field->byte(1) == kBlock) Block::release(load<Block*>(field->value_at()));
    small_heap().free(field, field->size());
}

Bytes Field::value() const noexcept {
    const std::uint8_t code = byte(1);
    if (code == kBlock) return load<Block*>(value_at())->bytes();
    const std::size_t length = code < kValue16 ? std::size_t{code} : load<std::uint16_t>(raw() + length_at());
    return {value_at(), length};
}

std::size_t Field::inline_bytes() const noexcept { return byte(1) == kBlock ? sizeof(Block*) : value().size(); }

std::size_t Field::size() const noexcept { return static_cast<std::size_t>(value_at() - raw()) + inline_bytes(); }

std::size_t Field::memory_bytes() const noexcept {
    const std::size_t block = byte(1) == kBlock ? load<Block*>(value_at())->memory_bytes() : 0;
    return SmallHeap::usable(size()) + block;
}

bool Field::overwrite(Bytes value) {
    const std::uint8_t before = byte(1);
    const std::uint8_t after = code_of(name().size(), value.size());
    if ((before == kBlock) != (after == kBlock) || (before == kValue16) != (after == kValue16)) return false;
    char* at = value_at();
    if (after == kBlock) {
        auto* block = load<Block*>(at);
        const bool fits = value.size() <= block->capacity && value.size() >= block->capacity / 2;
        if (!fits)
            store<Block*>(at, Block::copy_of(value, value.size()));
        else if (!value.empty())
            std::memmove(block->data(), value.data(), value.size());
        if (!fits)
            Block::release(block);
        else
            block->size = value.size();
        return true;
    }
    const auto head = static_cast<std::size_t>(at - raw());
    const std::size_t old = size();
    const std::size_t fresh = head + value.size();
    // Only within the size class: the heap is told the size at the end, and takes it for that of the allocation.
    const bool small = old <= SmallHeap::kLargestSmall;
    if (small != (fresh <= SmallHeap::kLargestSmall) || SmallHeap::usable(fresh) != SmallHeap::usable(old))
        return false;
    if (!value.empty()) std::memmove(at, value.data(), value.size());
    if (after == kValue16)
        store(raw() + length_at(), static_cast<std::uint16_t>(value.size()));
    else
        store(raw() + 1, after);
    return true;
}

Field* Field::with_deadline(Field* field, UnixMs deadline) {
    if (field->has_deadline() && deadline != kNoDeadline) {
        store(const_cast<char*>(field->deadline_at()), deadline);
        return field;
    }
    const std::size_t bytes = field->inline_bytes();
    Field* fresh = frame(field->name(), field->byte(1), bytes, deadline);
    std::memcpy(fresh->value_at(), field->value_at(), bytes);  // a Block goes over as it is
    small_heap().free(field, field->size());
    return fresh;
}

// ---- FieldTable ----

void FieldTable::enlist(Field* field) {
    if (deadlines_ == nullptr) deadlines_ = std::make_unique<DeadlineIndex<FieldTraits>>();
    deadlines_->insert(field);
}

void FieldTable::strike(const Field* field) {
    deadlines_->erase(field);
    if (deadlines_->empty()) deadlines_.reset();
}

void FieldTable::insert(Bytes name, std::uint64_t hash, Bytes value, UnixMs deadline) {
    Field* field = Field::make(name, value, deadline);
    fields_.insert(field, hash);
    if (deadline != kNoDeadline) enlist(field);
}

bool FieldTable::take(Field* field, std::uint64_t hash) {
    if (find(field->name(), hash) != nullptr) return false;
    fields_.insert(field, hash);
    if (field->has_deadline()) enlist(field);
    return true;
}

void FieldTable::set_value(Field* field, std::uint64_t hash, Bytes value, bool keep_deadline) {
    const UnixMs before = field->deadline();
    const UnixMs after = keep_deadline ? before : kNoDeadline;
    if (before == after && field->overwrite(value)) return;
    Field* fresh = Field::make(field->name(), value, after);
    fields_.replace(field, fresh, hash);
    if (after != kNoDeadline)
        deadlines_->replace(field, fresh);
    else if (before != kNoDeadline)
        strike(field);
    Field::release(field);
}

void FieldTable::set_deadline(Field* field, std::uint64_t hash, UnixMs deadline) {
    if (field->deadline() == deadline) return;
    if (field->has_deadline()) strike(field);
    Field* fresh = Field::with_deadline(field, deadline);
    if (fresh != field) fields_.replace(field, fresh, hash);
    if (deadline != kNoDeadline) enlist(fresh);
}

void FieldTable::erase(Field* field, std::uint64_t hash) {
    fields_.erase_item(field, hash);
    if (field->has_deadline()) strike(field);
    Field::release(field);
}

}  // namespace keel::hash
