// SPDX-License-Identifier: BSD-3-Clause
//
// DeadlineIndex: the items (keys, hash fields) that have a deadline, in the order of their deadlines, for some
// ten bytes each. Active expiry takes what is due from the front instead of sampling; eviction by shortest time
// to live takes the front too.
//
// The order is kept between leaves, not inside them: a leaf is a small unordered block of words.
//
//     btree_map   0 -----------> leaf   | word | word | ... up to 64 words, 512 bytes
//                 position ----> leaf   |
//                 position ----> leaf   `- 48 bits: item pointer, 16 bits: low end of the item's time, so that a
//                                          leaf that spans less than 65,536 ms splits without reading its items
//     position of an item, 64 bits:
//         | time, 48 bits | 16 bits mixed from the item's address |
//     leaf, 64 bits, in the map, so that an insert writes to the words but waits for none of them:
//         | count, 16 bits | size class, 4 bits | address / 16, 44 bits |
//
// Time is the deadline itself up to 2^47 ms (the year 6429); beyond, in steps of 65,536 ms; a negative deadline
// counts as zero. The mixed bits spread a million items of the very same millisecond over many leaves.
//
// Always true:
//   1. A leaf has the positions from its own key up to the next leaf's key; the first key is 0. No leaf is empty.
//   2. A leaf has at most 64 words, unless all its items have one position: then it grows by doubling, and its
//      first word holds what no longer fits beside its address: | capacity u32 | count u32 |
//   3. A leaf's allocation is 32, 64, ... 256, 320, ... 512 bytes (allocator size classes), so little is unused.
//   4. When front_sorted_, the first leaf is sorted by deadline, the earliest last, whence it is taken.
//   5. When earliest_known_, earliest_ is the smallest deadline; so asking each turn costs nothing.
//
// While an item is in the index its deadline must not change: erase, change, insert. Costs are O(log n), except
// front() and pop_due() when only deadlines beyond 2^47 or below zero remain: then they read all items of one time.
//
// Not here: what to do with what is due (Keyspace::remove_due), and how much of it at once.
#pragma once

#include <absl/container/btree_map.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/base/clock.h"

namespace keel {

// std::allocator that adds up what is allocated through it and its copies.
template <typename T>
class CountingAllocator {
  public:
    using value_type = T;
    explicit CountingAllocator(std::size_t* bytes) noexcept : bytes_(bytes) {}
    template <typename U>
    CountingAllocator(const CountingAllocator<U>& other) noexcept : bytes_(other.bytes()) {}
    [[nodiscard]] T* allocate(std::size_t count) {
        *bytes_ += count * sizeof(T);
        return std::allocator<T>{}.allocate(count);
    }
    void deallocate(T* at, std::size_t count) noexcept {
        *bytes_ -= count * sizeof(T);
        std::allocator<T>{}.deallocate(at, count);
    }
    [[nodiscard]] std::size_t* bytes() const noexcept { return bytes_; }
    template <typename U>
    bool operator==(const CountingAllocator<U>& other) const noexcept {
        return bytes_ == other.bytes();
    }

  private:
    std::size_t* bytes_;
};

// Traits: `using Item = ...; static UnixMs deadline(const Item*)`. The index owns no item.
template <typename Traits>
class DeadlineIndex {
  public:
    using Item = typename Traits::Item;

    DeadlineIndex() : leaves_(Compare{}, Allocator{&map_bytes_}) {}
    ~DeadlineIndex() { clear(); }
    DeadlineIndex(const DeadlineIndex&) = delete;
    DeadlineIndex& operator=(const DeadlineIndex&) = delete;

    // The item is not in the index yet, and stays at its address until erased or replaced.
    void insert(Item* item);

    // The item is in the index, inserted with this deadline. It is not read, so it may be gone already.
    void erase(const Item* item, UnixMs deadline);
    void erase(const Item* item) { erase(item, Traits::deadline(item)); }

