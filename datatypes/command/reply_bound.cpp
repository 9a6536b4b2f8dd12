// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/reply_bound.h"

#include <algorithm>

namespace keel {

namespace {
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kHeadBytes = 6;  // "$0\r\n\r\n", the shortest element

Error too_large(std::uint64_t most) {
    return Error{"ERR the reply would be larger than " + std::to_string(most) +
                 " bytes, the most that a client may get"};
}
}  // namespace

Status expect_reply_fits(Context& cx, std::uint64_t count, absl::FunctionRef<std::size_t()> draw) {
    const std::uint64_t limit = cx.settings.clients.normal_output.hard_bytes;
    const std::uint64_t most = limit == 0 ? kMostBytes : std::min(limit, kMostBytes);
    if (count > most / kHeadBytes) return too_large(most);
    const Random before = cx.random;
    std::uint64_t bytes = count * kHeadBytes;
    for (std::uint64_t i = 0; i < count && bytes <= most; ++i) bytes += draw();
    cx.random = before;
    if (bytes > most) return too_large(most);
    return {};
}

}  // namespace keel
