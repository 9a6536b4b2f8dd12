// SPDX-License-Identifier: BSD-3-Clause
//
// Table: the one hash table, of keyspace, slots, sets, hashes and sorted sets. It stores pointers to items, which
// carry their own keys. It grows and shrinks by some hundred items at a time: no second table, no doubling, no
// pause, and about ten bytes for an item.
//
//     hash  |63    mark    56|              |  tag: 16 bits, see below  |  low bits: segment  0|
//
//     directory   a word for each segment; addressed by the low L+1 bits of the hash for segments below `split`
//                 and their twins behind 2^L, by the low L bits for the others (linear hashing)
//
//         0   1   2   3   4   5   6   7   8   9
//       | a | b | c | d | e | f | g | h | a'| b'|      L = 3, split = 2: c is the next to split, into c and c'
//         |
//         `-> segment: m lines of 64 bytes in one piece (line_heap.h), 24 to 128 items in most cases
//             | line 0 | line 1 | ... | line m-1 |
//                  |
//                  `- 7 marks, spill, 7 slots (table_line.h); a slot is 48 bits of pointer and 16 of tag
//
// A look-up reads the directory word (8 bytes for some 64 items, so mostly in cache), one line, and one item:
// an item is touched only when its mark and its tag agree.
//
// The tag holds hash bits from the byte that contains the next deciding bit on: bits 0-15 while the segment is
// named by 0 to 7 bits, bits 8-23 at 8 to 15, and so on. So a split or merge decides without touching an item;
// only the split that begins a new byte (at 256, 65536, ... segments) reads the items of its one segment, after
// prefetching them. And at least 9 bits of a tag are news to those who look.
//
// Growth: when the mean passes 64 items a segment, the next one splits in two (about a microsecond, inside
// insert). A segment whose lines are some 0.93 full gets the next larger number of lines. Removal: below 24
// items a segment on average, the last one merges back; a segment less than half full gets fewer lines.
//
// Where an item lies follows from its hash times an odd number of the table's own (spread()), so the order of one table
// is chance for another: whoever copies in the order of a walk fills all segments alike. Whoever erases in that order
// leaves few segments with all that is left: those are not merged beyond kMostMerged.
//
// Scan order: segments by their index with its bits reversed. A segment stands for an interval of reversed
// hashes, [rev(index), rev(index) + 2^-level), and the segments always tile [0, 1). The cursor is a position:
// everything before it has been visited. A split cuts an interval, a merge joins two: the position stays true,
// only what contains it changes. Within a segment, home lines go by mark; the cursor holds the first mark not
// yet visited, and is worth something only while the segment has the level that the cursor was made at: else its
// interval is another, and it is visited from its beginning, some items again.
//
// Always true:
//   1. An item is in the segment that where(spread(hash)) names, on the way from its home line to the first line with
//      spill 0 (table_line.h has the truths of lines).
//   2. size() is the sum of the segments' counts; no segment's count passes peak_.
//   3. One insert does at most one split and one refit; one erase at most one merge and one refit.
//   4. An empty table has no memory at all, one of up to 64 items only its lines: the directory word is inside.
//   5. An item that is present from the first scan call to the last is visited at least once, whatever else is
//      inserted and erased between the calls.
//
// Not here: who owns items (whoever has the table: ends them through drain()), incremental freeing of big tables
// (the owner hands the whole table to the background thread: moving it is cheap).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "datatypes/encodings/hash.h"
#include "datatypes/encodings/prefetch.h"
#include "datatypes/encodings/table_core.h"
#include "protocol/base/check.h"

namespace keel {

// Traits:
//     using Item = ...;                        what the pointers point to, aligned as it likes
//     static Bytes key(const Item*);           its key: never changes while the item is in the table
//     static std::uint64_t hash(const Item*);  optional; hash_bytes(key) when absent
//
// The caller computes a key's hash once and hands it to every call. References into the table don't exist: calls
// take and return pointers to items. Expected O(1) where nothing else is said. Visitors must not change the table.
template <class Traits>
class Table : public table::TableCore {
  public:
    using Item = typename Traits::Item;

    [[nodiscard]] static std::uint64_t hash_of(const Item* item) noexcept {
        if constexpr (requires { Traits::hash(item); })
            return Traits::hash(item);
        else
            return hash_bytes(Traits::key(item));
    }

    // The item with the key, or null.
    [[nodiscard]] Item* find(Bytes key, std::uint64_t hash) const {
        return find_if(hash, [key](const Item* item) { return Traits::key(item) == key; });
    }
    // The first item under `hash` for which match(const Item*) is true, or null. Called for few others.
    template <typename F>
    [[nodiscard]] Item* find_if(std::uint64_t hash, F&& match) const {
        const Found found = seek(hash, match);
        return found.line == nullptr ? nullptr : as_item(found.line->slots[found.slot]);
    }

    // Adds an item whose key is not present.
    void insert(Item* item, std::uint64_t hash) { insert_item(item, hash, rehash); }

    // Takes an item out and returns it (null: not there). The caller is its owner as before.
    Item* erase(Bytes key, std::uint64_t hash) {
        return take(hash, [key](const Item* item) { return Traits::key(item) == key; });
    }
    bool erase_item(const Item* item, std::uint64_t hash) {
        return take(hash, [item](const Item* other) { return other == item; }) != nullptr;
    }

    // `fresh` takes the place of `old`, which is present and has the same key. `old` is not read: it may be gone.
    void replace(const Item* old, Item* fresh, std::uint64_t hash) {
        const Found found = seek(hash, [old](const Item* item) { return item == old; });
        KEEL_CHECK(found.line != nullptr);
        std::uint64_t& slot = found.line->slots[found.slot];
        slot = table::slot_of(fresh, slot >> table::kTagShift);
    }

