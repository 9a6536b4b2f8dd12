// SPDX-License-Identifier: BSD-3-Clause
//
// Settings that ask for what this build cannot give. Where going on without it would be unsafe (writes that
// nobody logs, a replica that thinks itself a primary) the start ends with a sentence;
// the same holds for CONFIG SET.
#pragma once

#include "conf/settings.h"
#include "protocol/base/result.h"

namespace keel {

// The error names the directive and says what would be right.
Status refuse_unsafe(const Settings& settings);

}  // namespace keel
