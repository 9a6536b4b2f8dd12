// SPDX-License-Identifier: BSD-3-Clause
//
// A bound for replies that a few words can ask to be of any size (SRANDMEMBER key -1000000000): they are made in memory
// before anything of them is sent.
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>

#include "datatypes/command/context.h"

namespace keel {

// Whether `count` elements, drawn one by one, make a reply that a client may get: of at most its hard output limit, or
// 1 GiB if it has none. `draw` draws the next one and tells its size; chance is as it was before. An error that says
// the bound. O(count), but no longer than the bound takes.
Status expect_reply_fits(Context& cx, std::uint64_t count, absl::FunctionRef<std::size_t()> draw);

}  // namespace keel
