// SPDX-License-Identifier: BSD-3-Clause
//
// SORT's engine: takes the elements of a list, set or sorted set, weighs them, and puts those in order that are asked
// for.
//
//     value --gather--> items --weigh--> items with weights --order--> the window that LIMIT leaves
//       `------------------ take (BY without a star: in the value's own order) --------------^
//
// Always true:
//   1. An element is parsed or looked up once, before the first comparison; comparing reads weights that stand in the
//      items themselves (numbers) or in the pool (texts).
//   2. Numbers: equal weights go by the elements' bytes, in the direction asked for. Texts: equal weights keep the
//      order of the value, in either direction. Only what is stored from a set goes by the elements' bytes then: a
//      set's order is not the same on every server.
//   3. Texts are compared as the locale of the process says (strcoll), up to their first NUL; by all of their bytes
//      when the result is stored, since that must come out alike everywhere.
//   4. Under LIMIT only the window is sorted: O(n + m log m).
//
// Not here: reading the options, replying, storing (sort_commands.cpp).
#pragma once

#include <absl/container/inlined_vector.h>

#include <vector>

#include "datatypes/generic/sort_pattern.h"

namespace keel::generic {

struct SortRequest {
    std::optional<Pattern> by{};
    absl::InlinedVector<Pattern, 4> gets{};
    std::optional<Bytes> destination{};  // STORE
    std::int64_t offset = 0;
    std::int64_t count = -1;  // negative: all
    bool unordered = false;   // BY without a star
    bool alpha = false;
    bool descending = false;
};

// What LIMIT leaves.
struct Window {
    std::size_t first = 0;
    std::size_t count = 0;
};
[[nodiscard]] Window window_of(std::size_t total, std::int64_t offset, std::int64_t count);

class Sorting {
  public:
    // The items that the request asks of the value, in order; they live as long as this. "ERR One or more scores can't
    // be converted into double" if a weight is no number.
    Result<std::span<Item>> run(Context& cx, const SortRequest& request, const ValueRef& value);

    [[nodiscard]] TextPool& texts() { return texts_; }

  private:
    void take(const ValueRef& value, Window window, bool descending);
    void gather(const ValueRef& value);
    [[nodiscard]] bool weigh_by_number(Context& cx, const SortRequest& request);
    void weigh_by_text(Context& cx, const SortRequest& request);
    void add(Bytes element) { items_.push_back({{.text = nullptr}, texts_.add(element)}); }

    TextPool texts_;
    std::vector<Item> items_;
    std::string scratch_;
};

}  // namespace keel::generic
