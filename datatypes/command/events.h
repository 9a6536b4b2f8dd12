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
inline constexpr Event kNone{NotifyFlag{}, ""};  // a change of which nobody hears
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
// bitmaps and HyperLogLog
inline constexpr Event kSetBit{kNotifyString, "setbit"};
inline constexpr Event kPfAdd{kNotifyString, "pfadd"};
// lists
inline constexpr Event kLPush{kNotifyList, "lpush"};
inline constexpr Event kRPush{kNotifyList, "rpush"};
inline constexpr Event kLPop{kNotifyList, "lpop"};
inline constexpr Event kRPop{kNotifyList, "rpop"};
inline constexpr Event kLInsert{kNotifyList, "linsert"};
inline constexpr Event kLSet{kNotifyList, "lset"};
inline constexpr Event kLRem{kNotifyList, "lrem"};
inline constexpr Event kLTrim{kNotifyList, "ltrim"};
// sets
inline constexpr Event kSAdd{kNotifySet, "sadd"};
inline constexpr Event kSRem{kNotifySet, "srem"};
inline constexpr Event kSPop{kNotifySet, "spop"};
inline constexpr Event kSInterStore{kNotifySet, "sinterstore"};
inline constexpr Event kSUnionStore{kNotifySet, "sunionstore"};
inline constexpr Event kSDiffStore{kNotifySet, "sdiffstore"};
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
inline constexpr Event kGeoRadiusStore{kNotifyZset, "georadiusstore"};
inline constexpr Event kGeoSearchStore{kNotifyZset, "geosearchstore"};
// streams
inline constexpr Event kXAdd{kNotifyStream, "xadd"};
inline constexpr Event kXTrim{kNotifyStream, "xtrim"};
inline constexpr Event kXDel{kNotifyStream, "xdel"};
inline constexpr Event kXSetId{kNotifyStream, "xsetid"};
inline constexpr Event kXGroupCreate{kNotifyStream, "xgroup-create"};
inline constexpr Event kXGroupSetId{kNotifyStream, "xgroup-setid"};
inline constexpr Event kXGroupDestroy{kNotifyStream, "xgroup-destroy"};
inline constexpr Event kXGroupCreateConsumer{kNotifyStream, "xgroup-createconsumer"};
inline constexpr Event kXGroupDelConsumer{kNotifyStream, "xgroup-delconsumer"};
// hashes
inline constexpr Event kHset{kNotifyHash, "hset"};
inline constexpr Event kHdel{kNotifyHash, "hdel"};
inline constexpr Event kHincrBy{kNotifyHash, "hincrby"};
inline constexpr Event kHincrByFloat{kNotifyHash, "hincrbyfloat"};
inline constexpr Event kHexpire{kNotifyHash, "hexpire"};
inline constexpr Event kHpersist{kNotifyHash, "hpersist"};
inline constexpr Event kHexpired{kNotifyHash, "hexpired"};
}  // namespace events

}  // namespace keel
