// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/table_core.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "datatypes/encodings/line_heap.h"
#include "datatypes/encodings/prefetch.h"
#include "protocol/base/check.h"

namespace keel::table {

namespace {

// The line counts in use: 1..8, 10, 12, 14, 16, 20, ... 448. Steps half as large would save half a byte an item
// and cost a quarter more work in growing.
constexpr unsigned next_lines(unsigned lines) noexcept {
    return lines < 8 ? lines + 1 : lines + (std::bit_floor(lines) >> 2);
}

// How many items may live in so many lines. One or two lines may be full: there is nowhere far to spill.
constexpr unsigned limit(unsigned lines) noexcept { return lines <= 2 ? lines * kSlots : lines * kSlots * 237 / 256; }

constexpr unsigned fitting_lines(unsigned count) noexcept {
    unsigned lines = count == 0 ? 0 : 1;
    while (limit(lines) < count) lines = next_lines(lines);
    return lines;
}

// Fewer items than this, and the lines are refitted: about half, well away from limit() of the next size below.
constexpr unsigned shrink_below(unsigned lines) noexcept { return lines == 1 ? 1 : lines * kSlots / 2; }

Line* allocate_lines(unsigned lines) {
    return static_cast<Line*>(std::memset(line_heap().allocate(lines), 0, lines * sizeof(Line)));
}

template <typename T>
T* allocate_array(std::size_t n) {
    void* memory = std::malloc(n * sizeof(T));
    KEEL_CHECK(memory != nullptr && "out of memory");
    return static_cast<T*>(memory);
}

template <typename T>
T* moved_array(T* from, std::size_t n, std::size_t capacity) {
    T* to = allocate_array<T>(capacity);
    std::memcpy(to, from, n * sizeof(T));
    std::free(from);
    return to;
}

}  // namespace

// ---- segments -------------------------------------------------------------------------------------------

Segment TableCore::new_segment(unsigned count) {
    const unsigned lines = fitting_lines(count);
    if (lines == 0) return {};
    KEEL_CHECK(lines <= kMaxLines && "a segment overflows: is the hash broken?");
    lines_ += lines;
    return Segment::of(allocate_lines(lines), lines, count);
}

void TableCore::drop_lines(Segment segment) noexcept {
    if (segment.lines() == 0) return;
    lines_ -= segment.lines();
    line_heap().free(segment.at(), segment.lines());
}

// The same items in lines that fit `capacity` of them.
Segment TableCore::refit(Segment old, unsigned capacity) {
    const Segment fresh = new_segment(capacity);
    each_slot(old, [&](std::uint8_t mark, std::uint64_t slot) { place(fresh.at(), fresh.lines(), mark, slot); });
    drop_lines(old);
    return fresh.with_count(old.count());
}

void TableCore::insert_item(const void* item, std::uint64_t hash, Rehash rehash) {
    KEEL_DCHECK((reinterpret_cast<std::uintptr_t>(item) >> kTagShift) == 0);
    hash = spread(hash);
    const Where at = where(hash);
    std::uint64_t* word = word_at(at.index);
    Segment segment{*word};
    const unsigned count = segment.count() + 1;
    if (count > limit(segment.lines())) [[unlikely]]
        segment = refit(segment, count);
    place(segment.at(), segment.lines(), mark_of(hash), slot_of(item, tag_of(hash, at.level)));
    *word = segment.with_count(count).word;
    if (count > peak_) peak_ = static_cast<std::uint16_t>(count);
    ++size_;
    if (wants_split()) [[unlikely]]
        split(rehash);
}

void TableCore::erase_slot(std::uint64_t hash, Line* line, unsigned slot) noexcept {
    std::uint64_t* word = word_at(where(spread(hash)).index);
    Segment segment{*word};
    take_out(segment, line, slot);
    const unsigned count = segment.count() - 1;
    segment = segment.with_count(count);
    if (count < shrink_below(segment.lines()) && !paused_) [[unlikely]]
        segment = refit(segment, count);
    *word = segment.word;
    --size_;
    if (wants_merge()) [[unlikely]]
        merge();
    if (size_ != 0) return;
    if (!paused_) return clear_structure();  // merges that were not to be are left
    peak_ = 0;
    spread_ = next_spread();
}

void TableCore::split_or_merge(Rehash rehash) {
    if (wants_split())
        split(rehash);
    else if (wants_merge())
        merge();
}

// Segment `split_` gives away the items whose hash has bit `level_` set. That bit is always in the tag. When the
// new level begins a byte, tags move on by one byte of the hash, and the new byte must come from the items.
void TableCore::split(Rehash rehash) {
    const std::uint32_t index = split_;
    const std::uint32_t added = index + mask_ + 1;
    const Segment old = segment_at(index);
    const unsigned level = level_ + 1U;
    const bool retag = level % 8 == 0;
    const unsigned deciding = kTagShift + level_ % 8;
    unsigned ones = 0;
    each_slot(old, [&](std::uint8_t, std::uint64_t slot) {
        ones += static_cast<unsigned>(slot >> deciding & 1);
        if (retag) prefetch(item_of(slot));
    });
    const Segment halves[2] = {new_segment(old.count() - ones), new_segment(ones)};
    each_slot(old, [&](std::uint8_t mark, std::uint64_t slot) {
        const Segment& half = halves[slot >> deciding & 1];
        if (retag) slot = slot_of(item_of(slot), tag_of(spread(rehash(item_of(slot))), level));
        place(half.at(), half.lines(), mark, slot);
    });
    drop_lines(old);
    grow_directory();
    *word_at(index) = halves[0].word;
    *word_at(added) = halves[1].word;
}

bool TableCore::may_merge() const noexcept {
    const auto last = static_cast<std::uint32_t>(segments() - 1);
    const std::uint32_t into = last - (1U << (level_ - unsigned{split_ == 0}));
    return segment_at(into).count() + segment_at(last).count() <= kMostMerged;
}

// Any odd number will do that other tables do not use. Tables begin and end in background threads, too.
std::uint64_t TableCore::next_spread() noexcept {
    static constinit std::atomic<std::uint64_t> tables{0};
    std::uint64_t x = tables.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;  // SplitMix64, as published by Vigna
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) | 1;
}

