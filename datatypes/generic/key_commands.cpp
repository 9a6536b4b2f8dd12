// SPDX-License-Identifier: BSD-3-Clause
//
// Keys, many at once, whatever they hold: deleting, counting, touching, naming their type.
#include "datatypes/command/context.h"
#include "datatypes/generic/families.h"

namespace keel::generic {

namespace {

Status remove_keys(Context& cx, bool lazily) {
    std::int64_t removed = 0;
    while (cx.args.more()) {
        const Key key = cx.next_key();
        Entry* entry = cx.write(key);
        if (entry == nullptr) continue;
        cx.db().erase(key, entry, lazily);
        cx.changed(key.text, events::kDel);
        ++removed;
    }
    cx.reply().integer(removed);
    return {};
}

// DEL key [key ...]
Status del(Context& cx) { return remove_keys(cx, cx.settings.memory.lazy_user_del); }

// UNLINK key [key ...]
Status unlink(Context& cx) { return remove_keys(cx, true); }

// EXISTS key [key ...]: a key named twice counts twice
Status exists(Context& cx) {
    std::int64_t found = 0;
    while (cx.args.more()) found += cx.look(cx.next_key()) != nullptr ? 1 : 0;
    cx.reply().integer(found);
    return {};
}

// TOUCH key [key ...]
Status touch(Context& cx) {
    cx.keyspace.set_touching(true);  // also for a client that asked not to: this is the one command that means it
    std::int64_t found = 0;
    while (cx.args.more()) found += cx.read(cx.next_key()) != nullptr ? 1 : 0;
    cx.reply().integer(found);
    return {};
}

// TYPE key
Status type(Context& cx) {
    const Entry* entry = cx.look(cx.next_key());
    cx.reply().simple(entry == nullptr ? Bytes{"none"} : type_ops(entry->type()).name);
    return {};
}

constexpr Bytes kSummedOverShards[] = {"request_policy:multi_shard", "response_policy:agg_sum"};

constexpr CommandSpec kRows[] = {
    {.name = "del",
     .run = del,
     .arity = at_least(2),
     .flags = Flag::write,
     .categories = Category::keyspace,
     .keys = key_range(Use::rm | Use::erase, 1, -1),
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys; a large value is freed in the background",
     .summary = "Deletes keys and says how many there were.",
     .syntax = "key [key ...]",
     .tips = kSummedOverShards},
    {.name = "unlink",
     .run = unlink,
     .arity = at_least(2),
     .flags = Flag::write | Flag::fast,
     .categories = Category::keyspace,
     .keys = key_range(Use::rm | Use::erase, 1, -1),
     .since = "4.0.0",
     .complexity = "O(N) where N is the number of keys; large values are freed in the background",
     .summary = "Deletes keys without waiting for their memory to be freed.",
     .syntax = "key [key ...]",
     .tips = kSummedOverShards},
    {.name = "exists",
     .run = exists,
     .arity = at_least(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::keyspace,
     .keys = key_range(Use::ro, 1, -1),
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Says how many of the keys exist.",
     .syntax = "key [key ...]",
     .tips = kSummedOverShards},
    {.name = "touch",
     .run = touch,
     .arity = at_least(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::keyspace,
     .keys = key_range(Use::ro, 1, -1),
     .since = "3.2.1",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Makes keys count as used now and says how many of them exist.",
     .syntax = "key [key ...]",
     .tips = kSummedOverShards},
    {.name = "type",
     .run = type,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::keyspace,
     .keys = one_key(Use::ro),
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Names the type of the value at a key.",
     .syntax = "key"},
};

}  // namespace

const std::span<const CommandSpec> kKeyCommands{kRows};

}  // namespace keel::generic
