// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/all_types.h"

#include <array>

#include "datatypes/core/type.h"
#include "datatypes/generic/families.h"
#include "datatypes/string/families.h"
#include "datatypes/string/string_value.h"
#include "datatypes/zset/families.h"

namespace keel {

namespace {

constexpr std::array<const TypeOps*, 2> kTypes = {&string::kOps, &zset::kOps};

constexpr std::array<const TypeOps*, kTypeCount> kByType = [] {
    std::array<const TypeOps*, kTypeCount> out{};
    out[static_cast<std::size_t>(Type::string)] = &string::kOps;
    out[static_cast<std::size_t>(Type::zset)] = &zset::kOps;
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
    registry.add(zset::kCommands);
    registry.add(zset::kReadCommands);
    registry.add(zset::kRangeCommands);
    registry.add(zset::kRemoveCommands);
    registry.add(zset::kPopCommands);
    registry.add(zset::kCombineCommands);
    registry.add(generic::kKeyCommands);
    registry.add(generic::kMoveCommands);
    registry.add(generic::kExpireCommands);
    registry.add(generic::kScanCommands);
    registry.add(generic::kObjectCommands);
    registry.add(generic::kDatabaseCommands);
}

}  // namespace keel
