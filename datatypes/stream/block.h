// SPDX-License-Identifier: BSD-3-Clause
//
// A block of a stream: some hundred entries in one listpack, in the bytes of RDB files.
//
//     | count | deleted | n | name 1 ... name n | 0 |  entry | entry | ...
//       `- the master entry: how many live and deleted entries follow, and the field names of the first
//
//     entry: | flags | ms | seq | [n | name | value ...] or [value ...] | items |
//              |       |                                   |              `- items of the entry before this one, for
//              walking back |       |                                   `- flag 2: the names are the master's | `-
//              distance from the block's id, which is that of its first entry (signed)
//              `- 1: deleted
//
// Always true:
//   1. count + deleted is the number of entries; a deleted entry keeps its place until the block goes.
//   2. Ids ascend from entry to entry.
//
// Not here: when a block is full (stream.cpp).
#pragma once

#include <span>

#include "datatypes/encodings/listpack.h"
#include "datatypes/stream/stream_id.h"

namespace keel::stream {

// One entry as it lies in a block.
struct BlockEntry {
    ListpackView::Place at = nullptr;      // null: no entry
    ListpackView::Place names = nullptr;   // first name, if they are the master's; else they stand before each value
    ListpackView::Place values = nullptr;  // the first item behind the ids (and behind n)
    StreamId id{};
    std::int64_t fields = 0;
    bool deleted = false;
};

class BlockView {
  public:
    using Place = ListpackView::Place;

    BlockView(StreamId master, const void* raw) noexcept;

    [[nodiscard]] std::int64_t count() const noexcept { return count_; }
    [[nodiscard]] std::int64_t deleted() const noexcept { return deleted_; }
    [[nodiscard]] std::int64_t fields() const noexcept { return fields_; }
    [[nodiscard]] Place names() const noexcept { return names_; }
    [[nodiscard]] const ListpackView& list() const noexcept { return list_; }

    // Deleted entries are shown too. `at` null: no more.
    [[nodiscard]] BlockEntry first() const noexcept { return read(entries_); }
    [[nodiscard]] BlockEntry last() const noexcept { return before(list_.end()); }
    [[nodiscard]] BlockEntry next(const BlockEntry& entry) const noexcept { return read(behind(entry)); }
    [[nodiscard]] BlockEntry prev(const BlockEntry& entry) const noexcept { return before(entry.at); }

    // Calls visit(name, value) for each field; the items are good during the call.
    template <typename F>
    void each_field(const BlockEntry& entry, F&& visit) const {
        Place name = entry.names;
        Place at = entry.values;
        for (std::int64_t i = 0; i < entry.fields; ++i) {
            if (entry.names == nullptr) {
                name = at;
                at += ListpackView::entry_bytes(at);
            }
            visit(list_.get(name), list_.get(at));
            at += ListpackView::entry_bytes(at);
            name += ListpackView::entry_bytes(name);
        }
    }

  private:
    [[nodiscard]] BlockEntry read(Place at) const noexcept;
    [[nodiscard]] BlockEntry before(Place end) const noexcept;
    [[nodiscard]] Place behind(const BlockEntry& entry) const noexcept;

    ListpackView list_;
    StreamId master_;
    std::int64_t count_;
    std::int64_t deleted_;
    std::int64_t fields_;
    Place names_;
    Place entries_;  // the first entry, or the end
};

// Field names and values in turn.
using FieldWords = std::span<const Bytes>;

// A new block with one entry.
[[nodiscard]] void* make_block(FieldWords words);
// Appends to a block, which may move: returns where it is; the view is of no use any more. The id is larger than all
// ids in it.
[[nodiscard]] void* append_to_block(const BlockView& block, StreamId master, StreamId id, FieldWords words);
// Marks the entry at this place as deleted; the counters stay.
void mark_deleted(BlockEntry& entry) noexcept;
// Moves so many entries from the live to the deleted ones: returns where the block is.
[[nodiscard]] void* count_deleted(StreamId master, void* raw, std::int64_t entries);

// Bytes of names and values as they came.
[[nodiscard]] std::size_t bytes_of(FieldWords words) noexcept;

}  // namespace keel::stream
