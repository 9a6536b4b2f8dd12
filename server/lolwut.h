// SPDX-License-Identifier: BSD-3-Clause
//
// The picture of LOLWUT: a ship's keel on a sea that is another one each time.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/random.h"

namespace keel {

struct WaveSize {
    std::int64_t columns = 64;  // kept within 24 and 200
    std::int64_t rows = 8;      // of water, kept within 3 and 60
};

// Lines of text, each ended by a line feed.
[[nodiscard]] std::string draw_waves(WaveSize size, Random& random);

}  // namespace keel
