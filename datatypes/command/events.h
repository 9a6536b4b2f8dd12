// SPDX-License-Identifier: BSD-3-Clause
//
// What can happen to a key, as keyspace notifications name it. The class decides whether
// notify-keyspace-events asks for it.
#pragma once

#include "conf/settings.h"
#include "protocol/base/bytes.h"

namespace keel {

struct Event {
    NotifyFlag kind;  // which class of notify-keyspace-events asks for it
    Bytes name;       // lives as long as the program
};

namespace events {
// generic
inline constexpr Event kDel{kNotifyGeneric, "del"};
inline constexpr Event kRenameFrom{kNotifyGeneric, "rename_from"};
inline constexpr Event kRenameTo{kNotifyGeneric, "rename_to"};
inline constexpr Event kMoveFrom{kNotifyGeneric, "move_from"};
inline constexpr Event kMoveTo{kNotifyGeneric, "move_to"};
inline constexpr Event kCopyTo{kNotifyGeneric, "copy_to"};
inline constexpr Event kRestore{kNotifyGeneric, "restore"};
inline constexpr Event kExpire{kNotifyGeneric, "expire"};
inline constexpr Event kPersist{kNotifyGeneric, "persist"};
inline constexpr Event kSortStore{kNotifyList, "sortstore"};
inline constexpr Event kExpired{kNotifyExpired, "expired"};
inline constexpr Event kEvicted{kNotifyEvicted, "evicted"};
inline constexpr Event kNew{kNotifyNew, "new"};
inline constexpr Event kKeyMiss{kNotifyKeyMiss, "keymiss"};
// strings
inline constexpr Event kSet{kNotifyString, "set"};
inline constexpr Event kSetRange{kNotifyString, "setrange"};
inline constexpr Event kAppend{kNotifyString, "append"};
inline constexpr Event kIncrBy{kNotifyString, "incrby"};
inline constexpr Event kDecrBy{kNotifyString, "decrby"};
inline constexpr Event kIncrByFloat{kNotifyString, "incrbyfloat"};
// sorted sets
inline constexpr Event kZAdd{kNotifyZset, "zadd"};
inline constexpr Event kZIncr{kNotifyZset, "zincr"};
inline constexpr Event kZRem{kNotifyZset, "zrem"};
inline constexpr Event kZRemRangeByRank{kNotifyZset, "zremrangebyrank"};
inline constexpr Event kZRemRangeByScore{kNotifyZset, "zremrangebyscore"};
inline constexpr Event kZRemRangeByLex{kNotifyZset, "zremrangebylex"};
inline constexpr Event kZPopMin{kNotifyZset, "zpopmin"};
inline constexpr Event kZPopMax{kNotifyZset, "zpopmax"};
inline constexpr Event kZRangeStore{kNotifyZset, "zrangestore"};
inline constexpr Event kZUnionStore{kNotifyZset, "zunionstore"};
inline constexpr Event kZInterStore{kNotifyZset, "zinterstore"};
inline constexpr Event kZDiffStore{kNotifyZset, "zdiffstore"};
}  // namespace events

}  // namespace keel
