// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets in files (core/serde.h):
//
//     zset            count | member | score f64 | ...       written from the highest to the lowest, read in any order
//     zset_text       count | member | score as text | ...   until Redis 3.2:  length u8, text; 253: not a number,
//                                                            254: infinite, 255: minus infinite
//     zset_listpack   the listpack, as a string
//     zset_ziplist    the same as a ziplist
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/zset/zset.h"
#include "protocol/base/number.h"

namespace keel::zset {

namespace {

constexpr ErrorText kNotScore{"a score is not a number"};
constexpr ErrorText kUnsorted{"the members of a sorted set are not in order"};

bool lies_before(const Member* a, const Member* b) {
    const double left = a->score();
    const double right = b->score();
    return left < right || (left == right && a->text() < b->text());
}

// Members on their way in: the set is made of them at the end, when it is known how many they are and how long. Until
// then they lie in the table, where twins show, and in the order in which they came.
class BigLoader {
  public:
    explicit BigLoader(Limits limits) : limits_(limits), big_(std::make_unique<Big>()) {}
    ~BigLoader() {
        for (std::size_t i = settled_; i < members_.size(); ++i) Member::release(members_[i]);
    }
    BigLoader(const BigLoader&) = delete;
    BigLoader& operator=(const BigLoader&) = delete;

    void expect(std::size_t members) { members_.reserve(members); }
    Status add(Bytes text, double score) {
        if (std::isnan(score)) return kNotScore;
        Member* member = Member::make(text, score);
        longest_ = std::max(longest_, text.size());
        if (!members_.empty()) {
            const bool rises = lies_before(members_.back(), member);
            rising_ = rising_ && rises;
            falling_ = falling_ && !rises;
        }
        members_.push_back(member);
        const std::uint64_t hash = hash_bytes(text);
        big_->table.prefetch_directory(hash);
        hashes_[members_.size() - settled_ - 1] = hash;
        return members_.size() - settled_ == hashes_.size() ? settle() : Status{};
    }
    [[nodiscard]] bool rising() const { return rising_; }
    Result<ValueRef> finish() {
        KEEL_TRY(settle());
        if (falling_)
            std::reverse(members_.begin(), members_.end());
        else if (!rising_)
            std::sort(members_.begin(), members_.end(), lies_before);
        if (members_.size() <= limits_.members && longest_ <= limits_.member_bytes) return packed_value();
        big_->order.build(members_);
        return ValueRef{
            .type = Type::zset, .form = static_cast<std::uint8_t>(Form::skiplist), .payload = big_.release()};
    }

  private:
    Status settle() {
        const std::size_t waiting = members_.size() - settled_;
        for (std::size_t i = 0; i < waiting; ++i) big_->table.prefetch_line(hashes_[i]);
        for (std::size_t i = 0; i < waiting; ++i) {
            Member* member = members_[settled_];
            if (big_->table.find(member->text(), hashes_[i]) != nullptr) return kTwice;
            big_->table.insert(member, hashes_[i]);
            ++settled_;
        }
        return {};
    }
    ValueRef packed_value() {
        Listpack list;
        for (const Member* member : members_) packed::append(list, member->text(), member->score());
        return {.type = Type::zset, .payload = list.release()};
    }

    Limits limits_;
    std::unique_ptr<Big> big_;
    std::vector<Member*> members_;  // from settled_ on, they are not in the table yet
    std::size_t settled_ = 0;
    std::array<std::uint64_t, 16> hashes_{};
    std::size_t longest_ = 0;
    bool rising_ = true;
    bool falling_ = true;
};

Result<double> load_text_score(Loader& in) {
    KEEL_TRY(const std::uint8_t length, in.byte());
    if (length == 255) return -std::numeric_limits<double>::infinity();
    if (length == 254) return std::numeric_limits<double>::infinity();
    if (length == 253) return kNotScore;
    KEEL_TRY(const Bytes text, in.raw(length));
    const auto score = parse_double(text);
    if (!score) return kNotScore;
    return *score;
}

Result<ValueRef> load_members(RdbTag tag, Loader& in, Limits limits) {
    KEEL_TRY(const std::uint64_t count, in.count(2));
    if (count == 0) return kEmptyValue;
    BigLoader members{limits};
    members.expect(count);
    std::string name;
    for (std::uint64_t i = 0; i < count; ++i) {
        KEEL_TRY(const Bytes text, in.string());
        name.assign(text);
        KEEL_TRY(const double score, tag == RdbTag::zset ? in.binary_double() : load_text_score(in));
        KEEL_TRY(members.add(name, score));
    }
    return members.finish();
}

std::optional<double> score_of(const ListpackItem& item) {
    if (item.is_integer) return static_cast<double>(item.integer);
    return parse_double(item.text);
}

// What is more than the packed form may hold becomes big; what is in the packed form is as packed.h says.
Result<ValueRef> load_packed(Listpack list, Limits limits) {
    if (list.count() / 2 > limits.members) {
        BigLoader members{limits};
        for (packed::Place at = list.first(); at != nullptr; at = packed::next(list, at)) {
            const auto score = score_of(list.get(list.next(at)));
            packed::Scratch scratch;
            if (!score) return kNotScore;
            KEEL_TRY(members.add(list.get(at).as_text(scratch), *score));
        }
        return members.finish();
    }
    std::optional<double> before;
    packed::Place before_at = nullptr;
    for (packed::Place at = list.first(); at != nullptr; at = packed::next(list, at)) {
        const auto score = score_of(list.get(list.next(at)));
        if (!score || std::isnan(*score)) return kNotScore;
        if (before && *before >= *score) {
            packed::Scratch left;
            packed::Scratch right;
            if (*before > *score || list.get(before_at).as_text(left) >= list.get(at).as_text(right)) return kUnsorted;
        }
        before = score;
        before_at = at;
    }
    if (has_twins(list, 2)) return kTwice;
    return ValueRef{.type = Type::zset, .payload = list.release()};
}

}  // namespace

Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect&) {
    return static_cast<Form>(value.form) == Form::packed ? RdbTag::zset_listpack : RdbTag::zset;
}

void save(const ValueRef& value, RdbTag, Saver& out) {
    const ZSetView set{value};
    if (!set.is_big()) return out.string(set.pack().bytes());
    out.length(set.size());
    set.each(set.by_rank({0, set.size()}, true), [&out](Bytes member, double score) {
        out.string(member);
        out.binary_double(score);
        return true;
    });
}

Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings) {
    const Limits limits = limits_of(settings);
    if (tag == RdbTag::zset || tag == RdbTag::zset_text) return load_members(tag, in, limits);
    KEEL_TRY(Listpack list, tag == RdbTag::zset_listpack ? load_listpack(in, 2) : load_ziplist(in, 2));
    return load_packed(std::move(list), limits);
}

}  // namespace keel::zset
