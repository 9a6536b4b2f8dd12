// SPDX-License-Identifier: BSD-3-Clause
#include "server/after_command.h"

#include "server/append_log.h"
#include "server/blocking.h"
#include "server/cycle_clock.h"
#include "server/migrations.h"
#include "server/snapshots.h"
#include "server/stats.h"
#include "server/tracking.h"
#include "server/watches.h"

namespace keel {

bool AfterCommand::drain_all(const Call* call, int db) {
    stats_.dirty += effects_.dirty();
    if (log_ != nullptr && effects_.heard()) log_->note(effects_, call, db);
    if (snapshots_ != nullptr && !effects_.flushed_databases().empty()) [[unlikely]]
        snapshots_->note(effects_);
    const std::uint32_t wanted = events_ == nullptr ? 0 : settings_.notifications.keyspace_events;
    const bool waited_for = blocking_ != nullptr && blocking_->any();
    const bool watched = watches_ != nullptr && watches_->any();
    const bool cached = tracking_ != nullptr && (tracking_->any() || tracking_->key_count() != 0);
    const bool sent = migrations_ != nullptr && migrations_->any_in_flight();
    if (wanted == 0 && !waited_for && !watched && !cached && !sent) [[likely]] {
        effects_.clear();
        return false;
    }
    const std::uint64_t started = CycleClock::ticks();
    if (wanted != 0) {
        for (const Change& change : effects_.changes()) {
            if ((wanted & change.event.kind) != 0) events_->on_key_event(change.db, change.key, change.event);
        }
    }
    if (watched) watches_->note(effects_);
    if (cached) tracking_->note(effects_);
    if (waited_for) blocking_->note(effects_);
    if (sent) migrations_->note(effects_);
    effects_.clear();
    stats_.loop.record_ns += CycleClock::ns(CycleClock::ticks() - started);
    return true;
}

}  // namespace keel
