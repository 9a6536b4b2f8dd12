// SPDX-License-Identifier: BSD-3-Clause
#include "server/key_events.h"

#include "protocol/base/number.h"

namespace keel {

void KeyEvents::on_key_event(int db, Bytes key, Event event) {
    if (pubsub_.idle()) return;
    const std::uint32_t wanted = settings_.keyspace_events;
    if ((wanted & kNotifyKeyspace) != 0) pubsub_.publish(channel("__keyspace@", db, key), event.name);
    if ((wanted & kNotifyKeyevent) != 0) pubsub_.publish(channel("__keyevent@", db, event.name), key);
}

Bytes KeyEvents::channel(Bytes prefix, int db, Bytes name) {
    channel_ = prefix;
    channel_ += integer_text(db);
    channel_ += "__:";
    channel_ += name;
    return channel_;
}

}  // namespace keel
