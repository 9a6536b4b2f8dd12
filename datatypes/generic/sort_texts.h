// SPDX-License-Identifier: BSD-3-Clause
//
// Texts that a SORT keeps until it has replied: elements, and the weights they are compared by. They lie side by side
// in large chunks and go all at once.
//
//     chunk   | size u64 | position u64 | bytes | NUL | pad | size | position | ...
//
// Always true:
//   1. A text stays where it is for the life of its TextPool.
//   2. A NUL follows every text: strtod, strcmp and strxfrm read them as they are.
//   3. Positions count up in the order of adding.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/base/bytes.h"

namespace keel::generic {

class Text {
  public:
    [[nodiscard]] Bytes bytes() const { return {c_str(), size_}; }
    [[nodiscard]] const char* c_str() const { return reinterpret_cast<const char*>(this + 1); }
    [[nodiscard]] std::uint64_t position() const { return position_; }

  private:
    friend class TextPool;
    Text(std::size_t size, std::uint64_t position) : size_(size), position_(position) {}

    std::size_t size_;
    std::uint64_t position_;
};

class TextPool {
  public:
    const Text* add(Bytes bytes);
    // What strcoll compares texts by, as a text of its own: two of these are to be compared byte by byte.
    const Text* add_collated(const Text& text);

  private:
    char* take(std::size_t bytes);

    std::vector<std::unique_ptr<char[]>> chunks_;
    char* at_ = nullptr;
    std::size_t left_ = 0;
    std::size_t next_chunk_bytes_ = 4096;  // most sorts are small
    std::uint64_t added_ = 0;
};

}  // namespace keel::generic
