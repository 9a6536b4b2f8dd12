// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/lcs.h"

#include <algorithm>

namespace keel::string {

namespace {

// One bit for each pair of bytes: the way back leads up.
class Way {
  public:
    Way(std::size_t rows, std::size_t columns) : words_in_row_((columns + 63) / 64), bits_(rows * words_in_row_) {}
    void lead_up(std::size_t row, std::size_t column) { bits_[at(row, column)] |= std::uint64_t{1} << (column % 64); }
    [[nodiscard]] bool leads_up(std::size_t row, std::size_t column) const {
        return (bits_[at(row, column)] >> (column % 64) & 1) != 0;
    }

  private:
    [[nodiscard]] std::size_t at(std::size_t row, std::size_t column) const {
        return row * words_in_row_ + column / 64;
    }

    std::size_t words_in_row_;
    std::vector<std::uint64_t> bits_;
};

// Fills the table row by row. `lengths` is one row, with a zero in front; way(i, j) is called where the way leads up.
template <typename F>
std::uint32_t fill(Bytes a, Bytes b, F&& lead_up) {
    std::vector<std::uint32_t> lengths(b.size() + 1, 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::uint32_t diagonal = 0;  // of the row above, one to the left
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::uint32_t above = lengths[j + 1];
            const std::uint32_t left = lengths[j];
            if (a[i] == b[j]) {
                lengths[j + 1] = diagonal + 1;
            } else if (above > left) {
                lead_up(i, j);
            } else {
                lengths[j + 1] = left;
            }
            diagonal = above;
        }
    }
    return lengths.back();
}

}  // namespace

std::uint32_t lcs_length(Bytes a, Bytes b) {
    return fill(a, b, [](std::size_t, std::size_t) {});
}

std::vector<SharedRange> lcs_ranges(Bytes a, Bytes b) {
    Way way{a.size(), b.size()};
    fill(a, b, [&way](std::size_t i, std::size_t j) { way.lead_up(i, j); });

    std::vector<SharedRange> out;
    bool open = false;  // the last range may still grow at its front
    auto i = static_cast<std::uint32_t>(a.size());
    auto j = static_cast<std::uint32_t>(b.size());
    while (i > 0 && j > 0) {
        if (a[i - 1] == b[j - 1]) {
            --i, --j;
            if (open)
                out.back().a_first = i, out.back().b_first = j;
            else
                out.push_back({i, i, j, j});
            open = true;
        } else {
            --(way.leads_up(i - 1, j - 1) ? i : j);
            open = false;
        }
    }
    return out;
}

}  // namespace keel::string
