// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/all_types.h"

#include <array>

#include "datatypes/core/type.h"
#include "datatypes/generic/families.h"
#include "datatypes/hash/families.h"
#include "datatypes/hash/hash.h"
#include "datatypes/list/families.h"
#include "datatypes/set/families.h"
#include "datatypes/set/set.h"
#include "datatypes/stream/families.h"
#include "datatypes/string/families.h"
#include "datatypes/string/string_value.h"
#include "datatypes/zset/families.h"

namespace keel {

namespace {

constexpr std::array<const TypeOps*, 6> kTypes = {&string::kOps, &list::kOps,   &set::kOps,
                                                  &zset::kOps,   &stream::kOps, &hash::kOps};

constexpr std::array<const TypeOps*, kTypeCount> kByType = [] {
    std::array<const TypeOps*, kTypeCount> out{};
    out[static_cast<std::size_t>(Type::string)] = &string::kOps;
    out[static_cast<std::size_t>(Type::list)] = &list::kOps;
    out[static_cast<std::size_t>(Type::set)] = &set::kOps;
    out[static_cast<std::size_t>(Type::zset)] = &zset::kOps;
    out[static_cast<std::size_t>(Type::stream)] = &stream::kOps;
    out[static_cast<std::size_t>(Type::hash)] = &hash::kOps;
    return out;
}();

}  // namespace

const TypeOps& type_ops(Type type) {
    const TypeOps* ops = kByType[static_cast<std::size_t>(type)];
    KEEL_CHECK(ops != nullptr);
    return *ops;
}

std::span<const TypeOps* const> all_types() { return kTypes; }

void add_data_commands(Registry& registry) {
    registry.add(string::kCommands);
    registry.add(string::kCounterCommands);
    registry.add(string::kRangeCommands);
    registry.add(string::kMultiCommands);
    registry.add(string::kLcsCommands);
    registry.add(string::kBitmapCommands);
    registry.add(string::kBitfieldCommands);
    registry.add(string::kHyperLogLogCommands);
    registry.add(list::kPushCommands);
    registry.add(list::kAccessCommands);
    registry.add(list::kEditCommands);
    registry.add(list::kSearchCommands);
    registry.add(list::kMoveCommands);
    registry.add(list::kMultiCommands);
    registry.add(set::kCommands);
    registry.add(set::kDrawCommands);
    registry.add(set::kAlgebraCommands);
    registry.add(zset::kCommands);
    registry.add(zset::kReadCommands);
    registry.add(zset::kRangeCommands);
    registry.add(zset::kRemoveCommands);
    registry.add(zset::kPopCommands);
    registry.add(zset::kCombineCommands);
    registry.add(zset::kGeoCommands);
    registry.add(zset::kGeoSearchCommands);
    registry.add(stream::kCommands);
    registry.add(stream::kRangeCommands);
    registry.add(stream::kReadCommands);
    registry.add(stream::kGroupCommands);
    registry.add(stream::kPendingCommands);
    registry.add(stream::kClaimCommands);
    registry.add(stream::kInfoCommands);
    registry.add(hash::kCommands);
    registry.add(hash::kCounterCommands);
    registry.add(hash::kWalkCommands);
    registry.add(hash::kExpireCommands);
    registry.add(hash::kExpiringCommands);
    registry.add(generic::kKeyCommands);
    registry.add(generic::kMoveCommands);
    registry.add(generic::kExpireCommands);
    registry.add(generic::kScanCommands);
    registry.add(generic::kObjectCommands);
    registry.add(generic::kSortCommands);
    registry.add(generic::kDatabaseCommands);
}

}  // namespace keel
