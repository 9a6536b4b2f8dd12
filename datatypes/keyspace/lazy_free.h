// SPDX-License-Identifier: BSD-3-Clause
//
// Frees values, the large ones on the background thread: no command waits for another's garbage.
//
// Always true:
//   1. What is handed in here is reachable from nowhere else.
//   2. While a job is under way the small heap is shared (it takes its lock); when none is, it is not.
#pragma once

#include <cstdint>
#include <functional>

#include "datatypes/core/type.h"
#include "protocol/base/background.h"

namespace keel {

class LazyFree {
  public:
    // Null: everything is freed on the spot (tools, tests, the forked child).
    explicit LazyFree(Background* background) : background_(background) {}

    // Frees the payload of `value`: at once if that is little work, else in the background.
    void retire(const ValueRef& value);
    // The same, at once in any case.
    static void free_now(const ValueRef& value) noexcept;

    // Runs `job`, which frees `objects` objects, in the background. Taken by value: it owns what it frees.
    void submit(std::uint64_t objects, std::function<void()> job);

    [[nodiscard]] std::uint64_t pending_objects() const { return pending_; }
    [[nodiscard]] std::uint64_t freed_objects() const { return freed_; }
    void reset_freed() { freed_ = 0; }

  private:
    // Values with more allocations than this, or larger than this, are freed in the background.
    static constexpr std::size_t kEffort = 64;
    static constexpr std::size_t kBlockBytes = 256 * 1024;

    Background* background_;
    std::uint64_t jobs_ = 0;
    std::uint64_t pending_ = 0;
    std::uint64_t freed_ = 0;
};

}  // namespace keel
