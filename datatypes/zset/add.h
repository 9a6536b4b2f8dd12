// SPDX-License-Identifier: BSD-3-Clause
//
// Adding members with scores, as ZADD, ZINCRBY and GEOADD do it: the options, the effects and the reply. Reading the
// words is the commands' own.
#pragma once

#include <span>

#include "datatypes/command/context.h"

namespace keel::zset {

struct AddOptions {
    bool nx = false;    // only new members
    bool xx = false;    // only members that are there
    bool gt = false;    // only to a greater score
    bool lt = false;    // only to a smaller one
    bool ch = false;    // reply: new and changed members
    bool incr = false;  // the score is added to the present one
};

// The end of a command that adds: looks the key up, adds, tells and replies. `words` holds a group of `stride` words
// for each score, the member the last of them.
Status add_members(Context& cx, const Key& key, const AddOptions& options, std::span<const double> scores,
                   std::span<const Bytes> words, std::size_t stride);

}  // namespace keel::zset
