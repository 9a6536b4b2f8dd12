// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/entry.h"

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/check.h"
#include "protocol/base/number.h"

namespace keel {

namespace {

constexpr std::size_t kLongText = 255;  // in the length byte: a u16 follows

std::size_t integer_bytes(StringForm form) {
    constexpr std::uint8_t kBytes[] = {0, 0, 0, 1, 2, 3, 4, 6, 8};
    return kBytes[static_cast<std::size_t>(form)];
}

std::int64_t load_integer(const char* at, std::size_t bytes) {
    std::uint64_t raw = 0;
    std::memcpy(&raw, at, bytes);
    const auto shift = static_cast<int>(64 - 8 * bytes);
    return static_cast<std::int64_t>(raw << shift) >> shift;
}

std::size_t text_bytes(std::size_t length) { return length + (length < kLongText ? 1 : 3); }

std::size_t value_bytes(const ValueRef& value) {
    if (value.type != Type::string || value.string_form() == StringForm::heap) return sizeof(void*);
    if (value.is_integer()) return integer_bytes(value.string_form());
    return value.text.size() > kInlineTextMax ? sizeof(void*) : text_bytes(value.text.size());
}

std::size_t head_bytes(std::size_t key_length, bool has_deadline) {
    const std::size_t length = key_length < 126 ? 0 : key_length <= 0xFFFF ? 2 : 4;
    return 5 + length + (has_deadline ? 8 : 0);
}

}  // namespace

Entry* Entry::make(Bytes key, UnixMs deadline, const ValueRef& value) {
    const bool has_deadline = deadline != kNoDeadline;
    const std::size_t head = head_bytes(key.size(), has_deadline);
    auto* entry = static_cast<Entry*>(small_heap().allocate(head + key.size() + value_bytes(value)));
    char* at = entry->raw() + 5;
    std::size_t length_code = key.size();
    if (key.size() >= kLength16) {
        length_code = key.size() <= 0xFFFF ? kLength16 : kLength32;
        if (length_code == kLength16) store(at, static_cast<std::uint16_t>(key.size()));
        else store(at, static_cast<std::uint32_t>(key.size()));
        at += length_code == kLength16 ? 2 : 4;
    }
    store<std::uint32_t>(entry->raw(), 0);
    store(entry->raw() + 4, static_cast<std::uint8_t>(length_code | (has_deadline ? kHasDeadline : 0)));
    if (has_deadline) {
        store(at, deadline);
        at += 8;
    }
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    entry->write_value(at + key.size(), value);
    return entry;
}

void Entry::release(Entry* entry) noexcept { small_heap().free(entry, entry->size()); }

void Entry::write_value(char* at, const ValueRef& value) noexcept {
    std::uint8_t form = value.form;
    if (value.type != Type::string || value.string_form() == StringForm::heap) {
        store(at, value.payload);
    } else if (value.is_integer()) {
        std::memcpy(at, &value.integer, integer_bytes(value.string_form()));
    } else if (value.text.size() > kInlineTextMax) {
        form = static_cast<std::uint8_t>(StringForm::heap);
        store<void*>(at, Block::copy_of(value.text, value.text.size()));
    } else {
        const std::size_t length = value.text.size();
        if (length < kLongText) {
            store(at++, static_cast<std::uint8_t>(length));
        } else {
            store(at, static_cast<std::uint8_t>(kLongText));
            store(at + 1, static_cast<std::uint16_t>(length));
            at += 3;
        }
        std::memmove(at, value.text.data(), length);  // an APPEND may hand in a part of this very entry
    }
    store(raw(), static_cast<std::uint8_t>(static_cast<std::uint8_t>(value.type) | form << 4));
}

bool Entry::overwrite(const ValueRef& value) noexcept {
    char* at = value_at();
    const std::size_t head = static_cast<std::size_t>(at - raw());
    const std::size_t fresh = head + value_bytes(value);
    const std::size_t old = size();
    // Only within the size class: the heap is told the size at the end, and takes it for that of the allocation.
    if (fresh != old) {
        const bool small = old <= SmallHeap::kLargestSmall;
        if (small != (fresh <= SmallHeap::kLargestSmall)) return false;
        if (SmallHeap::usable(fresh) != SmallHeap::usable(old)) return false;
    }
    write_value(at, value);
    return true;
}

std::size_t Entry::key_length() const noexcept {
    const std::size_t head = byte(4) & 127U;
    if (head < kLength16) return head;
    return head == kLength16 ? load<std::uint16_t>(raw() + 5) : load<std::uint32_t>(raw() + 5);
}

ValueRef Entry::value() const noexcept {
    ValueRef out{.type = type(), .form = form()};
    const char* at = value_at();
    if (out.is_integer()) {
        out.integer = load_integer(at, integer_bytes(out.string_form()));
    } else if (out.type != Type::string) {
        out.payload = load<void*>(at);
    } else if (out.string_form() == StringForm::heap) {
        out.payload = load<void*>(at);
        out.text = static_cast<const Block*>(out.payload)->bytes();
    } else {
        const std::size_t length = load<std::uint8_t>(at);
        out.text = length < kLongText ? Bytes{at + 1, length} : Bytes{at + 3, load<std::uint16_t>(at + 1)};
    }
    return out;
}

Bytes Entry::text(IntegerText& scratch) const noexcept {
    const ValueRef held = value();
    if (!held.is_integer()) return held.text;
    return {scratch.data(), write_integer(scratch.data(), held.integer)};
}

std::size_t Entry::size() const noexcept {
    const char* at = value_at();
    const auto head = static_cast<std::size_t>(at - raw());
    const auto shape = static_cast<StringForm>(form());
    if (type() != Type::string || shape == StringForm::heap) return head + sizeof(void*);
    if (shape >= StringForm::int8) return head + integer_bytes(shape);
    const std::size_t length = load<std::uint8_t>(at);
    return head + (length < kLongText ? 1 + length : 3 + load<std::uint16_t>(at + 1));
}

std::size_t Entry::allocated_bytes() const noexcept {
    return SmallHeap::usable(size());
}

}  // namespace keel
