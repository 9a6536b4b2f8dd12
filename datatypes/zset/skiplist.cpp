// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/skiplist.h"

#include <algorithm>
#include <vector>

#include "protocol/base/check.h"

namespace keel::zset {

namespace {

constexpr unsigned kRoom = Leaf::kRoom;
constexpr unsigned kWorthGiving = 6;             // free places in a neighbour that make giving cheaper than a split
constexpr unsigned kMergedMost = kRoom * 7 / 8;  // leaves that have no more together become one
constexpr unsigned kMergedIndexMost = 47;        // the same of index nodes
constexpr unsigned kIndexRooms[] = {7, 15, 31, 47, 63};  // sizes that fit the allocators' steps

void move_entries(const Leaf& from, unsigned at, unsigned count, Leaf& to, unsigned where) noexcept {
    std::memmove(&to.scores[where], &from.scores[at], count * sizeof(to.scores[0]));
    std::memmove(&to.low[where], &from.low[at], count * sizeof(to.low[0]));
    std::memmove(&to.high[where], &from.high[at], count * sizeof(to.high[0]));
}

void open_gap(Leaf& leaf, unsigned at, unsigned count) noexcept {
    move_entries(leaf, at, static_cast<unsigned>(leaf.count) - at, leaf, at + count);
    leaf.count += count;
}

void close_gap(Leaf& leaf, unsigned at, unsigned count) noexcept {
    move_entries(leaf, at + count, static_cast<unsigned>(leaf.count) - at - count, leaf, at);
    leaf.count -= count;
}

void put(Leaf& leaf, unsigned i, double score, const Member* member) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(member);
    leaf.scores[i] = score;
    leaf.low[i] = static_cast<std::uint32_t>(address);
    leaf.high[i] = static_cast<std::uint16_t>(address >> 32);
}

// The last `count` entries of a leaf to the front of another, or the first ones to the end.
void move_tail(Leaf& from, unsigned count, Leaf& to) noexcept {
    open_gap(to, 0, count);
    move_entries(from, static_cast<unsigned>(from.count) - count, count, to, 0);
    from.count -= count;
}
void move_head(Leaf& from, unsigned count, Leaf& to) noexcept {
    move_entries(from, 0, count, to, static_cast<unsigned>(to.count));
    to.count += count;
    close_gap(from, 0, count);
}

// The first of entries [low, high) for which `before` is false.
template <typename Before>
unsigned first_not(unsigned low, unsigned high, Before before) {
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (before(middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool in_order(double a_score, const Member* a, double b_score, const Member* b) noexcept {
    return a_score < b_score || (a_score == b_score && a->text() < b->text());
}

}  // namespace

unsigned TextCut::in(const Leaf& leaf) const noexcept {
    return first_not(0, static_cast<unsigned>(leaf.count), [&](unsigned i) { return before(0, leaf.member(i)); });
}

unsigned EntryCut::in(const Leaf& leaf) const noexcept {
    const unsigned low = leaf.below(score);
    if (low == leaf.count || leaf.scores[low] != score) return low;
    return first_not(low, leaf.up_to(score), [&](unsigned i) { return leaf.member(i)->text() < text; });
}

// ---- Nodes ----

void SkipList::swap(SkipList& other) noexcept {
    std::swap(root_, other.root_);
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(size_, other.size_);
    std::swap(leaves_, other.leaves_);
    std::swap(index_bytes_, other.index_bytes_);
    std::swap(height_, other.height_);
}

// An empty leaf behind another (null: as the first).
Leaf* SkipList::new_leaf(Leaf* behind) {
    auto* leaf = new (small_heap().allocate(sizeof(Leaf))) Leaf;
    leaf->count = 0;
    leaf->prev = behind;
    leaf->next = behind == nullptr ? first_ : behind->next;
    (leaf->prev == nullptr ? first_ : leaf->prev->next) = leaf;
    (leaf->next == nullptr ? last_ : leaf->next->prev) = leaf;
    ++leaves_;
    return leaf;
}

void SkipList::drop_leaf(Leaf* leaf) noexcept {
    (leaf->prev == nullptr ? first_ : leaf->prev->next) = leaf->next;
    (leaf->next == nullptr ? last_ : leaf->next->prev) = leaf->prev;
    --leaves_;
    small_heap().free(leaf, sizeof(Leaf));
}

SkipList::Index* SkipList::new_index(unsigned wanted) {
    const unsigned room = *std::lower_bound(std::begin(kIndexRooms), std::end(kIndexRooms) - 1, wanted);
    const std::size_t bytes = sizeof(Index) + room * sizeof(Child);
    index_bytes_ += bytes;
    return new (small_heap().allocate(bytes)) Index{0, room};
}

void SkipList::drop_index(Index* index) noexcept {
    const std::size_t bytes = sizeof(Index) + index->room * sizeof(Child);
    index_bytes_ -= bytes;
    small_heap().free(index, bytes);
}

void SkipList::drop_below(void* node, unsigned level) noexcept {
    if (level == 0) return;
    auto* index = static_cast<Index*>(node);
    if (level > 1) {
        for (const Child& child : index->all()) drop_below(child.node, level - 1);
    }
    drop_index(index);
}

void SkipList::clear() noexcept {
    drop_below(root_, height_);
    while (first_ != nullptr) drop_leaf(first_);
    root_ = nullptr;
    size_ = 0;
    height_ = 0;
}

SkipList::Child SkipList::child_of(Leaf* leaf) const noexcept {
    return {leaf->scores[0], leaf->member(0), leaf, leaf->count};
}

SkipList::Child SkipList::child_of(Index* index) noexcept {
    Child child = index->children()[0];
    child.node = index;
    child.count = 0;
    for (const Child& below : index->all()) child.count += below.count;
    return child;
}

// ---- Ways down ----

template <typename Cut>
Leaf* SkipList::descend(const Cut& cut, Path& path) const noexcept {
    void* node = root_;
    for (unsigned level = height_; level > 0; --level) {
        auto* index = static_cast<Index*>(node);
        const unsigned at = child_for(*index, cut);
        path[level - 1] = {index, at};
        node = index->children()[at].node;
    }
    // What insert and erase read and move.
    for (unsigned line = 0; line < sizeof(Leaf); line += 64) prefetch(static_cast<const char*>(node) + line);
    return static_cast<Leaf*>(node);
}

// `rank` is counted from the beginning of the list, and becomes the place in the leaf. It is below size().
Leaf* SkipList::descend_to_rank(std::size_t& rank, Path& path) const noexcept {
    void* node = root_;
    for (unsigned level = height_; level > 0; --level) {
        auto* index = static_cast<Index*>(node);
        unsigned at = 0;
        while (rank >= index->children()[at].count) rank -= index->children()[at++].count;
        path[level - 1] = {index, at};
        node = index->children()[at].node;
    }
    return static_cast<Leaf*>(node);
}

SkipList::Place SkipList::at(std::size_t rank) const noexcept {
    if (rank >= size_) return {};
    Path path;
    const Leaf* leaf = descend_to_rank(rank, path);
    return {leaf, static_cast<unsigned>(rank)};
}

// ---- Keeping the index true ----

void SkipList::add_to_counts(Path& path, std::uint64_t change) noexcept {
    for (unsigned level = 0; level < height_; ++level) path[level].child().count += change;
}

// The first entry below path[level] is another now.
void SkipList::first_changed(Path& path, unsigned level, double score, const Member* member) noexcept {
    for (; level < height_; ++level) {
        Child& child = path[level].child();
        child.score = score;
        child.member = member;
        if (path[level].at != 0) return;
    }
}

// Where the pointer to the index node of this level stands.
void*& SkipList::link_to(Path& path, unsigned level) noexcept {
    return level + 1 == height_ ? root_ : path[level + 1].child().node;
}

// ---- Insert ----

void SkipList::insert(double score, Member* member) {
    if (root_ == nullptr) root_ = new_leaf(nullptr);
    Path path;
    Leaf* leaf = descend(EntryCut{score, member->text()}, path);
    unsigned at = EntryCut{score, member->text()}.in(*leaf);
    if (leaf->count == kRoom) [[unlikely]] {
        const Spot spot = make_room(path, leaf, at);
        leaf = spot.leaf;
        at = spot.at;
    }
    open_gap(*leaf, at, 1);
    put(*leaf, at, score, member);
    ++size_;
    add_to_counts(path, 1);
    if (at == 0) first_changed(path, 0, score, member);
}

// Where in which leaf there is room now for an entry that belongs at `at` of a full one. The path leads there.
SkipList::Spot SkipList::make_room(Path& path, Leaf* leaf, unsigned at) {
    const bool appends = leaf == last_ && at == kRoom;
    const bool prepends = leaf == first_ && at == 0;
    Spot spot{leaf, at};
    if (height_ > 0 && !appends && !prepends && (give_right(path, spot) || give_left(path, spot))) return spot;
    return split(path, leaf, at);
}

bool SkipList::give_right(Path& path, Spot& spot) {
    Step& step = path[0];
    if (step.at + 1 == step.index->count) return false;
    Child* children = step.index->children() + step.at;
    auto* right = static_cast<Leaf*>(children[1].node);
    if (right->count + kWorthGiving > kRoom) return false;
    const unsigned given = (kRoom - static_cast<unsigned>(right->count) + 1) / 2;
    move_tail(*spot.leaf, given, *right);
    children[0].count -= given;
    children[1] = child_of(right);
    if (spot.at > spot.leaf->count) {
        spot = {right, spot.at - static_cast<unsigned>(spot.leaf->count)};
        ++step.at;
    }
    return true;
}

bool SkipList::give_left(Path& path, Spot& spot) {
    Step& step = path[0];
    if (step.at == 0) return false;
    Child* children = step.index->children() + step.at - 1;
    auto* left = static_cast<Leaf*>(children[0].node);
    if (left->count + kWorthGiving > kRoom) return false;
    const auto before = static_cast<unsigned>(left->count);
    const unsigned given = (kRoom - before + 1) / 2;
    move_head(*spot.leaf, given, *left);
    children[0].count += given;
    children[1] = child_of(spot.leaf);
    if (spot.at <= given) {
        spot = {left, before + spot.at};
        --step.at;
    } else {
        spot.at -= given;
    }
    return true;
}

SkipList::Spot SkipList::split(Path& path, Leaf* leaf, unsigned at) {
    if (height_ == 0) {
        new_root();
        path[0] = {static_cast<Index*>(root_), 0};
    }
    reserve_child(path, 0);
    const bool appends = leaf == last_ && at == kRoom;
    const bool prepends = leaf == first_ && at == 0;
    if (appends || prepends) {
        // The new leaf gets this entry alone: its first entry is told by insert().
        Leaf* fresh = new_leaf(appends ? leaf : nullptr);
        put(*fresh, 0, leaf->scores[0], leaf->member(0));
        add_child(path, fresh, appends ? path[0].at + 1 : 0);
        return {fresh, 0};
    }
    if (path[0].at + 1 < path[0].index->count) return split_with_right(path, leaf, at);
    if (path[0].at > 0) return split_with_left(path, leaf, at);
    return split_in_half(path, leaf, at);
}

// Two full leaves become three: the one in the middle gets a third of each.
SkipList::Spot SkipList::split_with_right(Path& path, Leaf* leaf, unsigned at) {
    auto* right = static_cast<Leaf*>(path[0].index->children()[path[0].at + 1].node);
    Leaf* middle = new_leaf(leaf);
    move_head(*right, kRoom / 3, *middle);
    move_tail(*leaf, kRoom / 3, *middle);
    path[0].child() = child_of(leaf);
    path[0].index->children()[path[0].at + 1] = child_of(right);
    const unsigned here = path[0].at;
    add_child(path, middle, here + 1);
    if (at <= leaf->count) {
        path[0].at = here;
        return {leaf, at};
    }
    return {middle, at - static_cast<unsigned>(leaf->count)};
}

SkipList::Spot SkipList::split_with_left(Path& path, Leaf* leaf, unsigned at) {
    auto* left = static_cast<Leaf*>(path[0].index->children()[path[0].at - 1].node);
    Leaf* middle = new_leaf(left);
    move_tail(*left, kRoom / 3, *middle);
    const auto from_left = static_cast<unsigned>(middle->count);
    move_head(*leaf, kRoom / 3, *middle);
    path[0].index->children()[path[0].at - 1] = child_of(left);
    path[0].child() = child_of(leaf);
    add_child(path, middle, path[0].at);
    if (at <= kRoom / 3) return {middle, from_left + at};
    ++path[0].at;
    return {leaf, at - kRoom / 3};
}

SkipList::Spot SkipList::split_in_half(Path& path, Leaf* leaf, unsigned at) {
    Leaf* right = new_leaf(leaf);
    move_tail(*leaf, kRoom / 2, *right);
    path[0].child() = child_of(leaf);
    const unsigned here = path[0].at;
    add_child(path, right, here + 1);
    if (at <= leaf->count) {
        path[0].at = here;
        return {leaf, at};
    }
    return {right, at - static_cast<unsigned>(leaf->count)};
}

// A new leaf below path[0], which has room, as its child `at`; the path leads there afterwards.
void SkipList::add_child(Path& path, Leaf* leaf, unsigned at) noexcept {
    Index& index = *path[0].index;
    Child* children = index.children();
    std::copy_backward(children + at, children + index.count, children + index.count + 1);
    children[at] = child_of(leaf);
    ++index.count;
    path[0].at = at;
}

// A root above the present one.
void SkipList::new_root() {
    Index* root = new_index(2);
    root->children()[0] = height_ == 0 ? child_of(static_cast<Leaf*>(root_)) : child_of(static_cast<Index*>(root_));
    root->count = 1;
    root_ = root;
    ++height_;
    KEEL_CHECK(height_ < kMostLevels);
}

// Room for one more child in the index node of this level. The path stays true.
void SkipList::reserve_child(Path& path, unsigned level) {
    Index* index = path[level].index;
    if (index->count < index->room) return;
    if (index->room < kFanout)
        resize(path, level, index->count + 1);
    else
        split_index(path, level);
}

SkipList::Index* SkipList::resize(Path& path, unsigned level, unsigned wanted) {
    Index* old = path[level].index;
    Index* fresh = new_index(wanted);
    std::copy_n(old->children(), old->count, fresh->children());
    fresh->count = old->count;
    link_to(path, level) = fresh;
    path[level].index = fresh;
    drop_index(old);
    return fresh;
}

// The upper half of a full index node goes to a new one; only its last child when members come in order.
void SkipList::split_index(Path& path, unsigned level) {
    if (level + 1 == height_) {
        new_root();
        path[level + 1] = {static_cast<Index*>(root_), 0};
    } else {
        reserve_child(path, level + 1);
    }
    Step& step = path[level];
    Step& above = path[level + 1];
    const bool appends = step.at + 1 == step.index->count && above.at + 1 == above.index->count;
    const unsigned moved = appends ? 1 : kFanout / 2;
    Index* right = new_index(appends ? kFanout / 2 : moved + 1);
    step.index->count -= moved;
    std::copy_n(step.index->children() + step.index->count, moved, right->children());
    right->count = moved;

    Child* children = above.index->children();
    std::copy_backward(children + above.at + 1, children + above.index->count, children + above.index->count + 1);
    ++above.index->count;
    children[above.at] = child_of(step.index);
    children[above.at + 1] = child_of(right);
    if (step.at >= step.index->count) {
        step = {right, step.at - step.index->count};
        ++above.at;
    }
}

// ---- Erase ----

void SkipList::erase(const Member* member) {
    Path path;
    const EntryCut cut{member->score(), member->text()};
    Leaf* leaf = descend(cut, path);
    const unsigned at = cut.in(*leaf);
    KEEL_DCHECK(at < leaf->count && leaf->member(at) == member);
    take_from(path, leaf, at, 1);
}

void SkipList::rescore(Member* member, double score) {
    Path path;
    const EntryCut cut{member->score(), member->text()};
    Leaf* leaf = descend(cut, path);
    const unsigned at = cut.in(*leaf);
    KEEL_DCHECK(at < leaf->count && leaf->member(at) == member);
    Place before{leaf, at};
    Place after{leaf, at};
    before.step_back();
    after.step();
    const bool stays = (!before || in_order(before.score(), before.member(), score, member)) &&
                       (!after || in_order(score, member, after.score(), after.member()));
    if (stays) {
        leaf->scores[at] = score;
        if (at == 0) first_changed(path, 0, score, member);
        member->set_score(score);
        return;
    }
    take_from(path, leaf, at, 1);
    member->set_score(score);
    insert(score, member);
}

// Takes entries out of the leaf that the path leads to.
void SkipList::take_from(Path& path, Leaf* leaf, unsigned at, unsigned count) {
    close_gap(*leaf, at, count);
    size_ -= count;
    add_to_counts(path, std::uint64_t{0} - count);
    if (leaf->count == 0) {
        drop_leaf(leaf);
        if (height_ == 0)
            root_ = nullptr;
        else
            remove_child(path, 0);
    } else {
        if (at == 0) first_changed(path, 0, leaf->scores[0], leaf->member(0));
        if (leaf->count < kRoom / 2 && height_ > 0) mend_leaf(path, leaf);
    }
    shrink_root();
}

// A leaf that has become small joins a neighbour if one leaf can hold both.
void SkipList::mend_leaf(Path& path, Leaf* leaf) {
    Step& step = path[0];
    Child* children = step.index->children();
    if (step.at + 1 < step.index->count) {
        auto* right = static_cast<Leaf*>(children[step.at + 1].node);
        if (leaf->count + right->count <= kMergedMost) {
            move_head(*right, static_cast<unsigned>(right->count), *leaf);
            children[step.at].count = leaf->count;
            drop_leaf(right);
            ++step.at;
            return remove_child(path, 0);
        }
    }
    if (step.at > 0) {
        auto* left = static_cast<Leaf*>(children[step.at - 1].node);
        if (leaf->count + left->count <= kMergedMost) {
            move_head(*leaf, static_cast<unsigned>(leaf->count), *left);
            children[step.at - 1].count = left->count;
            drop_leaf(leaf);
            remove_child(path, 0);
        }
    }
}

// Takes the child that the path names out of the index node of this level. Its count is none of the path's any more.
void SkipList::remove_child(Path& path, unsigned level) {
    Step& step = path[level];
    Child* children = step.index->children();
    std::copy(children + step.at + 1, children + step.index->count, children + step.at);
    --step.index->count;
    if (step.index->count == 0) {
        drop_index(step.index);
        if (level + 1 < height_) return remove_child(path, level + 1);
        root_ = nullptr;
        height_ = 0;
        return;
    }
    if (step.at == 0) first_changed(path, level + 1, children[0].score, children[0].member);
    if (step.index->count < kFanout / 2 && level + 1 < height_) mend_index(path, level);
}

void SkipList::mend_index(Path& path, unsigned level) {
    Step& above = path[level + 1];
    Child* children = above.index->children();
    const auto join = [&](unsigned into) {
        auto* right = static_cast<Index*>(children[into + 1].node);
        path[level].index = static_cast<Index*>(children[into].node);
        above.at = into;
        const unsigned together = path[level].index->count + right->count;
        Index* left = path[level].index->room < together ? resize(path, level, together) : path[level].index;
        std::copy_n(right->children(), right->count, left->children() + left->count);
        left->count = together;
        children[into].count += children[into + 1].count;
        drop_index(right);
        above.at = into + 1;
        remove_child(path, level + 1);
    };
    const auto fits = [&](unsigned at) {
        const auto* left = static_cast<const Index*>(children[at].node);
        const auto* right = static_cast<const Index*>(children[at + 1].node);
        return left->count + right->count <= kMergedIndexMost;
    };
    if (above.at + 1 < above.index->count && fits(above.at))
        join(above.at);
    else if (above.at > 0 && fits(above.at - 1))
        join(above.at - 1);
}

void SkipList::shrink_root() noexcept {
    while (height_ > 0 && static_cast<Index*>(root_)->count == 1) {
        auto* old = static_cast<Index*>(root_);
        root_ = old->children()[0].node;
        drop_index(old);
        --height_;
    }
}

// ---- Building ----

void SkipList::build(std::span<Member* const> members) {
    KEEL_CHECK(empty());
    if (members.empty()) return;
    // Evenly: no leaf is left with a few.
    std::vector<Child> level;
    const std::size_t leaves = (members.size() + kRoom - 1) / kRoom;
    level.reserve(leaves);
    for (std::size_t i = 0, done = 0; i < leaves; ++i) {
        Leaf* leaf = new_leaf(last_);
        const std::size_t until = members.size() * (i + 1) / leaves;
        for (; done < until; ++done)
            put(*leaf, static_cast<unsigned>(leaf->count++), members[done]->score(), members[done]);
        level.push_back(child_of(leaf));
    }
    size_ = members.size();
    constexpr std::size_t kFilled = kFanout - 7;  // room for what comes
    while (level.size() > 1) {
        std::vector<Child> above;
        const std::size_t nodes = (level.size() + kFilled - 1) / kFilled;
        above.reserve(nodes);
        for (std::size_t i = 0, done = 0; i < nodes; ++i) {
            const std::size_t until = level.size() * (i + 1) / nodes;
            Index* index = new_index(static_cast<unsigned>(until - done));
            for (; done < until; ++done) index->children()[index->count++] = level[done];
            above.push_back(child_of(index));
        }
        level = std::move(above);
        ++height_;
    }
    root_ = level[0].node;
}

// ---- Truths ----

std::uint64_t SkipList::check_below(const void* node, unsigned level, const Child* as) const {
    if (level == 0) {
        const auto& leaf = *static_cast<const Leaf*>(node);
        KEEL_CHECK(leaf.count > 0 && leaf.count <= kRoom);
        if (as != nullptr) KEEL_CHECK(as->member == leaf.member(0) && as->score == leaf.scores[0]);
        return leaf.count;
    }
    const auto& index = *static_cast<const Index*>(node);
    KEEL_CHECK(index.count > 0 && index.count <= index.room && index.room <= kFanout);
    KEEL_CHECK(level != height_ || index.count > 1);
    if (as != nullptr) KEEL_CHECK(as->member == index.children()[0].member && as->score == index.children()[0].score);
    std::uint64_t sum = 0;
    for (const Child& child : index.all()) {
        const std::uint64_t below = check_below(child.node, level - 1, &child);
        KEEL_CHECK(below == child.count);
        sum += below;
    }
    return sum;
}

void SkipList::check() const {
    KEEL_CHECK((root_ == nullptr) == (size_ == 0) && (first_ == nullptr) == (size_ == 0));
    if (root_ == nullptr) return;
    KEEL_CHECK(check_below(root_, height_, nullptr) == size_);
    std::size_t leaves = 0;
    std::size_t entries = 0;
    for (const Leaf* leaf = first_; leaf != nullptr; leaf = leaf->next) {
        ++leaves;
        entries += leaf->count;
        KEEL_CHECK(leaf->next != nullptr ? leaf->next->prev == leaf : leaf == last_);
    }
    KEEL_CHECK(leaves == leaves_ && entries == size_);
    Place previous{};
    for (Place at = first(); at; at.step()) {
        KEEL_CHECK(at.score() == at.member()->score());
        if (previous) KEEL_CHECK(in_order(previous.score(), previous.member(), at.score(), at.member()));
        previous = at;
    }
}

}  // namespace keel::zset
