// SPDX-License-Identifier: BSD-3-Clause
//
// SkipList: the order of a big sorted set, by score and then by the bytes of the member; any rank, score or member is
// found in O(log n). Where a classic skip list has a tower of pointers for each member, this one has leaves of up to 44
// members side by side, scores apart from addresses, and over them index nodes that each say of up to 63 children: the
// first score and member, and how many members lie below. A search reads some lines of each index node and the scores
// of one leaf; members are looked at only when scores are equal.
//
//     index          | (1, a) x 88 | (7, c) x 120 |                 height 2: the root
//                        |              `-----------------.
//     index          | (1, a) x 44 | (3, x) x 44 |   | (7, c) x 40 | (8, b) x 40 | (8, q) x 40 |
//                        |             |                 |
//     leaves         | 1 2 2 .. | <-> | 3 3 4 .. | <-> | 7 7 8 .. | <-> ...
//
// A full leaf gives to a neighbour under the same parent that has room; when neither has, two full leaves become three.
// So leaves are some 0.8 full whatever comes, and full when members come in order (a full last leaf begins a new one):
// a member takes about 19 bytes here, all in all.
//
// Always true:
//   1. Entries are in order over all leaves, and no two have the same score and member.
//   2. A child's score and member in an index node are those of its first entry; its count is that of all entries
//   below.
//   3. No leaf and no index node is empty; a root that is an index node has two children at least.
//   4. A score in a leaf equals that of its member. No score is NaN.
//   5. A Place is good until the list changes.
//
// Not here: who owns the members, and finding one by its text (zset.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "datatypes/encodings/prefetch.h"
#include "datatypes/zset/member.h"

namespace keel::zset {

struct Leaf {
    static constexpr unsigned kRoom = 44;

    Leaf* prev;
    Leaf* next;
    std::uint64_t count;
    std::array<double, kRoom> scores;
    std::array<std::uint32_t, kRoom> low;  // a member's address: 48 bits, as everywhere
    std::array<std::uint16_t, kRoom> high;

    [[nodiscard]] Member* member(unsigned i) const noexcept {
        return reinterpret_cast<Member*>(std::uintptr_t{high[i]} << 32 | low[i]);
    }
    // How many entries have a score below (up to) this one. No branches: it is one sweep over the scores.
    [[nodiscard]] unsigned below(double score) const noexcept {
        unsigned n = 0;
        for (unsigned i = 0; i < count; ++i) n += static_cast<unsigned>(scores[i] < score);
        return n;
    }
    [[nodiscard]] unsigned up_to(double score) const noexcept {
        unsigned n = 0;
        for (unsigned i = 0; i < count; ++i) n += static_cast<unsigned>(scores[i] <= score);
        return n;
    }
};
static_assert(sizeof(Leaf) == 640);  // a size class of its own

// Cuts: what lies before them and what behind. A cut is asked of an entry in an index node, or of a whole leaf.

// Scores below this one, and with `equal` this one too.
struct ScoreCut {
    double score;
    bool equal;
    [[nodiscard]] bool before(double other) const noexcept { return equal ? other <= score : other < score; }
    [[nodiscard]] bool before(double other, const Member*) const noexcept { return before(other); }
    [[nodiscard]] unsigned in(const Leaf& leaf) const noexcept { return equal ? leaf.up_to(score) : leaf.below(score); }
};

// Members below this one, whatever their scores are (meant for lists in which all are the same); with `all`, every one.
struct TextCut {
    Bytes text;
    bool equal;
    bool all = false;
    [[nodiscard]] bool before(Bytes other) const noexcept { return all || (equal ? other <= text : other < text); }
    [[nodiscard]] bool before(double, const Member* other) const noexcept { return before(other->text()); }
    [[nodiscard]] unsigned in(const Leaf& leaf) const noexcept;
};

// Entries before this one; the entry itself is behind the cut in its leaf, but names the way to it.
struct EntryCut {
    double score;
    Bytes text;
    [[nodiscard]] bool before(double other_score, const Member* other) const noexcept {
        return other_score < score || (other_score == score && other->text() <= text);
    }
    [[nodiscard]] unsigned in(const Leaf& leaf) const noexcept;
};

class SkipList {
  public:
    // An entry; a null leaf is the place behind the last or before the first.
    struct Place {
        const Leaf* leaf = nullptr;
        unsigned at = 0;

        explicit operator bool() const noexcept { return leaf != nullptr; }
        [[nodiscard]] double score() const noexcept { return leaf->scores[at]; }
        [[nodiscard]] Member* member() const noexcept { return leaf->member(at); }
        void step() noexcept {
            if (++at < leaf->count) return;
            leaf = leaf->next;
            at = 0;
        }
        void step_back() noexcept {
            if (at == 0) {
                leaf = leaf->prev;
                at = leaf == nullptr ? 0 : static_cast<unsigned>(leaf->count);
            }
            if (leaf != nullptr) --at;
        }
        bool operator==(const Place&) const = default;
    };

