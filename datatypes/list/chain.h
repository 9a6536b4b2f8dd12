// SPDX-License-Identifier: BSD-3-Clause
//
// The nodes of a long list, in order, in a ring: a node costs 16 bytes and no links, both ends take and give in O(1),
// and a walk over the counts of all nodes reads memory in one piece (584 elements of 12 bytes for each 16 bytes of it).
//
//     ring_   | n2 | n3 |    |    | n0 | n1 |      size_ 4, head_ 4, six slots
//
// Always true:
//   1. `elements` is the sum of the nodes' counts (the List that changes them sees to it).
//   2. A middle insert or erase moves the nodes of the shorter side.
//   3. Nodes are the chain's: the destructor frees them; erase() leaves them to the caller.
#pragma once

#include <cstddef>

#include "datatypes/list/node.h"

namespace keel::list {

class Chain {
  public:
    Chain() = default;
    ~Chain();
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    [[nodiscard]] Chain* clone() const;

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Node& operator[](std::size_t at) { return ring_[slot(at)]; }
    [[nodiscard]] const Node& operator[](std::size_t at) const { return ring_[slot(at)]; }

    void insert(std::size_t at, const Node& node);
    void erase(std::size_t at, std::size_t count);

    [[nodiscard]] std::size_t ring_bytes() const;

    std::size_t elements = 0;

  private:
    [[nodiscard]] std::size_t slot(std::size_t at) const {
        const std::size_t sum = head_ + at;
        return sum < slots_ ? sum : sum - slots_;
    }
    void resize(std::size_t slots);
    void move(std::size_t from, std::size_t to, std::size_t count);

    Node* ring_ = nullptr;
    std::size_t slots_ = 0;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace keel::list