    // `fresh` takes the place of `old` (which is not read) and has the same deadline.
    void replace(const Item* old, Item* fresh);

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    // All that is allocated; the object itself not included.
    [[nodiscard]] std::size_t memory_bytes() const noexcept { return leaf_bytes_ + map_bytes_; }

    [[nodiscard]] std::optional<UnixMs> earliest();

    // An item with the smallest deadline, left in its place; null when there is none.
    [[nodiscard]] Item* front();

    // Takes an item whose deadline is at or before `now` out of the index, the earliest first; null when none is due.
    Item* pop_due(UnixMs now);

    // Takes out at most `max` due items and calls take(Item*) with each when it is out already; returns how many.
    // `take` may use the index.
    template <typename Take>
    std::size_t take_due(UnixMs now, std::size_t max, Take take);

    // visit(Item*) for every item, roughly by deadline. The index must not change meanwhile.
    template <typename Visit>
    void each(Visit visit) const;

    void clear() noexcept;

    // Stops the process if one of the truths above is broken. Reads everything: for tests and DEBUG.
    void verify() const;

  private:
    using Word = std::uint64_t;
    using Position = std::uint64_t;

    // In words: 32 to 512 bytes.
    static constexpr std::uint32_t kCapacities[] = {4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64};
    static constexpr std::uint32_t kFullLeaf = 64;

    // See the drawing and truth 2. It owns nothing: the index makes and frees.
    class Leaf {
      public:
        Leaf(Word* block, std::uint32_t capacity) noexcept
            : bits_(reinterpret_cast<std::uintptr_t>(block) >> 4 | std::uint64_t{class_of(capacity)} << kClassAt) {
            if (grown()) *block = std::uint64_t{capacity} << 32;
        }
        [[nodiscard]] Word* block() const noexcept {
            return reinterpret_cast<Word*>(static_cast<std::uintptr_t>(bits_ << (64 - kClassAt) >> (60 - kClassAt)));
        }
        [[nodiscard]] Word* words() const noexcept { return block() + (grown() ? 1 : 0); }
        [[nodiscard]] std::uint32_t count() const noexcept {
            return grown() ? static_cast<std::uint32_t>(*block()) : static_cast<std::uint32_t>(bits_ >> kCountAt);
        }
        [[nodiscard]] std::uint32_t capacity() const noexcept {
            return grown() ? static_cast<std::uint32_t>(*block() >> 32) : kCapacities[size_class()];
        }
        [[nodiscard]] bool full() const noexcept { return count() == capacity(); }
        void set_count(std::uint32_t count) noexcept {
            if (grown())
                *block() = *block() >> 32 << 32 | count;
            else
                bits_ = bits_ << (64 - kCountAt) >> (64 - kCountAt) | std::uint64_t{count} << kCountAt;
        }
        void push(Word word) noexcept {
            const std::uint32_t at = count();
            words()[at] = word;
            set_count(at + 1);
        }

      private:
        static constexpr unsigned kClassAt = 44;
        static constexpr unsigned kCountAt = 48;
        static constexpr unsigned kGrown = 15;
        static unsigned class_of(std::uint32_t capacity) noexcept {
            if (capacity > kFullLeaf) return kGrown;
            return capacity <= 32 ? capacity / 4 - 1 : capacity / 8 + 3;
        }
        [[nodiscard]] unsigned size_class() const noexcept { return static_cast<unsigned>(bits_ >> kClassAt) & 15; }
        [[nodiscard]] bool grown() const noexcept { return size_class() == kGrown; }

        std::uint64_t bits_;
    };

    using Compare = std::less<Position>;
    using Allocator = CountingAllocator<std::pair<const Position, Leaf>>;
    using Leaves = absl::btree_map<Position, Leaf, Compare, Allocator>;
    using Place = typename Leaves::iterator;

    static constexpr std::uint32_t kMergedLeaf = 48;  // two neighbours become one if it has no more than this
    static constexpr unsigned kTieBits = 16;
    static constexpr std::uint64_t kTieMask = 0xffff;
    static constexpr std::uint64_t kCoarse = 1ULL << 63;  // set in positions beyond 2^47 ms

