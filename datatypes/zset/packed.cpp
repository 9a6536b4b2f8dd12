// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/zset/packed.h"

#include <charconv>

#include "protocol/base/check.h"
#include "protocol/base/number.h"

namespace keel::zset::packed {

namespace {

// A score as it is stored.
struct Stored {
    std::optional<std::int64_t> integer;
    std::array<char, kDoubleChars> digits{};
    std::size_t length = 0;

    explicit Stored(double score) : integer(whole(score)) {
        if (integer) return;
        const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), score);
        length = static_cast<std::size_t>(written.ptr - digits.data());
    }
    [[nodiscard]] Bytes text() const { return {digits.data(), length}; }

    Place insert(Listpack& list, Place before) const {
        return integer ? list.insert(before, *integer) : list.insert(before, text());
    }
    void replace(Listpack& list, Place at) const {
        if (integer)
            list.replace(at, *integer);
        else
            list.replace(at, text());
    }
};

// The member before which a pair belongs; the end if behind all.
Place place_for(const ListpackView& list, Bytes member, double score) {
    for (Place at = list.first(); at != nullptr; at = next(list, at)) {
        const double other = score_of(list, at);
        if (other < score) continue;
        Scratch scratch;
        if (other > score || list.get(at).as_text(scratch) > member) return at;
    }
    return list.end();
}

void insert_before(Listpack& list, Place before, Bytes member, double score) {
    const Stored stored{score};
    const Place at = list.insert(before, member);
    stored.insert(list, at + ListpackView::entry_bytes(at));
}

}  // namespace

double score_of(const ListpackView& list, Place member) {
    const ListpackItem item = list.get(list.next(member));
    if (item.is_integer) return static_cast<double>(item.integer);
    double score = 0;
    const char* const end = item.text.data() + item.text.size();
    const auto read = std::from_chars(item.text.data(), end, score);
    if (read.ec == std::errc{} && read.ptr == end) [[likely]]
        return score;
    return parse_double(item.text).value_or(0);  // a spelling of others that from_chars does not take, or zero
}

void insert(Listpack& list, Bytes member, double score) {
    insert_before(list, place_for(list, member, score), member, score);
}

void append(Listpack& list, Bytes member, double score) { insert_before(list, list.end(), member, score); }

void rescore(Listpack& list, Place at, Bytes member, double score) {
    const Place before = prev(list, at);
    const Place after = next(list, at);
    Scratch scratch;
    const auto lies_before = [&](Place a) {
        const double other = score_of(list, a);
        return other < score || (other == score && list.get(a).as_text(scratch) < member);
    };
    if ((before == nullptr || lies_before(before)) && (after == nullptr || !lies_before(after))) {
        Stored{score}.replace(list, list.next(at));
        return;
    }
    list.erase(at, 2);
    insert(list, member, score);
}

}  // namespace keel::zset::packed
