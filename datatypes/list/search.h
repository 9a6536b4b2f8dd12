// SPDX-License-Identifier: BSD-3-Clause
//
// An element that is looked for: its text, and the integer it stands for, worked out once.
#pragma once

#include <optional>

#include "datatypes/encodings/listpack.h"

namespace keel::list {

class Wanted {
  public:
    explicit Wanted(Bytes text) : text_(text), integer_(listpack_integer(text)) {}
    [[nodiscard]] bool matches(const ListpackItem& item) const {
        return item.is_integer ? integer_ && *integer_ == item.integer : item.text == text_;
    }

  private:
    Bytes text_;
    std::optional<std::int64_t> integer_;
};

}  // namespace keel::list