// The last segment goes back into the one it was split from. When tags move back by a byte, the byte they get
// back is the top one of the segment's own index: no item is touched.
void TableCore::merge() {
    const auto last = static_cast<std::uint32_t>(segments() - 1);
    const unsigned level = level_ - unsigned{split_ == 0};  // of the merged segment
    const std::uint32_t into = last - (1U << level);
    const std::uint32_t sources[2] = {into, last};
    const unsigned count = segment_at(into).count() + segment_at(last).count();
    const bool retag = (level + 1) % 8 == 0;
    const Segment merged = new_segment(count);
    for (const std::uint32_t source : sources) {
        const Segment old = segment_at(source);
        each_slot(old, [&](std::uint8_t mark, std::uint64_t slot) {
            if (retag) slot = slot_of(item_of(slot), (slot >> kTagShift & 0xff) << 8 | (source >> (level - 7) & 0xff));
            place(merged.at(), merged.lines(), mark, slot);
        });
        drop_lines(old);
    }
    shrink_directory();
    *word_at(into) = merged.word;
    if (count > peak_) peak_ = static_cast<std::uint16_t>(count);
}

// ---- directory ------------------------------------------------------------------------------------------

// Room for one more word, and the numbers that go with it; the caller sets the word.
void TableCore::grow_directory() {
    const std::uint64_t n = segments();
    if (level_ == 0) {
        auto* words = allocate_array<std::uint64_t>(2);
        words[0] = directory_.only;
        directory_.words = words;
    } else if (level_ < kChunkLevel) {
        if (split_ == 0) directory_.words = moved_array(directory_.words, n, 2 * n);
        if (n + 1 == kChunkWords) {
            auto** chunks = allocate_array<std::uint64_t*>(1);
            chunks[0] = directory_.words;
            directory_.chunks = chunks;
        }
    } else if (n % kChunkWords == 0) {
        const std::uint64_t chunks = n / kChunkWords;
        if (std::has_single_bit(chunks)) directory_.chunks = moved_array(directory_.chunks, chunks, 2 * chunks);
        directory_.chunks[chunks] = allocate_array<std::uint64_t>(kChunkWords);
    }
    if (++split_ > mask_) {
        ++level_;
        mask_ = mask_ * 2 + 1;
        split_ = 0;
    }
}

void TableCore::shrink_directory() {
    const std::uint64_t n = segments() - 1;  // that stay
    if (level_ >= kChunkLevel) {
        if (n < kChunkWords) {
            std::uint64_t* words = directory_.chunks[0];
            std::free(directory_.chunks);
            directory_.words = words;
        } else if (n % kChunkWords == 0) {
            const std::uint64_t chunks = n / kChunkWords;
            std::free(directory_.chunks[chunks]);
            if (std::has_single_bit(chunks)) directory_.chunks = moved_array(directory_.chunks, chunks, chunks);
        }
    } else if (n == 1) {
        const std::uint64_t only = directory_.words[0];
        std::free(directory_.words);
        directory_.only = only;
    } else if (std::has_single_bit(n)) {
        directory_.words = moved_array(directory_.words, n, n);
    }
    if (split_ == 0) {
        --level_;
        mask_ /= 2;
        split_ = mask_ + 1;
    }
    --split_;
}

