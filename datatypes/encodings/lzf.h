// SPDX-License-Identifier: BSD-3-Clause
//
// Unfolding LZF, what strings of RDB files and inner nodes of lists are squeezed with. (Squeezing is the library's,
// whose choice of what to refer back to decides how small things get.)
//
// The format is that of liblzf 3: a byte says what comes.
//     000lllll                      l + 1 bytes follow as they are
//     lllooooo oooooooo             l + 2 bytes, a copy of those that begin o + 1 before here (l from 1 to 6)
//     111ooooo llllllll oooooooo    l + 9 bytes, likewise
// A copy may reach into what it writes itself, which repeats it.
#pragma once

#include <cstddef>

#include "protocol/base/bytes.h"

namespace keel {

// Writes what `squeezed` holds to `to`. False when that is not exactly `bytes`, or `squeezed` is no LZF; `to` may have
// been written to then. Never beyond `to + room`, `room` being at least `bytes`: some 32 more than `bytes` are
// quickest.
[[nodiscard]] bool lzf_unfold(Bytes squeezed, char* to, std::size_t bytes, std::size_t room) noexcept;

}  // namespace keel
