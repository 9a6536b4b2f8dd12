// SPDX-License-Identifier: BSD-3-Clause
#include "server/after_command.h"

#include "server/blocking.h"
#include "server/cycle_clock.h"
#include "server/stats.h"

namespace keel {

void AfterCommand::drain_all() {
    const std::uint64_t started = CycleClock::ticks();
    stats_.dirty += effects_.dirty();
    const std::uint32_t wanted = settings_.notifications.keyspace_events;
    if (wanted != 0 && events_ != nullptr) {
        for (const Change& change : effects_.changes()) {
            if ((wanted & change.event.kind) != 0) events_->on_key_event(change.db, change.key, change.event);
        }
    }
    if (blocking_ != nullptr && blocking_->any()) [[unlikely]]
        blocking_->note(effects_);
    effects_.clear();
    stats_.loop.record_ns += CycleClock::ns(CycleClock::ticks() - started);
}

}  // namespace keel
