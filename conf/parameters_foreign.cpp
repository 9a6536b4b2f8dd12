// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: what the peers know and keel has no use for. One line of help says why.
#include "conf/parameters.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto theirs = field<&Settings::foreign, Member>;

constexpr ErrorText kNoDefrag{
    "Active defragmentation cannot be enabled: keel needs no defragmentation of its allocator's heap"};

// A file may say yes (it is noted and does nothing); a client that asks for it is told.
Status refuse_defrag(const Settings& before, const Settings& after) {
    return after.foreign.active_defrag && !before.foreign.active_defrag ? Status{kNoDefrag} : Status{};
}

void add_threads(Rows& rows) {
    rows.push_back(integer("io-threads", theirs<&Foreign::io_threads>, {1, 256}, ParameterFlag::foreign,
                           "One loop serves all clients."));
    rows.push_back(yes_no("io-threads-do-reads", theirs<&Foreign::io_threads_do_reads>,
                          {ParameterFlag::foreign, ParameterFlag::immutable}, "One loop serves all clients."));
    rows.push_back(yes_no("io-threads-always-active", theirs<&Foreign::io_threads_always_active>,
                          {ParameterFlag::foreign, ParameterFlag::hidden}, "One loop serves all clients."));
    rows.push_back(integer("events-per-io-thread", theirs<&Foreign::events_per_io_thread>, {0, kMaxInt},
                           {ParameterFlag::foreign, ParameterFlag::hidden}, "One loop serves all clients."));
    rows.push_back(integer("prefetch-batch-max-size", theirs<&Foreign::prefetch_batch_max_size>, {0, 128},
                           ParameterFlag::foreign, "The loop prefetches as it sees fit."));
    rows.push_back(integer("min-io-threads-avoid-copy-reply", theirs<&Foreign::min_io_threads_avoid_copy_reply>,
                           {0, kMaxInt}, {ParameterFlag::foreign, ParameterFlag::hidden},
                           "Large replies are shared anyway."));
    rows.push_back(memory("min-string-size-avoid-copy-reply", theirs<&Foreign::min_string_size_avoid_copy_reply_bytes>,
                          {0, kMaxLong}, {ParameterFlag::foreign, ParameterFlag::hidden},
                          "Large replies are shared anyway."));
    rows.push_back(memory("min-string-size-avoid-copy-reply-threaded",
                          theirs<&Foreign::min_string_size_avoid_copy_reply_threaded_bytes>, {0, kMaxLong},
                          {ParameterFlag::foreign, ParameterFlag::hidden}, "Large replies are shared anyway."));
}

void add_defrag(Rows& rows) {
    rows.push_back(yes_no("activedefrag", theirs<&Foreign::active_defrag>, ParameterFlag::foreign,
                          "keel does not move values about.")
                       .unless(refuse_defrag));
    rows.push_back(memory("active-defrag-ignore-bytes", theirs<&Foreign::defrag_ignore_bytes>, {1, kMaxLong},
                          ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-threshold-lower", theirs<&Foreign::defrag_threshold_lower>, {0, 1000},
                           ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-threshold-upper", theirs<&Foreign::defrag_threshold_upper>, {0, 1000},
                           ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-cycle-min", theirs<&Foreign::defrag_cycle_min>, {1, 99},
                           ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-cycle-max", theirs<&Foreign::defrag_cycle_max>, {1, 99},
                           ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-cycle-us", theirs<&Foreign::defrag_cycle_us>, {0, 100000},
                           ParameterFlag::foreign, "keel does not move values about."));
    rows.push_back(integer("active-defrag-max-scan-fields", theirs<&Foreign::defrag_max_scan_fields>, {1, kMaxLong},
                           ParameterFlag::foreign, "keel does not move values about."));
}

void add_transport(Rows& rows) {
    rows.push_back(integer("socket-mark-id", theirs<&Foreign::socket_mark_id>, {0, kMaxUint},
                           {ParameterFlag::foreign, ParameterFlag::immutable}, "Sockets carry no mark."));
    rows.push_back(yes_no("mptcp", theirs<&Foreign::mptcp>, {ParameterFlag::foreign, ParameterFlag::immutable},
                          "Plain TCP only."));
    rows.push_back(yes_no("repl-mptcp", theirs<&Foreign::repl_mptcp>,
                          {ParameterFlag::foreign, ParameterFlag::immutable}, "Plain TCP only."));
    rows.push_back(string("rdma-bind", theirs<&Foreign::rdma_bind>, ParameterFlag::foreign, "No RDMA."));
    rows.push_back(integer("rdma-port", theirs<&Foreign::rdma_port>, kPort, ParameterFlag::foreign, "No RDMA."));
    rows.push_back(integer("rdma-completion-vector", theirs<&Foreign::rdma_completion_vector>, {-1, 1024},
                           {ParameterFlag::foreign, ParameterFlag::immutable}, "No RDMA."));
    rows.push_back(memory("rdma-rx-size", theirs<&Foreign::rdma_rx_bytes>, {64 << 10, 16 << 20},
                          {ParameterFlag::foreign, ParameterFlag::immutable}, "No RDMA."));
    rows.push_back(yes_no("extended-redis-compatibility", theirs<&Foreign::extended_redis_compatibility>,
                          ParameterFlag::foreign, "keel always shows the Redis version it is compatible with."));
    rows.push_back(integer("cluster-compatibility-sample-ratio", theirs<&Foreign::cluster_compatibility_sample_ratio>,
                           {0, 100}, ParameterFlag::foreign, "Commands are not sampled for cluster compatibility."));
}

}  // namespace

void add_foreign_rows(Rows& rows) {
    add_threads(rows);
    add_defrag(rows);
    add_transport(rows);
}

}  // namespace keel