std::size_t TableCore::memory_bytes() const noexcept {
    const std::size_t lines = lines_ * sizeof(Line);
    if (level_ == 0) return lines;
    if (level_ < kChunkLevel) return lines + std::bit_ceil(segments()) * sizeof(std::uint64_t);
    const std::uint64_t chunks = (segments() + kChunkWords - 1) / kChunkWords;
    return lines + (chunks * kChunkWords + std::bit_ceil(chunks)) * sizeof(std::uint64_t);
}

double TableCore::fill() const noexcept {
    return lines_ == 0 ? 0 : static_cast<double>(size_) / static_cast<double>(lines_ * kSlots);
}

void TableCore::clear_structure() noexcept {
    const std::uint64_t n = segments();
    for (std::uint64_t i = 0; i < n; ++i) drop_lines(segment_at(static_cast<std::uint32_t>(i)));
    if (level_ >= kChunkLevel) {
        for (std::uint64_t i = 0; i * kChunkWords < n; ++i) std::free(directory_.chunks[i]);
        std::free(directory_.chunks);
    } else if (level_ > 0) {
        std::free(directory_.words);
    }
    directory_.only = 0;
    size_ = lines_ = 0;
    mask_ = split_ = 0;
    peak_ = level_ = 0;
    spread_ = next_spread();
}

void TableCore::swap(TableCore& other) noexcept {
    std::swap(spread_, other.spread_);
    std::swap(size_, other.size_);
    std::swap(directory_, other.directory_);
    std::swap(lines_, other.lines_);
    std::swap(mask_, other.mask_);
    std::swap(split_, other.split_);
    std::swap(peak_, other.peak_);
    std::swap(level_, other.level_);
    std::swap(paused_, other.paused_);
}

// ---- walking --------------------------------------------------------------------------------------------

namespace {

std::uint64_t random_slot_of(Segment segment, Random& random) noexcept {
    for (unsigned tries = 0; tries < 256; ++tries) {
        const auto r = static_cast<unsigned>(random.below(segment.lines() * kSlots));
        const std::uint64_t slot = segment.at()[r / kSlots].slots[r % kSlots];
        if (slot != 0) return slot;
    }
    std::uint64_t first = 0;  // almost empty lines: only while resizing is paused
    each_slot(segment, [&](std::uint8_t, std::uint64_t slot) { first = slot; });
    return first;
}

}  // namespace

// A segment is drawn evenly and kept with the chance count / peak, so every item has the same chance.
std::uint64_t TableCore::random_slot(Random& random) const noexcept {
    if (size_ == 0) return 0;
    const std::uint64_t n = segments();
    for (unsigned tries = 0; tries < 1000; ++tries) {
        const Segment drawn = segment_at(static_cast<std::uint32_t>(random.below(n)));
        if (n == 1 || random.below(peak_) < drawn.count()) return random_slot_of(drawn, random);
    }
    auto index = static_cast<std::uint32_t>(random.below(n));  // almost empty: the same exception
    while (segment_at(index).count() == 0) index = index + 1 == n ? 0 : index + 1;
    return random_slot_of(segment_at(index), random);
}

// Cursor: | index of the segment | mark, 8 bits | level, 6 bits |. Any number is safe: clients may invent them.
TableCore::ScanPoint TableCore::scan_point(std::uint64_t cursor) const noexcept {
    const std::uint64_t index = cursor >> 14;
    const auto mark = static_cast<unsigned>(cursor >> 6 & 0xff);
    const Where at = where(index);
    const bool same_segment = at.level == (cursor & 63) && at.index == index;
    return {at, same_segment ? mark : 0};
}

std::uint64_t TableCore::cursor_inside(Where at, unsigned mark) noexcept {
    return std::uint64_t{at.index} << 14 | mark << 6 | at.level;
}

// Adds one to the index read with its bits reversed; 0 after the last.
std::uint64_t TableCore::cursor_behind(Where at) noexcept {
    std::uint64_t index = at.index;
    for (std::uint64_t bit = std::uint64_t{1} << at.level >> 1; bit != 0; bit >>= 1) {
        index ^= bit;
        if ((index & bit) != 0) return index << 14;
    }
    return 0;
}

}  // namespace keel::table
