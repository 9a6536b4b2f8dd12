// SPDX-License-Identifier: BSD-3-Clause
//
// Intset: a sorted array of integers packed into one allocation. Small sets of nothing but integers are one.
//
//     | width u32: 2, 4 or 8 | count u32 | value | value | ...      little-endian, signed, `width` bytes each
//
// Always true:
//   1. Values ascend strictly, so a member is found in O(log n).
//   2. `width` is enough for every value; it grows when a value needs it and never shrinks.
//   3. The size of a released set's allocation follows from width and count, see allocated_bytes(); while an Intset
//      owns the set there may be more room.
//
// Not here: when a set leaves this encoding (datatypes/set/set.cpp). These bytes go to disk and to replicas: the layout
// is frozen, and is the one of RDB files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/random.h"

namespace keel {

// A look at the bytes of an intset that someone else owns, and that are known to be sound.
class IntsetView {
  public:
    explicit IntsetView(const void* raw) noexcept : raw_(static_cast<const char*>(raw)) {}

    [[nodiscard]] std::size_t width() const noexcept { return load_le<std::uint32_t>(raw_); }
    [[nodiscard]] std::size_t count() const noexcept { return load_le<std::uint32_t>(raw_ + 4); }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return kHeaderBytes + width() * count(); }
    [[nodiscard]] Bytes bytes() const noexcept { return {raw_, size_bytes()}; }
    [[nodiscard]] std::int64_t at(std::size_t index) const noexcept;  // index < count()
    [[nodiscard]] bool has(std::int64_t value) const noexcept;
    [[nodiscard]] std::int64_t random(Random& random) const noexcept { return at(random.below(count())); }

    // Whether bytes from outside are a sound intset: width, count and size agree, and the values ascend. O(n).
    [[nodiscard]] static bool is_sound(Bytes raw) noexcept;

    static constexpr std::size_t kHeaderBytes = 8;

  protected:
    // The index of the first value that is not less.
    [[nodiscard]] std::size_t lower_bound(std::int64_t value) const noexcept;

    const char* raw_;
};

// Owns an intset, between adopt() and release().
class Intset : public IntsetView {
  public:
    Intset();                                 // empty
    static Intset adopt(void* raw) noexcept;  // takes over what release() gave
    static Intset copy_of(Bytes sound);       // of bytes that is_sound() passed, or of another's bytes()
    Intset(Intset&& other) noexcept
        : IntsetView(std::exchange(other.raw_, nullptr)), room_(std::exchange(other.room_, 0)) {}
    Intset& operator=(Intset&& other) noexcept;
    ~Intset();
    [[nodiscard]] void* release() noexcept;
    static void free(void* raw) noexcept;  // frees what release() gave
    [[nodiscard]] static std::size_t allocated_bytes(const void* raw) noexcept;

    bool insert(std::int64_t value);  // false: was there. O(n) for what lies behind
    bool erase(std::int64_t value);   // false: was not there. O(n) for what lies behind

  private:
    Intset(const char* raw, std::size_t room) noexcept : IntsetView(raw), room_(room) {}
    [[nodiscard]] char* raw() noexcept { return const_cast<char*>(raw_); }
    void move_to(std::size_t room, std::size_t kept_bytes);
    void widen(std::int64_t value, std::size_t width);

    std::size_t room_;  // bytes of the allocation
};

}  // namespace keel
