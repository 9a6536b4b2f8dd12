// SPDX-License-Identifier: BSD-3-Clause
//
// The patterns of SORT's BY and GET: which key, or which field of which hash, an element stands for.
//
//     pattern       element 7 stands for
//     weight_*      the string at the key weight_7
//     user:*->age   the field age of the hash at the key user:7
//     #             the element itself
//     anything      nothing: there is no star
//
// Only the first star is replaced, and the arrow counts only behind it and with a field name after it. As in Redis a
// NUL ends the part of a pattern in which star, arrow and # are looked for; it is an ordinary byte of a key.
#pragma once

#include <absl/functional/function_ref.h>

#include <optional>
#include <span>
#include <string>

#include "datatypes/command/context.h"
#include "datatypes/generic/sort_texts.h"

namespace keel::generic {

// An element, and what it is compared by. `text` null: no such weight, which comes before all others.
struct Item {
    union Weight {
        double number;
        const Text* text;
    } weight;
    const Text* element;
};

class Pattern {
  public:
    explicit Pattern(Bytes word);

    [[nodiscard]] bool is_element() const { return is_element_; }
    // Whether what it stands for differs from element to element.
    [[nodiscard]] bool varies() const { return varies_; }

    // The key for an element, written into `room`.
    Bytes key_for(Bytes element, std::string& room) const;
    [[nodiscard]] bool has_field() const { return !field_.empty(); }
    [[nodiscard]] Bytes field() const { return field_; }

  private:
    Bytes before_{};  // of the key, the star in between
    Bytes behind_{};
    Bytes field_{};
    bool varies_ = false;
    bool is_element_ = false;
};

// Told, for each item and each of the patterns in turn, what that stands for; the view is good during the call.
using Answer = absl::FunctionRef<void(Item& item, std::optional<Bytes> found)>;

// Looks all of them up, a batch of keys at a time so that the waits for memory overlap.
void look_up(Context& cx, std::span<const Pattern> patterns, std::span<Item> items, Answer answer);

}  // namespace keel::generic
