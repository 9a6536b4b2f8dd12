// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/intset.h"

#include <bit>
#include <limits>

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/check.h"

namespace keel {

namespace {

std::size_t width_of(std::int64_t value) noexcept {
    if (value == static_cast<std::int16_t>(value)) return 2;
    return value == static_cast<std::int32_t>(value) ? 4 : 8;
}

std::int64_t read(const char* values, std::size_t width, std::size_t index) noexcept {
    const char* at = values + index * width;
    if (width == 2) return static_cast<std::int16_t>(load_le<std::uint16_t>(at));
    if (width == 4) return static_cast<std::int32_t>(load_le<std::uint32_t>(at));
    return static_cast<std::int64_t>(load_le<std::uint64_t>(at));
}

void write(char* values, std::size_t width, std::size_t index, std::int64_t value) noexcept {
    char* at = values + index * width;
    if (width == 2)
        store_le<std::uint16_t>(at, static_cast<std::uint16_t>(value));
    else if (width == 4)
        store_le<std::uint32_t>(at, static_cast<std::uint32_t>(value));
    else
        store_le<std::uint64_t>(at, static_cast<std::uint64_t>(value));
}

// The steps of SmallHeap while it is small, then four steps a doubling.
std::size_t room_for(std::size_t bytes) noexcept {
    if (bytes <= SmallHeap::kLargestSmall) return SmallHeap::usable(bytes);
    const std::size_t step = std::bit_floor(bytes - 1) >> 2;
    return ((bytes - 1) | (step - 1)) + 1;
}

}  // namespace

// --- Looking ---

std::int64_t IntsetView::at(std::size_t index) const noexcept { return read(raw_ + kHeaderBytes, width(), index); }

std::size_t IntsetView::lower_bound(std::int64_t value) const noexcept {
    const std::size_t width = this->width();
    std::size_t from = 0;
    std::size_t left = count();
    while (left > 0) {
        const std::size_t half = left / 2;
        const bool less = read(raw_ + kHeaderBytes, width, from + half) < value;
        from = less ? from + half + 1 : from;
        left = less ? left - half - 1 : half;
    }
    return from;
}

bool IntsetView::has(std::int64_t value) const noexcept {
    const std::size_t index = lower_bound(value);
    return index < count() && at(index) == value;
}

bool IntsetView::is_sound(Bytes raw) noexcept {
    if (raw.size() < kHeaderBytes) return false;
    const IntsetView view{raw.data()};
    if (view.width() != 2 && view.width() != 4 && view.width() != 8) return false;
    if (view.size_bytes() != raw.size()) return false;
    for (std::size_t i = 1; i < view.count(); ++i) {
        if (view.at(i - 1) >= view.at(i)) return false;
    }
    return true;
}

// --- Owning ---

Intset::Intset() : IntsetView(nullptr), room_(room_for(kHeaderBytes)) {
    raw_ = static_cast<char*>(small_heap().allocate(room_));
    store_le<std::uint32_t>(raw(), 2);
    store_le<std::uint32_t>(raw() + 4, 0);
}

Intset Intset::adopt(void* raw) noexcept { return {static_cast<const char*>(raw), allocated_bytes(raw)}; }

Intset Intset::copy_of(Bytes sound) {
    const std::size_t room = room_for(sound.size());
    char* raw = static_cast<char*>(small_heap().allocate(room));
    std::memcpy(raw, sound.data(), sound.size());
    return {raw, room};
}

Intset& Intset::operator=(Intset&& other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(room_, other.room_);
    return *this;
}

Intset::~Intset() {
    if (raw_ != nullptr) small_heap().free(raw(), room_);
}

void* Intset::release() noexcept {
    if (const std::size_t room = room_for(size_bytes()); room != room_) move_to(room, size_bytes());
    room_ = 0;
    return const_cast<char*>(std::exchange(raw_, nullptr));
}

void Intset::free(void* raw) noexcept { small_heap().free(raw, allocated_bytes(raw)); }

std::size_t Intset::allocated_bytes(const void* raw) noexcept { return room_for(IntsetView{raw}.size_bytes()); }

void Intset::move_to(std::size_t room, std::size_t kept_bytes) {
    char* fresh = static_cast<char*>(small_heap().allocate(room));
    std::memcpy(fresh, raw_, kept_bytes);
    small_heap().free(raw(), room_);
    raw_ = fresh;
    room_ = room;
}

// --- Changing ---

bool Intset::insert(std::int64_t value) {
    if (const std::size_t needed = width_of(value); needed > width()) {
        widen(value, needed);
        return true;
    }
    const std::size_t index = lower_bound(value);
    const std::size_t count = this->count();
    if (index < count && at(index) == value) return false;
    KEEL_CHECK(count < std::numeric_limits<std::uint32_t>::max());
    const std::size_t width = this->width();
    const std::size_t bytes = size_bytes();
    if (bytes + width > room_) move_to(room_for(bytes + width), bytes);
    char* values = raw() + kHeaderBytes;
    std::memmove(values + (index + 1) * width, values + index * width, (count - index) * width);
    write(values, width, index, value);
    store_le<std::uint32_t>(raw() + 4, static_cast<std::uint32_t>(count + 1));
    return true;
}

// Adds a value that no value there is as wide as: so it goes before or behind all of them.
void Intset::widen(std::int64_t value, std::size_t width) {
    const std::size_t count = this->count();
    KEEL_CHECK(count < std::numeric_limits<std::uint32_t>::max());
    const std::size_t room = room_for(kHeaderBytes + (count + 1) * width);
    char* fresh = static_cast<char*>(small_heap().allocate(room));
    store_le<std::uint32_t>(fresh, static_cast<std::uint32_t>(width));
    store_le<std::uint32_t>(fresh + 4, static_cast<std::uint32_t>(count + 1));
    char* values = fresh + kHeaderBytes;
    const std::size_t shift = value < 0 ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) write(values, width, i + shift, at(i));
    write(values, width, value < 0 ? 0 : count, value);
    small_heap().free(raw(), room_);
    raw_ = fresh;
    room_ = room;
}

bool Intset::erase(std::int64_t value) {
    const std::size_t index = lower_bound(value);
    const std::size_t count = this->count();
    if (index == count || at(index) != value) return false;
    const std::size_t width = this->width();
    char* values = raw() + kHeaderBytes;
    std::memmove(values + index * width, values + (index + 1) * width, (count - index - 1) * width);
    store_le<std::uint32_t>(raw() + 4, static_cast<std::uint32_t>(count - 1));
    return true;
}

}  // namespace keel
