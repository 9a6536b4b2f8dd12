// SPDX-License-Identifier: BSD-3-Clause
//
// The tags of RDB files: the byte before each key that says in which form its value follows. One list for all types,
// since all share one numbering; how the bytes behind a tag look stands in the type's own serde.cpp.
//
// A dialect says which of them a reader of ours may be given. Redis 7.0 is the common ground: every later Redis and
// every Valkey reads it. Only deadlines of hash fields are beyond it, and there the two families part ways.
//
// Sources: the published format of Redis 2.6 to 8.8 and Valkey 7.2 to 9.1 (their rdb.h). Tag 22 means one thing in
// files of Redis (a release candidate of 7.4) and another in those of Valkey 9.
#pragma once

#include <cstdint>
#include <optional>

#include "datatypes/core/type.h"

namespace keel {

enum class RdbTag : std::uint8_t {
    string = 0,
    list = 1,        // element by element
    set = 2,         // member by member
    zset_text = 3,   // scores as text
    hash = 4,        // field by field
    zset = 5,        // scores as binary doubles
    module_old = 6,  // Redis 4.0 release candidates
    module = 7,
    hash_zipmap = 9,  // Redis 2.4
    list_ziplist = 10,
    set_intset = 11,
    zset_ziplist = 12,
    hash_ziplist = 13,
    list_quicklist = 14,  // nodes are ziplists
    stream = 15,
    hash_listpack = 16,
    zset_listpack = 17,
    list_quicklist2 = 18,    // nodes are listpacks, or single elements
    stream2 = 19,            // and first id, highest deleted id, entries added
    set_listpack = 20,       // version 11
    stream3 = 21,            // and when consumers were active
    hash_timed_rc = 22,      // version 12: fields with deadlines, as candidates of Redis 7.4 had them
    hash_timed_valkey = 22,  // version 80: the same number, another layout
    hash_listpack_timed_rc = 23,
    hash_timed = 24,  // and the earliest deadline in front
    hash_listpack_timed = 25,
    stream4 = 26,  // version 13: and ids of messages that must not come twice
    stream5 = 27,  // version 14: and entries that were given back
    array = 28,    // of Redis 8.8: not here
    gcra = 33,     // the last that is known by name
};

// The type of the value behind a tag; none for types that keel does not have, and for numbers that mean nothing.
constexpr std::optional<Type> type_of(RdbTag tag) {
    switch (tag) {
        case RdbTag::string: return Type::string;
        case RdbTag::list:
        case RdbTag::list_ziplist:
        case RdbTag::list_quicklist:
        case RdbTag::list_quicklist2: return Type::list;
        case RdbTag::set:
        case RdbTag::set_intset:
        case RdbTag::set_listpack: return Type::set;
        case RdbTag::zset_text:
        case RdbTag::zset:
        case RdbTag::zset_ziplist:
        case RdbTag::zset_listpack: return Type::zset;
        case RdbTag::hash:
        case RdbTag::hash_zipmap:
        case RdbTag::hash_ziplist:
        case RdbTag::hash_listpack:
        case RdbTag::hash_timed_rc:
        case RdbTag::hash_listpack_timed_rc:
        case RdbTag::hash_timed:
        case RdbTag::hash_listpack_timed: return Type::hash;
        case RdbTag::stream:
        case RdbTag::stream2:
        case RdbTag::stream3:
        case RdbTag::stream4:
        case RdbTag::stream5: return Type::stream;
        default: return std::nullopt;
    }
}

// What a file or payload may hold.
struct RdbDialect {
    enum class FieldDeadlines : std::uint8_t { refused, redis, valkey };

    std::uint16_t version = 10;
    bool set_listpack = false;    // tag 20
    bool consumer_times = false;  // tag 21
    FieldDeadlines field_deadlines = FieldDeadlines::refused;
    bool valkey_magic = false;  // a file begins with "VALKEY"
};

inline constexpr RdbDialect kRedis70{};
inline constexpr RdbDialect kRedis72{.version = 11, .set_listpack = true, .consumer_times = true};
inline constexpr RdbDialect kRedis74{
    .version = 12, .set_listpack = true, .consumer_times = true, .field_deadlines = RdbDialect::FieldDeadlines::redis};
inline constexpr RdbDialect kValkey9{.version = 80,
                                     .set_listpack = true,
                                     .consumer_times = true,
                                     .field_deadlines = RdbDialect::FieldDeadlines::valkey,
                                     .valkey_magic = true};

}  // namespace keel
