// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: members with scores, in order of score and then of the members' bytes. What commands may do with one,
// whichever form it has:
//
//     packed      a listpack of pairs (packed.h), while they are few and short; payload: the listpack
//     skiplist    every member an allocation of its own (member.h), in a Table by name and in a SkipList by order;
//                 payload: a Big
//
//     KEEL_TRY(const ZSetView set, read_set(cx, key));           // empty if there is no key
//     const Run run = set.by_score(range, false, limit);
//     set.each(run, [&](Bytes member, double score) { ...; return true; });
//
//     ZSet set = ZSet::open(entry, limits);                      // takes the entry's value up, or begins a new one
//     set.put(member, score);
//     write_back(cx, key, entry, std::move(set));                // store.h
//
// Always true:
//   1. A member is in a set once. No score is NaN.
//   2. A set that is added to leaves the packed form when it has more members, or a longer one, than its limits say; it
//      does not come back by losing members.
//   3. A Run, a Found and the views that each() shows are good until the set changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "conf/settings.h"
#include "datatypes/core/type.h"
#include "datatypes/encodings/listpack.h"
#include "datatypes/encodings/table.h"
#include "datatypes/keyspace/entry.h"
#include "datatypes/zset/packed.h"
#include "datatypes/zset/range.h"
#include "datatypes/zset/skiplist.h"

namespace keel::zset {

enum class Form : std::uint8_t { packed = 0, skiplist = 1 };

// The skiplist form. Owns its members.
struct Big {
    Table<MemberTraits> table;
    SkipList order;

    Big() = default;
    Big(const Big&) = delete;
    Big& operator=(const Big&) = delete;
    ~Big();
    void add(Bytes member, double score, std::uint64_t hash);
};

// How far the packed form goes.
struct Limits {
    std::uint64_t members;
    std::uint64_t member_bytes;
};
[[nodiscard]] inline Limits limits_of(const Encodings& settings) {
    return {settings.zset_max_listpack_entries, settings.zset_max_listpack_value_bytes};
}
[[nodiscard]] inline Limits limits_of(const Settings& settings) { return limits_of(settings.encodings); }

// serde.cpp
Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect);
void save(const ValueRef& value, RdbTag tag, Saver& out);
Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings);

// Members side by side, to be shown in one direction.
struct Run {
    std::size_t count = 0;
    bool backwards = false;
    SkipList::Place in_list{};
    packed::Place in_pack = nullptr;
};

// Scores from `from` on, and below `until`.
struct Interval {
    double from;
    double until;
};

// A member met on a walk, to come back to while the set stays as it is.
struct Spot {
    const void* at = nullptr;
};

struct Ranked {
    std::size_t rank;
    double score;
};

struct Pair {
    Bytes member;
    double score;
};

class ZSetView {
  public:
    ZSetView() = default;  // an empty set
    explicit ZSetView(const ValueRef& value) : raw_(value.payload), form_(static_cast<Form>(value.form)) {}

    [[nodiscard]] Form form() const { return form_; }
    [[nodiscard]] std::size_t size() const {
        if (raw_ == nullptr) return 0;
        return is_big() ? big().order.size() : packed::size(pack());
    }
    [[nodiscard]] bool empty() const { return size() == 0; }

    // O(1); packed O(n).
    [[nodiscard]] std::optional<double> score(Bytes member) const;
    // How many members are before it. O(log n); packed O(n).
    [[nodiscard]] std::optional<Ranked> rank(Bytes member) const;

    // Runs. O(log n), whatever the offset of the limit; packed O(n).
    [[nodiscard]] Run by_rank(Ranks ranks, bool backwards = false) const;
    [[nodiscard]] Run by_score(const ScoreRange& range, bool backwards = false, Limit limit = {}) const;
    // For sets in which all scores are equal.
    [[nodiscard]] Run by_text(const TextRange& range, bool backwards = false, Limit limit = {}) const;
    // The ranks of all members in a range.
    [[nodiscard]] Ranks ranks(const ScoreRange& range) const;
    [[nodiscard]] Ranks ranks(const TextRange& range) const;

    // visit(Bytes member, double score), as long as it returns true.
    template <typename F>
    void each(const Run& run, F&& visit) const;
    template <typename F>
    void each(F&& visit) const {
        each(by_rank({0, size()}), visit);
    }

    // visit(double score, Spot) for the members in any of the intervals, which are in order and apart, as long as it
    // returns true. One walk: intervals in which there is nobody cost next to nothing. Members are not looked at.
    template <typename F>
    void each_in(std::span<const Interval> intervals, F&& visit) const;
    // The member there; it may be written into `scratch`.
    [[nodiscard]] Bytes text(Spot spot, packed::Scratch& scratch) const {
        if (is_big()) return static_cast<const Member*>(spot.at)->text();
        return pack().get(static_cast<packed::Place>(spot.at)).as_text(scratch);
    }

    // Some members at a time, as Table::scan: visit(Bytes, double). A packed set is shown whole, and 0 returned.
    template <typename F>
    [[nodiscard]] std::uint64_t scan(std::uint64_t cursor, F&& visit) const;
    // Evenly drawn; the set is not empty. The member may be written into `scratch`.
    [[nodiscard]] Pair random(Random& random, packed::Scratch& scratch) const;

    [[nodiscard]] bool is_big() const { return form_ == Form::skiplist; }
    [[nodiscard]] const Big& big() const { return *static_cast<const Big*>(raw_); }
    [[nodiscard]] ListpackView pack() const { return ListpackView{raw_}; }

