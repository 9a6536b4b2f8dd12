// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/set/member.h"

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/number.h"

namespace keel::set {

void Member::find_integer() const noexcept {
    const auto integer = listpack_integer(text_);
    number_ = integer ? Number::yes : Number::no;
    if (integer) integer_ = *integer;
}

void Member::write_text() const noexcept {
    text_ = {digits_.data(), write_integer(digits_.data(), integer_)};
    has_text_ = true;
}

namespace {

std::size_t length_bytes(std::size_t length) noexcept {
    std::size_t bytes = 1;
    while (length >= 128) {
        length >>= 7;
        ++bytes;
    }
    return bytes;
}

}  // namespace

StoredMember* StoredMember::make(Bytes text) {
    auto* raw = static_cast<char*>(small_heap().allocate(length_bytes(text.size()) + text.size()));
    char* to = raw;
    std::size_t left = text.size();
    for (; left >= 128; left >>= 7) *to++ = static_cast<char>(left | 128);
    *to++ = static_cast<char>(left);
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return reinterpret_cast<StoredMember*>(raw);
}

void StoredMember::release(StoredMember* member) noexcept { small_heap().free(member, member->size()); }

Bytes StoredMember::long_text() const noexcept {
    const char* at = &first_;
    std::size_t length = 0;
    unsigned shift = 0;
    std::uint8_t byte = 0;
    do {
        byte = load<std::uint8_t>(at++);
        length |= std::size_t{byte & 127U} << shift;
        shift += 7;
    } while (byte >= 128);
    return {at, length};
}

std::size_t StoredMember::allocated_bytes() const noexcept { return SmallHeap::usable(size()); }

bool MemberTable::add(const Member& member) {
    if (has(member)) return false;
    add_new(member);
    return true;
}

void MemberTable::add_new(const Member& member) {
    StoredMember* stored = StoredMember::make(member.text());
    member_bytes_ += stored->allocated_bytes();
    table_.insert(stored, member.hash());
}

bool MemberTable::take(StoredMember* stored, std::uint64_t hash) {
    if (table_.find(stored->text(), hash) != nullptr) return false;
    member_bytes_ += stored->allocated_bytes();
    table_.insert(stored, hash);
    return true;
}

bool MemberTable::remove(const Member& member) {
    StoredMember* stored = table_.erase(member.text(), member.hash());
    if (stored == nullptr) return false;
    drop(stored);
    return true;
}

void MemberTable::remove(StoredMember* stored, std::uint64_t hash) {
    table_.erase_item(stored, hash);
    drop(stored);
}

void MemberTable::drop(StoredMember* stored) noexcept {
    member_bytes_ -= stored->allocated_bytes();
    StoredMember::release(stored);
}

}  // namespace keel::set
