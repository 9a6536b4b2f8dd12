// SPDX-License-Identifier: BSD-3-Clause
//
// A command is a row of data. Everything that must know about commands is derived from these rows: the arity
// check, COMMAND and its documentation, ACL categories, the keys of a request (cluster routing, permissions,
// prefetching) and the statistics. A row stands in the file of its handler:
//
//     constexpr CommandSpec kRows[] = {
//         {.name = "getrange", .run = getrange, .arity = exactly(4), .flags = Flag::readonly,
//          .categories = Category::string, .keys = one_key(Use::read), .group = Group::string, .since = "2.4.0",
//          .complexity = "O(N) where N is the length of the returned string",
//          .summary = "Returns a part of a string.", .syntax = "key start:integer end:integer"},
//     };
//
// Always true:
//   1. `name` is lower case; a subcommand's row carries its own short name ("get", not "config|get").
//   2. Rows live as long as the program: registry, sessions and statistics point to them.
//   3. `syntax` is the whole argument grammar, in the notation of command/syntax.h; COMMAND DOCS and redis-cli's
//      hints come from it.
//
// Not here: run-time state of a command (command/registry.h).
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

struct Context;

// What runs a command: a plain function, or a member function of an object that is named when the family is
// registered (the parts of the server).
class Handler {
  public:
    using Plain = Status (*)(Context&);
    using Bound = Status (*)(Context&, void* self);

    constexpr Handler() = default;
    constexpr Handler(Plain plain) : plain_(plain) {}  // NOLINT: rows name the function
    constexpr explicit Handler(Bound bound) : bound_(bound) {}

    Status operator()(Context& cx, void* self) const { return plain_ != nullptr ? plain_(cx) : bound_(cx, self); }
    constexpr explicit operator bool() const { return plain_ != nullptr || bound_ != nullptr; }
    // For crash reports: the address of the function that runs.
    [[nodiscard]] const void* address() const {
        return plain_ != nullptr ? reinterpret_cast<const void*>(plain_) : reinterpret_cast<const void*>(bound_);
    }

  private:
    Plain plain_ = nullptr;
    Bound bound_ = nullptr;
};

namespace detail {
template <auto Method>
struct Bind;
template <typename Owner, Status (Owner::*Method)(Context&)>
struct Bind<Method> {
    static Status call(Context& cx, void* self) { return (static_cast<Owner*>(self)->*Method)(cx); }
};
}  // namespace detail

// `.run = method<&ConfigCommands::get>`
template <auto Method>
inline constexpr Handler method{Handler::Bound{&detail::Bind<Method>::call}};

// How many words a request has, the command's name included.
struct Arity {
    int value = 0;  // as COMMAND INFO shows it: n exactly, -n at least n
    [[nodiscard]] constexpr bool accepts(std::size_t words) const {
        return value >= 0 ? words == static_cast<std::size_t>(value) : words >= static_cast<std::size_t>(-value);
    }
};
constexpr Arity exactly(int words) { return {words}; }
constexpr Arity at_least(int words) { return {-words}; }

