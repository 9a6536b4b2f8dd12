// SPDX-License-Identifier: BSD-3-Clause
//
// The types a value can have, and what the rest of the server may ask of a type it knows nothing else about.
//
// Always true:
//   1. `all_types()` holds one TypeOps for each Type in use; a walk over it reaches every type.
//   2. Outside of its own folder a value is a ValueRef: its type, its form (the type's own word for its
//      encoding) and, for all but strings, one owning pointer.
//
// Not here: how an entry packs a value (datatypes/keyspace/entry.h).
#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <span>

#include "datatypes/core/digest.h"
#include "protocol/base/block.h"
#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "protocol/base/result.h"

namespace keel {

inline constexpr UnixMs kNoDeadline = -1;

enum class Type : std::uint8_t { string = 0, list = 1, set = 2, zset = 3, hash = 4, stream = 6 };
// Members of these may have deadlines of their own: their ops have next_deadline and remove_due.
constexpr bool members_may_expire(Type type) { return type == Type::hash; }
inline constexpr std::size_t kTypeCount = 16;  // the type is four bits of an entry

// How a string is held. Values up to `heap` are text; the rest are integers of that many bytes.
enum class StringForm : std::uint8_t {
    text = 0,    // in the entry
    edited = 1,  // in the entry, but once changed in place: OBJECT ENCODING says raw
    heap = 2,    // a Block of its own
    int8 = 3,
    int16 = 4,
    int24 = 5,
    int32 = 6,
    int48 = 7,
    int64 = 8,
};

// A value outside of an entry: on its way in, or looked at. Owns nothing by itself; who makes an entry from it
// hands `payload` over.
struct ValueRef {
    Type type = Type::string;
    std::uint8_t form = 0;
    Bytes text{};              // strings in text or edited form
    std::int64_t integer = 0;  // strings in an integer form
    void* payload = nullptr;   // heap strings (a Block) and every other type

    [[nodiscard]] StringForm string_form() const { return static_cast<StringForm>(form); }
    [[nodiscard]] bool is_integer() const {
        return type == Type::string && form >= static_cast<std::uint8_t>(StringForm::int8);
    }
};

// Shown each member of a value with its score (1 for types that have none); false ends the walk. Views are good during
// the call.
using MemberVisitor = absl::FunctionRef<bool(Bytes member, double score)>;

// Told the name of each member that goes because it is due, with its deadline, while the name is still there.
using DueVisitor = absl::FunctionRef<void(Bytes name, UnixMs deadline)>;

class Entry;
class Loader;
class Saver;
struct Encodings;
struct RdbDialect;
enum class RdbTag : std::uint8_t;  // rdb_tags.h

// Hooks that a type has no use for are null; each says whom it is for. count is for all that have members, each for
// lists, sets and sorted sets, the last two for types whose members may expire.
struct TypeOps {
    Type type;
    Bytes name;                                                   // as TYPE replies
    Bytes (*encoding_name)(const ValueRef&);                      // as OBJECT ENCODING replies
    ValueRef (*clone)(const ValueRef&);                           // deep; the payload is the caller's
    void (*destroy)(const ValueRef&) noexcept;                    // frees the payload, if there is one
    std::size_t (*memory)(const ValueRef&, std::size_t samples);  // bytes of the payload; 0 samples: all of it
    std::size_t (*free_effort)(const ValueRef&);   // allocations to free: above a limit, in the background
    void (*digest)(const ValueRef&, DigestSink&);  // tells its content, the same whatever the encoding
    // The tag that a file of this dialect has it under; an error says why it can have none.
    Result<RdbTag> (*tag)(const ValueRef&, const RdbDialect&);
    void (*save)(const ValueRef&, RdbTag, Saver&);
    // Reads what save, or another server, wrote under a tag of this type; checks it to the last byte. The payload is
    // the caller's; a view of text ends as the Loader's do. The form follows the settings.
    Result<ValueRef> (*load)(RdbTag, Loader&, const Encodings&);
    std::size_t (*count)(const ValueRef&) = nullptr;         // members
    void (*each)(const ValueRef&, MemberVisitor) = nullptr;  // in the value's order, if it has one
    // The same in either direction, passing over the first `skip` on the way. For lists and sorted sets: what has an
    // order.
    void (*walk)(const ValueRef&, std::size_t skip, bool backwards, MemberVisitor) = nullptr;
    // Shows the value of a field, unless that is due by `now`; returns whether there is one.
    bool (*field)(const ValueRef&, Bytes name, UnixMs now, absl::FunctionRef<void(Bytes)> show) = nullptr;
    // A new value of these members, in their order and in the form that the settings ask for; the payload is the
    // caller's. For lists.
    ValueRef (*make)(std::span<const Bytes> members, const Encodings& settings) = nullptr;
    // Whether the value has the member, and its score if `score` is not null. Not for lists.
    bool (*find)(const ValueRef&, Bytes member, double* score) = nullptr;
    // Fetches ahead what looking up the member of that hash will touch, in two stages: the second is of use when what
    // the first asked for has come. For forms that are tables of their own; does nothing for others.
    void (*prefetch)(const ValueRef&, std::uint64_t member_hash, int stage) = nullptr;
    // The earliest deadline of a member; kNoDeadline if none has one. O(1).
    UnixMs (*next_deadline)(const ValueRef&) = nullptr;
    // Removes members that are due by `now`, the earliest first, at most `most`; returns how many. The payload of the
    // entry may change.
    std::size_t (*remove_due)(Entry&, UnixMs now, std::size_t most, DueVisitor) = nullptr;
};

// The ops of a type; every Type in use has one.
const TypeOps& type_ops(Type type);
std::span<const TypeOps* const> all_types();

}  // namespace keel