    // ---- positions and words

    static std::uintptr_t address(const Item* item) noexcept { return reinterpret_cast<std::uintptr_t>(item); }
    static std::uint64_t tie(std::uintptr_t address) noexcept { return (address >> 3) * 0x9e3779b97f4a7c15ULL >> 48; }
    static std::uint64_t time_of(Position position) noexcept { return position >> kTieBits; }

    // Items of one time may differ in their deadlines.
    static bool inexact(std::uint64_t time) noexcept { return time == 0 || time >= kCoarse >> kTieBits; }

    static Position position_of(const Item* item, UnixMs deadline) noexcept {
        const auto ms = static_cast<std::uint64_t>(std::max<UnixMs>(deadline, 0));
        const Position time = ms < kCoarse >> kTieBits ? ms << kTieBits : kCoarse | (ms & ~kTieMask);
        return time | tie(address(item));
    }
    static Word word_of(const Item* item, Position position) noexcept {
        return static_cast<Word>(address(item)) << kTieBits | (time_of(position) & kTieMask);
    }
    static Item* item_of(Word word) noexcept {
        // Sign-extending, so that any canonical address comes back.
        return reinterpret_cast<Item*>(static_cast<std::uintptr_t>(static_cast<std::int64_t>(word) >> kTieBits));
    }
    static UnixMs deadline_of(Word word) noexcept { return Traits::deadline(item_of(word)); }

    // ---- leaves

    static std::size_t bytes_for(std::uint32_t capacity) noexcept {
        return (capacity + (capacity > kFullLeaf ? 1 : 0)) * sizeof(Word);
    }
    static std::uint32_t next_capacity(std::uint32_t capacity) noexcept {
        if (capacity >= kFullLeaf) return capacity == kFullLeaf ? 2 * kFullLeaf - 1 : 2 * capacity + 1;
        return capacity + (capacity < 32 ? 4 : 8);
    }
    static std::uint32_t capacity_for(std::uint32_t count) noexcept {
        if (count <= 32) return count == 0 ? 4 : (count + 3) / 4 * 4;
        if (count <= kFullLeaf) return (count + 7) / 8 * 8;
        std::uint32_t capacity = 2 * kFullLeaf - 1;
        while (capacity < count) capacity = 2 * capacity + 1;
        return capacity;
    }
    Leaf make_leaf(std::uint32_t capacity) {
        leaf_bytes_ += bytes_for(capacity);
        return Leaf(static_cast<Word*>(::operator new(bytes_for(capacity))), capacity);
    }
    void free_leaf(Leaf leaf) noexcept {
        leaf_bytes_ -= bytes_for(leaf.capacity());
        ::operator delete(leaf.block());
    }
    void resize(Place place, std::uint32_t capacity);
    static std::uint32_t find(Leaf leaf, Word word) noexcept;

    Place locate(Position position) { return std::prev(leaves_.upper_bound(position)); }
    void add(Position position, Word word);
    void remove(Place place, std::uint32_t index);
    void drop_empty(Place place);
    void merge_small(Place place);
    void join(Place left, Place right);
    bool split(Place place);
    [[nodiscard]] std::vector<std::pair<Position, Word>> positions(Place place);
    void sort_front();
    [[nodiscard]] Word front_word();

