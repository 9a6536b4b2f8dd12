// SPDX-License-Identifier: BSD-3-Clause
#include "server/lolwut.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel {

namespace {

constexpr Bytes kShip[] = {
    R"(      |\      )",
    R"(      | \     )",
    R"(      |__\    )",
    R"( \____|_____/ )",
    R"(  \_ o  o  _/ )",
};
constexpr std::int64_t kShipWidth = 14;

// Height of the water at a column, 0 to 1: two waves that do not fit each other.
struct Sea {
    explicit Sea(Random& random)
        : phase_a(static_cast<double>(random.below(628)) / 100),
          phase_b(static_cast<double>(random.below(628)) / 100),
          length_a(6 + static_cast<double>(random.below(9))),
          length_b(17 + static_cast<double>(random.below(23))) {}
    [[nodiscard]] double height(std::int64_t column, std::int64_t row) const {
        const auto x = static_cast<double>(column);
        const auto y = static_cast<double>(row);
        const double sum = std::sin(x / length_a + phase_a + y) + std::sin(x / length_b * 3 + phase_b - y / 2);
        return (sum + 2) / 4;
    }
    double phase_a, phase_b, length_a, length_b;
};

char water(double height) {
    constexpr Bytes kInk = " .-~=^";
    const auto step = static_cast<std::size_t>(height * static_cast<double>(kInk.size()));
    return kInk[std::min(step, kInk.size() - 1)];
}

}  // namespace

std::string draw_waves(WaveSize size, Random& random) {
    const std::int64_t columns = std::clamp<std::int64_t>(size.columns, 24, 200);
    const std::int64_t rows = std::clamp<std::int64_t>(size.rows, 3, 60);
    const Sea sea{random};
    const auto margin = random.below(static_cast<std::uint64_t>(columns - kShipWidth + 1));
    std::string out;
    for (const Bytes line : kShip) {
        out.append(margin, ' ').append(line);
        out += '\n';
    }
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) out += water(sea.height(column, row));
        out += '\n';
    }
    return out;
}

}  // namespace keel
