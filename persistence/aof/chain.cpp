// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/chain.h"

#include <fmt/core.h>

#include <array>

namespace keel::aof {

void Chain::begin_file(std::uint64_t position) {
    if (unsealed_ > 0) fold();
    XXH3_64bits_reset(&hash_);
    position_ = position;
    unsealed_ = 0;
}

std::string Chain::start_line() const { return fmt::format("{}1:{:x}:{:016x}\r\n", kStart, offset_, chain_); }

void Chain::add(Bytes bytes) {
    XXH3_64bits_update(&hash_, bytes.data(), bytes.size());
    position_ += bytes.size();
    unsealed_ += bytes.size();
}

void Chain::fold() {
    std::array<char, 32> all;
    store_le<std::uint64_t>(all.data(), chain_);
    store_le<std::uint64_t>(all.data() + 8, XXH3_64bits_digest(&hash_));
    store_le<std::uint64_t>(all.data() + 16, position_);
    store_le<std::uint64_t>(all.data() + 24, offset_);
    chain_ = XXH3_64bits(all.data(), all.size());
}

std::string Chain::seal(Bytes kind) {
    fold();
    std::string line = fmt::format("{}{:x}:{:x}:{:016x}\r\n", kind, position_, offset_, chain_);
    XXH3_64bits_reset(&hash_);
    unsealed_ = 0;
    position_ += line.size();
    return line;
}

}  // namespace keel::aof
