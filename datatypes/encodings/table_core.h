// SPDX-License-Identifier: BSD-3-Clause
//
// TableCore: all of Table that need not know what an item is: the directory, and how segments grow, split and
// merge. The story, with the drawing, is at the head of table.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "datatypes/encodings/table_line.h"
#include "protocol/base/random.h"

namespace keel::table {

class TableCore {
  public:
    TableCore() noexcept = default;
    TableCore(TableCore&& other) noexcept { swap(other); }
    TableCore& operator=(TableCore&& other) noexcept {
        TableCore taken{std::move(other)};
        swap(taken);
        return *this;
    }
    ~TableCore() { clear_structure(); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::uint64_t segments() const noexcept { return std::uint64_t{mask_} + 1 + split_; }

    // Bytes the table takes: lines and directory, not the items and not sizeof the table. Lines that lie idle
    // between segments are no table's: line_heap() counts them. O(1).
    [[nodiscard]] std::size_t memory_bytes() const noexcept;
    // Items over slots, 0..1.
    [[nodiscard]] double fill() const noexcept;

    // Forgets every item (they stay as they are: their owner ends them) and frees all memory. O(segments).
    void clear_structure() noexcept;

    // While on: no merging, no shrinking, and splitting only at twice the usual load. For the time in which a
    // forked child shares the memory. What was put off is made up for step by step later.
    void pause_resize(bool on) noexcept { paused_ = on; }
    [[nodiscard]] bool resize_paused() const noexcept { return paused_; }

    // True while a split or merge is outstanding. Inserts and erases do one such step each; an idle caller may
    // do more of them through Table::step().
    [[nodiscard]] bool needs_step() const noexcept { return wants_split() || wants_merge(); }

  protected:
    using Rehash = std::uint64_t (*)(const void* item);

    // A table's own use of a hash: an item's place in one table says nothing of its place in another, nor in this one
    // after it was empty. Without that, filling a table in the order in which another was walked (a SCAN whose keys go
    // elsewhere, SUNIONSTORE of one set) would fill one segment after the other, long before its turn to split.
    [[nodiscard]] std::uint64_t spread(std::uint64_t hash) const noexcept {
        const std::uint64_t product = hash * spread_;
        return product ^ product >> 32;
    }

    // From here on a hash is one that went through spread(), but for insert_item and erase_slot.
    struct Where {
        std::uint32_t index;  // of the segment
        unsigned level;       // how many low bits of the hash name it
    };
    [[nodiscard]] Where where(std::uint64_t hash) const noexcept {
        const std::uint32_t low = static_cast<std::uint32_t>(hash) & mask_;
        const bool deeper = low < split_;
        return {deeper ? static_cast<std::uint32_t>(hash) & (mask_ * 2 + 1) : low, level_ + unsigned{deeper}};
    }
    // The tag of an item in a segment named by `level` bits: 16 bits of the hash from the byte that holds the
    // next deciding bit on.
    [[nodiscard]] static std::uint64_t tag_of(std::uint64_t hash, unsigned level) noexcept {
        return hash >> (level & ~7U) & 0xffff;
    }

    [[nodiscard]] const std::uint64_t* word_at(std::uint32_t index) const noexcept {
        if (level_ >= kChunkLevel) return &directory_.chunks[index >> kChunkLevel][index & (kChunkWords - 1)];
        return level_ == 0 ? &directory_.only : &directory_.words[index];
    }
    [[nodiscard]] std::uint64_t* word_at(std::uint32_t index) noexcept {
        return const_cast<std::uint64_t*>(std::as_const(*this).word_at(index));
    }
    [[nodiscard]] Segment segment_at(std::uint32_t index) const noexcept { return {*word_at(index)}; }

    void insert_item(const void* item, std::uint64_t hash, Rehash rehash);
    void erase_slot(std::uint64_t hash, Line* line, unsigned slot) noexcept;
    void split_or_merge(Rehash rehash);

    // A slot drawn evenly from all, 0 when empty. Expected O(1).
    [[nodiscard]] std::uint64_t random_slot(Random& random) const noexcept;

    // Where a scan goes on: home lines of marks from `mark` on, of the segment.
    struct ScanPoint {
        Where at;
        unsigned mark;
    };
    [[nodiscard]] ScanPoint scan_point(std::uint64_t cursor) const noexcept;
    [[nodiscard]] static std::uint64_t cursor_inside(Where at, unsigned mark) noexcept;
    [[nodiscard]] static std::uint64_t cursor_behind(Where at) noexcept;

  private:
    static constexpr unsigned kChunkLevel = 12;
    static constexpr std::uint32_t kChunkWords = 1U << kChunkLevel;
    static constexpr std::uint64_t kSplitAbove = 64;  // mean items of a segment
    static constexpr std::uint64_t kSplitAbovePaused = 128;
    static constexpr std::uint64_t kMergeBelow = 24;
    // Erasing in the order of a walk leaves a few segments with all the items. What would be fuller than this is not
    // merged: the directory waits until they are fewer.
    static constexpr unsigned kMostMerged = 1024;

    // By level: 0 is one segment, its word right here; below kChunkLevel one array whose capacity is the power
    // of two that fits; else chunks, and an array of pointers to them, likewise.
    union Directory {
        std::uint64_t only;
        std::uint64_t* words;
        std::uint64_t** chunks;
    };

    [[nodiscard]] bool wants_split() const noexcept {
        return size_ > segments() * (paused_ ? kSplitAbovePaused : kSplitAbove);
    }
    [[nodiscard]] bool wants_merge() const noexcept {
        return size_ < segments() * kMergeBelow && level_ > 0 && !paused_ && may_merge();
    }
    [[nodiscard]] bool may_merge() const noexcept;
    [[nodiscard]] static std::uint64_t next_spread() noexcept;
    void swap(TableCore& other) noexcept;
    Segment refit(Segment old, unsigned capacity);
    Segment new_segment(unsigned count);
    void drop_lines(Segment segment) noexcept;
    void split(Rehash rehash);
    void merge();
    void grow_directory();
    void shrink_directory();

    std::uint64_t spread_ = next_spread();  // odd
    std::uint64_t size_ = 0;
    Directory directory_{.only = 0};
    std::uint64_t lines_ = 0;  // of all segments
    std::uint32_t mask_ = 0;   // 2^level_ - 1
    std::uint32_t split_ = 0;  // segments below it are split already: named by level_ + 1 bits
    std::uint16_t peak_ = 0;   // no segment holds more
    std::uint8_t level_ = 0;
    bool paused_ = false;
};

}  // namespace keel::table
