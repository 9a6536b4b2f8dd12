// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: memory, eviction, encodings.
#include "conf/parameters.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto memory_of = field<&Settings::memory, Member>;
template <auto Member>
constexpr auto encoding = field<&Settings::encodings, Member>;

constexpr Named<EvictionPolicy> kPolicies[] = {
    {"volatile-lru", EvictionPolicy::volatile_lru},       {"volatile-lfu", EvictionPolicy::volatile_lfu},
    {"volatile-random", EvictionPolicy::volatile_random}, {"volatile-ttl", EvictionPolicy::volatile_ttl},
    {"allkeys-lru", EvictionPolicy::allkeys_lru},         {"allkeys-lfu", EvictionPolicy::allkeys_lfu},
    {"allkeys-random", EvictionPolicy::allkeys_random},   {"noeviction", EvictionPolicy::noeviction}};

void add_memory(Rows& rows) {
    rows.push_back(
        memory("maxmemory", memory_of<&Memory::max_bytes>, {0, kMaxUlong}, {}, "Memory for data; 0 unlimited."));
    rows.push_back(choice("maxmemory-policy", memory_of<&Memory::policy>, kPolicies, {},
                          "What is evicted when maxmemory is reached."));
    rows.push_back(integer("maxmemory-samples", memory_of<&Memory::samples>, {1, kMaxInt}, {},
                           "Keys looked at for one eviction."));
    rows.push_back(integer("maxmemory-eviction-tenacity", memory_of<&Memory::eviction_tenacity>, {0, 100}, {},
                           "How long evictions may hold up commands: 0 hardly, 100 as long as it takes."));
    rows.push_back(integer("lfu-log-factor", memory_of<&Memory::lfu_log_factor>, {0, kMaxInt}, {},
                           "How slowly the use counter of a key grows."));
    rows.push_back(integer("lfu-decay-time", memory_of<&Memory::lfu_decay_minutes>, {0, kMaxInt}, {},
                           "Minutes after which the use counter of a key falls by one."));
    rows.push_back(integer("active-expire-effort", memory_of<&Memory::active_expire_effort>, {1, 10}, {},
                           "How hard we look for expired keys."));
    rows.push_back(yes_no("lazyfree-lazy-eviction", memory_of<&Memory::lazy_eviction>, {},
                          "Free evicted values in the background."));
    rows.push_back(
        yes_no("lazyfree-lazy-expire", memory_of<&Memory::lazy_expire>, {}, "Free expired values in the background."));
    rows.push_back(yes_no("lazyfree-lazy-server-del", memory_of<&Memory::lazy_server_del>, {},
                          "Free replaced values in the background."));
    rows.push_back(yes_no("lazyfree-lazy-user-del", memory_of<&Memory::lazy_user_del>, {},
                          "DEL frees in the background, as UNLINK does."));
    rows.push_back(yes_no("lazyfree-lazy-user-flush", memory_of<&Memory::lazy_user_flush>, {},
                          "FLUSHALL and FLUSHDB free in the background."));
    rows.push_back(yes_no("jemalloc-bg-thread", memory_of<&Memory::jemalloc_bg_thread>, {},
                          "Let the allocator give memory back in the background."));
}

void add_encodings(Rows& rows) {
    rows.push_back(integer("hash-max-listpack-entries", encoding<&Encodings::hash_max_listpack_entries>, {0, kMaxLong},
                           {}, "Fields up to which a hash is packed.")
                       .also("hash-max-ziplist-entries"));
    rows.push_back(memory("hash-max-listpack-value", encoding<&Encodings::hash_max_listpack_value_bytes>, {0, kMaxLong},
                          {}, "Longest field or value of a packed hash.")
                       .also("hash-max-ziplist-value"));
    rows.push_back(integer("list-max-listpack-size", encoding<&Encodings::list_max_listpack_size>, {kMinInt, kMaxInt},
                           {}, "Node of a list: elements, or -1 to -5 for 4, 8, 16, 32, 64 KB.")
                       .also("list-max-ziplist-size"));
    rows.push_back(integer("list-compress-depth", encoding<&Encodings::list_compress_depth>, {0, kMaxInt}, {},
                           "Nodes at either end of a list that stay uncompressed; 0 compresses none."));
    rows.push_back(integer("set-max-intset-entries", encoding<&Encodings::set_max_intset_entries>, {0, kMaxLong}, {},
                           "Members up to which a set of integers is packed."));
    rows.push_back(integer("set-max-listpack-entries", encoding<&Encodings::set_max_listpack_entries>, {0, kMaxLong},
                           {}, "Members up to which a set is packed."));
    rows.push_back(memory("set-max-listpack-value", encoding<&Encodings::set_max_listpack_value_bytes>, {0, kMaxLong},
                          {}, "Longest member of a packed set."));
    rows.push_back(integer("zset-max-listpack-entries", encoding<&Encodings::zset_max_listpack_entries>, {0, kMaxLong},
                           {}, "Members up to which a sorted set is packed.")
                       .also("zset-max-ziplist-entries"));
    rows.push_back(memory("zset-max-listpack-value", encoding<&Encodings::zset_max_listpack_value_bytes>, {0, kMaxLong},
                          {}, "Longest member of a packed sorted set.")
                       .also("zset-max-ziplist-value"));
    rows.push_back(memory("hll-sparse-max-bytes", encoding<&Encodings::hll_sparse_max_bytes>, {0, kMaxLong}, {},
                          "Size up to which a HyperLogLog is sparse."));
    rows.push_back(memory("stream-node-max-bytes", encoding<&Encodings::stream_node_max_bytes>, {0, kMaxLong}, {},
                          "Size of a node of a stream; 0 unlimited."));
    rows.push_back(integer("stream-node-max-entries", encoding<&Encodings::stream_node_max_entries>, {0, kMaxLong}, {},
                           "Entries of a node of a stream; 0 unlimited."));
}

}  // namespace

void add_data_rows(Rows& rows) {
    add_memory(rows);
    add_encodings(rows);
}

}  // namespace keel