  protected:
    template <typename F>
    void each_in_list(std::span<const Interval> intervals, F&& visit) const;
    template <typename F>
    void each_in_pack(std::span<const Interval> intervals, F&& visit) const;
    template <typename Cut>
    [[nodiscard]] Run between(const Cut& low, const Cut& high, bool backwards, Limit limit) const;
    template <typename Cut>
    [[nodiscard]] std::size_t rank_of_cut(const Cut& cut) const;

    const void* raw_ = nullptr;
    Form form_ = Form::packed;
};

class ZSet : public ZSetView {
  public:
    // Empty.
    explicit ZSet(Limits limits);
    // Takes the entry's value up, which comes back by release(); a null entry: an empty set.
    static ZSet open(Entry* entry, Limits limits);
    ZSet(ZSet&& other) noexcept;
    ZSet& operator=(ZSet&&) = delete;
    ~ZSet();
    // The value, now the caller's.
    [[nodiscard]] ValueRef release();

    // What is known of a member, so that it is looked up once.
    struct Found {
        bool present = false;
        double score = 0;
        std::uint64_t hash = 0;
        Member* member = nullptr;       // skiplist
        packed::Place place = nullptr;  // packed
    };
    [[nodiscard]] Found find(Bytes member) const;
    // The same with the member's hash, which the packed form has no use for.
    [[nodiscard]] Found find(Bytes member, std::uint64_t hash) const;
    // O(log n); packed O(n).
    void add(const Found& absent, Bytes member, double score);
    void rescore(const Found& present, Bytes member, double score);
    // Adds the member, or gives it this score. True if it is new.
    bool put(Bytes member, double score);
    bool erase(Bytes member);
    // O(log n + count).
    void erase(Ranks ranks);

    // Adds a member that belongs behind all others.
    void append(Bytes member, double score);

  private:
    friend class Collector;
    ZSet(std::unique_ptr<Big> big, Limits limits);
    [[nodiscard]] Big& own() { return *static_cast<Big*>(const_cast<void*>(raw_)); }
    [[nodiscard]] bool fits(std::size_t member_bytes) const;
    void grow_big();
    void moved() { raw_ = list_->data(); }

    Limits limits_;
    std::optional<Listpack> list_;  // while packed
};

// Members on their way into a set: they come in any order, and are found by name meanwhile.
class Collector {
  public:
    Collector() : big_(std::make_unique<Big>()) {}

    [[nodiscard]] std::size_t size() const { return big_->table.size(); }
    [[nodiscard]] Member* find(Bytes member, std::uint64_t hash) const { return big_->table.find(member, hash); }
    // Adds a member that is not there.
    void add(Bytes member, std::uint64_t hash, double score);
    void erase(Bytes member, std::uint64_t hash);
    // Sorts them once and makes the set, in the form that the limits say.
    [[nodiscard]] ZSet finish(Limits limits) &&;

  private:
    std::unique_ptr<Big> big_;  // its order is made at the end
    std::size_t longest_ = 0;
};

// ---- Inline parts ----

template <typename F>
void ZSetView::each(const Run& run, F&& visit) const {
    if (run.count == 0) return;
    if (is_big()) {
        big().order.each(run.in_list, run.count, run.backwards,
                         [&visit](const Member& member, double score) { return visit(member.text(), score); });
        return;
    }
    const ListpackView list = pack();
    packed::Place at = run.in_pack;
    for (std::size_t left = run.count; left > 0; --left) {
        packed::Scratch scratch;
        if (!visit(list.get(at).as_text(scratch), packed::score_of(list, at))) return;
        if (left > 1) at = run.backwards ? packed::prev(list, at) : packed::next(list, at);
    }
}

template <typename F>
void ZSetView::each_in(std::span<const Interval> intervals, F&& visit) const {
    if (raw_ == nullptr) return;
    if (is_big())
        each_in_list(intervals, visit);
    else
        each_in_pack(intervals, visit);
}

template <typename F>
void ZSetView::each_in_list(std::span<const Interval> intervals, F&& visit) const {
    constexpr unsigned kStepped = 32;  // passing by so many scores costs less than a way down the tree
    const SkipList& order = big().order;
    SkipList::Place at = order.first();
    for (const Interval& wanted : intervals) {
        for (unsigned i = 0; i < kStepped && at && at.score() < wanted.from; ++i) at.step();
        if (at && at.score() < wanted.from) at = order.seek(ScoreCut{wanted.from, false});
        for (; at && at.score() < wanted.until; at.step()) {
            if (!visit(at.score(), Spot{at.member()})) return;
        }
        if (!at) return;
    }
}

template <typename F>
void ZSetView::each_in_pack(std::span<const Interval> intervals, F&& visit) const {
    const ListpackView list = pack();
    auto wanted = intervals.begin();
    for (packed::Place at = list.first(); at != nullptr; at = packed::next(list, at)) {
        const double score = packed::score_of(list, at);
        while (wanted != intervals.end() && wanted->until <= score) ++wanted;
        if (wanted == intervals.end()) return;
        if (score >= wanted->from && !visit(score, Spot{at})) return;
    }
}

template <typename F>
std::uint64_t ZSetView::scan(std::uint64_t cursor, F&& visit) const {
    if (raw_ == nullptr) return 0;
    if (is_big()) {
        return big().table.scan(cursor, [&visit](const Member* member) { visit(member->text(), member->score()); });
    }
    each([&visit](Bytes member, double score) {
        visit(member, score);
        return true;
    });
    return 0;
}

}  // namespace keel::zset