    // Three steps of fetching ahead, for a batch of keys: each goes as far as what the step before fetched. One
    // item in ten lies behind its home line, so the next line is fetched too and the last step looks there.
    void prefetch_directory(std::uint64_t hash) const noexcept { prefetch(word_at(where(spread(hash)).index)); }
    void prefetch_line(std::uint64_t hash) const noexcept {
        hash = spread(hash);
        const table::Segment segment = segment_at(where(hash).index);
        const table::Line* line = home(segment, hash);
        prefetch(line);
        prefetch(line, sizeof(table::Line));  // of an empty table, too, which has none
    }
    void prefetch_item(std::uint64_t hash) const noexcept {
        seek(hash, [](const Item* item) {
            if constexpr (requires { Traits::prefetch(item); })
                Traits::prefetch(item);
            else
                prefetch(item);
            return true;  // mark and tag agree: hardly ever is it another's item
        });
    }

    // The last two of the steps by number, as TypeOps::prefetch asks for them.
    void prefetch_stage(std::uint64_t hash, int stage) const noexcept {
        if (stage == 1)
            prefetch_line(hash);
        else
            prefetch_item(hash);
    }

    // One outstanding split or merge, if any (see needs_step()).
    void step() { split_or_merge(rehash); }

    // An item drawn evenly from all, or null.
    [[nodiscard]] Item* random(Random& random) const { return as_item(random_slot(random)); }

    // visit(Item*) for every item, in no order that means anything.
    template <typename F>
    void each(F&& visit) const {
        for (std::uint64_t i = 0; i < segments(); ++i) each_in(segment_at(static_cast<std::uint32_t>(i)), visit);
    }
    // visit(Item*) for every item, which may end it; the table is empty from the start.
    template <typename F>
    void drain(F&& visit) {
        const Table taken{std::move(*this)};
        taken.each(visit);
    }

    // Visits some items (those of one home line: mostly 4 to 8, sometimes none) and returns the cursor to go on
    // with. Begins at 0 and has ended when 0 is returned. Cursors need no end, and stay below 2^46.
    template <typename F>
    [[nodiscard]] std::uint64_t scan(std::uint64_t cursor, F&& visit) const {
        const ScanPoint point = scan_point(cursor);
        const table::Segment segment = segment_at(point.at.index);
        if (segment.lines() == 0) return cursor_behind(point.at);
        const unsigned k = table::home_line(point.mark, segment.lines());
        const unsigned until = table::marks_until(k, segment.lines());
        each_at_home(segment, k, point.mark, until, visit);
        return until < table::kMarks ? cursor_inside(point.at, until) : cursor_behind(point.at);
    }

  private:
    struct Found {
        table::Line* line = nullptr;
        unsigned slot = 0;
    };

    [[nodiscard]] static Item* as_item(std::uint64_t slot) noexcept { return static_cast<Item*>(table::item_of(slot)); }
    [[nodiscard]] static std::uint64_t rehash(const void* item) { return hash_of(static_cast<const Item*>(item)); }
    [[nodiscard]] static table::Line* home(table::Segment segment, std::uint64_t hash) noexcept {
        return segment.at() + table::home_line(table::mark_of(hash), segment.lines());
    }

    template <typename F>
    Found seek(std::uint64_t hash, F&& match) const {
        hash = spread(hash);
        const Where at = where(hash);
        const table::Segment segment = segment_at(at.index);
        const unsigned lines = segment.lines();
        const std::uint8_t mark = table::mark_of(hash);
        const std::uint64_t tag = tag_of(hash, at.level);
        unsigned k = table::home_line(mark, lines);
        for (unsigned left = lines; left > 0; --left) {
            table::Line& line = segment.at()[k];
            for (unsigned bits = line.match(mark); bits != 0; bits &= bits - 1) {
                const auto i = static_cast<unsigned>(std::countr_zero(bits));
                const std::uint64_t slot = line.slots[i];
                if (slot >> table::kTagShift == tag && match(static_cast<const Item*>(as_item(slot))))
                    return {&line, i};
            }
            if (line.spill() == 0) break;
            if (++k == lines) k = 0;
        }
        return {};
    }

    template <typename F>
    Item* take(std::uint64_t hash, F&& match) {
        const Found found = seek(hash, match);
        if (found.line == nullptr) return nullptr;
        Item* item = as_item(found.line->slots[found.slot]);
        erase_slot(hash, found.line, found.slot);
        return item;
    }

    // The items of the next line are fetched while those of this one are visited.
    template <typename F>
    static void each_in(table::Segment segment, F&& visit) {
        const unsigned lines = segment.lines();
        for (unsigned k = 0; k < lines; ++k) {
            if (k + 1 < lines) {
                for (const std::uint64_t slot : segment.at()[k + 1].slots) prefetch(table::item_of(slot));
            }
            for (const std::uint64_t slot : segment.at()[k].slots) {
                if (slot != 0) visit(as_item(slot));
            }
        }
    }

    // Items with marks of [from, until), all at home in line k: those lie there or in the lines they spilled to.
    template <typename F>
    static void each_at_home(table::Segment segment, unsigned k, unsigned from, unsigned until, F&& visit) {
        for (unsigned left = segment.lines(); left > 0; --left) {
            const table::Line& line = segment.at()[k];
            for (unsigned bits = line.taken(); bits != 0; bits &= bits - 1) {
                const auto i = static_cast<unsigned>(std::countr_zero(bits));
                if (const unsigned mark = line.mark(i); mark >= from && mark < until) visit(as_item(line.slots[i]));
            }
            if (line.spill() == 0) break;
            if (++k == segment.lines()) k = 0;
        }
    }
};

}  // namespace keel
