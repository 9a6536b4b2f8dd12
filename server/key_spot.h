// SPDX-License-Identifier: BSD-3-Clause
//
// A key of a database by its name, whether it exists or not: what waiters and watchers are found by. A look-up copies
// nothing; the map owns the name.
#pragma once

#include <cstddef>
#include <string>

#include "datatypes/encodings/hash.h"
#include "protocol/base/bytes.h"

namespace keel {

struct KeySpot {
    int db;
    Bytes key;
    bool operator==(const KeySpot&) const = default;
};

struct KeptKeySpot {
    int db;
    std::string key;
    [[nodiscard]] KeySpot view() const { return {db, key}; }
    operator KeySpot() const { return view(); }  // NOLINT: the same thing
};

struct KeySpotHash {
    using is_transparent = void;
    std::size_t operator()(const KeySpot& spot) const noexcept {
        return hash_bytes(spot.key) + static_cast<std::size_t>(spot.db) * 0x9E3779B97F4A7C15U;
    }
};
struct KeySpotEqual {
    using is_transparent = void;
    bool operator()(const KeySpot& a, const KeySpot& b) const noexcept { return a == b; }
};

}  // namespace keel
