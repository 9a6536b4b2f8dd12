// SPDX-License-Identifier: BSD-3-Clause
//
// Makes room when memory is over `maxmemory`: takes the key that the policy points at, again and again.
//
//     allkeys-lru, volatile-lru, allkeys-lfu, volatile-lfu   the oldest or least used of maxmemory-samples keys, from
//                                                            a pool of the best candidates seen in earlier samples
//     allkeys-random, volatile-random                        any
//     volatile-ttl                                           exactly the one that is due first (deadline index)
//     noeviction                                             none
//
// Always true:
//   1. A key taken for a volatile policy has a deadline.
//   2. Pool entries are names, not pointers: they are looked up again before use.
//   3. The work of one call is bounded (maxmemory-eviction-tenacity); what is left goes on at the next command.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "datatypes/keyspace/keyspace.h"

namespace keel {

class Evictor {
  public:
    // `used` tells the bytes that count against maxmemory.
    Evictor(Keyspace& keyspace, KeyspaceListener& listener, const Memory& settings, const Clock& clock, Random& random,
            std::function<std::uint64_t()> used)
        : keyspace_(keyspace), listener_(listener), settings_(settings), clock_(clock), random_(random),
          used_(std::move(used)) {}

    // True if memory is within the limit now, or eviction is on its way there (the call's time was up, but there
    // is more to evict). False: over the limit with nothing to evict.
    bool make_room();

    // DEBUG and CLIENT PAUSE hold eviction back.
    void hold(bool on) { held_ = on; }

  private:
    struct Candidate {
        std::uint64_t score;  // the higher, the better to evict
        int db;
        std::string key;
    };
    static constexpr std::size_t kPoolSize = 16;

    [[nodiscard]] bool volatile_only() const;
    bool evict_one();
    bool evict_next_due();
    bool evict_random();
    bool evict_from_pool();
    void fill_pool();
    void offer(Database& db, const Entry& entry);
    [[nodiscard]] std::uint64_t score(const Entry& entry) const;
    Entry* sample(Database& db);
    void evict(Database& db, Entry* entry);

    Keyspace& keyspace_;
    KeyspaceListener& listener_;
    const Memory& settings_;
    const Clock& clock_;
    Random& random_;
    std::function<std::uint64_t()> used_;
    std::vector<Candidate> pool_;  // by score, the best last
    int next_db_ = 0;
    bool held_ = false;
};

}  // namespace keel