    SkipList() = default;
    SkipList(SkipList&& other) noexcept { swap(other); }
    SkipList& operator=(SkipList&& other) noexcept {
        SkipList taken{std::move(other)};
        swap(taken);
        return *this;
    }
    ~SkipList() { clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    // Bytes of all nodes, as asked for.
    [[nodiscard]] std::size_t memory_bytes() const noexcept { return leaves_ * sizeof(Leaf) + index_bytes_; }

    // ---- Changes ----

    // Adds an entry that is not there. O(log n).
    void insert(double score, Member* member);
    // Takes out the entry of this member, whose score is the one it is here by. O(log n).
    void erase(const Member* member);
    // Gives the member another score, in the member too; in place where the order stays. O(log n).
    void rescore(Member* member, double score);
    // Takes out `count` entries from that rank on, showing each member, which may be freed then. O(log n + count).
    template <typename F>
    void erase_ranks(std::size_t from, std::size_t count, F&& visit);
    // Fills an empty list with members that are in order. O(n).
    void build(std::span<Member* const> members);
    // Forgets all entries. O(n / 44).
    void clear() noexcept;

    // ---- Looking ----

    [[nodiscard]] Place first() const noexcept { return {first_, 0}; }
    [[nodiscard]] Place last() const noexcept {
        return last_ == nullptr ? Place{} : Place{last_, static_cast<unsigned>(last_->count) - 1};
    }
    // The entry of that rank, null if there is none. O(log n).
    [[nodiscard]] Place at(std::size_t rank) const noexcept;
    // How many entries lie before the cut. O(log n).
    template <typename Cut>
    [[nodiscard]] std::size_t rank(const Cut& cut) const noexcept;
    // The first entry behind the cut. O(log n).
    template <typename Cut>
    [[nodiscard]] Place seek(const Cut& cut) const noexcept;
    [[nodiscard]] std::size_t rank_of(const Member* member) const noexcept {
        return rank(EntryCut{member->score(), member->text()});
    }

    // visit(const Member&, double score) for `count` entries from a place on, in either direction, as long as it
    // returns true. Members are fetched ahead.
    template <typename F>
    void each(Place from, std::size_t count, bool backwards, F&& visit) const;

    // Stops the process if one of the truths above is not true. For tests. O(n).
    void check() const;

  private:
    struct Child {
        double score;
        const Member* member;
        void* node;
        std::uint64_t count;
    };
    // Followed by `room` children.
    struct Index {
        std::uint32_t count;
        std::uint32_t room;
        [[nodiscard]] Child* children() noexcept { return reinterpret_cast<Child*>(this + 1); }
        [[nodiscard]] const Child* children() const noexcept { return reinterpret_cast<const Child*>(this + 1); }
        [[nodiscard]] std::span<Child> all() noexcept { return {children(), count}; }
        [[nodiscard]] std::span<const Child> all() const noexcept { return {children(), count}; }
    };
    static constexpr unsigned kFanout = 63;
    static constexpr unsigned kMostLevels = 24;

    // The way from the root to a leaf: level 0 is the index node above the leaves.
    struct Step {
        Index* index;
        unsigned at;
        [[nodiscard]] Child& child() const noexcept { return index->children()[at]; }
    };
    struct Path {
        std::array<Step, kMostLevels> steps;
        Step& operator[](unsigned level) { return steps[level]; }
    };

    void swap(SkipList& other) noexcept;
    template <typename Cut>
    [[nodiscard]] static unsigned child_for(const Index& index, const Cut& cut) noexcept;
    static void prefetch_scores(const void* leaf) noexcept {
        for (std::size_t line = 0; line < offsetof(Leaf, low); line += 64)
            prefetch(static_cast<const char*>(leaf) + line);
    }
    template <typename Cut>
    Leaf* descend(const Cut& cut, Path& path) const noexcept;
    Leaf* descend_to_rank(std::size_t& rank, Path& path) const noexcept;

    // Keeping the index true.
    void add_to_counts(Path& path, std::uint64_t change) noexcept;  // two's complement
    void first_changed(Path& path, unsigned level, double score, const Member* member) noexcept;
    void take_from(Path& path, Leaf* leaf, unsigned at, unsigned count);
    [[nodiscard]] void*& link_to(Path& path, unsigned level) noexcept;

    // Making room.
    struct Spot {
        Leaf* leaf;
        unsigned at;
    };
    Spot make_room(Path& path, Leaf* leaf, unsigned at);
    bool give_right(Path& path, Spot& spot);
    bool give_left(Path& path, Spot& spot);
    Spot split(Path& path, Leaf* leaf, unsigned at);
    Spot split_with_right(Path& path, Leaf* leaf, unsigned at);
    Spot split_with_left(Path& path, Leaf* leaf, unsigned at);
    Spot split_in_half(Path& path, Leaf* leaf, unsigned at);
    void reserve_child(Path& path, unsigned level);
    void split_index(Path& path, unsigned level);
    void new_root();
    Index* resize(Path& path, unsigned level, unsigned wanted);
    void add_child(Path& path, Leaf* leaf, unsigned at) noexcept;

    // Giving room back.
    void mend_leaf(Path& path, Leaf* leaf);
    void mend_index(Path& path, unsigned level);
    void remove_child(Path& path, unsigned level);
    void shrink_root() noexcept;

    Leaf* new_leaf(Leaf* behind);
    void drop_leaf(Leaf* leaf) noexcept;
    Index* new_index(unsigned wanted);
    void drop_index(Index* index) noexcept;
    void drop_below(void* node, unsigned level) noexcept;
    Child child_of(Leaf* leaf) const noexcept;
    static Child child_of(Index* index) noexcept;
    std::uint64_t check_below(const void* node, unsigned level, const Child* as) const;

    void* root_ = nullptr;  // a leaf while height_ is 0
    Leaf* first_ = nullptr;
    Leaf* last_ = nullptr;
    std::size_t size_ = 0;
    std::size_t leaves_ = 0;
    std::size_t index_bytes_ = 0;
    unsigned height_ = 0;  // levels of index nodes
};

// ---- Inline parts ----

// The child that the cut runs through: the last one that begins before it.
template <typename Cut>
unsigned SkipList::child_for(const Index& index, const Cut& cut) noexcept {
    const Child* children = index.children();
    unsigned low = 0;
    for (unsigned left = index.count; left > 1;) {
        const unsigned half = left / 2;
        const Child& middle = children[low + half];
        if (cut.before(middle.score, middle.member)) low += half;
        left -= half;
    }
    return low;
}

template <typename Cut>
std::size_t SkipList::rank(const Cut& cut) const noexcept {
    if (root_ == nullptr) return 0;
    std::size_t rank = 0;
    const void* node = root_;
    for (unsigned level = height_; level > 0; --level) {
        const auto& index = *static_cast<const Index*>(node);
        const unsigned at = child_for(index, cut);
        for (unsigned i = 0; i < at; ++i) rank += index.children()[i].count;
        node = index.children()[at].node;
    }
    prefetch_scores(node);
    return rank + cut.in(*static_cast<const Leaf*>(node));
}

template <typename Cut>
SkipList::Place SkipList::seek(const Cut& cut) const noexcept {
    if (root_ == nullptr) return {};
    const void* node = root_;
    for (unsigned level = height_; level > 0; --level) {
        const auto& index = *static_cast<const Index*>(node);
        node = index.children()[child_for(index, cut)].node;
    }
    prefetch_scores(node);
    const auto* leaf = static_cast<const Leaf*>(node);
    const unsigned at = cut.in(*leaf);
    return at < leaf->count ? Place{leaf, at} : Place{leaf->next, 0};
}

template <typename F>
void SkipList::each(Place from, std::size_t count, bool backwards, F&& visit) const {
    constexpr unsigned kAhead = 8;
    Place ahead = from;
    const auto fetch = [&] {
        if (!ahead) return;
        const auto* member = reinterpret_cast<const char*>(ahead.member());
        prefetch(member);
        prefetch(member + 31);  // the second line, of those that span two
        if (backwards)
            ahead.step_back();
        else
            ahead.step();
    };
    for (unsigned i = 0; i < kAhead && i < count; ++i) fetch();
    for (; count > 0 && from; --count) {
        if (count > kAhead) fetch();
        if (!visit(std::as_const(*from.member()), from.score())) return;
        if (backwards)
            from.step_back();
        else
            from.step();
    }
}

template <typename F>
void SkipList::erase_ranks(std::size_t from, std::size_t count, F&& visit) {
    while (count > 0) {
        Path path;
        std::size_t rank = from;
        Leaf* leaf = descend_to_rank(rank, path);
        const auto at = static_cast<unsigned>(rank);
        const auto here = static_cast<unsigned>(std::min<std::size_t>(count, leaf->count - at));
        std::array<Member*, Leaf::kRoom> taken;
        for (unsigned i = 0; i < here; ++i) {
            taken[i] = leaf->member(at + i);
            prefetch(taken[i]);
        }
        take_from(path, leaf, at, here);
        for (unsigned i = 0; i < here; ++i) visit(taken[i]);
        count -= here;
    }
}

}  // namespace keel::zset
