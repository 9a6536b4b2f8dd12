// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/core/packed_serde.h"

#include <absl/container/inlined_vector.h>

#include <bit>
#include <optional>

#include "datatypes/encodings/hash.h"
#include "datatypes/encodings/ziplist.h"

namespace keel {

namespace {

using Place = ListpackView::Place;
using Scratch = std::array<char, 24>;

Place skip(const ListpackView& list, Place at, unsigned entries) {
    for (; entries > 0 && at != nullptr; --entries) at = list.next(at);
    return at;
}

bool same(const ListpackItem& a, const ListpackItem& b) {
    if (a.is_integer && b.is_integer) return a.integer == b.integer;
    if (!a.is_integer && !b.is_integer) return a.text == b.text;
    Scratch scratch;
    return a.is_integer ? a.as_text(scratch) == b.text : b.as_text(scratch) == a.text;
}

// Tells most texts apart at a glance: the last bytes, where numbered names differ, and the size.
std::uint64_t sketch(Bytes text) {
    const char* const end = text.data() + text.size();
    std::uint64_t bytes = 0;
    if (text.size() >= 8)
        bytes = load_le<std::uint64_t>(end - 8);
    else if (text.size() >= 4)
        bytes = load_le<std::uint32_t>(text.data()) | std::uint64_t{load_le<std::uint32_t>(end - 4)} << 32;
    else
        for (const char byte : text) bytes = bytes << 8 | static_cast<std::uint8_t>(byte);
    return bytes ^ std::uint64_t{text.size()} << 56;
}

// Of a few, each is compared with each.
bool has_twins_among_few(const ListpackView& list, unsigned unit, std::size_t units) {
    struct Seen {
        std::uint64_t sketch;
        ListpackItem item;
    };
    absl::InlinedVector<Seen, 8> seen;
    seen.reserve(units);
    for (Place at = list.first(); at != nullptr; at = skip(list, at, unit)) {
        const ListpackItem item = list.get(at);
        Scratch scratch;
        const std::uint64_t own = sketch(item.as_text(scratch));
        for (const Seen& other : seen) {
            if (own == other.sketch && same(item, other.item)) return true;
        }
        seen.push_back({own, item});
    }
    return false;
}

Result<Listpack> converted(std::optional<Listpack> list, const ErrorText& damaged, unsigned unit) {
    if (!list || list->count() % unit != 0) return damaged;
    if (list->empty()) return kEmptyValue;
    return *std::move(list);
}

}  // namespace

Result<Listpack> load_listpack(Loader& in, unsigned unit) {
    KEEL_TRY(const Bytes raw, in.string());
    if (raw.size() > Listpack::kMaxBytes || !ListpackView::is_sound(raw, unit)) return kDamagedListpack;
    if (raw.size() == ListpackView::kEmptyBytes) return kEmptyValue;
    return Listpack::copy_of(raw);
}

Result<Listpack> load_ziplist(Loader& in, unsigned unit) {
    KEEL_TRY(const Bytes raw, in.string());
    return converted(listpack_of_ziplist(raw), kDamagedZiplist, unit);
}

Result<Listpack> load_zipmap(Loader& in) {
    static constexpr ErrorText kDamaged{"a zipmap is damaged"};
    KEEL_TRY(const Bytes raw, in.string());
    return converted(listpack_of_zipmap(raw), kDamaged, 2);
}

bool has_twins(const ListpackView& list, unsigned unit) {
    constexpr std::size_t kFew = 8;
    const std::size_t units = list.count() / unit;
    if (units <= kFew) return has_twins_among_few(list, unit, units);
    // Open addressing at half fill at most.
    const std::size_t mask = std::bit_ceil(units * 2) - 1;
    absl::InlinedVector<Place, 256> slots(mask + 1, nullptr);
    for (Place at = list.first(); at != nullptr; at = skip(list, at, unit)) {
        const ListpackItem item = list.get(at);
        Scratch scratch;
        std::size_t slot = hash_bytes(item.as_text(scratch)) & mask;
        for (; slots[slot] != nullptr; slot = (slot + 1) & mask) {
            if (same(item, list.get(slots[slot]))) return true;
        }
        slots[slot] = at;
    }
    return false;
}

}  // namespace keel