    std::size_t map_bytes_ = 0;
    std::size_t leaf_bytes_ = 0;
    std::size_t size_ = 0;
    UnixMs earliest_ = 0;
    bool earliest_known_ = false;
    bool front_sorted_ = false;
    Leaves leaves_;
};

template <typename Traits>
void DeadlineIndex<Traits>::insert(Item* item) {
    const UnixMs deadline = Traits::deadline(item);
    const Position position = position_of(item, deadline);
    const Word word = word_of(item, position);
    KEEL_DCHECK(item_of(word) == item);
    add(position, word);
    if (size_++ == 0) {
        earliest_ = deadline;
        earliest_known_ = true;
    } else if (deadline < earliest_) {
        earliest_ = deadline;  // if it was not known, it stays so
    }
}

template <typename Traits>
void DeadlineIndex<Traits>::add(Position position, Word word) {
    if (leaves_.empty()) leaves_.emplace(0, make_leaf(capacity_for(0)));
    for (;;) {
        const Place place = locate(position);
        Leaf& leaf = place->second;
        if (!leaf.full()) {
            leaf.push(word);
            if (place == leaves_.begin()) front_sorted_ = false;
            return;
        }
        if (leaf.capacity() < kFullLeaf || !split(place)) resize(place, next_capacity(leaf.capacity()));
    }
}

template <typename Traits>
void DeadlineIndex<Traits>::erase(const Item* item, UnixMs deadline) {
    const Position position = position_of(item, deadline);
    KEEL_CHECK(size_ > 0);
    const Place place = locate(position);
    remove(place, find(place->second, word_of(item, position)));
    if (deadline == earliest_) earliest_known_ = false;
}

template <typename Traits>
void DeadlineIndex<Traits>::replace(const Item* old, Item* fresh) {
    const UnixMs deadline = Traits::deadline(fresh);
    const Position before = position_of(old, deadline);
    const Position after = position_of(fresh, deadline);
    KEEL_CHECK(size_ > 0);
    const Place place = locate(before);
    const std::uint32_t index = find(place->second, word_of(old, before));
    if (locate(after) == place) {
        place->second.words()[index] = word_of(fresh, after);
        return;
    }
    remove(place, index);
    add(after, word_of(fresh, after));
    ++size_;
}

template <typename Traits>
std::uint32_t DeadlineIndex<Traits>::find(Leaf leaf, Word word) noexcept {
    const Word* words = leaf.words();
    const std::uint32_t count = leaf.count();
    // A cache line at a time, without a branch for each word.
    std::uint32_t i = 0;
    for (; i + 8 <= count; i += 8) {
        unsigned here = 0;
        for (std::uint32_t j = 0; j < 8; ++j) here |= words[i + j] == word ? 1U : 0U;
        if (here != 0) break;
    }
    while (i < count && words[i] != word) ++i;
    // Not where it must be: it was never inserted, or its deadline changed meanwhile. Ours to fix.
    KEEL_CHECK(i < count);
    return i;
}

template <typename Traits>
void DeadlineIndex<Traits>::remove(Place place, std::uint32_t index) {
    Leaf& leaf = place->second;
    Word* words = leaf.words();
    const std::uint32_t left = leaf.count() - 1;
    leaf.set_count(left);
    --size_;
    if (front_sorted_ && place == leaves_.begin()) {
        std::memmove(words + index, words + index + 1, (left - index) * sizeof(Word));
    } else {
        words[index] = words[left];
    }
    if (left == 0) return drop_empty(place);
    if (left % 4 != 0) return;  // as all capacities are but the grown ones: only here can a smaller one begin to do
    // One step too large is left alone, so that an insert and an erase in turn do not resize each time.
    const std::uint32_t enough = capacity_for(left);
    if (next_capacity(enough) < leaf.capacity()) resize(place, enough);
    merge_small(place);
}

template <typename Traits>
void DeadlineIndex<Traits>::drop_empty(Place place) {
    free_leaf(place->second);
    if (place == leaves_.begin()) {
        front_sorted_ = false;
        const Place next = std::next(place);
        if (next != leaves_.end()) {
            place->second = next->second;  // the first key stays 0
            leaves_.erase(next);
            return;
        }
    }
    leaves_.erase(place);
}

template <typename Traits>
void DeadlineIndex<Traits>::merge_small(Place place) {
    constexpr std::uint32_t kSmall = 16;
    const std::uint32_t count = place->second.count();
    if (count > kSmall) return;
    const Place next = std::next(place);
    if (next != leaves_.end() && count + next->second.count() <= kMergedLeaf) return join(place, next);
    if (place == leaves_.begin()) return;
    const Place before = std::prev(place);
    if (count + before->second.count() <= kMergedLeaf) join(before, place);
}

template <typename Traits>
void DeadlineIndex<Traits>::join(Place left, Place right) {
    if (left == leaves_.begin()) front_sorted_ = false;
    const Leaf from = right->second;
    const std::uint32_t together = left->second.count() + from.count();
    if (together > left->second.capacity()) resize(left, capacity_for(together));
    Leaf& to = left->second;
    std::memcpy(to.words() + to.count(), from.words(), from.count() * sizeof(Word));
    to.set_count(together);
    free_leaf(from);
    leaves_.erase(right);
}

template <typename Traits>
void DeadlineIndex<Traits>::resize(Place place, std::uint32_t capacity) {
    const Leaf old = place->second;
    Leaf fresh = make_leaf(capacity);
    std::memcpy(fresh.words(), old.words(), old.count() * sizeof(Word));
    fresh.set_count(old.count());
    place->second = fresh;
    free_leaf(old);
}

template <typename Traits>
auto DeadlineIndex<Traits>::positions(Place place) -> std::vector<std::pair<Position, Word>> {
    const Leaf leaf = place->second;
    const auto next = std::next(place);
    const std::uint64_t from = time_of(place->first);
    const std::uint64_t to = next == leaves_.end() ? ~std::uint64_t{0} : time_of(next->first);
    const bool narrow = to - from <= kTieMask;
    std::vector<std::pair<Position, Word>> out(leaf.count());
    for (std::uint32_t i = 0; i < leaf.count(); ++i) {
        const Word word = leaf.words()[i];
        const Item* item = item_of(word);
        const Position position = narrow ? (from + ((word - from) & kTieMask)) << kTieBits | tie(address(item))
                                         : position_of(item, deadline_of(word));
        out[i] = {position, word};
    }
    return out;
}

// Moves the upper half to a leaf of its own; false when all items have the same position.
template <typename Traits>
bool DeadlineIndex<Traits>::split(Place place) {
    auto all = positions(place);
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    Position pivot = middle->first;
    if (std::all_of(all.begin(), middle, [=](const auto& one) { return one.first == pivot; })) {
        Position above = ~Position{0};
        for (const auto& one : all) {
            if (one.first > pivot) above = std::min(above, one.first);
        }
        if (above == ~Position{0}) return false;
        pivot = above;
    }
    const auto upper = std::partition(all.begin(), all.end(), [=](const auto& one) { return one.first < pivot; });
    if (place == leaves_.begin()) front_sorted_ = false;
    const auto fill = [this](auto from, auto to) {
        const auto count = static_cast<std::uint32_t>(to - from);
        Leaf leaf = make_leaf(capacity_for(count));
        for (; from != to; ++from) leaf.push(from->second);
        return leaf;
    };
    free_leaf(place->second);
    place->second = fill(all.begin(), upper);
    leaves_.emplace_hint(std::next(place), pivot, fill(upper, all.end()));
    return true;
}

template <typename Traits>
void DeadlineIndex<Traits>::sort_front() {
    const Leaf leaf = leaves_.begin()->second;
    std::vector<std::pair<UnixMs, Word>> all(leaf.count());
    for (std::uint32_t i = 0; i < leaf.count(); ++i) all[i] = {deadline_of(leaf.words()[i]), leaf.words()[i]};
    std::sort(all.begin(), all.end(), std::greater{});
    for (std::uint32_t i = 0; i < leaf.count(); ++i) leaf.words()[i] = all[i].second;
    front_sorted_ = true;
}

// The word of an item with the smallest deadline; the index is not empty.
template <typename Traits>
auto DeadlineIndex<Traits>::front_word() -> Word {
    if (!front_sorted_) sort_front();
    const Leaf leaf = leaves_.begin()->second;
    Word best = leaf.words()[leaf.count() - 1];
    earliest_ = deadline_of(best);
    const std::uint64_t time = time_of(position_of(item_of(best), earliest_));
    if (inexact(time)) {
        // Items of the same time in later leaves may be earlier still.
        for (auto place = std::next(leaves_.begin()); place != leaves_.end() && time_of(place->first) <= time;
             ++place) {
            for (std::uint32_t i = 0; i < place->second.count(); ++i) {
                const Word word = place->second.words()[i];
                const UnixMs deadline = deadline_of(word);
                if (deadline >= earliest_) continue;
                best = word;
                earliest_ = deadline;
            }
        }
    }
    earliest_known_ = true;
    return best;
}

template <typename Traits>
std::optional<UnixMs> DeadlineIndex<Traits>::earliest() {
    if (size_ == 0) return std::nullopt;
    if (!earliest_known_) (void)front_word();
    return earliest_;
}

template <typename Traits>
auto DeadlineIndex<Traits>::front() -> Item* {
    return size_ == 0 ? nullptr : item_of(front_word());
}

template <typename Traits>
auto DeadlineIndex<Traits>::pop_due(UnixMs now) -> Item* {
    if (size_ == 0 || (earliest_known_ && earliest_ > now)) return nullptr;
    const Word word = front_word();
    if (earliest_ > now) return nullptr;
    const Place first = leaves_.begin();
    const std::uint32_t last = first->second.count() - 1;
    if (first->second.words()[last] == word)
        remove(first, last);
    else
        erase(item_of(word), earliest_);
    earliest_known_ = false;
    return item_of(word);
}

template <typename Traits>
template <typename Take>
std::size_t DeadlineIndex<Traits>::take_due(UnixMs now, std::size_t max, Take take) {
    std::size_t taken = 0;
    while (taken < max) {
        Item* item = pop_due(now);
        if (item == nullptr) break;
        ++taken;
        take(item);
    }
    return taken;
}

template <typename Traits>
template <typename Visit>
void DeadlineIndex<Traits>::each(Visit visit) const {
    for (const auto& [position, leaf] : leaves_) {
        for (std::uint32_t i = 0; i < leaf.count(); ++i) visit(item_of(leaf.words()[i]));
    }
}

template <typename Traits>
void DeadlineIndex<Traits>::clear() noexcept {
    for (const auto& [position, leaf] : leaves_) free_leaf(leaf);
    leaves_.clear();
    size_ = 0;
    earliest_known_ = false;
    front_sorted_ = false;
}

template <typename Traits>
void DeadlineIndex<Traits>::verify() const {
    std::size_t items = 0;
    std::size_t bytes = 0;
    bool earliest_seen = !earliest_known_;
    for (auto place = leaves_.begin(); place != leaves_.end(); ++place) {
        const Leaf leaf = place->second;
        const auto next = std::next(place);
        KEEL_CHECK(place != leaves_.begin() || place->first == 0);
        KEEL_CHECK(leaf.count() > 0 && leaf.count() <= leaf.capacity());
        KEEL_CHECK(leaf.capacity() > kFullLeaf || capacity_for(leaf.capacity()) == leaf.capacity());
        UnixMs before = 0;
        for (std::uint32_t i = 0; i < leaf.count(); ++i) {
            const Word word = leaf.words()[i];
            const UnixMs deadline = deadline_of(word);
            const Position position = position_of(item_of(word), deadline);
            KEEL_CHECK(position >= place->first && (next == leaves_.end() || position < next->first));
            KEEL_CHECK(word_of(item_of(word), position) == word);
            KEEL_CHECK(!earliest_known_ || earliest_ <= deadline);
            if (front_sorted_ && place == leaves_.begin()) KEEL_CHECK(i == 0 || deadline <= before);
            before = deadline;
            earliest_seen |= deadline == earliest_;
        }
        items += leaf.count();
        bytes += bytes_for(leaf.capacity());
    }
    KEEL_CHECK(items == size_ && bytes == leaf_bytes_);
    KEEL_CHECK(earliest_seen || size_ == 0);
}

}  // namespace keel