// Flags as COMMAND INFO names them (command/flags.cpp has the names).
enum class Flag : std::uint32_t {
    none = 0,
    write = 1U << 0,
    readonly = 1U << 1,
    denyoom = 1U << 2,  // refused when memory is over the limit
    admin = 1U << 3,
    pubsub = 1U << 4,
    noscript = 1U << 5,
    blocking = 1U << 6,
    loading = 1U << 7,  // allowed while loading
    stale = 1U << 8,    // allowed on a replica that lost its primary
    skip_monitor = 1U << 9,
    skip_slowlog = 1U << 10,
    asking = 1U << 11,
    fast = 1U << 12,
    no_auth = 1U << 13,
    may_replicate = 1U << 14,
    no_async_loading = 1U << 15,
    no_multi = 1U << 16,
    allow_busy = 1U << 17,
    movablekeys = 1U << 18,  // shown when a key position depends on the arguments
    touches_arbitrary_keys = 1U << 19,
    sentinel = 1U << 20,
    only_sentinel = 1U << 21,
    no_mandatory_keys = 1U << 22,
    is_protected = 1U << 23,  // DEBUG, MODULE: behind enable-*-command
    all_dbs = 1U << 24,
    unqueued = 1U << 25,  // runs at once inside MULTI
};
constexpr Flag operator|(Flag a, Flag b) {
    return static_cast<Flag>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool has(Flag set, Flag one) {
    return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

// ACL categories. Those that follow from flags (read, write, admin, dangerous, fast, slow, pubsub, blocking) are
// added at registration; a row names only the rest.
enum class Category : std::uint32_t {
    none = 0,
    keyspace = 1U << 0,
    read = 1U << 1,
    write = 1U << 2,
    set = 1U << 3,
    sortedset = 1U << 4,
    list = 1U << 5,
    hash = 1U << 6,
    string = 1U << 7,
    bitmap = 1U << 8,
    hyperloglog = 1U << 9,
    geo = 1U << 10,
    stream = 1U << 11,
    pubsub = 1U << 12,
    admin = 1U << 13,
    fast = 1U << 14,
    slow = 1U << 15,
    blocking = 1U << 16,
    dangerous = 1U << 17,
    connection = 1U << 18,
    transaction = 1U << 19,
    scripting = 1U << 20,
};
constexpr Category operator|(Category a, Category b) {
    return static_cast<Category>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool has(Category set, Category one) {
    return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

enum class Group : std::uint8_t {
    generic,
    string,
    list,
    set,
    sorted_set,
    hash,
    pubsub,
    transactions,
    connection,
    server,
    scripting,
    hyperloglog,
    cluster,
    sentinel,
    geo,
    stream,
    bitmap,
};

// What a command does with a key. The first four say how the value is opened, the next four what happens to the
// user's data; COMMAND INFO, ACL (%R~ %W~) and replicas rely on both.
enum class Use : std::uint16_t {
    ro = 1U << 0,  // reads, never changes
    rw = 1U << 1,
    ow = 1U << 2,  // overwrites without looking
    rm = 1U << 3,  // removes
    access = 1U << 4,
    update = 1U << 5,
    insert = 1U << 6,
    erase = 1U << 7,
    not_key = 1U << 8,     // a name that routes like a key (shard channel)
    incomplete = 1U << 9,  // not all keys are found this way
    variable_flags = 1U << 10,
    read = ro | access,
    change = rw | access | update,
};
constexpr Use operator|(Use a, Use b) {
    return static_cast<Use>(static_cast<std::uint16_t>(a) | static_cast<std::uint16_t>(b));
}
constexpr bool has(Use set, Use one) {
    return (static_cast<std::uint16_t>(set) & static_cast<std::uint16_t>(one)) != 0;
}

// Where keys stand in a request; the model is that of Redis' key specifications (begin_search, find_keys).
struct KeySpec {
    Use use = Use::ro;
    // Begin: at word `index`, or one after `keyword`, searched from word `start_from` (negative: from the end).
    std::int16_t index = 0;
    Bytes keyword = {};
    std::int16_t start_from = 0;
    // Find: a range up to `last` (relative to the beginning; negative: from the end of the request; limit: see
    // Redis), or a count at word `count_at` after the beginning with the first key at `first`.
    bool counted = false;
    std::int16_t last = 0;
    std::int16_t step = 1;
    std::int16_t limit = 0;
    std::int16_t count_at = 0;
    std::int16_t first = 0;
    Bytes notes = {};  // what a client should know beside
    // Neither an index nor a keyword: "unknown", for commands whose keys only their own parser finds.
    [[nodiscard]] constexpr bool unknown() const { return index == 0 && keyword.empty(); }
};

struct KeySpecs {
    KeySpec at[3]{};
    std::uint8_t count = 0;
    [[nodiscard]] constexpr std::span<const KeySpec> all() const { return {at, count}; }
    // The same, with notes to each.
    [[nodiscard]] constexpr KeySpecs noted(Bytes notes) const {
        KeySpecs out = *this;
        for (std::uint8_t i = 0; i < count; ++i) out.at[i].notes = notes;
        return out;
    }
};

constexpr KeySpecs one_key(Use use, std::int16_t index = 1) {
    return {.at = {{.use = use, .index = index}}, .count = 1};
}
// From word `index` to the `last`, relative to the end when negative (-1 is the last word), every `step`-th.
constexpr KeySpecs key_range(Use use, std::int16_t index, std::int16_t last, std::int16_t step = 1) {
    return {.at = {{.use = use, .index = index, .last = last, .step = step}}, .count = 1};
}
// `count_index` holds the number of keys, which follow it.
constexpr KeySpecs counted_keys(Use use, std::int16_t count_index) {
    return {.at = {{.use = use, .index = count_index, .counted = true, .count_at = 0, .first = 1}}, .count = 1};
}
constexpr KeySpecs operator+(KeySpecs a, const KeySpecs& b) {
    for (const KeySpec& spec : b.all()) a.at[a.count++] = spec;
    return a;
}

struct CommandSpec;

// Finds the key positions of commands whose KeySpecs do not tell all (SORT, MIGRATE, EVAL ...).
struct KeyPosition {
    std::uint32_t index;  // word in the request
    Use use;
};
class KeyList;  // registry.h
using KeyFinder = Status (*)(std::span<const Bytes> words, KeyList& out);

struct CommandSpec {
    Bytes name;
    Handler run{};  // empty for a container whose subcommands do the work
    Arity arity;
    Flag flags = Flag::none;
    Category categories = Category::none;
    KeySpecs keys{};
    KeyFinder find_keys = nullptr;
    Group group = Group::generic;
    Bytes since = "1.0.0";
    Bytes complexity = {};
    Bytes summary = {};
    Bytes syntax = {};
    std::span<const CommandSpec> subcommands = {};
    std::span<const Bytes> tips = {};  // COMMAND INFO's hints for clients, e.g. "nondeterministic_output"
    Bytes deprecated_since = {};
    Bytes replaced_by = {};
    bool internal = false;  // for developers and other servers; COMMAND DOCS says "syscmd"
};

}  // namespace keel
