// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/zset.h"

#include <algorithm>
#include <vector>

namespace keel::zset {

namespace {

// How cuts are asked of a pair in a listpack.
bool lies_before(const ScoreCut& cut, const ListpackView&, double score, packed::Place) { return cut.before(score); }
bool lies_before(const TextCut& cut, const ListpackView& list, double, packed::Place at) {
    packed::Scratch scratch;
    return cut.before(list.get(at).as_text(scratch));
}

ScoreCut low_cut(const ScoreRange& range) { return {range.min, range.min_open}; }
ScoreCut high_cut(const ScoreRange& range) { return {range.max, !range.max_open}; }

TextCut cut_at(const TextBound& bound, bool with_equal) {
    const bool inside = bound.kind == TextBound::Kind::at;
    return {inside ? bound.text : Bytes{}, inside && with_equal, bound.kind == TextBound::Kind::behind_all};
}
TextCut low_cut(const TextRange& range) { return cut_at(range.min, range.min.open); }
TextCut high_cut(const TextRange& range) { return cut_at(range.max, !range.max.open); }

// Short limits near the beginning are walked: counting the whole range would be another way down the tree.
constexpr std::int64_t kWalked = 64;
bool is_short(Limit limit) {
    return limit.offset >= 0 && limit.offset <= kWalked && limit.count >= 0 && limit.count <= kWalked;
}

template <typename Cut>
Run walk(const SkipList& list, const Cut& low, const Cut& high, bool backwards, Limit limit) {
    SkipList::Place at = list.seek(backwards ? high : low);
    if (backwards) {
        if (at)
            at.step_back();
        else
            at = list.last();
    }
    const auto inside = [&](const SkipList::Place& place) {
        return backwards ? !low.before(place.score(), place.member()) : high.before(place.score(), place.member());
    };
    const auto step = [backwards](SkipList::Place& place) {
        if (backwards)
            place.step_back();
        else
            place.step();
    };
    for (std::int64_t i = 0; i < limit.offset && at; ++i) step(at);
    Run run{.count = 0, .backwards = backwards, .in_list = at};
    for (std::int64_t i = 0; i < limit.count && at && inside(at); ++i, step(at)) ++run.count;
    return run;
}

}  // namespace

// ---- Big ----

Big::~Big() {
    order.clear();
    table.drain([](Member* member) { Member::release(member); });
}

void Big::add(Bytes text, double score, std::uint64_t hash) {
    Member* member = Member::make(text, score);
    order.insert(score, member);
    table.insert(member, hash);
}

// ---- ZSetView ----

std::optional<double> ZSetView::score(Bytes member) const {
    if (raw_ == nullptr) return std::nullopt;
    if (is_big()) {
        const Member* found = big().table.find(member, hash_bytes(member));
        return found == nullptr ? std::nullopt : std::optional{found->score()};
    }
    const packed::Place at = packed::find(pack(), member);
    return at == nullptr ? std::nullopt : std::optional{packed::score_of(pack(), at)};
}

std::optional<Ranked> ZSetView::rank(Bytes member) const {
    if (raw_ == nullptr) return std::nullopt;
    if (is_big()) {
        const Member* found = big().table.find(member, hash_bytes(member));
        if (found == nullptr) return std::nullopt;
        return Ranked{big().order.rank_of(found), found->score()};
    }
    const ListpackView list = pack();
    std::size_t rank = 0;
    for (packed::Place at = list.first(); at != nullptr; at = packed::next(list, at), ++rank) {
        if (list.get(at) == member) return Ranked{rank, packed::score_of(list, at)};
    }
    return std::nullopt;
}

Run ZSetView::by_rank(Ranks ranks, bool backwards) const {
    if (raw_ == nullptr || ranks.count == 0) return {};
    const std::size_t first = backwards ? size() - 1 - ranks.from : ranks.from;
    Run run{.count = ranks.count, .backwards = backwards};
    if (is_big())
        run.in_list = big().order.at(first);
    else
        run.in_pack = packed::at_rank(pack(), first);
    return run;
}

template <typename Cut>
std::size_t ZSetView::rank_of_cut(const Cut& cut) const {
    if (is_big()) return big().order.rank(cut);
    const ListpackView list = pack();
    return packed::count_while(list, [&](double score, packed::Place at) { return lies_before(cut, list, score, at); });
}

template <typename Cut>
Run ZSetView::between(const Cut& low, const Cut& high, bool backwards, Limit limit) const {
    if (is_big() && is_short(limit)) return walk(big().order, low, high, backwards, limit);
    const std::size_t from = rank_of_cut(low);
    const std::size_t until = std::max(from, rank_of_cut(high));
    const Ranks shown = limited(limit, until - from);
    return by_rank({backwards ? size() - until + shown.from : from + shown.from, shown.count}, backwards);
}

Run ZSetView::by_score(const ScoreRange& range, bool backwards, Limit limit) const {
    if (raw_ == nullptr || range.is_empty()) return {};
    return between(low_cut(range), high_cut(range), backwards, limit);
}

Run ZSetView::by_text(const TextRange& range, bool backwards, Limit limit) const {
    if (raw_ == nullptr || range.is_empty()) return {};
    return between(low_cut(range), high_cut(range), backwards, limit);
}

Ranks ZSetView::ranks(const ScoreRange& range) const {
    if (raw_ == nullptr || range.is_empty()) return {};
    const std::size_t from = rank_of_cut(low_cut(range));
    return {from, std::max(from, rank_of_cut(high_cut(range))) - from};
}

Ranks ZSetView::ranks(const TextRange& range) const {
    if (raw_ == nullptr || range.is_empty()) return {};
    const std::size_t from = rank_of_cut(low_cut(range));
    return {from, std::max(from, rank_of_cut(high_cut(range))) - from};
}

Pair ZSetView::random(Random& random, packed::Scratch& scratch) const {
    if (is_big()) {
        const Member* member = big().table.random(random);
        return {member->text(), member->score()};
    }
    const ListpackView list = pack();
    const packed::Place at = list.random(random, 2);
    return {list.get(at).as_text(scratch), packed::score_of(list, at)};
}

// ---- ZSet ----

ZSet::ZSet(Limits limits) : limits_(limits) {
    list_.emplace();
    moved();
}

ZSet::ZSet(std::unique_ptr<Big> big, Limits limits) : limits_(limits) {
    raw_ = big.release();
    form_ = Form::skiplist;
}

ZSet ZSet::open(Entry* entry, Limits limits) {
    if (entry == nullptr) return ZSet{limits};
    if (static_cast<Form>(entry->form()) == Form::skiplist) {
        return ZSet{std::unique_ptr<Big>(static_cast<Big*>(entry->payload())), limits};
    }
    ZSet set{nullptr, limits};
    set.form_ = Form::packed;
    set.list_.emplace(Listpack::adopt(entry->payload()));
    set.moved();
    return set;
}

ZSet::ZSet(ZSet&& other) noexcept : ZSetView(other), limits_(other.limits_), list_(std::move(other.list_)) {
    other.raw_ = nullptr;
    other.form_ = Form::packed;
    other.list_.reset();
}

ZSet::~ZSet() {
    if (is_big()) delete static_cast<Big*>(const_cast<void*>(raw_));
}

ValueRef ZSet::release() {
    ValueRef value{.type = Type::zset, .form = static_cast<std::uint8_t>(form_)};
    value.payload = is_big() ? const_cast<void*>(raw_) : list_->release();
    list_.reset();
    raw_ = nullptr;
    form_ = Form::packed;
    return value;
}

ZSet::Found ZSet::find(Bytes member) const { return find(member, is_big() ? hash_bytes(member) : 0); }

ZSet::Found ZSet::find(Bytes member, std::uint64_t hash) const {
    Found found;
    if (is_big()) {
        found.hash = hash;
        found.member = big().table.find(member, found.hash);
        found.present = found.member != nullptr;
        if (found.present) found.score = found.member->score();
    } else {
        found.place = packed::find(pack(), member);
        found.present = found.place != nullptr;
        if (found.present) found.score = packed::score_of(pack(), found.place);
    }
    return found;
}

// Whether one more member may be added to the packed form.
bool ZSet::fits(std::size_t member_bytes) const {
    return size() < limits_.members && member_bytes <= limits_.member_bytes && list_->takes(member_bytes + 64);
}

void ZSet::grow_big() {
    auto grown = std::make_unique<Big>();
    std::vector<Member*> members;
    members.reserve(size());
    each([&](Bytes text, double score) {
        Member* member = Member::make(text, score);
        members.push_back(member);
        grown->table.insert(member, hash_bytes(text));
        return true;
    });
    grown->order.build(members);
    list_.reset();
    raw_ = grown.release();
    form_ = Form::skiplist;
}

void ZSet::add(const Found& absent, Bytes member, double score) {
    if (is_big()) return own().add(member, score, absent.hash);
    if (fits(member.size())) {
        packed::insert(*list_, member, score);
        return moved();
    }
    grow_big();
    own().add(member, score, hash_bytes(member));
}

void ZSet::rescore(const Found& present, Bytes member, double score) {
    if (is_big()) return own().order.rescore(present.member, score);
    packed::rescore(*list_, present.place, member, score);
    moved();
}

bool ZSet::put(Bytes member, double score) {
    const Found found = find(member);
    if (!found.present)
        add(found, member, score);
    else if (found.score != score)
        rescore(found, member, score);
    return !found.present;
}

void ZSet::append(Bytes member, double score) {
    if (!is_big() && fits(member.size())) {
        packed::append(*list_, member, score);
        return moved();
    }
    if (!is_big()) grow_big();
    own().add(member, score, hash_bytes(member));
}

bool ZSet::erase(Bytes member) {
    if (is_big()) {
        Member* found = own().table.erase(member, hash_bytes(member));
        if (found == nullptr) return false;
        own().order.erase(found);
        Member::release(found);
        return true;
    }
    const packed::Place at = packed::find(pack(), member);
    if (at == nullptr) return false;
    list_->erase(at, 2);
    moved();
    return true;
}

void ZSet::erase(Ranks ranks) {
    if (ranks.count == 0) return;
    if (is_big()) {
        auto& table = own().table;
        own().order.erase_ranks(ranks.from, ranks.count, [&table](Member* member) {
            table.erase_item(member, hash_bytes(member->text()));
            Member::release(member);
        });
        return;
    }
    list_->erase(packed::at_rank(*list_, ranks.from), 2 * ranks.count);
    moved();
}

// ---- Collector ----

void Collector::add(Bytes text, std::uint64_t hash, double score) {
    big_->table.insert(Member::make(text, score), hash);
    longest_ = std::max(longest_, text.size());
}

void Collector::erase(Bytes text, std::uint64_t hash) {
    if (Member* member = big_->table.erase(text, hash)) Member::release(member);
}

ZSet Collector::finish(Limits limits) && {
    struct Scored {
        double score;
        Member* member;
    };
    std::vector<Scored> scored;
    scored.reserve(size());
    big_->table.each([&scored](Member* member) { scored.push_back({member->score(), member}); });
    std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
        return a.score < b.score || (a.score == b.score && a.member->text() < b.member->text());
    });
    if (size() <= limits.members && longest_ <= limits.member_bytes) {
        ZSet small{limits};
        for (const Scored& one : scored) small.append(one.member->text(), one.score);
        return small;
    }
    std::vector<Member*> members;
    members.reserve(scored.size());
    for (const Scored& one : scored) members.push_back(one.member);
    big_->order.build(members);
    return ZSet{std::move(big_), limits};
}

}  // namespace keel::zset
